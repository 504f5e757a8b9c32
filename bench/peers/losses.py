"""The losses of @crln/losses in PyTorch, and inputs to work on. Channels first."""
import torch
from torch.nn import functional as F


def slabs(count, patch):
    """1 in the middle quarter of the first axis, else 0."""
    voxels = patch[0] * patch[1] * patch[2]
    at = torch.arange(voxels)
    one = ((at >= voxels * 0.375) & (at < voxels * 0.625)).long().reshape(patch)
    return one.expand(count, *patch).contiguous()


def dice_ce(logits, label):
    """0.5·(cross-entropy + Dice of the foreground class over the batch, squared denominators)."""
    p, t = logits.softmax(1)[:, 1], (label == 1).float()
    dice = 1 - (2 * (p * t).sum() + 1e-5) / ((p * p).sum() + t.sum() + 1e-5)
    return 0.5 * (F.cross_entropy(logits, label) + dice)


def confidence_weighted(logits, label, confidence, threshold=0.97):
    """Cross-entropy with hard pseudo-labels, each sample weighted by how much of it is sure."""
    losses = F.cross_entropy(logits, label, ignore_index=-1, reduction='none')
    sure = (confidence >= threshold).flatten(1).sum(1)
    valid = (label >= 0).flatten(1).sum(1).clamp(min=1)
    weights = (sure / valid)[:, None, None, None]
    return (weights * losses).sum() / (losses > 0).sum().clamp(min=1)


def contrast(representation, label, valid, probabilities, prototypes, xi=0.6, anchors=256, negatives=512, temperature=0.5):
    """Collaborative positive supervision, two classes."""
    width, classes = representation.shape[1], probabilities.shape[1]
    rows = representation.permute(0, 2, 3, 4, 1).reshape(-1, width)
    label, valid = label.reshape(-1), valid.reshape(-1)
    members = [((label == c) & valid).nonzero()[:, 0] for c in range(classes)]
    if any(len(of) == 0 for of in members):
        return rows.sum() * 0
    total = 0
    for c in range(classes):
        sureness = probabilities[:, c].reshape(-1)[members[c]]
        hard = members[c][sureness < 0.97]
        if len(hard) == 0:
            continue
        anchor = F.normalize(rows[hard[torch.randint(len(hard), (anchors,))]], dim=1)
        with torch.no_grad():
            others = members[1 - c]
            drawn = rows[others[torch.randint(len(others), (anchors * negatives,))]]
            negative = F.normalize(drawn, dim=1).reshape(anchors, negatives, width)
            positive = F.normalize((rows[members[c]].mean(0) + xi * prototypes[c]) / (1 + xi), dim=0)
        similar = torch.cat([(anchor @ positive)[:, None], (negative @ anchor[:, :, None])[:, :, 0]], 1) / temperature
        total = total + F.cross_entropy(similar, torch.zeros(anchors, dtype=torch.long))
    return total / classes
