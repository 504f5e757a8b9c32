"""One step of CRLN after its warm-up, augmentation excluded. Twin of workloads/crlnStep.mjs."""
import torch
from torch import nn

from interaction import Interaction
from layout import laid
from losses import confidence_weighted, contrast, dice_ce, slabs
from networks import VNet

PROTOTYPES = 16
DECAY = 0.99


class Model(nn.Module):
    def __init__(self, base, levels):
        super().__init__()
        self.network = VNet(base, levels, representation=PROTOTYPES)
        self.interaction = Interaction((4 * base, 2 * base), prototypes=PROTOTYPES)

    def forward(self, x):
        logits, representation, features = self.network(x)
        return logits, representation, self.interaction(features)


def prepare(base, levels, patch, batch):
    student, teacher = laid(Model(base, levels)), laid(Model(base, levels)).requires_grad_(False)
    teacher.load_state_dict(student.state_dict())
    mu = torch.zeros(1, requires_grad=True)
    settings = dict(lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4)
    sgd, sgd_mu = torch.optim.SGD(student.parameters(), **settings), torch.optim.SGD([mu], **settings)
    known, weak, strong = (laid(torch.rand(batch, 1, *patch)) for _ in range(3))
    label = slabs(batch, patch)
    index = torch.arange(label.numel())

    def run():
        with torch.no_grad():
            logits, _, chart = teacher(weak)
            confidence, pseudo = (logits + (1 - mu) * chart).softmax(1).max(1)
            confidence, pseudo = (x.reshape(-1)[index].reshape(label.shape) for x in (confidence, pseudo))
        logits, rep, chart = student(known)
        other_logits, other_rep, _ = student.network(strong)
        prototypes = teacher.interaction.bank.reshape(2, PROTOTYPES, -1).mean(-1)
        valid = torch.cat([torch.ones_like(label, dtype=torch.bool), confidence >= 0.7])
        sure = torch.cat([logits, other_logits]).detach().softmax(1)
        loss = dice_ce(logits, label) + dice_ce(chart, label) + 0.5 * confidence_weighted(other_logits, pseudo, confidence)
        loss = loss + 0.5 * contrast(torch.cat([rep, other_rep]), torch.cat([label, pseudo]), valid, sure, prototypes)
        sgd.zero_grad(set_to_none=True)
        loss.backward()
        sgd.step()
        with torch.no_grad():
            for target, source in zip(teacher.parameters(), student.parameters()):
                target.mul_(DECAY).add_(source, alpha=1 - DECAY)
            student.eval()
            logits, _, chart = student(known)
            student.train()
        sgd_mu.zero_grad(set_to_none=True)
        dice_ce(logits + (1 - mu) * chart, label).backward()
        sgd_mu.step()
        return loss.item()

    return run
