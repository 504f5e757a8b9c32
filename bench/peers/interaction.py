"""The Dynamic Interaction Module in PyTorch, as @crln/layers computes it: only what the last stage's map depends on."""
import torch
from torch import nn


class Interaction(nn.Module):
    def __init__(self, widths, classes=2, prototypes=16, drop_path=1 / 30):
        super().__init__()
        coarse, fine = widths
        self.shape, self.drop_path = (classes, prototypes), drop_path
        self.bank = nn.Parameter(torch.zeros(classes * prototypes, coarse))
        self.project = nn.ModuleList(nn.Conv3d(w, w, 1) for w in widths)
        self.norms = nn.ModuleList(nn.ModuleList(nn.LayerNorm(w) for _ in range(4)) for w in widths)
        self.query = nn.ModuleList(nn.Linear(w, w) for w in widths)
        self.key = nn.ModuleList(nn.Linear(w, w) for w in widths)
        self.value, self.attention = nn.Linear(coarse, coarse), nn.Linear(coarse, coarse)
        self.mlp = nn.Sequential(nn.Linear(coarse, 4 * coarse), nn.GELU(), nn.Linear(4 * coarse, coarse))
        self.next = nn.Linear(coarse, fine)
        self.refine = nn.InstanceNorm3d(classes * prototypes, affine=True)
        r = prototypes
        self.cue = nn.Sequential(
            nn.Conv3d(r, r, 3, padding=1, groups=r, bias=False), nn.BatchNorm3d(r), nn.ReLU(inplace=True),
            nn.Conv3d(r, r, 1, bias=False), nn.BatchNorm3d(r), nn.ReLU(inplace=True), nn.Conv3d(r, 1, 1),
        )  # fmt: skip
        self.up = nn.Sequential(nn.ConvTranspose3d(classes, classes, 2, stride=2), nn.ReLU(inplace=True))

    def drop(self, x):
        if not self.training:
            return x
        keep = torch.rand(x.shape[0], *[1] * (x.ndim - 1)) >= self.drop_path
        return x * keep / (1 - self.drop_path)

    def tokens(self, s, z):
        token, _, pair, _ = self.norms[s]
        return pair(token(self.project[s](z).flatten(2).transpose(1, 2)))

    def queries(self, s, p):
        return self.query[s](self.norms[s][1](p)) * p.shape[-1] ** -0.5

    def forward(self, features):
        coarse, fine = features
        p = self.bank.expand(len(coarse), -1, -1)
        tokens = self.tokens(0, coarse)
        scores = self.queries(0, p) @ self.key[0](tokens).transpose(1, 2)
        p = self.attention(scores.softmax(-1) @ self.value(tokens))
        p = p + self.drop(p)
        p = self.next(p + self.drop(self.mlp(self.norms[0][3](p))))
        n, _, *size = fine.shape
        queries = self.queries(1, p)
        a = (queries + self.drop(queries)) @ self.key[1](self.tokens(1, fine)).transpose(1, 2)
        a = a.reshape(n, -1, *size)
        a = a + self.drop(self.refine(a))
        classes, prototypes = self.shape
        return self.up(self.cue(a.reshape(n * classes, prototypes, *size)).reshape(n, classes, *size))
