"""Writes golden.safetensors: what OpenCV's calcOpticalFlowFarneback says of two frames, for several sets of arguments.

    python3 -m venv venv && venv/bin/pip install opencv-python-headless==5.0.0.93 numpy==2.4.6 safetensors==0.8.0
    venv/bin/python flow/testdata/make_golden.py

Run it from the root of the repository. The arguments of each set are in its metadata.
"""

import json
import pathlib

import cv2
import numpy as np
from safetensors.numpy import save_file

HEIGHT, WIDTH = 80, 96
random = np.random.default_rng(4)
waves = [(*random.uniform(0.02, 0.3, 2), random.uniform(0, 6.3), random.uniform(8, 24)) for _ in range(24)]


def frame(time):
    """A texture that turns, shifts and breathes, and leaves the frame at its border."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    across, down = time * (2.5 + 1.5 * np.sin(y / 17)), time * (1.5 * np.cos(x / 23) - 1)
    picture = sum(height * np.sin(fx * (x - across) + fy * (y - down) + phase) for fx, fy, phase, height in waves)
    return np.clip(picture + 128, 0, 255).astype(np.uint8)


first, second = frame(0), frame(1)
rough = np.stack([np.full((HEIGHT, WIDTH), 2.0), np.full((HEIGHT, WIDTH), -1.0)], axis=-1).astype(np.float32)

sets = {
    "tutorial": dict(pyr_scale=0.5, levels=3, winsize=15, iterations=3, poly_n=5, poly_sigma=1.2, flags=0),
    "gaussian": dict(pyr_scale=0.7, levels=4, winsize=13, iterations=2, poly_n=7, poly_sigma=1.5, flags=cv2.OPTFLOW_FARNEBACK_GAUSSIAN),
    "even_window": dict(pyr_scale=0.5, levels=0, winsize=10, iterations=5, poly_n=5, poly_sigma=1.1, flags=0),
    "initial": dict(pyr_scale=0.8, levels=2, winsize=9, iterations=1, poly_n=3, poly_sigma=0.9, flags=cv2.OPTFLOW_USE_INITIAL_FLOW),
}
golden = {"first": first.astype(np.float32), "second": second.astype(np.float32), "initial": rough}
for name, arguments in sets.items():
    golden["flow/" + name] = cv2.calcOpticalFlowFarneback(first, second, rough.copy(), **arguments)
metadata = {"opencv": cv2.__version__} | {name: json.dumps(arguments) for name, arguments in sets.items()}
save_file(golden, pathlib.Path(__file__).with_name("golden.safetensors"), metadata=metadata)
