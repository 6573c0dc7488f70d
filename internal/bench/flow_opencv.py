"""The optical flow of pairs of frames by OpenCV's calcOpticalFlowFarneback: the peer of `moelab bench blink`. It is called as

flow_opencv.py CASE.safetensors

CASE holds the first frame of each video, [videos, height, width], and its frames, [videos × frames, height, width]; the protocol is moelab_torch.py's."""

import json
import sys
import time

import cv2
import numpy as np
from safetensors.numpy import load_file


def main():
    case = load_file(sys.argv[1])
    first, then = (case["inputs/" + name].astype(np.uint8) for name in ("first", "then"))
    pairs = list(zip(np.repeat(first, len(then) // len(first), axis=0), then))
    print(json.dumps({"ready": True, "version": cv2.__version__, "device": "cpu"}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        flows = [cv2.calcOpticalFlowFarneback(first, then, None, 0.5, 3, 15, 3, 5, 1.2, 0) for first, then in pairs]
        seconds = time.perf_counter() - start
        means = np.abs(np.stack(flows)).mean((0, 1, 2), dtype=np.float64)
        print(json.dumps({"seconds": seconds, "losses": means.tolist()}), flush=True)


if __name__ == "__main__":
    main()
