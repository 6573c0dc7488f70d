"""One iteration of moelab's GAN in PyTorch: the peer of `moelab bench train`, and the source of gan's golden numbers.

Usage: gan_torch.py CASE.safetensors [channels_last]
       gan_torch.py CASE.safetensors golden OUT.safetensors ITERATIONS

CASE holds the configuration (in its metadata), the weights, and the inputs of one iteration, all as moelab writes them.
Each line read from standard input runs one iteration and answers with a line of JSON: its seconds and its losses.

With "golden" it reads no lines: it runs ITERATIONS in double precision and writes OUT, which holds all of CASE, "losses"
([ITERATIONS, 3]: D, G, penalty), and for each weight NAME of the networks, in CASE's layout and after the first iteration,
"change/NAME", by how much it changed, and, where it is trained, "moment/NAME", the mean of its gradients that Adam keeps.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.numpy import save_file


class Net:
    """The weights under a prefix, and the layers that use them; as in moelab's nn, but in PyTorch's layout."""

    def __init__(self, tensors, prefix):
        self.w = {}
        for name, value in tensors.items():
            if name.startswith(prefix + "/"):
                if value.dim() == 4:
                    value = value.permute(3, 2, 0, 1).contiguous()  # HWIO to OIHW.
                self.w[name[len(prefix) + 1:]] = value
        self.trainable = [n for n in self.w if n.rsplit("/", 1)[1] not in ("u", "mean", "variance")]
        for name in self.trainable:
            self.w[name].requires_grad_(True)

    def parameters(self):
        return [self.w[name] for name in self.trainable]

    def spectral(self, name):
        w = self.w[name + "/weights"]
        # [inputs, outputs] in the order of HWIO, so that the vectors are moelab's.
        matrix = w.permute(2, 3, 1, 0).reshape(-1, w.shape[0]) if w.dim() == 4 else w
        with torch.no_grad():
            v = F.normalize(self.w[name + "/u"] @ matrix.t(), dim=1)
            u = F.normalize(v @ matrix, dim=1)
            self.w[name + "/u"] = u
        return w / ((v @ matrix) * u).sum()

    def conv(self, name, x, sn):
        w = self.spectral(name) if sn else self.w[name + "/weights"]
        return F.conv2d(x, w, self.w[name + "/bias"], padding=w.shape[-1] // 2)

    def dense(self, name, x, sn=False, bias=True):
        w = self.spectral(name) if sn else self.w[name + "/weights"]
        x = x @ w
        return x + self.w[name + "/bias"] if bias else x

    def normalise(self, x):
        return F.batch_norm(x, None, None, training=True, eps=1e-5)

    def conditional_norm(self, name, x, y):
        scale = (y @ self.w[name + "/scale/weights"])[:, :, None, None]
        offset = (y @ self.w[name + "/offset/weights"])[:, :, None, None]
        return self.normalise(x) * scale + offset


def upsample(x):
    return F.interpolate(x, scale_factor=2, mode="nearest")


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
    x = net.normalise(x) * net.w["norm/scale"][:, None, None] + net.w["norm/offset"][:, None, None]
    return torch.tanh(net.conv("rgb", F.relu(x), False))


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


def moelabs(value):
    """A copy of a weight in moelab's layout."""
    value = value.detach().clone()
    return value.permute(2, 3, 1, 0) if value.dim() == 4 else value


def results_of(iteration, iterations, trained):
    """The golden numbers: runs the iterations, and looks at the networks, which are {name: (net, Adam)}, after the first."""
    before = {(prefix, name): w.detach().clone() for prefix, (net, _) in trained.items() for name, w in net.w.items()}
    results, losses = {}, []
    for i in range(iterations):
        losses.append(iteration())
        if i > 0:
            continue
        for prefix, (net, adam) in trained.items():
            for name, w in net.w.items():
                if name.rsplit("/", 1)[1] not in ("mean", "variance"):  # PyTorch has no use for them here.
                    results[f"change/{prefix}/{name}"] = moelabs(w.detach() - before[prefix, name])
            for name in net.trainable:
                results[f"moment/{prefix}/{name}"] = moelabs(adam.state[net.w[name]]["exp_avg"])
    results["losses"] = torch.tensor(losses)
    return results


def main():
    tensors = {}
    with safe_open(sys.argv[1], "pt") as f:
        config = json.loads(f.metadata()["config"])
        for name in f.keys():
            tensors[name] = f.get_tensor(name)
    case, golden = dict(tensors), "golden" in sys.argv[2:]
    if golden:
        tensors = {name: value.double() if value.is_floating_point() else value for name, value in case.items()}
    layout = torch.channels_last if "channels_last" in sys.argv[2:] else torch.contiguous_format
    g, d = Net(tensors, "generator"), Net(tensors, "discriminator")
    for net in (g, d):
        for name in list(net.w):
            if net.w[name].dim() == 4:
                net.w[name] = net.w[name].detach().to(memory_format=layout).requires_grad_(True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    classes = len(config["classes"])
    betas = (config["beta1"], config["beta2"])
    adam = [torch.optim.Adam(n.parameters(), lr=config["learning_rate"], betas=betas, eps=1e-7) for n in (d, g)]
    pictures = [p.permute(0, 3, 1, 2).to(memory_format=layout) for p in tensors["inputs/pictures"]]
    uniform = [p.permute(0, 3, 1, 2).to(memory_format=layout) for p in tensors["inputs/uniform"]]
    one_hot = lambda labels: F.one_hot(labels.long(), classes).to(tensors["inputs/noise"].dtype)
    real_y = [one_hot(row) for row in tensors["inputs/labels"]]
    fake_y = [one_hot(row) for row in tensors["inputs/fake_labels"]]
    noise = tensors["inputs/noise"]

    def iteration():
        for step in range(config["discriminator_steps"]):
            real, y = pictures[step], real_y[step]
            with torch.no_grad():
                fake = generator(g, config, noise[step], fake_y[step])
            scores = discriminator(d, config, torch.cat([real, fake]), torch.cat([y, fake_y[step]]))
            s_real, s_fake = scores.chunk(2)
            loss_d = F.relu(1 - s_real).mean() + F.relu(1 + s_fake).mean()
            loss_p = penalty(d, config, real, y, uniform[step])
            adam[0].zero_grad()
            (loss_d + config["penalty_weight"] * loss_p).backward()
            adam[0].step()
        for p in d.parameters():
            p.requires_grad_(False)
        loss_g = -discriminator(d, config, generator(g, config, noise[-1], fake_y[-1]), fake_y[-1]).mean()
        adam[1].zero_grad()
        loss_g.backward()
        adam[1].step()
        for p in d.parameters():
            p.requires_grad_(True)
        return [loss_d.item(), loss_g.item(), loss_p.item()]

    if golden:
        results = results_of(iteration, int(sys.argv[4]), {"discriminator": (d, adam[0]), "generator": (g, adam[1])})
        results = case | {name: value.float() for name, value in results.items()}
        save_file({name: value.contiguous().numpy() for name, value in results.items()}, sys.argv[3])
        return
    print(json.dumps({"ready": True, "version": torch.__version__, "device": device, "threads": torch.get_num_threads()}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        losses = iteration()
        print(json.dumps({"seconds": time.perf_counter() - start, "losses": losses}), flush=True)


if __name__ == "__main__":
    main()
