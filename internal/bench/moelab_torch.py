"""What moelab's peers in PyTorch share: the layers, the protocol of `moelab bench train`, and golden numbers.

A peer is called as PEER.py CASE.safetensors [channels_last], or as PEER.py CASE.safetensors golden OUT.safetensors ITERATIONS

CASE holds the configuration (in its metadata), the weights, and the inputs of one iteration, all as moelab writes them.
Each line read from standard input runs one iteration and answers with a line of JSON: its seconds and its losses.

With "golden" it reads no lines: it runs ITERATIONS in double precision and writes OUT, which holds all of CASE, "losses"
([ITERATIONS, losses]), and for each weight NAME of the networks, in CASE's layout and after the first iteration,
"change/NAME", by how much it changed, and, where it is trained, "moment/NAME", the mean of its gradients that Adam keeps.
Where a peer tells them there are also "outputs/...", what the networks make of inputs with the weights of CASE, and
"gradient/NAME", the gradient of a network's first step.
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

    def __init__(self, tensors, prefix, layout=torch.contiguous_format):
        self.w = {}
        for name, value in tensors.items():
            if name.startswith(prefix + "/"):
                if value.dim() == 4:
                    value = value.permute(3, 2, 0, 1).contiguous(memory_format=layout)  # HWIO to OIHW.
                elif value.dim() == 5:
                    value = value.permute(4, 3, 0, 1, 2).contiguous(memory_format=of_videos(layout))
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

    def conv(self, name, x, sn=False, stride=1):
        w = self.spectral(name) if sn else self.w[name + "/weights"]
        return F.conv2d(x, w, self.w[name + "/bias"], stride=stride, padding=(w.shape[-1] - 1) // 2)

    def conv3d(self, name, x, stride=1):
        w = self.w[name + "/weights"]
        return F.conv3d(x, w, self.w[name + "/bias"], stride=stride, padding=(w.shape[-1] - 1) // 2)

    def deconv3d(self, name, x):
        return F.conv_transpose3d(x, self.w[name + "/weights"].transpose(0, 1), self.w[name + "/bias"], stride=2, padding=1)

    def dense(self, name, x, sn=False, bias=True):
        w = self.spectral(name) if sn else self.w[name + "/weights"]
        x = x @ w
        return x + self.w[name + "/bias"] if bias else x

    def normalise(self, x):
        return F.batch_norm(x, None, None, training=True, eps=1e-5)

    def norm(self, name, x):
        scale, offset = (self.w[name + "/" + part].view(-1, *[1] * (x.dim() - 2)) for part in ("scale", "offset"))
        return self.normalise(x) * scale + offset

    def conditional_norm(self, name, x, y):
        scale = (y @ self.w[name + "/scale/weights"])[:, :, None, None]
        offset = (y @ self.w[name + "/offset/weights"])[:, :, None, None]
        return self.normalise(x) * scale + offset


def upsample(x):
    return F.interpolate(x, scale_factor=2, mode="nearest")


def moelabs(value):
    """A copy of a weight in moelab's layout."""
    value = value.detach().clone()
    order = {4: (2, 3, 1, 0), 5: (2, 3, 4, 1, 0)}
    return value.permute(order[value.dim()]) if value.dim() in order else value


def of_videos(layout):
    """The layout of videos that goes with one of pictures."""
    return torch.channels_last_3d if layout is torch.channels_last else layout


def outputs_of(forward, trained):
    """What a function of the networks returns, {name: output}. It leaves them as they were: a pass through a layer that is
    spectrally normalised changes its u."""
    kept = {prefix: dict(net.w) for prefix, (net, _) in trained.items()}
    with torch.no_grad():
        outputs = {"outputs/" + name: value for name, value in forward().items()}
    for prefix, (net, _) in trained.items():
        net.w.update(kept[prefix])
    return outputs


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


class Case:
    """What a peer is called with."""

    def __init__(self):
        self.tensors = {}
        with safe_open(sys.argv[1], "pt") as f:
            self.config = json.loads(f.metadata()["config"])
            for name in f.keys():
                self.tensors[name] = f.get_tensor(name)
        self.given, self.golden = dict(self.tensors), "golden" in sys.argv[2:]
        if self.golden:
            self.tensors = {name: v.double() if v.is_floating_point() else v for name, v in self.given.items()}
        self.layout = torch.channels_last if "channels_last" in sys.argv[2:] else torch.contiguous_format
        self.gradients = {}

    def net(self, prefix):
        return Net(self.tensors, prefix, self.layout)

    def pictures(self, name):
        """Inputs [..., height, width, 3] as [..., 3, height, width]."""
        return self.tensors[name].movedim(-1, -3)

    def adam(self, net):
        betas = (float(self.config["beta1"]), float(self.config["beta2"]))
        return torch.optim.Adam(net.parameters(), lr=self.config["learning_rate"], betas=betas, eps=1e-7)

    def keep_gradients(self, prefix, net):
        """Keeps the gradients of a network's first step for the golden numbers."""
        if self.golden and not self.gradients:
            self.gradients = {f"gradient/{prefix}/{name}": moelabs(net.w[name].grad) for name in net.trainable}

    def run(self, iteration, trained, forward=lambda: {}):
        """Serves iterations, or writes golden numbers; trained is {name: (net, Adam)}, forward returns {name: output}."""
        if self.golden:
            outputs = outputs_of(forward, trained)
            results = results_of(iteration, int(sys.argv[4]), trained) | outputs | self.gradients
            results = self.given | {name: value.float() for name, value in results.items()}
            save_file({name: value.contiguous().numpy() for name, value in results.items()}, sys.argv[3])
            return
        ready = {"ready": True, "version": torch.__version__, "device": "cpu", "threads": torch.get_num_threads()}
        print(json.dumps(ready), flush=True)
        for _ in sys.stdin:
            start = time.perf_counter()
            losses = iteration()
            print(json.dumps({"seconds": time.perf_counter() - start, "losses": losses}), flush=True)
