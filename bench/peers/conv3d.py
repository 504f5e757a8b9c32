"""One direction of a convolution. Twin of workloads/conv3d.mjs, in PyTorch's own layout."""
import torch
from torch.nn.functional import conv3d, conv_transpose3d

from layout import laid


def prepare(kind, input, channels, direction):
    size = int(kind[0]) if kind[0].isdigit() else 2
    stride, padding = (2, 0) if size == 2 else (1, size // 2)
    ci, co = channels
    transposed = kind == 'transposed'
    batch, *space = input
    apply = conv_transpose3d if transposed else conv3d
    x = laid(torch.randn(batch, ci, *space)).requires_grad_(direction == 'input gradient')
    shape = (ci, co) if transposed else (co, ci)
    filter = laid(torch.randn(*shape, size, size, size)).requires_grad_(direction == 'filter gradient')
    y = apply(x, filter, stride=stride, padding=padding)
    dy = torch.randn_like(y)
    flop = 2 * min(y[0, 0].numel(), x[0, 0].numel()) * batch * size**3 * ci * co
    repeats = max(1, round(2e8 / flop))

    def run():
        for _ in range(repeats):
            if direction == 'forward':
                result = apply(x, filter, stride=stride, padding=padding)
            else:
                (result,) = torch.autograd.grad(y, x if direction == 'input gradient' else filter, dy, retain_graph=True)
        return result.flatten()[0].item()

    run.repeats = repeats
    return run
