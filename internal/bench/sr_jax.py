"""One iteration of moelab's super-resolution GAN in JAX: a peer of `moelab bench sr`. See moelab_torch.py for the protocol."""

import json
import sys
import time

import jax
import jax.numpy as jnp
from jax import lax
from safetensors import safe_open

NHWC = ("NHWC", "HWIO", "NHWC")
lrelu = lambda x: jnp.where(x > 0, x, 0.2 * x)


def conv(w, name, x, stride=1):
    kernel = w[name + "/weights"]
    before = (kernel.shape[0] - 1) // 2
    after = before if stride == 2 else kernel.shape[0] - 1 - before
    y = lax.conv_general_dilated(x, kernel, (stride, stride), [(before, after)] * 2, dimension_numbers=NHWC)
    return y + w[name + "/bias"]


def dense(w, name, x):
    return x @ w[name + "/weights"] + w[name + "/bias"]


def norm(w, name, x):
    mean = x.mean((0, 1, 2))
    variance = jnp.square(x).mean((0, 1, 2)) - jnp.square(mean)
    return (x - mean) * lax.rsqrt(variance + 1e-5) * w[name + "/scale"] + w[name + "/offset"]


def prelu(w, name, x):
    return jnp.where(x > 0, x, x * w[name + "/slope"])


def upsample(x):
    return jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)


