"""How a workload's volumes lie in memory: channels first, PyTorch's default, or last, which tensor cores like better."""
import torch

channels_last = False


def laid(what):
    """A 5-D tensor, or a module with its weights, in that layout."""
    return what.to(memory_format=torch.channels_last_3d) if channels_last else what
