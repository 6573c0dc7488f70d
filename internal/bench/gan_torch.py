"""One iteration of moelab's GAN in PyTorch: the peer of `moelab bench train`, and the source of gan's golden numbers. See
moelab_torch.py for how it is called."""

import torch
import torch.nn.functional as F

from moelab_torch import Case, upsample


class Networks:
    """The generators and discriminators of a configuration. A discriminator gives scores and, for AC-GAN, logits of the classes."""

    def __init__(self, config):
        self.config, self.size, self.sn = config, config["size"], config["spectral_norm"]
        self.conditioning = config["conditioning"]
        name = config["network"]
        self.generator = {"resblock": self.resblock_generator, "srresnet": self.srresnet_generator}[name]
        self.discriminator = {"resblock": self.resblock_discriminator, "srresnet": self.srresnet_discriminator}[name]

    def latent(self, noise, y):
        return noise if self.config["generator_norm"] == "conditional" else torch.cat([noise, y], 1)

    def norm(self, net, name, x, y):
        return net.conditional_norm(name, x, y) if self.config["generator_norm"] == "conditional" else net.norm(name, x)

    def excite(self, net, name, x):
        if not self.config["squeeze_excitation"]:
            return x
        h = F.relu(net.dense(name + "/squeeze", x.mean((2, 3))))
        return x * torch.sigmoid(net.dense(name + "/excite", h))[:, :, None, None]

    def resblock_generator(self, net, noise, y):
        x = net.dense("dense", self.latent(noise, y))
        x = x.reshape(x.shape[0], 4, 4, -1).permute(0, 3, 1, 2)
        for i in range(1, self.size.bit_length() - 2):
            h = F.relu(self.norm(net, f"up{i}/norm1", x, y))
            h = net.conv(f"up{i}/conv1", upsample(h))
            h = F.relu(self.norm(net, f"up{i}/norm2", h, y))
            h = self.excite(net, f"up{i}/excite", net.conv(f"up{i}/conv2", h))
            x = h + net.conv(f"up{i}/shortcut", upsample(x))
        return torch.tanh(net.conv("rgb", F.relu(net.norm("norm", x))))

    def srresnet_generator(self, net, noise, y):
        x = F.relu(net.norm("norm1", net.dense("dense", self.latent(noise, y))))
        x = first = x.reshape(x.shape[0], 16, 16, -1).permute(0, 3, 1, 2)
        for i in range(1, self.config["generator_blocks"] + 1):
            h = F.relu(self.norm(net, f"block{i}/norm1", net.conv(f"block{i}/conv1", x), y))
            h = self.norm(net, f"block{i}/norm2", net.conv(f"block{i}/conv2", h), y)
            x = x + self.excite(net, f"block{i}/excite", h)
        x = F.relu(self.norm(net, "norm2", x, y)) + first
        for i in range(1, self.size.bit_length() - 4):
            x = F.pixel_shuffle(net.conv(f"up{i}/conv", x), 2)
            x = F.relu(self.norm(net, f"up{i}/norm", x, y))
        return torch.tanh(net.conv("rgb", x))

    def beside(self, x, vector):
        return torch.cat([x, vector[:, :, None, None].expand(-1, -1, *x.shape[2:])], 1)

    def at_input(self, x, y):
        return self.beside(x, y) if self.conditioning == "input" else x

    def at_block(self, net, number, blocks, x, y):
        if self.conditioning != "hidden" or number != min(3, blocks):
            return x
        return self.beside(x, net.dense("embedding", y, sn=self.sn, bias=False))

    def verdict(self, net, phi, y):
        score, classes = net.dense("score", phi, sn=self.sn)[:, 0], None
        if self.conditioning == "projection":
            score = score + (net.dense("embedding", y, sn=self.sn, bias=False) * phi).sum(1)
        if self.conditioning == "ac-gan":
            classes = net.dense("classes", phi, sn=self.sn)
        return score, classes

    def resblock_discriminator(self, net, x, y):
        blocks, sn = self.size.bit_length() - 3, self.sn
        x = self.at_input(x, y)
        h = net.conv("down1/conv1", x, sn)
        h = F.avg_pool2d(net.conv("down1/conv2", F.relu(h), sn), 2)
        x = h + net.conv("down1/shortcut", F.avg_pool2d(x, 2), sn)
        x = self.at_block(net, 1, blocks, x, y)
        for i in range(2, blocks + 1):
            h = net.conv(f"down{i}/conv1", F.relu(x), sn)
            h = F.avg_pool2d(net.conv(f"down{i}/conv2", F.relu(h), sn), 2)
            x = h + F.avg_pool2d(net.conv(f"down{i}/shortcut", x, sn), 2)
            x = self.at_block(net, i, blocks, x, y)
        h = net.conv("last/conv1", F.relu(x), sn)
        x = x + net.conv("last/conv2", F.relu(h), sn)
        return self.verdict(net, F.relu(x).sum((2, 3)), y)

    def srresnet_discriminator(self, net, x, y):
        stages, sn = self.size.bit_length() - 2, self.sn
        lrelu = lambda x: F.leaky_relu(x, 0.2)
        x = self.at_input(x, y)
        for i in range(1, stages + 1):
            x = lrelu(net.conv(f"down{i}", x, sn, stride=2))
            for block in (1, 2) if i < stages else ():
                h = lrelu(net.conv(f"block{i}_{block}/conv1", x, sn))
                x = lrelu(x + net.conv(f"block{i}_{block}/conv2", h, sn))
            x = self.at_block(net, i, stages, x, y)
        return self.verdict(net, x.permute(0, 2, 3, 1).flatten(1), y)


