"""One iteration of moelab's super-resolution GAN in PyTorch: the peer of `moelab bench sr`, and the source of esrgan's golden
numbers. See moelab_torch.py for how it is called."""

import torch
import torch.nn.functional as F

from moelab_torch import Case, upsample

lrelu = lambda x: F.leaky_relu(x, 0.2)


def rrdb_net(net, config, x):
    def dense_block(name, x):
        grown = x
        for i in range(1, 5):
            grown = torch.cat([grown, lrelu(net.conv(f"{name}/conv{i}", grown))], 1)
        return x + 0.2 * net.conv(f"{name}/conv5", grown)

    first = net.conv("first", x)
    h = first
    for i in range(1, config["blocks"] + 1):
        inner = h
        for j in range(1, 4):
            inner = dense_block(f"rrdb{i}/dense{j}", inner)
        h = h + 0.2 * inner
    h = first + net.conv("trunk", h)
    h = lrelu(net.conv("up1", upsample(h)))
    h = lrelu(net.conv("up2", upsample(h)))
    return net.conv("rgb", lrelu(net.conv("high", h)))


def sr_resnet(net, config, x):
    prelu = lambda name, x: F.prelu(x, net.w[name + "/slope"])
    first = prelu("first_prelu", net.conv("first", x))
    h = first
    for i in range(1, config["blocks"] + 1):
        inner = net.norm(f"block{i}/norm1", net.conv(f"block{i}/conv1", h))
        inner = prelu(f"block{i}/prelu", inner)
        h = h + net.norm(f"block{i}/norm2", net.conv(f"block{i}/conv2", inner))
    h = first + net.norm("trunk_norm", net.conv("trunk", h))
    for i in (1, 2):
        h = prelu(f"up{i}/prelu", F.pixel_shuffle(net.conv(f"up{i}/conv", h), 2))
    return net.conv("rgb", h)


def discriminator(net, config, x):
    esrgan = config["network"] == "esrgan"
    h = lrelu(net.conv("conv1", x))
    for i in range(2, 11 if esrgan else 9):
        h = lrelu(net.norm(f"norm{i}", net.conv(f"conv{i}", h, stride=2 if i % 2 == 0 else 1)))
    h = h.permute(0, 2, 3, 1).flatten(1)  # In moelab's order.
    return net.dense("dense2", lrelu(net.dense("dense1", h)))[:, 0]


GROUPS = (2, 2, 3, 3, 3)


def vgg16(net, x, layers, before_relu):
    x = (x - torch.tensor([0.485, 0.456, 0.406]).to(x)[:, None, None]) / torch.tensor([0.229, 0.224, 0.225]).to(x)[:, None, None]
    features = []
    for g, convolutions in enumerate(GROUPS[:layers], 1):
        if g > 1:
            x = F.max_pool2d(x, 2)
        for c in range(1, convolutions + 1):
            before = net.conv(f"conv{g}_{c}", x)
            x = F.relu(before)
        features.append(before if before_relu else x)
    return features


def main():
    case = Case()
    config = case.config
    g, d, vgg = case.net("generator"), case.net("discriminator"), case.net("vgg")
    adam_g, adam_d = case.adam(g), case.adam(d)
    for p in vgg.parameters():
        p.requires_grad_(False)
    low = case.pictures("inputs/low").contiguous(memory_format=case.layout)
    high = case.pictures("inputs/high").contiguous(memory_format=case.layout)
    generator = rrdb_net if config["network"] == "esrgan" else sr_resnet
    weights, layer_weights = config["weights"], config["layer_weights"]
    bce = lambda logits, label: F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))

    def perceptual(fake):
        features = lambda x: vgg16(vgg, x, len(layer_weights), config["before_relu"])
        with torch.no_grad():
            true = features(high)
        return sum(w * F.l1_loss(a, b) for w, a, b in zip(layer_weights, features(fake), true))

    def iteration():
        fake = generator(g, config, low)
        real_score, fake_score = discriminator(d, config, high), discriminator(d, config, fake.detach())
        if config["relativistic"]:
            loss_d = (bce(real_score - fake_score.mean(), 1.0) + bce(fake_score - real_score.mean(), 0.0)) / 2
        else:
            loss_d = (bce(real_score, 1.0) + bce(fake_score, 0.0)) / 2
        adam_d.zero_grad()
        loss_d.backward()
        adam_d.step()

        for p in d.parameters():
            p.requires_grad_(False)
        with torch.no_grad():
            real_score = discriminator(d, config, high)
        fake_score = discriminator(d, config, fake)
        if config["relativistic"]:
            loss_g = (bce(real_score - fake_score.mean(), 0.0) + bce(fake_score - real_score.mean(), 1.0)) / 2
        else:
            loss_g = bce(fake_score, 1.0)
        zero = torch.zeros(())
        pixel = (F.l1_loss if config["pixel"] == "l1" else F.mse_loss)(fake, high) if weights["pixel"] else zero
        loss_p = perceptual(fake) if weights["perceptual"] else zero
        adam_g.zero_grad()
        (weights["adversarial"] * loss_g + weights["pixel"] * pixel + weights["perceptual"] * loss_p).backward()
        adam_g.step()
        for p in d.parameters():
            p.requires_grad_(True)
        return [loss_d.item(), loss_g.item(), pixel.item(), loss_p.item()]

    case.run(iteration, {"discriminator": (d, adam_d), "generator": (g, adam_g)})


if __name__ == "__main__":
    main()
