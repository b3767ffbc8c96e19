"""The autoencoder: linear at its heart, with small learnt parts beside it.

Encoder: PCA of 8x8 RGB patches, the first 16 components, each divided by its standard deviation, plus a learnt
residual that starts at zero and sees beyond its patch. Decoder: PCA's inverse (a transposed convolution) plus a learnt
residual. `Norm` brings each channel of the latents to mean 0 and deviation 1 at the end, so that the scaling factor is
1. Pictures are float [B, 3, H, W] in [-1, 1]; latents float [B, 16, H/8, W/8].
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

PATCH = 8
CHANNELS = 16


def fit_pca(pictures: np.ndarray) -> dict[str, Tensor]:
    """PCA of patches of uint8 [N, H, W, 3]: mean [192], basis [16, 192], std [16]; patch order is (c, y, x)."""
    n, h, w, _ = pictures.shape
    total, mean, cov, count = 0, np.zeros(192), np.zeros((192, 192)), 0
    for start in range(0, n, 500):
        x = pictures[start : start + 500].astype(np.float32) / 127.5 - 1
        x = x.reshape(-1, h // PATCH, PATCH, w // PATCH, PATCH, 3).transpose(0, 1, 3, 5, 2, 4).reshape(-1, 192)
        x = x.astype(np.float64)
        mean += x.sum(0)
        cov += x.T @ x
        count += len(x)
        total += len(x)
    mean /= count
    cov = cov / count - np.outer(mean, mean)
    values, vectors = np.linalg.eigh(cov)
    basis = vectors[:, ::-1][:, :CHANNELS].T
    basis *= np.sign(basis.sum(1, keepdims=True) + 1e-9)
    std = np.sqrt(values[::-1][:CHANNELS])
    return {"mean": _f32(mean), "basis": _f32(basis), "std": _f32(std)}


def _f32(x: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32))


class Block(nn.Module):
    """A residual block: two normalised 3x3 convolutions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(8, width)
        self.norm2 = nn.GroupNorm(8, width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.silu(self.norm2(self.conv1(F.silu(self.norm1(x))))))


class Norm(nn.Module):
    """Per channel: `forward` normalises what the encoder makes, `undo` gives it back. The identity until `fit`."""

    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("shift", torch.zeros(1, CHANNELS, 1, 1))
        self.register_buffer("scale", torch.ones(1, CHANNELS, 1, 1))

    def fit(self, latents: Tensor) -> None:
        """From latents [N, 16, h, w] as the encoder makes them before."""
        self.shift.copy_(latents.mean((0, 2, 3), keepdim=True))
        self.scale.copy_(latents.std((0, 2, 3), keepdim=True))

    def forward(self, z: Tensor) -> Tensor:
        return (z - self.shift) / self.scale

    def undo(self, z: Tensor) -> Tensor:
        return z * self.scale + self.shift


class Encoder(nn.Module):
    """Pictures to latents; `forward` gives diffusers' moments: mean and a very negative log variance."""

    def __init__(self, pca: dict[str, Tensor], norm: Norm, width: int = 96, blocks: int = 4) -> None:
        super().__init__()
        weight = pca["basis"] / pca["std"][:, None]
        self.conv = nn.Conv2d(3, CHANNELS, PATCH, PATCH)
        self.conv.weight = nn.Parameter(weight.reshape(CHANNELS, 3, PATCH, PATCH).clone(), requires_grad=False)
        self.conv.bias = nn.Parameter(-(weight @ pca["mean"]), requires_grad=False)
        self.patches = nn.Conv2d(3, width, PATCH, PATCH)
        self.low = nn.ModuleList([Block(width) for _ in range(blocks)])
        self.conv_out = nn.Conv2d(width, CHANNELS, 3, padding=1)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)
        self.norm = norm

    def encode(self, x: Tensor) -> Tensor:
        h = self.patches(x)
        for block in self.low:
            h = block(h)
        return self.norm(self.conv(x) + self.conv_out(F.silu(h)))

    def forward(self, x: Tensor) -> Tensor:
        mean = self.encode(x)
        return torch.cat([mean, torch.full_like(mean, -30.0)], dim=1)


class Decoder(nn.Module):
    """Latents to pictures."""

    def __init__(self, pca: dict[str, Tensor], norm: Norm, width: int = 96, blocks: int = 4) -> None:
        super().__init__()
        self.linear = nn.ConvTranspose2d(CHANNELS, 3, PATCH, PATCH, bias=False)
        weight = (pca["basis"] * pca["std"][:, None]).reshape(CHANNELS, 3, PATCH, PATCH)
        self.linear.weight = nn.Parameter(weight.clone(), requires_grad=False)
        self.mean = nn.Parameter(pca["mean"].reshape(1, 3, PATCH, PATCH).clone(), requires_grad=False)
        self.conv_in = nn.Conv2d(CHANNELS, width, 3, padding=1)
        self.low = nn.ModuleList([Block(width) for _ in range(blocks)])
        self.up = nn.Conv2d(width, (width // 2) * 4, 3, padding=1)
        self.mid = nn.ModuleList([Block(width // 2) for _ in range(2)])
        self.conv_out = nn.Conv2d(width // 2, 3 * 16, 3, padding=1)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)
        self.norm = norm

    def forward(self, z: Tensor) -> Tensor:
        z = self.norm.undo(z)
        base = self.linear(z) + self.mean.repeat(1, 1, z.shape[2], z.shape[3])
        h = self.conv_in(z)
        for block in self.low:
            h = block(h)
        h = F.pixel_shuffle(self.up(F.silu(h)), 2)
        for block in self.mid:
            h = block(h)
        return base + F.pixel_shuffle(self.conv_out(F.silu(h)), 4)


class Autoencoder(nn.Module):
    """Both, with the norm that they share."""

    def __init__(self, pca: dict[str, Tensor], width: int, blocks: int) -> None:
        super().__init__()
        self.norm = Norm()
        self.encoder = Encoder(pca, self.norm, width, blocks)
        self.decoder = Decoder(pca, self.norm, width, blocks)
