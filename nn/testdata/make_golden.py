"""Writes golden.json: what PyTorch says of the layers of package nn, on small random inputs.

Run it with the packages that `moelab bench train` uses (internal/bench, peerPackages): torch==2.15.0 and numpy==2.2.6, in
the environment that internal/venv makes of them, from the root of the repository:

    ~/.cache/moelab/venv/bench-*/bin/python nn/testdata/make_golden.py

Everything is computed in float64 from inputs that are exact in float32. Pictures are written as [batch, height, width,
channels] and kernels as [height, width, inputs, outputs], which is how package nn lays them out.
"""

import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

random = np.random.default_rng(3)
golden = {}


def draw(*shape, scale=1.0):
    """Random numbers of few digits: exact in float32, and short in the file."""
    return torch.tensor(np.round(random.normal(0, scale, shape) * 64) / 64, dtype=torch.float64)


def to_nchw(x):
    return x.permute(0, 3, 1, 2) if x.dim() == 4 else x


def to_nhwc(x):
    return x.permute(0, 2, 3, 1) if x.dim() == 4 else x


def write(case, name, value):
    value = value.detach()
    golden.setdefault(case, {})[name] = {
        "shape": list(value.shape),
        "values": [float(f"{v:.9g}") for v in value.flatten().tolist()],
    }


