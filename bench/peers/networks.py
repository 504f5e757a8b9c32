"""V-Net as @crln/layers builds it: plain blocks with batch norm, additive skips, channel dropout. Channels first."""
from torch import nn


def activated(conv):
    return nn.Sequential(conv, nn.BatchNorm3d(conv.out_channels), nn.ReLU(inplace=True))


def stage(width, convs, first=None):
    return nn.Sequential(*(activated(nn.Conv3d(width if i or first is None else first, width, 3, padding=1)) for i in range(convs)))


class VNet(nn.Module):
    def __init__(self, base, levels, classes=2, representation=None, dropout=0.5):
        super().__init__()
        widths = [base << level for level in range(levels + 1)]
        convs = [min(level + 1, 3) for level in range(levels + 1)]
        pairs = list(zip(widths, widths[1:]))
        self.encoders = nn.ModuleList(stage(w, n, None if level else 1) for level, (w, n) in enumerate(zip(widths, convs)))
        self.downs = nn.ModuleList(activated(nn.Conv3d(fine, coarse, 2, stride=2)) for fine, coarse in pairs)
        self.ups = nn.ModuleList(activated(nn.ConvTranspose3d(coarse, fine, 2, stride=2)) for fine, coarse in reversed(pairs))
        self.decoders = nn.ModuleList(stage(w, n) for w, n in reversed(list(zip(widths[:-1], convs))))
        self.drop = nn.Dropout3d(dropout)
        self.logits = nn.Conv3d(base, classes, 1)
        self.head = None
        if representation:
            conv = nn.Conv3d(base, representation, 3, padding=1, bias=False)
            self.head = nn.Sequential(activated(conv), nn.Conv3d(representation, representation, 1))
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, x):
        """Logits, representation, and the features at 1/4 and 1/2 resolution."""
        skips = []
        for level, encoder in enumerate(self.encoders):
            x = encoder(self.downs[level - 1](x) if level else x)
            skips.append(x)
        features = [skips.pop()]
        x = self.drop(features[0])
        for up, decoder in zip(self.ups, self.decoders):
            x = decoder(up(x) + skips.pop())
            features.append(x)
        x = self.drop(x)
        return self.logits(x), self.head and self.head(x), features[-3:-1]
