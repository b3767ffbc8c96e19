"""Building blocks of the UNet, with the parameter names of diffusers' `UNet2DConditionModel`.

Feature maps are [B, C, H, W]; tokens [B, L, D]; time embeddings [B, 4 * widths[0]].
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

GROUPS = 32


def timestep_features(timesteps: Tensor, width: int) -> Tensor:
    """Sinusoids [B, width], cosines first (flip_sin_to_cos, no frequency shift)."""
    half = width // 2
    exponent = torch.arange(half, dtype=torch.float32, device=timesteps.device) * (-math.log(10000) / half)
    angles = timesteps.to(torch.float32)[:, None] * exponent.exp()[None]
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


class TimeEmbedding(nn.Module):
    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(width, out)
        self.linear_2 = nn.Linear(out, out)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear_2(F.silu(self.linear_1(x)))


class CaptionPool(nn.Module):
    """AttentionPooling: one query, the mean of the tokens, over the tokens: [B, L, D] -> [B, D]."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.positional_embedding = nn.Parameter(torch.randn(1, width) / width**0.5)
        self.k_proj, self.q_proj, self.v_proj = (nn.Linear(width, width) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        b, length, width = x.shape
        head = width // self.heads
        query = x.mean(dim=1, keepdim=True) + self.positional_embedding
        x = torch.cat([query, x], dim=1)
        q = self.q_proj(query).reshape(b, 1, self.heads, head).transpose(1, 2)
        k = self.k_proj(x).reshape(b, length + 1, self.heads, head).transpose(1, 2)
        v = self.v_proj(x).reshape(b, length + 1, self.heads, head).transpose(1, 2)
        weights = torch.softmax(q @ k.transpose(-1, -2) * head**-0.5, dim=-1)
        return (weights @ v).reshape(b, width)


class CaptionEmbedding(nn.Module):
    """TextTimeEmbedding (`addition_embed_type: "text"`): the pooled caption, added to the time embedding.

    It tells every resnet, at full resolution too, what the picture as a whole is of.
    """

    def __init__(self, width: int, out: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.pool = CaptionPool(width, heads)
        self.proj = nn.Linear(width, out)
        self.norm2 = nn.LayerNorm(out)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.norm2(self.proj(self.pool(self.norm1(tokens))))


class Resnet(nn.Module):
    """ResnetBlock2D; time scales and shifts between its convolutions (`scale_shift`)."""

    def __init__(self, inputs: int, outputs: int, time: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(GROUPS, inputs, eps=1e-5)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time_emb_proj = nn.Linear(time, outputs * 2)
        self.norm2 = nn.GroupNorm(GROUPS, outputs, eps=1e-5)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        if inputs != outputs:
            self.conv_shortcut = nn.Conv2d(inputs, outputs, 1)
        self.same = inputs == outputs

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.time_emb_proj(F.silu(time))[:, :, None, None].chunk(2, dim=1)
        h = self.conv2(F.silu(self.norm2(h) * (1 + scale) + shift))
        return (x if self.same else self.conv_shortcut(x)) + h


class Attention(nn.Module):
    def __init__(self, width: int, context: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k = nn.Linear(context, width, bias=False)
        self.to_v = nn.Linear(context, width, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(width, width), nn.Identity()])

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        b, length, width = x.shape
        head = width // self.heads
        q = self.to_q(x).reshape(b, length, self.heads, head).transpose(1, 2)
        k = self.to_k(context).reshape(b, -1, self.heads, head).transpose(1, 2)
        v = self.to_v(context).reshape(b, -1, self.heads, head).transpose(1, 2)
        if x.is_cuda:
            out = F.scaled_dot_product_attention(q, k, v)
        else:  # on a CPU the fused operator's backward takes a quarter of a step; this one exports, too
            out = torch.softmax(q * head**-0.5 @ k.transpose(-1, -2), dim=-1).to(v.dtype) @ v
        return self.to_out[0](out.transpose(1, 2).reshape(b, length, width))


class GatedProjection(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, inner * 2)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.proj(x).chunk(2, dim=-1)
        return value * F.gelu(gate)


class FeedForward(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.ModuleList([GatedProjection(width, width * 4), nn.Identity(), nn.Linear(width * 4, width)])

    def forward(self, x: Tensor) -> Tensor:
        return self.net[2](self.net[0](x))


class TransformerBlock(nn.Module):
    """Self-attention, cross-attention to the caption, gated feed-forward."""

    def __init__(self, width: int, context: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn1 = Attention(width, width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.attn2 = Attention(width, context, heads)
        self.norm3 = nn.LayerNorm(width)
        self.ff = FeedForward(width)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        h = self.norm1(x)
        x = x + self.attn1(h, h)
        x = x + self.attn2(self.norm2(x), context)
        return x + self.ff(self.norm3(x))


class SpatialTransformer(nn.Module):
    """Transformer2DModel with 1x1 convolutions in and out."""

    def __init__(self, width: int, context: int, heads: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, width, eps=1e-6)
        self.proj_in = nn.Conv2d(width, width, 1)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(width, context, heads)])
        self.proj_out = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        b, c, h, w = x.shape
        tokens = self.proj_in(self.norm(x)).permute(0, 2, 3, 1).reshape(b, h * w, c)
        tokens = self.transformer_blocks[0](tokens, context)
        return self.proj_out(tokens.reshape(b, h, w, c).permute(0, 3, 1, 2)) + x


class Sampler(nn.Module):
    """A downsampler (stride 2) or an upsampler (nearest, then a convolution)."""

    def __init__(self, width: int, up: bool) -> None:
        super().__init__()
        self.up = up
        self.conv = nn.Conv2d(width, width, 3, stride=1 if up else 2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest") if self.up else x)