def conv(x, weights, bias):
    """Takes and gives nn's layouts; pads with zeros to the same size."""
    out = F.conv2d(to_nchw(x), weights.permute(3, 2, 0, 1), bias, padding=weights.shape[0] // 2)
    return to_nhwc(out)


def upsample(x):
    return to_nhwc(F.interpolate(to_nchw(x), scale_factor=2, mode="nearest"))


def downsample(x):
    return to_nhwc(F.avg_pool2d(to_nchw(x), 2))


def pixel_shuffle(x):
    return to_nhwc(F.pixel_shuffle(to_nchw(x), 2))


def batch_norm(x):
    return to_nhwc(F.batch_norm(to_nchw(x), None, None, training=True, eps=1e-5))


LAYERS = {
    "Conv": conv,
    "ConvPool": lambda x, weights, bias: downsample(conv(x, weights, bias)),
    "UpConv": lambda x, weights, bias: conv(upsample(x), weights, bias),
}


def first_gradients(case, function, **inputs):
    """The output y, and the gradients of sum(y · c) with respect to every input."""
    for value in inputs.values():
        value.requires_grad_(True)
    y = function(**inputs)
    c = draw(*y.shape)
    gradients = torch.autograd.grad((y * c).sum(), list(inputs.values()))
    write(case, "y", y)
    write(case, "c", c)
    for (name, value), gradient in zip(inputs.items(), gradients):
        write(case, name, value)
        write(case, "d_" + name, gradient)


def penalty(case, function, x, **weights):
    """The gradient penalty mean((|dscore/dx| − 1)²), where the score of a picture is mean(f(x)²), and its gradients."""
    x.requires_grad_(True)
    for value in weights.values():
        value.requires_grad_(True)
    score = function(x, **weights).square().flatten(1).mean(dim=1)
    (slope,) = torch.autograd.grad(score.sum(), x, create_graph=True)
    result = (slope.flatten(1).norm(dim=1) - 1).square().mean()
    gradients = torch.autograd.grad(result, list(weights.values()))
    write(case, "x", x)
    write(case, "slope", slope)
    write(case, "penalty", result)
    for (name, value), gradient in zip(weights.items(), gradients):
        write(case, name, value)
        write(case, "d_" + name, gradient)


def convolutions():
    for size in (1, 3, 9):
        first_gradients(f"Conv {size}x{size}", conv,
                        x=draw(2, 6, 4, 2), weights=draw(size, size, 2, 3), bias=draw(3))
    for name in ("ConvPool", "UpConv"):
        first_gradients(name, LAYERS[name], x=draw(2, 6, 4, 2), weights=draw(3, 3, 2, 3), bias=draw(3))


def penalties():
    for name, layer in LAYERS.items():
        for activation, slope in (("ReLU", 0.0), ("LeakyReLU", 0.2)):
            def two_layers(x, weights1, bias1, weights2, bias2):
                h = layer(x, weights1, bias1)
                return layer(F.leaky_relu(h, slope), weights2, bias2)

            penalty(f"penalty {name} {activation}", two_layers, x=draw(2, 4, 4, 2),
                    weights1=draw(3, 3, 2, 3, scale=0.3), bias1=draw(3, scale=0.3),
                    weights2=draw(3, 3, 3, 2, scale=0.3), bias2=draw(2, scale=0.3))

    def normalised(x, weights1, bias1, weights2, bias2):
        return conv(F.relu(batch_norm(conv(x, weights1, None)) + bias1), weights2, bias2)

    penalty("penalty Normalise ReLU", normalised, x=draw(2, 4, 4, 2),
            weights1=draw(3, 3, 2, 3), bias1=draw(3), weights2=draw(3, 3, 3, 2), bias2=draw(2))

    def spectral(x, weights1, bias1, weights2, bias2):
        """One step of the power iteration from u = (1, 1, 1); u and v count as fixed."""
        matrix = weights1.reshape(-1, 3)
        v = F.normalize(matrix.detach() @ torch.ones(3, dtype=torch.float64), dim=0)
        u = F.normalize(v @ matrix.detach(), dim=0)
        return conv(F.relu(conv(x, weights1 / (v @ matrix @ u), bias1)), weights2, bias2)

    penalty("penalty Spectral ReLU", spectral, x=draw(2, 4, 4, 2),
            weights1=draw(3, 3, 2, 3), bias1=draw(3), weights2=draw(3, 3, 3, 2), bias2=draw(2))


def resampling():
    first_gradients("Upsample", upsample, x=draw(2, 3, 2, 2))
    first_gradients("Downsample", downsample, x=draw(2, 4, 6, 2))
    first_gradients("PixelShuffle", pixel_shuffle, x=draw(2, 2, 3, 8))


def normalisation():
    first_gradients("Normalise", batch_norm, x=draw(3, 4, 2, 3))
    first_gradients("Normalise of vectors", batch_norm, x=draw(6, 4))
    first_gradients("BatchNorm", lambda x, scale, offset: batch_norm(x) * scale + offset,
                    x=draw(3, 4, 2, 3), scale=draw(3), offset=draw(3))

    def conditional(x, scale, offset):
        labels = torch.tensor([2, 0, 2])
        return batch_norm(x) * scale[labels][:, None, None] + offset[labels][:, None, None]

    first_gradients("ConditionalBatchNorm", conditional, x=draw(3, 4, 2, 3), scale=draw(4, 3), offset=draw(4, 3))

    x, mean, variance = draw(2, 2, 3, 3), draw(3), draw(3).square() + 0.5
    y = F.batch_norm(to_nchw(x), mean, variance, training=False, eps=1e-5)
    for name, value in (("x", x), ("mean", mean), ("variance", variance), ("y", to_nhwc(y))):
        write("Normalise in use", name, value)


def spectral_norm():
    """Three steps of training, of the weights of a convolution."""
    kernel = draw(3, 3, 2, 4)
    c = draw(3, 3, 2, 4)
    layer = torch.nn.Conv2d(2, 4, 3, bias=False, dtype=torch.float64)
    # The older of PyTorch's two starts the step as the paper does, at u; the newer one starts it at v.
    torch.nn.utils.spectral_norm(layer, eps=1e-12)
    u = draw(1, 4)
    with torch.no_grad():
        layer.weight_orig.copy_(kernel.permute(3, 2, 0, 1))
        layer.weight_u.copy_(u[0])
    case = "SpectralNorm"
    for name, value in (("weights", kernel), ("u0", u), ("c", c)):
        write(case, name, value)
    for step in (1, 2, 3):
        layer(torch.zeros(1, 2, 3, 3, dtype=torch.float64))
        normalised = layer.weight.permute(2, 3, 1, 0)
        (gradient,) = torch.autograd.grad((normalised * c).sum(), layer.weight_orig)
        write(case, f"y {step}", normalised)
        write(case, f"d_weights {step}", gradient.permute(2, 3, 1, 0))
        write(case, f"u {step}", layer.weight_u[None])

    # The newer one, after enough steps.
    newer = torch.nn.Conv2d(2, 4, 3, bias=False, dtype=torch.float64)
    with torch.no_grad():
        newer.weight.copy_(kernel.permute(3, 2, 0, 1))
    torch.nn.utils.parametrizations.spectral_norm(newer, n_power_iterations=1000)
    write(case, "y converged", newer.weight.permute(2, 3, 1, 0))


def videos():
    """Videos are [batch, frames, height, width, channels], kernels [frames, height, width, inputs, outputs]."""

    def to_ncfhw(x):
        return x.permute(0, 4, 1, 2, 3)

    def from_ncfhw(x):
        return x.permute(0, 2, 3, 4, 1)

    def conv3d(x, weights, bias, **arguments):
        return from_ncfhw(F.conv3d(to_ncfhw(x), weights.permute(4, 3, 0, 1, 2), bias, **arguments))

    def deconv3d(x, weights, bias):
        return from_ncfhw(F.conv_transpose3d(to_ncfhw(x), weights.permute(3, 4, 0, 1, 2), bias, stride=2, padding=1))

    def upsample3d(x):
        return from_ncfhw(F.interpolate(to_ncfhw(x), scale_factor=2, mode="nearest"))

    first_gradients("Conv3D", lambda x, weights, bias: conv3d(x, weights, bias, padding=1),
                    x=draw(2, 3, 4, 2, 2), weights=draw(3, 3, 3, 2, 3), bias=draw(3))
    first_gradients("StridedConv3D", lambda x, weights, bias: conv3d(x, weights, bias, stride=2, padding=1),
                    x=draw(2, 4, 6, 2, 2), weights=draw(4, 4, 4, 2, 3), bias=draw(3))
    first_gradients("Deconv3D", deconv3d, x=draw(2, 2, 3, 1, 2), weights=draw(4, 4, 4, 2, 3), bias=draw(3))
    first_gradients("UpConv3D", lambda x, weights, bias: conv3d(upsample3d(x), weights, bias, padding=1),
                    x=draw(2, 2, 3, 1, 2), weights=draw(3, 3, 3, 2, 3), bias=draw(3))


convolutions()
resampling()
normalisation()
spectral_norm()
penalties()
videos()
path = pathlib.Path(__file__).with_name("golden.json")
lines = ",\n".join(json.dumps(case) + ": " + json.dumps(values, separators=(",", ":")) for case, values in golden.items())
path.write_text("{\n" + lines + "\n}\n")
print(f"{path}: {len(golden)} cases, {path.stat().st_size} bytes")
