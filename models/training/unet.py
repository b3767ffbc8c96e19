"""The denoiser: diffusers' UNet2DConditionModel in plain torch, small, with the same parameter names.

No attention at full latent resolution; every lower level has self- and cross-attention. The pooled
caption also joins the time embedding.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from layers import GROUPS, CaptionEmbedding, Resnet, Sampler, SpatialTransformer, TimeEmbedding, timestep_features

POOL_HEADS = 5


class Level(nn.Module):
    """One resolution of the way down, of the middle, or of the way up."""

    def __init__(self, widths: list[tuple[int, int]], time: int, context: int, heads: int, attends: int) -> None:
        super().__init__()
        self.resnets = nn.ModuleList([Resnet(i, o, time) for i, o in widths])
        if attends:
            self.attentions = nn.ModuleList([SpatialTransformer(widths[-1][1], context, heads) for _ in range(attends)])
        self.attends = attends

    def attend(self, index: int, x: Tensor, context: Tensor) -> Tensor:
        return self.attentions[index](x, context) if self.attends else x


class UNet(nn.Module):
    """(sample [B,16,h,w], timestep [B], encoder_hidden_states [B,L,D]) -> v [B,16,h,w]."""

    def __init__(self, widths: list[int], layers: int, heads: int, context: int, channels: int = 16) -> None:
        super().__init__()
        self.widths = widths
        time = widths[0] * 4
        self.time_embedding = TimeEmbedding(widths[0], time)
        self.add_embedding = CaptionEmbedding(context, time, POOL_HEADS)
        self.conv_in = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.down_blocks, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        skips, previous = [widths[0]], widths[0]
        for depth, width in enumerate(widths):
            shapes = [(previous if i == 0 else width, width) for i in range(layers)]
            level = Level(shapes, time, context, heads, layers if depth else 0)
            skips += [width] * layers
            if depth < len(widths) - 1:
                level.downsamplers = nn.ModuleList([Sampler(width, up=False)])
                skips.append(width)
            self.down_blocks.append(level)
            previous = width
        self.mid_block = Level([(previous, previous)] * 2, time, context, heads, 1)
        for depth in reversed(range(len(widths))):
            shapes = []
            for _ in range(layers + 1):
                shapes.append((previous + skips.pop(), widths[depth]))
                previous = widths[depth]
            level = Level(shapes, time, context, heads, layers + 1 if depth else 0)
            if depth:
                level.upsamplers = nn.ModuleList([Sampler(widths[depth], up=True)])
            self.up_blocks.append(level)
        self.conv_norm_out = nn.GroupNorm(GROUPS, widths[0], eps=1e-5)
        self.conv_out = nn.Conv2d(widths[0], channels, 3, padding=1)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)

    def forward(self, sample: Tensor, timestep: Tensor, encoder_hidden_states: Tensor) -> Tensor:
        context = encoder_hidden_states
        time = self.time_embedding(timestep_features(timestep, self.widths[0])) + self.add_embedding(context)
        x = self.conv_in(sample)
        skips = [x]
        for level in self.down_blocks:
            for i, resnet in enumerate(level.resnets):
                x = level.attend(i, resnet(x, time), context)
                skips.append(x)
            if hasattr(level, "downsamplers"):
                x = level.downsamplers[0](x)
                skips.append(x)
        middle = self.mid_block
        x = middle.resnets[1](middle.attend(0, middle.resnets[0](x, time), context), time)
        for level in self.up_blocks:
            for i, resnet in enumerate(level.resnets):
                x = level.attend(i, resnet(torch.cat([x, skips.pop()], dim=1), time), context)
            if hasattr(level, "upsamplers"):
                x = level.upsamplers[0](x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


def diffusers_config(widths: list[int], layers: int, heads: int, context: int, sample: int) -> dict[str, Any]:
    """The config.json that diffusers' UNet2DConditionModel loads this network with."""
    levels = len(widths)
    return {
        "_class_name": "UNet2DConditionModel", "act_fn": "silu", "attention_head_dim": heads,
        "block_out_channels": widths, "center_input_sample": False, "cross_attention_dim": context,
        "down_block_types": ["DownBlock2D"] + ["CrossAttnDownBlock2D"] * (levels - 1), "downsample_padding": 1,
        "resnet_time_scale_shift": "scale_shift", "addition_embed_type": "text", "addition_embed_type_num_heads": POOL_HEADS,
        "flip_sin_to_cos": True, "freq_shift": 0, "in_channels": 16, "layers_per_block": layers,
        "mid_block_scale_factor": 1, "norm_eps": 1e-05, "norm_num_groups": GROUPS, "out_channels": 16,
        "sample_size": sample, "up_block_types": ["CrossAttnUpBlock2D"] * (levels - 1) + ["UpBlock2D"],
    }
