"""What all golden files share: numbers by a formula both languages know, and the file format.

A golden file is a pair: NAME.json, {"tensors": {name: {"shape": [...], "offset": float32s from the start}}, ...facts}, and NAME.bin, the float32
values, little-endian, in PyTorch's layout (channels first). Inputs and weights are not stored: `number` makes them in Python, its twin in
packages/layers/__tests__/golden.ts makes them in TypeScript, bit for bit.
"""
import json
from pathlib import Path

import numpy as np
import torch

OUT = Path(__file__).resolve().parents[2] / 'packages/layers/__tests__/golden'


def mix(h):
    """MurmurHash3's finalizer on uint32 arrays."""
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))


def uniform(name, size):
    """`size` numbers in [0, 1) with 24 bits, exact in float32: a hash of name (FNV-1a) and index."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    with np.errstate(over='ignore'):
        h = mix(mix(np.arange(size, dtype=np.uint32) + np.uint32(seed)) ^ np.uint32(seed))
    return (h >> np.uint32(8)).astype(np.float64) / 2**24


def number(name, shape, scale=1.0, shift=0.0):
    """shift + scale·u with u in [-1, 1), rounded once to float32, in PyTorch's default type."""
    u = 2 * uniform(name, int(np.prod(shape))) - 1
    value = torch.from_numpy((shift + scale * u).astype(np.float32).reshape(tuple(shape)))
    return value.to(torch.get_default_dtype())


def fill(module, prefix=''):
    """Gives every parameter its formula: weights U(±√(3 / fanIn)), vectors near 0, gains near 1. Buffers keep PyTorch's start.

    BatchNorm and LayerNorm weights, and a DIM stage's `gain`, are gains; all else of one axis, and `bias`, counts as a bias.
    """
    norms = (torch.nn.BatchNorm3d, torch.nn.LayerNorm)
    gains = {f'{name}.weight' for name, m in module.named_modules() if isinstance(m, norms)}
    with torch.no_grad():
        for name, p in module.named_parameters():
            last = name.split('.')[-1]
            if name in gains or last == 'gain':
                value = number(prefix + name, p.shape, 0.2, 1.0)
            elif last == 'bias':
                value = number(prefix + name, p.shape, 0.2)
            else:
                value = number(prefix + name, p.shape, float(np.sqrt(3 / p[0].numel())))
            p.copy_(value)
    return module


def labels(name, shape, classes):
    """Whole numbers 0 … classes − 1."""
    return torch.from_numpy((uniform(name, int(np.prod(shape))) * classes).astype(np.int64).reshape(shape))


class Golden:
    """Collects tensors and facts, and writes NAME.json and NAME.bin."""

    def __init__(self, name, **facts):
        self.name, self.facts, self.tensors, self.parts, self.offset = name, facts, {}, [], 0

    def add(self, name, tensor):
        value = tensor.detach().numpy().astype('<f4').ravel()
        self.tensors[name] = {'shape': list(tensor.shape), 'offset': self.offset}
        self.parts.append(value)
        self.offset += value.size

    def add_gradients(self, module, prefix=''):
        """Gradients as `grad:NAME`; parameters without one are listed under the fact `noGradient`."""
        for name, p in module.named_parameters():
            if p.grad is None:
                self.facts.setdefault('noGradient', []).append(prefix + name)
            else:
                self.add(f'grad:{prefix}{name}', p.grad)

    def write(self, out=OUT):
        out.mkdir(parents=True, exist_ok=True)
        data = np.concatenate(self.parts)
        assert data.nbytes <= 2**20, f'{self.name}: {data.nbytes} bytes'
        (out / f'{self.name}.bin').write_bytes(data.tobytes())
        index = {**self.facts, 'tensors': self.tensors}
        (out / f'{self.name}.json').write_text(json.dumps(index, separators=(',', ':')) + '\n')
        print(f'{self.name}: {len(self.tensors)} tensors, {data.nbytes} bytes')