LOSSES = {  # D's, of real and generated pictures, and G's.
    "hinge": (lambda r, f: F.relu(1 - r).mean() + F.relu(1 + f).mean(), lambda f: -f.mean()),
    "non-saturating": (lambda r, f: F.softplus(-r).mean() + F.softplus(f).mean(), lambda f: F.softplus(-f).mean()),
    "wgan": (lambda r, f: f.mean() - r.mean(), lambda f: -f.mean()),
}


def penalty(kind, critic, real, fake, uniform):
    at = real
    if kind == "dragan":
        at = real + 0.5 * real.std(unbiased=False) * uniform
    if kind == "wgan-gp":
        epsilon = uniform[:, :1, :1, :1]
        at = epsilon * real + (1 - epsilon) * fake
    at = at.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(at).sum(), at, create_graph=True)
    square = gradient.square().sum((1, 2, 3))
    return square.mean() / 2 if kind == "r1" else ((square + 1e-12).sqrt() - 1).square().mean()


ATTRIBUTES = {"eyes": 8, "length": 3, "style": 4}  # Their numbers of classes, as dataset.Attributes has them.


def main():
    case = Case()
    config = case.config
    g, d = case.net("generator"), case.net("discriminator")
    adam_g, adam_d = case.adam(g), case.adam(d)
    classes = [len(config["classes"]), *(ATTRIBUTES[name] for name in config["attributes"])]
    pictures = [p.contiguous(memory_format=case.layout) for p in case.pictures("inputs/pictures")]
    uniform = [p.contiguous(memory_format=case.layout) for p in case.pictures("inputs/uniform")]
    noise = case.tensors["inputs/noise"]
    labels, fake_labels = case.tensors["inputs/labels"], case.tensors["inputs/fake_labels"]

    def one_hot(row):  # A vector of the hair colour, and behind it one of each attribute, which is zero where it is not known.
        columns = row.reshape(len(row), -1).t()
        parts = [column[:, None] == torch.arange(n) for column, n in zip(columns, classes)]
        return torch.cat(parts, 1).to(noise.dtype)

    real_y, fake_y = [one_hot(row) for row in labels], [one_hot(row) for row in fake_labels]
    # D is told as little of generated pictures as of the real ones in the same places, in G's step those of its own last.
    told_y = [one_hot(torch.where(real < 0, real, fake)) for real, fake in zip([*labels, labels[-1]], fake_labels)]

    networks, (loss_of_d, loss_of_g) = Networks(config), LOSSES[config["loss"]]

    def disturbed(step, kind, x):  # Of kinds 0: real, 1: generated, 2: the penalty's.
        deviation = config["discriminator_noise"]
        return x + deviation * case.pictures("inputs/disturbance")[step, kind] if deviation else x

    def classification(logits, y):  # That of the hair colour and of each attribute, added up.
        return sum(F.cross_entropy(part, of) for part, of in zip(logits.split(classes, 1), y.split(classes, 1)))

    def forward():
        scores, logits = networks.discriminator(d, pictures[0], real_y[0])
        outputs = {"generated": networks.generator(g, noise[0], fake_y[0]).permute(0, 2, 3, 1), "scores": scores}
        return outputs if logits is None else outputs | {"classes": logits}

    def iteration():
        for step in range(config["discriminator_steps"]):
            real, y = pictures[step], real_y[step]
            with torch.no_grad():
                fake = networks.generator(g, noise[step], fake_y[step])
            both = torch.cat([disturbed(step, 0, real), disturbed(step, 1, fake)])
            scores, logits = networks.discriminator(d, both, torch.cat([y, told_y[step]]))
            adversarial = loss_of_d(*scores.chunk(2))
            total, of_d = adversarial, []
            if config["penalty"] != "none":
                critic = lambda x: networks.discriminator(d, disturbed(step, 2, x), y)[0]
                of_d.append(penalty(config["penalty"], critic, real, fake, uniform[step]))
                total = total + config["penalty_weight"] * of_d[0]
            if logits is not None:
                of_d.append(classification(logits.chunk(2)[0], y))
                total = total + of_d[-1]
            adam_d.zero_grad()
            total.backward()
            case.keep_gradients("discriminator", d)
            if config["clip"] == "gradients":
                torch.nn.utils.clip_grad_value_(d.parameters(), config["clip_limit"])
            adam_d.step()
            if config["clip"] == "weights":
                with torch.no_grad():
                    for p in d.parameters():
                        p.clamp_(-config["clip_limit"], config["clip_limit"])
        for p in d.parameters():
            p.requires_grad_(False)
        scores, logits = networks.discriminator(d, disturbed(-1, 1, networks.generator(g, noise[-1], fake_y[-1])), told_y[-1])
        of_g = [loss_of_g(scores)]
        if logits is not None:
            of_g.append(classification(logits, fake_y[-1]))
        adam_g.zero_grad()
        sum(of_g).backward()
        adam_g.step()
        for p in d.parameters():
            p.requires_grad_(True)
        return [loss.item() for loss in [adversarial, of_g[0], *of_d, *of_g[1:]]]

    case.run(iteration, {"discriminator": (d, adam_d), "generator": (g, adam_g)}, forward)


if __name__ == "__main__":
    main()
