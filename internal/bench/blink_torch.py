"""One iteration of moelab's blinks in PyTorch: the peer of `moelab bench blink`, and the source of blink's golden numbers. See moelab_torch.py for
how it is called. The optical flow of the videos is an input."""

import torch
import torch.nn.functional as F

from moelab_torch import Case, of_videos, upsample

DEPTH = 4
lrelu = lambda x: F.leaky_relu(x, 0.2)


def unet(net, scope, conv, x, last=torch.tanh):
    normalised = lambda name, h: F.relu(net.norm(f"{scope}/{name}_norm", h))
    skips, h = [], x
    for i in range(1, DEPTH + 1):
        skips.append(h)
        h = normalised(f"down{i}", conv(f"{scope}/down{i}", h, stride=2))
    for i in range(DEPTH, 0, -1):
        h = normalised(f"up{i}", conv(f"{scope}/up{i}", upsample(h)))
        h = torch.cat([h, skips[i - 1]], 1)
    return last(conv(f"{scope}/rgb", h))


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


def deconv(net, name, h, bias=None):
    return F.conv_transpose2d(h, net.w[name + "/weights"].transpose(0, 1), bias, stride=2, padding=1)


def biased_deconv(net, name, h):
    return deconv(net, name, h, net.w[name + "/bias"])


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


def wide(channels, i):
    return channels << min(i, 3)


def down_block(net, name, x, activation):
    h = net.conv(f"{name}/conv1", activation(x))
    h = F.avg_pool2d(net.conv(f"{name}/conv2", activation(h)), 2)
    return h + net.conv(f"{name}/shortcut", F.avg_pool2d(x, 2))


def up_block(net, name, x, shortcut=lambda net, name, x: net.conv(name, upsample(x))):
    h = net.conv(f"{name}/conv1", upsample(F.relu(net.norm(f"{name}/norm1", x))))
    h = net.conv(f"{name}/conv2", F.relu(net.norm(f"{name}/norm2", h)))
    return h + shortcut(net, f"{name}/shortcut", x)


def flattened(h):
    return h.permute(0, 2, 3, 1).flatten(1)  # In moelab's order.


def forecast(net, config, picture, motion):
    """picture: [batch, 3, h, w], motion: [batch, frames, h, w, 2] -> [batch, 3, frames, h, w], mask"""

    def encoder(name, x):
        features = [net.conv(f"{name}/first", x)]
        for i in range(1, DEPTH + 1):
            features.append(down_block(net, f"{name}/down{i}", features[-1], F.relu))
        return [net.dense(f"{name}/code", flattened(features[-1])), *features]

    batch, frames = motion.shape[:2]
    pictures = [x.repeat_interleave(frames, 0) for x in encoder("picture", picture)]
    target = encoder("motion", 0.25 * motion.flatten(0, 1).permute(0, 3, 1, 2))
    source = [x.unflatten(0, (batch, frames))[:, :1].expand(batch, frames, *x.shape[1:]).flatten(0, 1) for x in target]
    least = config["size"] // 2**DEPTH
    h = net.dense("decoder/code", pictures[0] + target[0] - source[0]).unflatten(1, (least, least, -1)).permute(0, 3, 1, 2)
    earlier = [h]
    for i in range(DEPTH, 0, -1):
        h = up_block(net, f"decoder/up{i}", torch.cat([pictures[1 + i], target[1 + i], source[1 + i], *earlier], 1))
        earlier = [upsample(e) for e in earlier] + [h]
    h = torch.cat([pictures[1], target[1], source[1], F.relu(net.norm("decoder/last_norm", h))], 1)
    drawn, mask = torch.tanh(net.conv("decoder/rgb", h)), torch.sigmoid(net.conv("decoder/mask", h))
    still = picture.repeat_interleave(frames, 0)
    video = (still + mask * (drawn - still)).unflatten(0, (batch, frames)).transpose(1, 2)
    return video + unet(net, "video", net.conv3d, video, lambda x: x), mask


def residual_discriminator(net, x):
    h = net.conv("first", x)
    for i in range(1, DEPTH + 1):
        h = down_block(net, f"down{i}", h, lambda x: F.leaky_relu(x, 0.01))
    return net.dense("score", flattened(h))[:, 0]


def with_motion(videos, motion):
    return torch.cat([videos.transpose(1, 2).flatten(0, 1), 0.25 * motion.flatten(0, 1).permute(0, 3, 1, 2)], 1)


def as_channels(videos, _):
    return videos.transpose(1, 2).flatten(1, 2)


def sizes_of(config):
    least, sizes = config["size"], []
    while least > 4 and least % 2 == 0:
        sizes.insert(0, least)
        least //= 2
    return least, sizes[-4:]


