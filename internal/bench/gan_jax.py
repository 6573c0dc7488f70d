"""One iteration of moelab's GAN in JAX, as the article has it: a peer of `moelab bench train`. See moelab_torch.py for the protocol."""

import json
import sys
import time

import jax
import jax.numpy as jnp
from jax import lax
from safetensors import safe_open


def conv2d(x, w, stride=1):
    padding = (w.shape[0] - 1) // 2
    return lax.conv_general_dilated(x, w, (stride, stride), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def unit(x):
    return x / (jnp.sqrt(jnp.sum(jnp.square(x))) + 1e-12)


class Net:
    """The weights of a network, and its layers. Power iterations replace the vectors in w, which the caller takes back."""

    def __init__(self, w):
        self.w = dict(w)

    def spectral(self, name):
        w = self.w[name + "/weights"]
        matrix = w.reshape(-1, w.shape[-1])
        fixed = lax.stop_gradient(matrix)
        v = unit(self.w[name + "/u"] @ fixed.T)
        u = unit(v @ fixed)
        self.w[name + "/u"] = lax.stop_gradient(u)
        return w / jnp.sum((lax.stop_gradient(v) @ matrix) * lax.stop_gradient(u))

    def conv(self, name, x, sn=False, stride=1):
        w = self.spectral(name) if sn else self.w[name + "/weights"]
        return conv2d(x, w, stride) + self.w[name + "/bias"]

    def dense(self, name, x, sn=False, bias=True):
        w = self.spectral(name) if sn else self.w[name + "/weights"]
        x = x @ w
        return x + self.w[name + "/bias"] if bias else x

    def normalise(self, x):
        axes = tuple(range(x.ndim - 1))
        mean = x.mean(axes)
        variance = jnp.square(x).mean(axes) - jnp.square(mean)
        return (x - mean) * lax.rsqrt(variance + 1e-5)

    def norm(self, name, x):
        return self.normalise(x) * self.w[name + "/scale"] + self.w[name + "/offset"]

    def conditional_norm(self, name, x, y):
        scale = (y @ self.w[name + "/scale/weights"])[:, None, None, :]
        offset = (y @ self.w[name + "/offset/weights"])[:, None, None, :]
        return self.normalise(x) * scale + offset


def upsample(x):
    return jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)


