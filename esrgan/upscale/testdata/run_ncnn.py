"""Runs networks with ncnn, in 32 bits, as the oracle of ncnn_test.go and pretrained_slow_test.go.

run_ncnn.py golden      writes small networks with random weights into the folder ncnn, and what ncnn makes of a picture into ncnn.safetensors.
                    Run by: go test ./esrgan/upscale -run NCNN -update-ncnn
run_ncnn.py run NET WIDTH HEIGHT
                    enlarges the picture on standard input, float32 [height, width, 3], by NET.param and NET.bin to standard output.
"""

import pathlib
import sys

import ncnn
import numpy as np

HERE = pathlib.Path(__file__).parent
RELU = " 9=2 -23310=1,2.000000e-01"


def run(net_path, picture):
    net = ncnn.Net()
    net.opt.use_vulkan_compute = False
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_bf16_storage = False
    net.opt.use_winograd_convolution = False
    assert net.load_param(f"{net_path}.param") == 0 and net.load_model(f"{net_path}.bin") == 0
    planes = np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32)
    extractor = net.create_extractor()
    extractor.input("data", ncnn.Mat(planes).clone())
    code, output = extractor.extract("output")
    assert code == 0
    return np.ascontiguousarray(np.array(output).transpose(1, 2, 0), np.float32)


class Writer:
    """Writes a network layer by layer, with random weights."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.lines, self.weights, self.blobs = [], [], 0

    def layer(self, kind, inputs, outputs, params=""):
        name = f"{kind.lower()}_{len(self.lines)}"
        self.lines.append(f"{kind:<16} {name:<20} {len(inputs)} {len(outputs)} {' '.join(inputs + outputs)} {params}".rstrip())
        self.blobs += len(outputs)
        return outputs[0]

    def conv(self, x, inputs, outputs, params="", name=None, gain=0.6):
        kernel = self.random.standard_normal((outputs, inputs, 3, 3)) * gain * np.sqrt(2 / (9 * inputs))
        half = kernel.astype("<f2").tobytes()
        self.weights += [np.uint32(0x01306B47).tobytes(), half, b"\0" * (-len(half) % 4)]
        self.weights.append((self.random.standard_normal(outputs) * 0.1).astype("<f4").tobytes())
        return self.layer("Convolution", [x], [name or f"b{self.blobs}"], f"0={outputs} 1=3 4=1 5=1 6={kernel.size}{params}")

    def prelu(self, x, channels):
        self.weights.append(self.random.uniform(-0.3, 0.6, channels).astype("<f4").tobytes())
        return self.layer("PReLU", [x], [f"b{self.blobs}"], f"0={channels}")

    def split(self, x, n):
        outputs = [f"{x}_{i}" for i in range(n)]
        self.layer("Split", [x], outputs)
        return outputs

    def add(self, kind, inputs, params, name=None):
        return self.layer(kind, inputs, [name or f"b{self.blobs}"], params)

    def save(self, name):
        text = "\n".join(["7767517", f"{len(self.lines)} {self.blobs}"] + self.lines) + "\n"
        (HERE / "ncnn" / f"{name}.param").write_text(text)
        (HERE / "ncnn" / f"{name}.bin").write_bytes(b"".join(self.weights))


def rrdb(blocks, channels, growth):
    w = Writer(1)
    scaled = "0=1 -23301=2,2.000000e-01,1.000000e+00"
    first = w.conv(w.layer("Input", [], ["data"]), 3, channels)
    h, skip = w.split(first, 2)
    for _ in range(blocks):
        h, block_skip = w.split(h, 2)
        for _ in range(3):
            dense_skip, x = w.split(h, 2)
            for i in range(4):
                x, kept = w.split(x, 2)
                grown = w.conv(x, channels + i * growth, growth, RELU)
                x = w.layer("Concat", [kept, grown], [f"b{w.blobs}"])
            h = w.add("Eltwise", [w.conv(x, channels + 4 * growth, channels), dense_skip], scaled)
        h = w.add("Eltwise", [h, block_skip], scaled)
    h = w.add("BinaryOp", [skip, w.conv(h, channels, channels)], "0=0")
    for _ in range(2):
        h = w.layer("Interp", [h], [f"b{w.blobs}"], "0=1 1=2.000000e+00 2=2.000000e+00")
        h = w.conv(h, channels, channels, RELU)
    h = w.conv(h, channels, channels, RELU)
    w.conv(h, channels, 3, name="output")
    w.save("rrdb")


def compact(channels, convolutions, scale):
    w = Writer(2)
    h, skip = w.split(w.layer("Input", [], ["data"]), 2)
    inputs = 3
    for _ in range(convolutions - 1):
        h = w.prelu(w.conv(h, inputs, channels), channels)
        inputs = channels
    h = w.layer("PixelShuffle", [w.conv(h, channels, 48)], [f"b{w.blobs}"], "0=4")
    up = w.layer("Interp", [skip], [f"b{w.blobs}"], "0=1 1=4.000000e+00 2=4.000000e+00")
    h = w.add("BinaryOp", [h, up], "0=0", "output" if scale == 4 else None)
    if scale != 4:
        w.layer("Interp", [h], ["output"], f"0=3 1={scale / 4:e} 2={scale / 4:e}")
    w.save(f"compact-x{scale}")


def golden():
    from safetensors.numpy import save_file

    (HERE / "ncnn").mkdir(exist_ok=True)
    rrdb(2, 5, 3)
    for scale in 4, 3, 2:
        compact(6, 4, scale)
    picture = np.random.default_rng(3).random((7, 9, 3), np.float32)
    nets = sorted(path.stem for path in (HERE / "ncnn").glob("*.param"))
    save_file({"picture": picture} | {net: run(HERE / "ncnn" / net, picture) for net in nets}, HERE / "ncnn.safetensors")


if sys.argv[1] == "golden":
    golden()
else:
    net_path, width, height = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    picture = np.frombuffer(sys.stdin.buffer.read(), "<f4").reshape(height, width, 3)
    sys.stdout.buffer.write(run(net_path, picture).tobytes())
