"""One iteration of moelab's GAN in PyTorch: the peer of `moelab bench train`, and the source of gan's golden numbers. See
moelab_torch.py for how it is called."""

import torch
import torch.nn.functional as F

from moelab_torch import Case, upsample


def generator(net, config, noise, y):
    x = net.dense("dense", noise)
    x = x.reshape(x.shape[0], 4, 4, -1).permute(0, 3, 1, 2)
    blocks = config["size"].bit_length() - 3
    for i in range(1, blocks + 1):
        h = F.relu(net.conditional_norm(f"up{i}/norm1", x, y))
        h = net.conv(f"up{i}/conv1", upsample(h), False)
        h = F.relu(net.conditional_norm(f"up{i}/norm2", h, y))
        h = net.conv(f"up{i}/conv2", h, False)
        x = h + net.conv(f"up{i}/shortcut", upsample(x), False)
    return torch.tanh(net.conv("rgb", F.relu(net.norm("norm", x)), False))


def discriminator(net, config, x, y):
    blocks = config["size"].bit_length() - 3
    h = net.conv("down1/conv1", x, True)
    h = F.avg_pool2d(net.conv("down1/conv2", F.relu(h), True), 2)
    x = h + net.conv("down1/shortcut", F.avg_pool2d(x, 2), True)
    for i in range(2, blocks + 1):
        h = net.conv(f"down{i}/conv1", F.relu(x), True)
        h = F.avg_pool2d(net.conv(f"down{i}/conv2", F.relu(h), True), 2)
        x = h + F.avg_pool2d(net.conv(f"down{i}/shortcut", x, True), 2)
    h = net.conv("last/conv1", F.relu(x), True)
    x = x + net.conv("last/conv2", F.relu(h), True)
    phi = F.relu(x).sum((2, 3))
    return net.dense("score", phi, sn=True)[:, 0] + (net.dense("embedding", y, sn=True, bias=False) * phi).sum(1)


def penalty(net, config, real, y, uniform):
    deviation = real.std(unbiased=False)
    moved = (real + 0.5 * deviation * uniform).requires_grad_(True)
    (gradient,) = torch.autograd.grad(discriminator(net, config, moved, y).sum(), moved, create_graph=True)
    norm = (gradient.square().sum((1, 2, 3)) + 1e-12).sqrt()
    return (norm - 1).square().mean()


def main():
    case = Case()
    config = case.config
    g, d = case.net("generator"), case.net("discriminator")
    adam_g, adam_d = case.adam(g), case.adam(d)
    classes = len(config["classes"])
    pictures = [p.contiguous(memory_format=case.layout) for p in case.pictures("inputs/pictures")]
    uniform = [p.contiguous(memory_format=case.layout) for p in case.pictures("inputs/uniform")]
    noise = case.tensors["inputs/noise"]
    one_hot = lambda labels: F.one_hot(labels.long(), classes).to(noise.dtype)
    real_y = [one_hot(row) for row in case.tensors["inputs/labels"]]
    fake_y = [one_hot(row) for row in case.tensors["inputs/fake_labels"]]

    def iteration():
        for step in range(config["discriminator_steps"]):
            real, y = pictures[step], real_y[step]
            with torch.no_grad():
                fake = generator(g, config, noise[step], fake_y[step])
            scores = discriminator(d, config, torch.cat([real, fake]), torch.cat([y, fake_y[step]]))
            s_real, s_fake = scores.chunk(2)
            loss_d = F.relu(1 - s_real).mean() + F.relu(1 + s_fake).mean()
            loss_p = penalty(d, config, real, y, uniform[step])
            adam_d.zero_grad()
            (loss_d + config["penalty_weight"] * loss_p).backward()
            adam_d.step()
        for p in d.parameters():
            p.requires_grad_(False)
        loss_g = -discriminator(d, config, generator(g, config, noise[-1], fake_y[-1]), fake_y[-1]).mean()
        adam_g.zero_grad()
        loss_g.backward()
        adam_g.step()
        for p in d.parameters():
            p.requires_grad_(True)
        return [loss_d.item(), loss_g.item(), loss_p.item()]

    case.run(iteration, {"discriminator": (d, adam_d), "generator": (g, adam_g)})


if __name__ == "__main__":
    main()
