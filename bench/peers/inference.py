"""Class probabilities of one volume by V-Net in overlapping windows. Twin of workloads/inference.mjs."""
from itertools import product

import torch

from networks import VNet


def starts(size, roi, overlap):
    step = max(int(roi * (1 - overlap)), 1)
    return sorted({*range(0, size - roi, step), size - roi})


def prepare(base, levels, volume, patch, overlap, batch):
    network = VNet(base, levels).eval()
    image = torch.rand(1, *volume)
    windows = list(product(*(starts(n, p, overlap) for n, p in zip(volume, patch))))

    def inside(window):
        return (slice(None), *(slice(at, at + p) for at, p in zip(window, patch)))

    @torch.no_grad()
    def run():
        total, count = torch.zeros(2, *volume), torch.zeros(1, *volume)
        for first in range(0, len(windows), batch):
            some = windows[first : first + batch]
            for window, p in zip(some, network(torch.stack([image[inside(w)] for w in some]))[0].softmax(1)):
                total[inside(window)] += p
                count[inside(window)] += 1
        return (total / count)[0, 0, 0, 0].item()

    return run
