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


def unets(net, config, picture, condition):
    """picture: [batch, 3, h, w], condition: [batch, frames, h, w, channels] -> [batch, 3, frames, h, w]"""
    batch, frames, size = condition.shape[:3]
    tiled = picture[:, None].expand(batch, frames, 3, size, size).flatten(0, 1)
    x = torch.cat([tiled, condition.flatten(0, 1).permute(0, 3, 1, 2)], 1)
    x = unet(net, "frames", net.conv, x)
    x = x.unflatten(0, (batch, frames)).transpose(1, 2)
    return unet(net, "video", net.conv3d, x) if config["temporal"] else x


def conv_lstm(net, videos):
    """videos: [batch, 3, frames, h, w] -> [batch, frames, h, w, channels]"""
    channels = net.w["lstm/gates/bias"].numel() // 4
    h = c = videos.new_zeros(videos.shape[0], channels, *videos.shape[3:])
    states = []
    for x in videos.unbind(2):
        i, f, o, g = net.conv("lstm/gates", torch.cat([x, h], 1)).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        states.append(h)
    return torch.stack(states, 1).permute(0, 1, 3, 4, 2)


def encoded(net, picture, scope=""):
    h = picture
    for i in range(1, DEPTH + 1):
        h = net.conv(f"{scope}encoder{i}", h, stride=2)
        h = lrelu(net.norm(f"{scope}encoder{i}_norm", h) if i > 1 else h)
    return h.permute(0, 2, 3, 1).flatten(1)


def content_code(net, picture):
    return net.dense("content", encoded(net, picture))


