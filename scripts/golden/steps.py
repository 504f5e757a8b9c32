"""Ten training steps of CRLN, for packages/train: `steps.py REFERENCE`, with REFERENCE the path of crln_torch.py.

One iteration as METHOD describes it: teacher in training mode, rectified after the warm-up; two separate student passes; Dice, cross-entropy,
unsupervised and contrastive loss; SGD with Nesterov and weight decay; EMA; the step of mu. Dropout and stochastic depth are off. Weights,
images, labels and uniforms come from the formula of common.py, so that the golden file holds results only. Runs in float64.
"""
import copy
import sys
from pathlib import Path

import torch

sys.dont_write_bytecode = True
from common import Golden, fill, number, uniform
from losses import cps_given, load

OUT = Path(__file__).resolve().parents[2] / 'packages/train/__tests__/golden'
STEPS, WARM_UP, SIZE, ANCHORS, NEGATIVES = 10, 4, (16, 16, 8), 16, 32
LR, POWER, XI = 0.01, 0.9, 0.6


def strong(t):
    """What the augmentation does to pseudo-labels: reversed along D, and padding where the last index is 0."""
    return t.flip(1)


def uniforms(t, classes):
    """In the order in which @crln/losses draws them for two classes."""
    a, n = classes * ANCHORS, classes * ANCHORS * NEGATIVES
    u = torch.from_numpy(uniform(f'cps/{t}', a + n))
    return {'anchor': u[:a].reshape(classes, -1), 'negativeClass': torch.zeros(classes, n // classes), 'negative': u[a:].reshape(classes, -1)}


def run(ref):
    student = ref.CRLN(base=4, levels=2, prototypes=3)
    # With two levels the feature at 1/4 resolution is the bottleneck.

    def with_bottleneck(net):
        def apply(x):
            skips = []
            for i, block in enumerate(net.enc):
                x = block(x if i == 0 else net.down[i - 1](x))
                skips.append(x)
            feats = [x]
            for i, (up, block) in enumerate(zip(net.up, net.dec)):
                x = block(up(x) + skips[-2 - i])
                feats.append(x)
            return net.out(x), net.rep(x), feats[-3:-1]
        return apply

    fill(student.net)
    fill(student.dim)
    for stage in student.dim.stages:
        stage.drop.p = 0.0
    student.train()
    teacher = copy.deepcopy(student).requires_grad_(False)
    for model in (student, teacher):
        model.net.forward = with_bottleneck(model.net)
    mu = torch.zeros(1, requires_grad=True)
    options = {'lr': LR, 'momentum': 0.9, 'nesterov': True, 'weight_decay': 5e-4}
    opt, opt_mu = torch.optim.SGD(student.parameters(), **options), torch.optim.SGD([mu], **options)
    curves = []
    for t in range(STEPS):
        for group in opt.param_groups + opt_mu.param_groups:
            group['lr'] = max(LR * (1 - t / STEPS) ** POWER, 1e-6)
        x, xu, xs = (number(f'{name}/{t % 3}', (2, 1, *SIZE)) for name in ('labelled', 'unlabelled', 'strong'))
        y, warm = (x[:, 0] > 0.2).long(), t >= WARM_UP
        with torch.no_grad():
            if warm:
                logits, _, m = teacher(xu, True)
                logits = logits + (1 - mu) * m
            else:
                logits = teacher(xu)[0]
            conf, pseudo = logits.softmax(1).max(1)
            conf, pseudo = strong(conf).clone(), strong(pseudo).clone()
            conf[..., 0], pseudo[..., 0] = 0, -1
        logits, rep, m = student(x, True)
        logits_u, rep_u = student(xs)
        sup = ref.supervised(logits, y) + ref.supervised(m, y)
        unsup = ref.unsupervised(logits_u, pseudo, conf, strong=0.6)
        cps = cps_given(torch.cat([rep, rep_u]), torch.cat([y, pseudo]), torch.cat([torch.ones_like(y, dtype=torch.bool), conf >= 0.55]),
                        torch.cat([logits, logits_u]).softmax(1).detach(), teacher.dim.prototypes if warm else None, XI, uniforms(t, 2))
        loss = sup + 0.5 * unsup + 0.5 * cps
        opt.zero_grad()
        loss.backward()
        opt.step()
        decay = min(1 - 1 / (t + 1), 0.99)
        for p, q in zip(teacher.parameters(), student.parameters()):
            p.mul_(decay).add_(q.detach(), alpha=1 - decay)
        student.eval()
        with torch.no_grad():
            logits, _, m = student(x, True)
        student.train()
        opt_mu.zero_grad()
        rect = ref.supervised(logits + (1 - mu) * m, y)
        rect.backward()
        opt_mu.step()
        curves.append([v.item() for v in (loss, sup, unsup, cps, rect, mu)])
        print(t, ' '.join(f'{v:.6f}' for v in curves[-1]))
    out = Golden('crln-steps', steps=STEPS, warmUp=WARM_UP, size=SIZE, anchors=ANCHORS, negatives=NEGATIVES, learningRate=LR, xi=XI,
                 columns=['loss', 'supervised', 'unsupervised', 'cps', 'rectification', 'mu'])
    out.add('curves', torch.tensor(curves))
    teacher.eval()
    with torch.no_grad():
        logits, _, m = teacher(number('labelled/0', (2, 1, *SIZE)), True)
        out.add('prediction', (logits + (1 - mu) * m).softmax(1))
    out.write(OUT)


if __name__ == '__main__':
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    run(load(sys.argv[1]))
