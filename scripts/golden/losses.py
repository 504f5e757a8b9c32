"""Golden values and gradients of the losses: `losses.py REFERENCE OUT`, with REFERENCE the path of crln_torch.py.

Collaborative positive supervision draws its anchors and negatives from given uniforms here, by the rule of @crln/losses: the
floor(u * count)-th voxel of a pool. The rest restates crln_torch.cps.
"""
import importlib.util
import json
import sys

import torch
import torch.nn.functional as F


def load(path):
    spec = importlib.util.spec_from_file_location('crln_torch', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tensor(t):
    """A channels-last, JSON-able tensor."""
    t = t.detach()
    return {'shape': list(t.shape), 'data': [float('%.9g' % v) for v in t.flatten().tolist()]}


def last(t):
    return t.movedim(1, -1)


def graded(loss, x):
    """Value and channels-last gradient."""
    (g,) = torch.autograd.grad(loss, x, allow_unused=True)
    return {'value': float('%.9g' % loss.item()), 'gradient': tensor(last(torch.zeros_like(x) if g is None else g))}


def cps_given(rep, y, valid, prob, proto, xi, u, strong=0.97, temp=0.5):
    """crln_torch.cps with its random choices taken from uniforms u = {anchor [C, A], negativeClass [C, A*N], negative [C, A*N]}."""
    R, C = rep.shape[1], prob.shape[1]
    A = u['anchor'].shape[1]
    z = last(rep).reshape(-1, R)
    y, valid, prob = y.reshape(-1), valid.reshape(-1), last(prob).reshape(-1, C)
    present = [c for c in range(C) if ((y == c) & valid).any()]
    if len(present) < 2:
        return z.sum() * 0
    pools = {c: z[(y == c) & valid] for c in present}
    means = {c: pools[c].detach().mean(0) for c in present}
    # In float32, as the library has it.
    draw = lambda pool, uniforms: pool[(uniforms.float() * len(pool)).floor().long()]
    total = 0
    for c in present:
        hard = z[(y == c) & valid & (prob[:, c] < strong)]
        if len(hard) == 0:
            continue
        a = draw(hard, u['anchor'][c])
        with torch.no_grad():
            others = [j for j in present if j != c]
            w = torch.softmax(torch.stack([F.cosine_similarity(means[c], means[j], dim=0) for j in others]) / temp, 0)
            pick = torch.searchsorted(w.cumsum(0), u['negativeClass'][c], right=True).clamp(max=len(others) - 1)
            neg = torch.zeros(u['negative'].shape[1], R, dtype=z.dtype)
            for k, j in enumerate(others):
                neg[pick == k] = draw(pools[j].detach(), u['negative'][c][pick == k])
            pos = means[c] if proto is None else (means[c] + xi * proto[c].mean(-1)) / (1 + xi)
            bank = torch.cat([pos.expand(A, 1, R), neg.reshape(A, -1, R)], 1)
        logits = F.cosine_similarity(a.unsqueeze(1), bank, dim=2) / temp
        total = total + F.cross_entropy(logits, torch.zeros(A, dtype=torch.long))
    return total / len(present) if torch.is_tensor(total) else z.sum() * 0


def uniforms(classes, anchors, negatives):
    """Multiples of 1/997 plus a half, so that float32 and float64 agree on floor(u * count)."""
    draw = lambda n: (torch.randint(997, (classes, n)) + 0.5) / 997
    return {'anchor': draw(anchors), 'negativeClass': draw(anchors * negatives), 'negative': draw(anchors * negatives)}


def voxel_case(ref, classes, shape=(2, 4, 3, 5)):
    logits = (torch.randn(shape[0], classes, *shape[1:]) * 2).requires_grad_()
    y = torch.randint(classes, shape)
    ignored = torch.where(torch.rand(shape) < 0.2, torch.tensor(-1), y)
    conf = 1 - torch.rand(shape) * 0.06
    conf[ignored < 0] = 0
    return {
        'logits': tensor(last(logits)), 'labels': tensor(y), 'ignored': tensor(ignored), 'confidence': tensor(conf),
        'dice': graded(ref.dice_loss(logits, y), logits),
        'crossEntropy': graded(F.cross_entropy(logits, ignored, ignore_index=-1), logits),
        'supervised': graded(ref.supervised(logits, y), logits),
        'unsupervised': graded(ref.unsupervised(logits, ignored, conf), logits),
    }


def cps_case(name, classes, width, proto=True, xi=0.6, change=None, shape=(2, 4, 3, 5), anchors=6, negatives=10):
    rep = torch.randn(shape[0], width, *shape[1:]).requires_grad_()
    y, valid = torch.randint(classes, shape), torch.rand(shape) < 0.8
    prob = (torch.randn(shape[0], classes, *shape[1:]) * 4).softmax(1)
    if change:
        change(y, prob)
    bank = torch.randn(classes, width, 8) if proto else None
    u = uniforms(classes, anchors, negatives)
    return {
        'name': name, 'xi': xi, 'representation': tensor(last(rep)), 'labels': tensor(y), 'valid': tensor(valid.float()),
        'probabilities': tensor(last(prob)), 'prototypes': tensor(bank.mean(-1)) if proto else None,
        'random': {k: tensor(v) for k, v in u.items()},
        **graded(cps_given(rep, y, valid, prob, bank, xi, u), rep),
    }


def absent(y, prob):
    y[y == 1] = 0


def easy(y, prob):
    prob[:, 2] = 0.99


def alone(y, prob):
    y[:] = 1


if __name__ == '__main__':
    ref = load(sys.argv[1])
    torch.manual_seed(7)
    golden = {
        'voxel': [voxel_case(ref, c) for c in (2, 3, 5)],
        'cps': [
            cps_case('two classes', 2, 4),
            cps_case('two classes, no prototypes', 2, 4, proto=False),
            cps_case('three classes', 3, 3, xi=0.3),
            cps_case('three classes, one absent', 3, 3, change=absent),
            cps_case('five classes, one without hard voxels', 5, 4, change=easy),
            cps_case('one class', 3, 3, change=alone),
        ],
    }
    with open(sys.argv[2], 'w') as f:
        json.dump(golden, f, separators=(',', ':'))
        f.write('\n')