def dynamics_transfer(net, config, picture, reference):
    """picture: [batch, 3, h, w], reference: [batch, 3, frames, h, w] -> [batch, 3, frames, h, w]"""
    batch, frames = reference.shape[0], reference.shape[2]
    features = net.dense("features/code", encoded(net, reference.transpose(1, 2).flatten(0, 1), "features/"))
    features = features.unflatten(0, (batch, frames))

    def lstm(x):
        h = c = x.new_zeros(batch, net.w["lstm/gates/bias"].numel() // 4)
        states = []
        for now in x.unbind(1):
            i, f, o, g = net.dense("lstm/gates", torch.cat([now, h], 1)).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            states.append(h)
        return torch.stack(states, 1)

    dynamics = lstm(features) - lstm(features[:, :1].expand_as(features))
    least = config["size"] // 2**DEPTH
    condition = net.dense("condition", dynamics.flatten(0, 1)).unflatten(1, (least, least, -1)).permute(0, 3, 1, 2)
    condition = F.interpolate(condition, scale_factor=2**DEPTH)
    x = torch.cat([picture.repeat_interleave(frames, 0), condition], 1)
    return unet(net, "frames", net.conv, x).unflatten(0, (batch, frames)).transpose(1, 2)


def frame_discriminator(net, videos):
    return net.dense("score", encoded(net, videos.transpose(1, 2).flatten(0, 1)))[:, 0]


def dynamics_discriminator(net, videos):
    return discriminator(net, videos - videos[:, :, :1])


def deconv(net, name, h):
    return F.conv_transpose2d(h, net.w[name + "/weights"].transpose(0, 1), stride=2, padding=1)


def tgan(net, config, picture, noise):
    """picture: [batch, 3, h, w], noise: [batch, 100] -> [batch, 3, frames, h, w]"""
    slow, h = content_code(net, picture).tanh(), net.dense("temporal/step1", torch.erf(noise / 2**0.5))[:, :, None]
    for i in range(2, DEPTH + 2):
        h = F.relu(net.norm(f"temporal/step{i - 1}_norm", h))
        w = net.w[f"temporal/step{i}/weights"].permute(1, 2, 0)
        h = F.conv_transpose1d(h, w, net.w[f"temporal/step{i}/bias"], stride=2, padding=1)
    fast = h.tanh().transpose(1, 2)
    frames, least = fast.shape[1], config["size"] // 2**DEPTH

    def unfolded(name, code):
        h = net.dense(name, code, bias=False).unflatten(1, (least, least, -1)).permute(0, 3, 1, 2)
        return F.relu(net.norm(f"{name}/norm", h))

    of_slow = unfolded("slow", slow)
    h = torch.cat([of_slow.repeat_interleave(frames, 0), unfolded("fast", fast.flatten(0, 1))], 1)
    for i in range(1, DEPTH + 1):
        h = F.relu(net.norm(f"frame{i}_norm", deconv(net, f"frame{i}", h)))
    return torch.tanh(net.conv("frame_rgb", h)).unflatten(0, (-1, frames)).transpose(1, 2)


def temporal_discriminator(net, videos):
    h = videos
    for i in range(1, DEPTH + 1):
        h = net.conv3d(f"conv{i}", h, stride=2)
        h = lrelu(net.normalise(h) * net.w[f"conv{i}_norm/scale"].view(-1, 1, 1, 1) if i > 1 else h)
    return net.dense("score", h.permute(0, 2, 3, 4, 1).flatten(1))[:, 0]


def mocogan(net, config, picture, noise):
    """picture: [batch, 3, h, w], noise: [batch, 170] -> [batch, 3, frames, h, w]"""
    content = content_code(net, picture)
    hidden, codes = noise[:, :10], []
    cell = torch.nn.GRUCell(10, 10).to(noise.dtype)
    names = {"weight_ih": "input/weights", "weight_hh": "state/weights", "bias_ih": "input/bias", "bias_hh": "state/bias"}
    values = {name: net.w["motion/" + ours].t() if name.startswith("weight") else net.w["motion/" + ours] for name, ours in names.items()}
    for innovation in noise[:, 10:].unflatten(1, (-1, 10)).unbind(1):
        hidden = torch.func.functional_call(cell, values, (innovation, hidden))
        codes.append(torch.cat([content, hidden], 1))
    frames = len(codes)
    least = config["size"] // 2 ** DEPTH
    h = net.dense("frame0", torch.stack(codes, 1).flatten(0, 1), bias=False).unflatten(1, (least, least, -1)).permute(0, 3, 1, 2)
    h = F.relu(net.norm("frame0_norm", h))
    for i in range(1, DEPTH):
        h = F.relu(net.norm(f"frame{i}_norm", deconv(net, f"frame{i}", h)))
    return torch.tanh(deconv(net, "frame_rgb", h)).unflatten(0, (-1, frames)).transpose(1, 2)


def image_discriminator(net, videos):
    h = videos.transpose(1, 2).flatten(0, 1)
    conv = lambda name, h: F.conv2d(h, net.w[name + "/weights"], stride=2, padding=1)
    for i in range(1, DEPTH):
        h = conv(f"conv{i}", h)
        h = lrelu(net.norm(f"conv{i}_norm", h) if i > 1 else h)
    return conv("score", h).flatten()


def video_discriminator(net, videos):
    """Convolutions of 4x4x4 with stride (1, 2, 2)."""
    h = videos
    for i in range(1, DEPTH + 1):
        w = net.w[f"conv{i}/weights"]  # moelab's inputs: four frames of each channel, one frame after the other.
        h = F.conv3d(h, w.unflatten(1, (4, -1)).transpose(1, 2), stride=(1, 2, 2), padding=(0, 1, 1))
        h = lrelu(net.norm(f"conv{i}_norm", h) if i > 1 else h)
    return net.dense("score", h.permute(0, 2, 3, 4, 1).flatten(1), bias=False)[:, 0]


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
    if not config["adversarial"]:
        discriminators = {}
    elif config["network"] == "mocogan":
        discriminators = {"image_discriminator": image_discriminator, "video_discriminator": video_discriminator}
    elif config["network"] == "dynamics":
        discriminators = {"frame_discriminator": frame_discriminator, "dynamics_discriminator": dynamics_discriminator}
    else:
        discriminators = {"discriminator": temporal_discriminator if config["network"] == "tgan" else discriminator}
    for name in discriminators:
        d = case.net(name)
        trained[name] = (d, case.adam(d))
    videos = case.tensors["inputs/videos"].permute(0, 4, 1, 2, 3).contiguous(memory_format=of_videos(case.layout))
    picture = videos[:, :, 0].contiguous(memory_format=case.layout)

    def adversarial(name, fake):
        """A step of a D, and G's loss."""
        score_of = discriminators[name]
        d, adam = trained[name]
        real, rejected = score_of(d, videos), score_of(d, fake.detach())
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
        score = score_of(d, fake)
        loss_g = -score.mean() if config["clip"] else F.softplus(-score).mean()
        for p in d.parameters():
            p.requires_grad_(True)
        return loss_g, [loss_d.item(), loss_g.item(), ranking.item()]

    def generated():
        if config["network"] == "unet":
            return unets(g, config, picture, 0.25 * case.tensors["inputs/motion"])
        if config["network"] == "convlstm":
            return unets(g, config, picture, conv_lstm(g, videos))
        if config["network"] == "mocogan":
            return mocogan(g, config, picture, case.tensors["inputs/noise"])
        if config["network"] == "dynamics":
            return dynamics_transfer(g, config, picture, videos)
        if config["network"] == "tgan":
            return tgan(g, config, picture, case.tensors["inputs/noise"])
        return video_gan(g, picture)

    def iteration():
        fake = generated()
        content = (fake - videos).abs().mean() / 2
        metrics, total = [content.item()], config["content"] * content
        each = [adversarial(name, fake) for name in discriminators]
        if each:
            loss_d, loss_g, ranking = (sum(values) for values in zip(*(losses for _, losses in each)))
            metrics += [loss_d, loss_g, ranking / len(each)]
            total = total + config["adversarial"] * sum(loss for loss, _ in each)
        adam = trained["generator"][1]
        adam.zero_grad()
        total.backward()
        adam.step()
        return metrics

    case.run(iteration, trained)


if __name__ == "__main__":
    main()
