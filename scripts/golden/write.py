"""Writes the golden files of packages/layers from a PyTorch statement of the method.

    python3 scripts/golden/write.py PATH/crln_torch.py [NAME …]

The reference is not part of this repository. Needs torch (1.13 or later) and numpy. Every file has the numbers of one training-mode forward and
backward pass, dropout and stochastic depth off; the loss is a fixed weighted sum of the outputs, so that all of them reach the gradients. Weights and inputs are float32 numbers; the passes run in float64, so that a comparison shows the other side's
rounding alone, and gradients that vanish by theory (a bias before a batch norm) are seen to.
"""
import importlib.util
import sys

import torch

sys.dont_write_bytecode = True
from common import Golden, fill, number

CASES = {}


def case(f):
    CASES[f.__name__.replace('_', '-')] = f
    return f


def probe(name, y):
    """Σ y·w with w by the formula, scaled by 1/√size."""
    return (y * number(name, y.shape)).sum() / y.numel() ** 0.5


def network(ref, name, build, levels, size, classes=2, prototypes=3, cin=1, base=4, prefix='', inference=True):
    net = fill(build(classes, base, levels, prototypes, cin, dropout=0.0), prefix).train()
    x = number('image', (2, cin, *size))
    logits, rep, feats = net(x)
    (probe('probe/logits', logits) + probe('probe/representation', rep)).backward()
    out = Golden(name, levels=levels, base=base, size=size, classes=classes, prototypes=prototypes, inChannels=cin, prefix=prefix)
    out.add('logits', logits)
    out.add('representation', rep)
    for i, z in enumerate(feats):
        out.add(f'interaction:{i}', z)
    out.add_gradients(net)
    for key, buffer in net.named_buffers():
        if 'running' in key:
            out.add(f'buffer:{key}', buffer)
    if inference:
        net.eval()
        out.add('logits:inference', net(x)[0])
    out.write()


@case
def vnet(ref):
    network(ref, 'vnet', ref.VNet, 3, (16, 16, 8))


@case
def vnet_deep(ref):
    # Two channels a level leave ReLUs and batch norms on edge: with most weights PyTorch's float32 itself is off by 1e-2. Not with these.
    deep = {'classes': 3, 'prototypes': 2, 'cin': 2, 'base': 2, 'prefix': '0/', 'inference': False}
    network(ref, 'vnet-deep', ref.VNet, 4, (16, 32, 16), **deep)


@case
def unet3d(ref):
    network(ref, 'unet3d', ref.UNet3D, 3, (16, 16, 8))


def interaction(ref, name, zero_bank=False, residual=False, affine='prototype', classes=2, prototypes=3):
    widths, sizes = (16, 8), ((4, 6, 2), (8, 12, 4))
    voxels = tuple(d * h * w for d, h, w in sizes) if affine == 'voxel' else (None, None)
    dim = ref.DIM(classes, prototypes, widths, residual=residual, voxels=voxels)
    for stage in dim.stages:
        stage.drop.p = 0.0
    fill(dim).train()
    if zero_bank:
        torch.nn.init.zeros_(dim.prototypes)
    feats = [number(f'feature/{i}', (2, c, *size)).requires_grad_() for i, (c, size) in enumerate(zip(widths, sizes))]
    m = dim(feats)
    probe('probe/map', m).backward()
    out = Golden(name, widths=widths, sizes=sizes, classes=classes, prototypes=prototypes, residual=residual, affine=affine, zeroBank=zero_bank)
    out.add('map', m)
    for i, z in enumerate(feats):
        out.add(f'grad:feature/{i}', z.grad)
    out.add_gradients(dim)
    # The first stage's map is used by nobody, and not computed here.
    for key, buffer in dim.named_buffers():
        if 'running' in key and not key.startswith('stages.0.'):
            out.add(f'buffer:{key}', buffer)
    dim.eval()
    out.add('map:inference', dim(feats))
    out.write()


@case
def dim(ref):
    interaction(ref, 'dim')


@case
def dim_zero_bank(ref):
    interaction(ref, 'dim-zero-bank', zero_bank=True)


@case
def dim_residual(ref):
    interaction(ref, 'dim-residual', residual=True, classes=3, prototypes=2)


@case
def dim_voxel(ref):
    interaction(ref, 'dim-voxel', affine='voxel')


def main():
    path, *names = sys.argv[1:]
    spec = importlib.util.spec_from_file_location('crln_torch', path)
    ref = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(ref)
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    for name in names or CASES:
        CASES[name](ref)


if __name__ == '__main__':
    main()
