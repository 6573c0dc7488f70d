"""Enlarges a picture by an RRDB net in PyTorch: the peer of `moelab bench upscale`. See moelab_torch.py for how it is called."""

import torch

from moelab_torch import Case
from sr_torch import rrdb_net


def main():
    case = Case()
    net = case.net("generator")
    low = case.pictures("inputs/low").contiguous(memory_format=case.layout)

    def enlarge():
        with torch.inference_mode():
            large = rrdb_net(net, case.config, low)
        return [large[:, channel].mean().item() for channel in range(3)]

    case.run(enlarge, {})


if __name__ == "__main__":
    main()