def pyramid(net, config, picture, noise, uniform, videos):
    """The drawn and the real videos of several sizes, [batch, values]."""
    least, sizes = sizes_of(config)
    batch, frames = picture.shape[0], videos.shape[2]
    code = torch.cat([content_code(net, picture), torch.erf(noise / 2**0.5)], 1)
    seed = net.dense("seed", code).unflatten(1, (least, least, -1)).permute(0, 3, 1, 2)
    wide = seed.shape[1]
    steps = torch.stack([seed, *[torch.zeros_like(seed)] * (frames - 1)], 2)
    h = conv_lstm(net, steps).permute(0, 1, 4, 2, 3)  # [batch, frames, channels, h, w]
    thinned = lambda i, x: x[:, 0 if uniform[0, i] < 0.5 else 1 :: 2]
    point = lambda net, name, x: upsample(net.conv(name, x))
    made, real, left = [], [], videos.transpose(1, 2)
    size, i = 2 * least, 1
    while size <= config["size"]:
        if size > sizes[0]:
            h, left = thinned(len(made), h), thinned(len(made), left)
        n = h.shape[1]
        h = up_block(net, f"block{i}", h.flatten(0, 1), point)
        if size >= sizes[0]:
            picture = net.conv(f"render{size}", F.relu(net.norm(f"render{size}_norm", h))).tanh()
            for video, values in [(picture, made), (F.avg_pool2d(left.flatten(0, 1), config["size"] // size), real)]:
                values.append(video.permute(0, 2, 3, 1).unflatten(0, (batch, n)).flatten(1))
        h, size, i = h.unflatten(0, (batch, n)), 2 * size, i + 1
    return torch.cat(made, 1), torch.cat(real, 1)


def pyramid_discriminator(sizes, frames):
    def score(net, row):
        scores = []
        for i, size in enumerate(sizes):
            n = (frames >> i) * size * size * 3
            video, row = row[:, :n].unflatten(1, (frames >> i, size, size, 3)).permute(0, 4, 1, 2, 3), row[:, n:]
            scores.append(residual_3d(net, f"size{size}", video))
        return torch.cat(scores)

    return score


def residual_3d(net, scope, video):
    def conv(name, x):
        w = net.w[f"{scope}/{name}/weights"]  # moelab's inputs: three frames of each channel, one after the other.
        return F.conv3d(x, w.unflatten(1, (3, -1)).transpose(1, 2), net.w[f"{scope}/{name}/bias"], padding=1)

    def point(name, x):
        return F.conv3d(x, net.w[f"{scope}/{name}/weights"][:, :, None], net.w[f"{scope}/{name}/bias"])

    def halved(x, time):
        two = 2 if x.shape[3] % 2 == 0 else 1
        return F.avg_pool3d(x, (2 if time and x.shape[2] % 2 == 0 else 1, two, two))

    h = conv("block1/conv2", F.relu(conv("block1/conv1", video)))
    h = halved(h, False) + point("block1/shortcut", halved(video, False))
    for i in range(2, DEPTH + 2):
        x = conv(f"block{i}/conv2", F.relu(conv(f"block{i}/conv1", F.relu(h))))
        h = halved(x, True) + point(f"block{i}/shortcut", halved(h, True))
    return net.dense(f"{scope}/score", F.relu(h).sum((2, 3, 4)))[:, 0]


def r1_penalty(score, real):
    real = real.detach().requires_grad_()
    slope = torch.autograd.grad(score(real).sum(), real, create_graph=True)[0]
    return (slope.flatten(1) ** 2).sum(1).mean() / 2


def gradient_penalty(score, real, fake, uniform):
    epsilon = uniform.flatten()[: len(real)].view(-1, *[1] * (real.dim() - 1))
    between = (epsilon * real + (1 - epsilon) * fake).requires_grad_()
    slope = torch.autograd.grad(score(between).sum(), between, create_graph=True)[0]
    return (((slope.flatten(1) ** 2).sum(1) + 1e-12).sqrt() - 1).square().mean()


def video_gan(net, picture):
    code = picture
    for i in range(1, DEPTH + 1):
        code = net.conv(f"encoder{i}", code, stride=2)
        code = F.relu(net.norm(f"encoder{i}_norm", code) if i > 1 else code)
    still, moving = code, code[:, :, None]
    for i in range(DEPTH - 1, 0, -1):
        still = F.relu(net.norm(f"background{i}_norm", biased_deconv(net, f"background{i}", still)))
        moving = F.relu(net.norm(f"foreground{i}_norm", net.deconv3d(f"foreground{i}", moving)))
    background = torch.tanh(biased_deconv(net, "background_rgb", still))[:, :, None]
    mask = torch.sigmoid(net.deconv3d("mask", moving))
    return mask * torch.tanh(net.deconv3d("foreground_rgb", moving)) + (1 - mask) * background, mask


def discriminator(net, videos):
    h = videos
    for i in range(1, DEPTH + 1):
        h = net.conv3d(f"conv{i}", h, stride=2)
        h = lrelu(net.norm(f"conv{i}_norm", h) if i > 1 else h)
    logits = net.dense("score", h.permute(0, 2, 3, 4, 1).flatten(1))  # In moelab's order.
    return logits[:, 1] - logits[:, 0]


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
    elif config["network"] == "forecast":
        discriminators = {"frame_discriminator": residual_discriminator, "video_discriminator": residual_discriminator}
    elif config["network"] == "tganv2":
        frames = case.tensors["inputs/videos"].shape[1]
        discriminators = {"discriminator": pyramid_discriminator(sizes_of(config)[1], frames)}
    else:
        discriminators = {"discriminator": temporal_discriminator if config["network"] == "tgan" else discriminator}
    for name in discriminators:
        d = case.net(name)
        trained[name] = (d, case.adam(d))
    videos = case.tensors["inputs/videos"].permute(0, 4, 1, 2, 3).contiguous(memory_format=of_videos(case.layout))
    picture = videos[:, :, 0].contiguous(memory_format=case.layout)

    penalised = config.get("penalty_weight", 0) > 0
    critic = config["clip"] > 0 or config.get("singular_values", 0) > 0 or config.get("penalty") == "wgan-gp"

    def seen_by(name, videos):
        if config["network"] != "forecast":
            return videos
        return (with_motion if name == "frame_discriminator" else as_channels)(videos, case.tensors["inputs/motion"])

    def adversarial(name, fake, videos):
        """A step of a D, and G's loss."""
        score_of = discriminators[name]
        d, adam = trained[name]
        real_seen, fake_seen = seen_by(name, videos), seen_by(name, fake)
        real, rejected = score_of(d, real_seen), score_of(d, fake_seen.detach())
        if critic:
            loss_d = rejected.mean() - real.mean()
        else:
            loss_d = (F.softplus(-real).mean() + F.softplus(rejected).mean()) / 2
        total, penalty = loss_d, None
        if penalised:
            score_at = lambda x: score_of(d, x)
            if config["penalty"] == "r1":
                penalty = r1_penalty(score_at, real_seen)
            else:
                penalty = gradient_penalty(score_at, real_seen, fake_seen.detach(), case.tensors["inputs/uniform"])
            total = total + config["penalty_weight"] * penalty
        adam.zero_grad()
        total.backward()
        adam.step()
        with torch.no_grad():
            if config["clip"]:
                for p in d.parameters():
                    p.clamp_(-config["clip"], config["clip"])
            ranking = ((real[None] - rejected[:, None]).sign().mean() + 1) / 2
        for p in d.parameters():
            p.requires_grad_(False)
        score = score_of(d, fake_seen)
        loss_g = -score.mean() if critic else F.softplus(-score).mean()
        for p in d.parameters():
            p.requires_grad_(True)
        return loss_g, [loss_d.item(), loss_g.item(), ranking.item()] + ([penalty.item()] if penalised else [])

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
        if config["network"] == "tganv2":
            return pyramid(g, config, picture, case.tensors["inputs/noise"], case.tensors["inputs/uniform"], videos)
        if config["network"] == "forecast":
            return forecast(g, config, picture, case.tensors["inputs/motion"])
        return video_gan(g, picture)

    def iteration():
        fake, mask, real = generated(), None, videos
        if config["network"] == "tganv2":
            fake, real = fake
        elif isinstance(fake, tuple):
            fake, mask = fake
        content = (fake - real).abs().mean() / 2
        metrics, total = [content.item()], config["content"] * content
        each = [adversarial(name, fake, real) for name in discriminators]
        if each:
            loss_d, loss_g, ranking, *penalty = (sum(values) for values in zip(*(losses for _, losses in each)))
            metrics += [loss_d, loss_g, ranking / len(each), *penalty]
            total = total + config["adversarial"] * sum(loss for loss, _ in each)
        if config.get("mask"):
            metrics.append(mask.mean().item())
            total = total + config["mask"] * mask.mean()
        adam = trained["generator"][1]
        adam.zero_grad()
        total.backward()
        adam.step()
        return metrics

    case.run(iteration, trained)


if __name__ == "__main__":
    main()
