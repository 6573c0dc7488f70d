"""Measures sets of features with torch-fidelity, and pictures at several scales with pytorch-msssim, and writes sets.json.

Run by: go test ./measure -run TorchFidelity -update. Features and pictures are made from whole numbers, so that Go makes just the same.
"""

import json
import sys

import numpy as np
import torch
from pytorch_msssim.ssim import _fspecial_gauss_1d, _ssim
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric

SETS = [  # name, features, pictures of one set and of the other
    ("few features", 5, 40, 60),
    ("more features than pictures", 70, 50, 50),
    ("the same set", 12, 80, 80),
]
PICTURES = [  # width, height, noise, shift, scales
    (176, 192, 60, 0, 5),
    (256, 176, 30, 2, 5),
    (64, 64, 60, 0, 3),
    (32, 48, 20, 1, 2),
]


def features(rows, columns, of):
    i, j = np.mgrid[0:rows, 0:columns]
    hashed = (i * 7919 + j * 104729 + of * 1299709) * (i + 3 * j + 11) % 1009
    return hashed / 1009 + (i * j % 7) / 10 + of * (j % 3) / 5


def luma(width, height, noise, shift):
    y, x, c = np.mgrid[0:height, 0:width, 0:3]
    x = x + shift
    waves = np.abs((9 * x + 5 * y + 130 * c + x * y // 7) % 510 - 255)
    grain = ((x * 7919 + y * 104729 + c * 1299709) % 1009) * (noise + 1) // 1009 - noise // 2
    rgb = np.clip(waves + (grain if noise else 0), 0, 255).astype(np.float64)
    return torch.from_numpy(16 + rgb @ np.array([65.481, 128.553, 24.966]) / 255)[None, None]


sets = []
for name, columns, rows_a, rows_b in SETS:
    a = torch.from_numpy(features(rows_a, columns, 0))
    b = a if name == "the same set" else torch.from_numpy(features(rows_b, columns, 1))
    fid = fid_statistics_to_metric(fid_features_to_statistics(a), fid_features_to_statistics(b), verbose=False)
    case = {"name": name, "features": columns, "a": rows_a, "b": rows_b, "fid": fid["frechet_inception_distance"]}
    if rows_a == rows_b:  # torch-fidelity's subsets are as large of both; with one as large as the sets nothing is chosen at random.
        kid = kid_features_to_metric(a, b, kid_subsets=1, kid_subset_size=rows_a, verbose=False)
        case["kid"] = kid["kernel_inception_distance_mean"]
    sets.append(case)

WEIGHTS = torch.tensor([0.0448, 0.2856, 0.3001, 0.2363, 0.1333], dtype=torch.float64)


def ms_ssim(x, y, scales):
    """pytorch_msssim.ms_ssim, which refuses pictures that have no room for five scales."""
    window = _fspecial_gauss_1d(11, 1.5).double().repeat(1, 1, 1, 1)
    terms = []
    for scale in range(scales):
        whole, contrast = _ssim(x, y, data_range=255, win=window)
        terms.append(torch.relu(whole if scale == scales - 1 else contrast).squeeze())
        x, y = torch.nn.functional.avg_pool2d(x, 2), torch.nn.functional.avg_pool2d(y, 2)
    weights = WEIGHTS[:scales] / WEIGHTS[:scales].sum()
    return torch.stack(terms).pow(weights).prod()


pictures = []
for width, height, noise, shift, scales in PICTURES:
    value = ms_ssim(luma(width, height, noise, shift), luma(width, height, 0, 0), scales)
    pictures.append({"width": width, "height": height, "noise": noise, "shift": shift, "ms_ssim": float(value)})

json.dump({"sets": sets, "pictures": pictures}, sys.stdout, indent=2)
print()
