"""One iteration of moelab's blinks in PyTorch: the peer of `moelab bench blink`, and the source of blink's golden numbers. See moelab_torch.py for
how it is called. The optical flow of the videos is an input."""

import torch
import torch.nn.functional as F

from moelab_torch import Case, of_videos, upsample

DEPTH = 4
lrelu = lambda x: F.leaky_relu(x, 0.2)


def unet(net, scope, conv, x):
    normalised = lambda name, h: F.relu(net.norm(f"{scope}/{name}_norm", h))
    skips, h = [], x
    for i in range(1, DEPTH + 1):
        skips.append(h)
        h = normalised(f"down{i}", conv(f"{scope}/down{i}", h, stride=2))
    for i in range(DEPTH, 0, -1):
        h = normalised(f"up{i}", conv(f"{scope}/up{i}", upsample(h)))
        h = torch.cat([h, skips[i - 1]], 1)
    return torch.tanh(conv(f"{scope}/rgb", h))


def unets(net, config, picture, motion):
    """picture: [batch, 3, h, w], motion: [batch, frames, h, w, 2] -> [batch, 3, frames, h, w]"""
    batch, frames, size = motion.shape[:3]
    tiled = picture[:, None].expand(batch, frames, 3, size, size).flatten(0, 1)
    x = torch.cat([tiled, 0.25 * motion.flatten(0, 1).permute(0, 3, 1, 2)], 1)
    x = unet(net, "frames", net.conv, x)
    x = x.unflatten(0, (batch, frames)).transpose(1, 2)
    return unet(net, "video", net.conv3d, x) if config["temporal"] else x


def video_gan(net, picture):
    code = picture
    for i in range(1, DEPTH + 1):
        code = net.conv(f"encoder{i}", code, stride=2)
        code = lrelu(net.norm(f"encoder{i}_norm", code) if i > 1 else code)
    still, moving = code, code[:, :, None]
    for i in range(DEPTH - 1, 0, -1):
        still = F.relu(net.norm(f"background{i}_norm", net.conv(f"background{i}", upsample(still))))
        moving = F.relu(net.norm(f"foreground{i}_norm", net.deconv3d(f"foreground{i}", moving)))
    background = torch.tanh(net.conv("background_rgb", upsample(still)))[:, :, None]
    mask = torch.sigmoid(net.deconv3d("mask", moving))
    return mask * torch.tanh(net.deconv3d("foreground_rgb", moving)) + (1 - mask) * background


def discriminator(net, videos):
    h = videos
    for i in range(1, DEPTH + 1):
        h = net.conv3d(f"conv{i}", h, stride=2)
        h = lrelu(net.norm(f"conv{i}_norm", h) if i > 1 else h)
    h = h.permute(0, 2, 3, 4, 1).flatten(1)  # In moelab's order.
    return net.dense("score", h)[:, 0]


def main():
    case = Case()
    config = case.config
    g = case.net("generator")
    if config["frozen"]:
        for name in [n for n in g.trainable if n.startswith("video/")]:
            g.trainable.remove(name)
            g.w[name].requires_grad_(False)
    trained = {"generator": (g, case.adam(g))}
    if config["adversarial"]:
        d = case.net("discriminator")
        trained["discriminator"] = (d, case.adam(d))
    videos = case.tensors["inputs/videos"].permute(0, 4, 1, 2, 3).contiguous(memory_format=of_videos(case.layout))
    picture = videos[:, :, 0].contiguous(memory_format=case.layout)

    def adversarial(fake):
        """A step of D, and G's loss."""
        d, adam = trained["discriminator"]
        real, rejected = discriminator(d, videos), discriminator(d, fake.detach())
        if config["clip"]:
            loss_d = rejected.mean() - real.mean()
        else:
            loss_d = (F.softplus(-real).mean() + F.softplus(rejected).mean()) / 2
        adam.zero_grad()
        loss_d.backward()
        adam.step()
        with torch.no_grad():
            if config["clip"]:
                for p in d.parameters():
                    p.clamp_(-config["clip"], config["clip"])
            ranking = ((real[None] - rejected[:, None]).sign().mean() + 1) / 2
        for p in d.parameters():
            p.requires_grad_(False)
        score = discriminator(d, fake)
        loss_g = -score.mean() if config["clip"] else F.softplus(-score).mean()
        for p in d.parameters():
            p.requires_grad_(True)
        return loss_g, [loss_d.item(), loss_g.item(), ranking.item()]

    def iteration():
        fake = unets(g, config, picture, case.tensors["inputs/motion"]) if config["network"] == "unet" else video_gan(g, picture)
        content = (fake - videos).abs().mean() / 2
        metrics, total = [content.item()], config["content"] * content
        if config["adversarial"]:
            loss_g, losses = adversarial(fake)
            metrics, total = metrics + losses, total + config["adversarial"] * loss_g
        adam = trained["generator"][1]
        adam.zero_grad()
        total.backward()
        adam.step()
        return metrics

    case.run(iteration, trained)


if __name__ == "__main__":
    main()
