"""The text encoder: CLIP's text transformer with transformers' parameter names (`CLIPTextModel`).

Ids int64 [B, L] -> last hidden state [B, L, D]. Causal, pre-norm, quick GELU. `AttributeHeads` exist
in training only: from the last token they must tell what the caption said, which teaches the encoder
to read long before the pictures could.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from text_tokens import LENGTH
from world.scene import FIELDS


class Embeddings(nn.Module):
    def __init__(self, vocabulary: int, width: int) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.position_embedding = nn.Embedding(LENGTH, width)
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        nn.init.normal_(self.position_embedding.weight, std=0.02)


class SelfAttention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.k_proj, self.v_proj = nn.Linear(width, width), nn.Linear(width, width)
        self.q_proj, self.out_proj = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        b, length, width = x.shape
        head = width // self.heads
        q, k, v = (p(x).reshape(b, length, self.heads, head).transpose(1, 2)
                   for p in (self.q_proj, self.k_proj, self.v_proj))
        scores = q @ k.transpose(-1, -2) * head**-0.5 + mask
        out = torch.softmax(scores, dim=-1) @ v
        return self.out_proj(out.transpose(1, 2).reshape(b, length, width))


class Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, width * 4), nn.Linear(width * 4, width)

    def forward(self, x: Tensor) -> Tensor:
        h = self.fc1(x)
        return self.fc2(h * torch.sigmoid(1.702 * h))


class Layer(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.self_attn = SelfAttention(width, heads)
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = Mlp(width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x + self.self_attn(self.layer_norm1(x), mask)
        return x + self.mlp(self.layer_norm2(x))


class Stack(nn.Module):
    def __init__(self, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Layer(width, heads) for _ in range(layers)])


class TextEncoder(nn.Module):
    def __init__(self, vocabulary: int, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.embeddings = Embeddings(vocabulary, width)
        self.encoder = Stack(width, layers, heads)
        self.final_layer_norm = nn.LayerNorm(width)
        mask = torch.full((LENGTH, LENGTH), -1e4).triu(1)
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, input_ids: Tensor) -> Tensor:
        length = input_ids.shape[1]
        x = self.embeddings.token_embedding(input_ids) + self.embeddings.position_embedding.weight[:length]
        for layer in self.encoder.layers:
            x = layer(x, self.mask[:length, :length])
        return self.final_layer_norm(x)


class AttributeHeads(nn.Module):
    """Hidden states [B, L, D] and codes [B, fields] -> mean cross entropy of what was said."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList([nn.Linear(width, len(v)) for v in FIELDS.values()])

    def forward(self, hidden: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Loss, and the share of captions read entirely right."""
        last = hidden[:, -1].float()
        right = torch.ones(len(codes), dtype=torch.bool, device=codes.device)
        loss = last.new_zeros(())
        for i, head in enumerate(self.heads):
            logits = head(last)
            loss = loss + F.cross_entropy(logits, codes[:, i])
            right &= logits.argmax(-1) == codes[:, i]
        return loss, right.float().mean()


def transformers_config(vocabulary: int, width: int, layers: int, heads: int, end: int) -> dict[str, Any]:
    """The config.json that transformers' CLIPTextModel loads this network with."""
    return {
        "architectures": ["CLIPTextModel"], "model_type": "clip_text_model", "vocab_size": vocabulary,
        "hidden_size": width, "intermediate_size": width * 4, "num_hidden_layers": layers, "num_attention_heads": heads,
        "max_position_embeddings": LENGTH, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-05, "projection_dim": width,
        "bos_token_id": end - 1, "eos_token_id": end, "pad_token_id": end,
    }
