"""One supervised step of V-Net: forward, 0.5·(cross-entropy + Dice), backward, SGD. Twin of workloads/vnetStep.mjs."""
import torch

from layout import laid
from losses import dice_ce, slabs
from networks import VNet


def prepare(base, levels, patch, batch):
    network = laid(VNet(base, levels))
    sgd = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4)
    image, label = laid(torch.rand(batch, 1, *patch)), slabs(batch, patch)

    def run():
        loss = dice_ce(network(image)[0], label)
        sgd.zero_grad(set_to_none=True)
        loss.backward()
        sgd.step()
        return loss.item()

    return run