def pixel_shuffle(x):
    b, h, w, c = x.shape
    x = x.reshape(b, h, w, c // 4, 2, 2).transpose(0, 1, 4, 2, 5, 3)
    return x.reshape(b, 2 * h, 2 * w, c // 4)


def rrdb_net(w, config, x):
    def dense_block(name, x):
        grown = x
        for i in range(1, 5):
            grown = jnp.concatenate([grown, lrelu(conv(w, f"{name}/conv{i}", grown))], -1)
        return x + 0.2 * conv(w, f"{name}/conv5", grown)

    first = h = conv(w, "first", x)
    for i in range(1, config["blocks"] + 1):
        inner = h
        for j in range(1, 4):
            inner = dense_block(f"rrdb{i}/dense{j}", inner)
        h = h + 0.2 * inner
    h = first + conv(w, "trunk", h)
    h = lrelu(conv(w, "up1", upsample(h)))
    h = lrelu(conv(w, "up2", upsample(h)))
    return conv(w, "rgb", lrelu(conv(w, "high", h)))


def sr_resnet(w, config, x):
    first = h = prelu(w, "first_prelu", conv(w, "first", x))
    for i in range(1, config["blocks"] + 1):
        inner = prelu(w, f"block{i}/prelu", norm(w, f"block{i}/norm1", conv(w, f"block{i}/conv1", h)))
        h = h + norm(w, f"block{i}/norm2", conv(w, f"block{i}/conv2", inner))
    h = first + norm(w, "trunk_norm", conv(w, "trunk", h))
    for i in (1, 2):
        h = prelu(w, f"up{i}/prelu", pixel_shuffle(conv(w, f"up{i}/conv", h)))
    return conv(w, "rgb", h)


def discriminator(w, config, x):
    h = lrelu(conv(w, "conv1", x))
    for i in range(2, 11 if config["network"] == "esrgan" else 9):
        h = lrelu(norm(w, f"norm{i}", conv(w, f"conv{i}", h, 2 if i % 2 == 0 else 1)))
    h = h.reshape(h.shape[0], -1)
    return dense(w, "dense2", lrelu(dense(w, "dense1", h)))[:, 0]


def vgg16(w, x, layers, before_relu):
    x = (x - jnp.array([0.485, 0.456, 0.406])) / jnp.array([0.229, 0.224, 0.225])
    features = []
    for g, convolutions in enumerate((2, 2, 3, 3, 3)[:layers], 1):
        if g > 1:
            x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        for c in range(1, convolutions + 1):
            before = conv(w, f"conv{g}_{c}", x)
            x = jax.nn.relu(before)
        features.append(before if before_relu else x)
    return features


def bce(logits, label):
    return jnp.mean(jnp.maximum(logits, 0) - logits * label + jnp.log1p(jnp.exp(-jnp.abs(logits))))


def split(w):
    """Parts trained variables from the running averages."""
    trained = {k: v for k, v in w.items() if k.rsplit("/", 1)[1] not in ("mean", "variance")}
    return trained, {k: v for k, v in w.items() if k not in trained}


def adam(config, w, gradients, moments):
    step, first, second = moments
    step = step + 1
    b1, b2 = config["beta1"], config["beta2"]
    first = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, first, gradients)
    second = jax.tree.map(lambda m, g: b2 * m + (1 - b2) * g * g, second, gradients)
    update = lambda p, m, v: p - config["learning_rate"] * (m / (1 - b1**step)) / (jnp.sqrt(v / (1 - b2**step)) + 1e-7)
    return jax.tree.map(update, w, first, second), (step, first, second)


def main():
    tensors = {}
    with safe_open(sys.argv[1], "flax") as f:
        config = json.loads(f.metadata()["config"])
        for name in f.keys():
            tensors[name] = f.get_tensor(name)
    part = lambda prefix: {k[len(prefix):]: v for k, v in tensors.items() if k.startswith(prefix)}
    low, high, vgg = tensors["inputs/low"], tensors["inputs/high"], part("vgg/")
    generator = rrdb_net if config["network"] == "esrgan" else sr_resnet
    weights, layer_weights = config["weights"], config["layer_weights"]

    def distances(fake):
        pixel = (jnp.abs if config["pixel"] == "l1" else jnp.square)(fake - high).mean() if weights["pixel"] else jnp.float32(0)
        features = lambda x: vgg16(vgg, x, len(layer_weights), config["before_relu"])
        if not weights["perceptual"]:
            return pixel, jnp.float32(0)
        true = lax.stop_gradient(features(high))
        return pixel, sum(w * jnp.abs(a - b).mean() for w, a, b in zip(layer_weights, features(fake), true))

    def iteration(g, d, moments_g, moments_d):
        def loss_of_d(d, fake):
            real, fake = discriminator(d, config, high), discriminator(d, config, fake)
            if config["relativistic"]:
                return (bce(real - fake.mean(), 1.0) + bce(fake - real.mean(), 0.0)) / 2
            return (bce(real, 1.0) + bce(fake, 0.0)) / 2

        fake, back = jax.vjp(lambda g: generator(g, config, low), g)
        loss_d, gradients = jax.value_and_grad(loss_of_d)(d, lax.stop_gradient(fake))
        d, moments_d = adam(config, d, gradients, moments_d)

        def loss_of_g(fake):
            real, score = lax.stop_gradient(discriminator(d, config, high)), discriminator(d, config, fake)
            if config["relativistic"]:
                loss = (bce(real - score.mean(), 0.0) + bce(score - real.mean(), 1.0)) / 2
            else:
                loss = bce(score, 1.0)
            pixel, perceptual = distances(fake)
            total = weights["adversarial"] * loss + weights["pixel"] * pixel + weights["perceptual"] * perceptual
            return total, (loss, pixel, perceptual)

        (_, (loss_g, pixel, perceptual)), gradient = jax.value_and_grad(loss_of_g, has_aux=True)(fake)
        g, moments_g = adam(config, g, back(gradient)[0], moments_g)
        return g, d, moments_g, moments_d, jnp.stack([loss_d, loss_g, pixel, perceptual])

    compiled = jax.jit(iteration, donate_argnums=(0, 1, 2, 3))
    g, d = split(part("generator/"))[0], split(part("discriminator/"))[0]
    zeros = lambda w: jax.tree.map(jnp.zeros_like, w)
    moments_g, moments_d = (jnp.float32(0), zeros(g), zeros(g)), (jnp.float32(0), zeros(d), zeros(d))
    print(json.dumps({"ready": True, "version": jax.__version__, "device": jax.devices()[0].platform, "threads": 0}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        g, d, moments_g, moments_d, losses = compiled(g, d, moments_g, moments_d)
        losses = [float(v) for v in losses]
        print(json.dumps({"seconds": time.perf_counter() - start, "losses": losses}), flush=True)


if __name__ == "__main__":
    main()