def pool(x):
    b, h, w, c = x.shape
    return x.reshape(b, h // 2, 2, w // 2, 2, c).mean((2, 4))


def shuffle(x):
    b, h, w, c = x.shape
    return x.reshape(b, h, w, c // 4, 2, 2).transpose(0, 1, 4, 2, 5, 3).reshape(b, 2 * h, 2 * w, c // 4)


def resblock_generator(net, config, noise, y):
    x = net.dense("dense", noise)
    x = x.reshape(x.shape[0], 4, 4, -1)
    for i in range(1, config["size"].bit_length() - 2):
        h = jax.nn.relu(net.conditional_norm(f"up{i}/norm1", x, y))
        h = net.conv(f"up{i}/conv1", upsample(h), False)
        h = jax.nn.relu(net.conditional_norm(f"up{i}/norm2", h, y))
        h = net.conv(f"up{i}/conv2", h, False)
        x = h + net.conv(f"up{i}/shortcut", upsample(x), False)
    return jnp.tanh(net.conv("rgb", jax.nn.relu(net.norm("norm", x)), False))


def srresnet_generator(net, config, noise, y):
    relu = jax.nn.relu
    x = relu(net.norm("norm1", net.dense("dense", jnp.concatenate([noise, y], 1))))
    x = first = x.reshape(x.shape[0], 16, 16, -1)
    for i in range(1, config["generator_blocks"] + 1):
        h = relu(net.norm(f"block{i}/norm1", net.conv(f"block{i}/conv1", x)))
        x = x + net.norm(f"block{i}/norm2", net.conv(f"block{i}/conv2", h))
    x = relu(net.norm("norm2", x)) + first
    for i in range(1, config["size"].bit_length() - 4):
        x = relu(net.norm(f"up{i}/norm", shuffle(net.conv(f"up{i}/conv", x))))
    return jnp.tanh(net.conv("rgb", x))


def resblock_discriminator(net, config, x, y):
    relu = jax.nn.relu
    h = net.conv("down1/conv1", x, True)
    h = pool(net.conv("down1/conv2", relu(h), True))
    x = h + net.conv("down1/shortcut", pool(x), True)
    for i in range(2, config["size"].bit_length() - 2):
        h = net.conv(f"down{i}/conv1", relu(x), True)
        h = pool(net.conv(f"down{i}/conv2", relu(h), True))
        x = h + pool(net.conv(f"down{i}/shortcut", x, True))
    h = net.conv("last/conv1", relu(x), True)
    x = x + net.conv("last/conv2", relu(h), True)
    return projection(net, relu(x).sum((1, 2)), y, True)


def srresnet_discriminator(net, config, x, y):
    lrelu = lambda x: jax.nn.leaky_relu(x, 0.2)
    stages = config["size"].bit_length() - 2
    for i in range(1, stages + 1):
        x = lrelu(net.conv(f"down{i}", x, stride=2))
        for block in (1, 2) if i < stages else ():
            h = lrelu(net.conv(f"block{i}_{block}/conv1", x))
            x = lrelu(x + net.conv(f"block{i}_{block}/conv2", h))
    return projection(net, x.reshape(x.shape[0], -1), y, False)


def projection(net, phi, y, sn):
    return net.dense("score", phi, sn)[:, 0] + (net.dense("embedding", y, sn, bias=False) * phi).sum(1)


NETWORKS = {"resblock": (resblock_generator, resblock_discriminator), "srresnet": (srresnet_generator, srresnet_discriminator)}


STATE = ("u", "mean", "variance")  # Variables that are not trained.


def split(w):
    """Parts trained variables from the others."""
    trained = {k: v for k, v in w.items() if k.rsplit("/", 1)[1] not in STATE}
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
    generator, discriminator = NETWORKS[config["network"]]
    part = lambda prefix: {k[len(prefix):]: v for k, v in tensors.items() if k.startswith(prefix)}
    inputs, classes = part("inputs/"), len(config["classes"])

    def iteration(g, d, moments_g, moments_d, inputs):
        one_hot = lambda labels: jax.nn.one_hot(labels, classes)
        for step in range(config["discriminator_steps"]):
            real, y = inputs["pictures"][step], one_hot(inputs["labels"][step])
            fake_y = one_hot(inputs["fake_labels"][step])
            fake = lax.stop_gradient(generator(Net(g), config, inputs["noise"][step], fake_y))
            trained, state = split(d)

            def loss(trained):
                net = Net({**trained, **state})
                scores = discriminator(net, config, jnp.concatenate([real, fake]), jnp.concatenate([y, fake_y]))
                s_real, s_fake = jnp.split(scores, 2)
                loss_d = jax.nn.relu(1 - s_real).mean() + jax.nn.relu(1 + s_fake).mean()
                moved = real + 0.5 * real.std() * inputs["uniform"][step]
                after = {}

                def total(x):
                    inner = Net(net.w)
                    score = discriminator(inner, config, x, y).sum()
                    return score, split(inner.w)[1]

                gradient, after = jax.grad(total, has_aux=True)(moved)
                norm = jnp.sqrt(jnp.square(gradient).sum((1, 2, 3)) + 1e-12)
                loss_p = jnp.square(norm - 1).mean()
                return loss_d + config["penalty_weight"] * loss_p, (loss_d, loss_p, after)

            gradients, (loss_d, loss_p, state) = jax.grad(loss, has_aux=True)(trained)
            trained, moments_d = adam(config, trained, gradients, moments_d)
            d = {**trained, **state}

        fake_y = one_hot(inputs["fake_labels"][-1])
        trained, state = split(g)

        def loss_of_g(trained):
            net = Net(d)
            fake = generator(Net({**trained, **state}), config, inputs["noise"][-1], fake_y)
            return -discriminator(net, config, fake, fake_y).mean(), net.w

        (loss_g, d), gradients = jax.value_and_grad(loss_of_g, has_aux=True)(trained)
        trained, moments_g = adam(config, trained, gradients, moments_g)
        return {**trained, **state}, d, moments_g, moments_d, jnp.stack([loss_d, loss_g, loss_p])

    compiled = jax.jit(iteration, donate_argnums=(0, 1, 2, 3))
    g, d = part("generator/"), part("discriminator/")
    zeros = lambda w: jax.tree.map(jnp.zeros_like, split(w)[0])
    moments_g, moments_d = (jnp.float32(0), zeros(g), zeros(g)), (jnp.float32(0), zeros(d), zeros(d))
    print(json.dumps({"ready": True, "version": jax.__version__, "device": jax.devices()[0].platform, "threads": 0}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        g, d, moments_g, moments_d, losses = compiled(g, d, moments_g, moments_d, inputs)
        losses = [float(v) for v in losses]
        print(json.dumps({"seconds": time.perf_counter() - start, "losses": losses}), flush=True)


if __name__ == "__main__":
    main()
