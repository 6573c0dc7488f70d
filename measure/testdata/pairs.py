"""Measures the pictures of pair_test.go with scikit-image and SciPy, and writes pairs.json.

Run by: go test ./measure -run ScikitImage -update. Pictures are made from whole numbers, so that Go makes just the same.
"""

import json
import sys

import numpy as np
from scipy.stats import wasserstein_distance
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

CASES = [  # name, width, height, noise, shift
    ("least size", 11, 11, 40, 0),
    ("faint noise", 48, 37, 6, 0),
    ("strong noise", 64, 40, 200, 0),
    ("shifted", 33, 64, 0, 3),
    ("noisy and shifted", 50, 50, 30, 1),
]


def picture(width, height, noise, shift):
    y, x, c = np.mgrid[0:height, 0:width, 0:3]
    x = x + shift
    waves = np.abs((9 * x + 5 * y + 130 * c + x * y // 7) % 510 - 255)
    grain = ((x * 7919 + y * 104729 + c * 1299709) % 1009) * (noise + 1) // 1009 - noise // 2
    return np.clip(waves + (grain if noise else 0), 0, 255).astype(np.uint8)


def measure(truth, restored):
    ssim = dict(data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
    luma, restored_luma = rgb2ycbcr(truth)[..., 0], rgb2ycbcr(restored)[..., 0]
    return {
        "psnr": peak_signal_noise_ratio(truth, restored, data_range=255),
        "psnr_y": peak_signal_noise_ratio(luma, restored_luma, data_range=255),
        "ssim": structural_similarity(truth, restored, channel_axis=-1, **ssim),
        "ssim_y": structural_similarity(luma, restored_luma, **ssim),
        "colour": [wasserstein_distance(truth[..., c].ravel(), restored[..., c].ravel()) for c in range(3)],
    }


cases = []
for name, width, height, noise, shift in CASES:
    measured = measure(picture(width, height, 0, 0), picture(width, height, noise, shift))
    cases.append({"name": name, "width": width, "height": height, "noise": noise, "shift": shift, **measured})
json.dump(cases, sys.stdout, indent=2)
print()
