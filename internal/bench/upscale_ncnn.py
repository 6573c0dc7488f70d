"""Enlarges a picture by a network in ncnn's own form: the peer of `moelab bench upscale`. It is called as

upscale_ncnn.py CASE.safetensors NET

and runs NET.param with NET.bin, with ncnn's own settings, on all cores. CASE holds the picture; the protocol is moelab_torch.py's."""

import importlib.metadata
import json
import os
import sys
import time

import ncnn
import numpy as np
from safetensors.numpy import load_file


def main():
    picture = np.ascontiguousarray(load_file(sys.argv[1])["inputs/low"][0].transpose(2, 0, 1))
    net = ncnn.Net()
    net.opt.use_vulkan_compute = False
    net.opt.num_threads = len(os.sched_getaffinity(0))
    assert net.load_param(sys.argv[2] + ".param") == 0 and net.load_model(sys.argv[2] + ".bin") == 0
    print(json.dumps({"ready": True, "version": importlib.metadata.version("ncnn"), "device": "cpu"}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        extractor = net.create_extractor()
        extractor.input("data", ncnn.Mat(picture).clone())
        code, output = extractor.extract("output")
        assert code == 0
        large = np.array(output)
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "losses": [float(plane.mean()) for plane in large]}), flush=True)


if __name__ == "__main__":
    main()
