"""A dual encoder of pictures and prompts, as CLIP: unit vectors of 128, alike where the picture shows the prompt.

The picture's side has the eye's convolutions as its own, trained on from the eye's; the prompt's side is a text
transformer. About a million parameters each. A pack's manifest has no form for a pair of graphs, so it is not
exported: `Adherence` answers `evaluate` from the weights in the work folder.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data import to_float
from eye import Eye
from text_encoder import AttributeHeads, TextEncoder
from text_tokens import Captions

WIDTH = 128
LARGEST_SCALE = 100.0


class PictureSide(nn.Module):
    """Pictures float [B, 3, H, W] in [-1, 1] to unit vectors [B, 128]; a grid of 4 by 4 keeps what stands where."""

    def __init__(self) -> None:
        super().__init__()
        eye = Eye()
        self.stages, last = eye.stages, eye.places.in_channels
        self.places = nn.Conv2d(last, 64, 1)
        self.hidden = nn.Linear(last * 2 + 64 * 16, 256)
        self.out = nn.Linear(256, WIDTH)

    def forward(self, pictures: Tensor) -> Tensor:
        h = self.stages(pictures)
        grid = F.avg_pool2d(F.relu(self.places(h)), h.shape[-1] // 4)
        seen = torch.cat([h.mean(dim=(2, 3)), h.amax(dim=(2, 3)), grid.flatten(1)], dim=1)
        return F.normalize(self.out(F.relu(self.hidden(seen))).float(), dim=-1)


class TextSide(nn.Module):
    """Ids int64 [B, 32] to unit vectors [B, 128] and the last hidden states [B, 32, 128]."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.encoder = TextEncoder(vocabulary, WIDTH, 4, 4)
        self.out = nn.Linear(WIDTH, WIDTH, bias=False)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.encoder(ids)
        return F.normalize(self.out(hidden[:, -1]).float(), dim=-1), hidden


class Clip(nn.Module):
    """Both sides, the learnt temperature, and heads that only training needs: what did the caption say?"""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.pictures, self.texts = PictureSide(), TextSide(vocabulary)
        self.heads = AttributeHeads(WIDTH)
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    @property
    def scale(self) -> Tensor:
        return self.log_scale.exp().clamp(max=LARGEST_SCALE)


def contrast(pictures: Tensor, texts: Tensor, scale: Tensor, fits: Tensor) -> Tensor:
    """Symmetric cross entropy of unit vectors [B, 128]; `fits` bool [B, B]: text i also fits picture j.

    Such a pair is left out, or the sides would be taught to tell apart what is the same.
    """
    logits = scale * texts @ pictures.T
    others = fits & ~torch.eye(len(fits), dtype=torch.bool, device=fits.device)
    logits = logits.masked_fill(others, -1e4)
    target = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


class Adherence:
    """The trained encoder with its calibration, as `train.py --stage clip` left it."""

    def __init__(self, work: Path) -> None:
        self.captions = Captions(work / "tokenizer")
        saved = torch.load(work / "clip.pt", map_location="cpu", weights_only=True)
        self.clip = Clip(self.captions.tok.get_vocab_size())
        self.clip.load_state_dict(saved["clip"])
        self.clip.eval()
        self.calibration, self.threshold = saved["calibration"], saved["threshold"]

    def vectors(self, pictures: np.ndarray, prompts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """uint8 [N, H, W, 3] and N prompts to unit vectors [N, 128] each."""
        return encode(self.clip, self.captions, pictures, prompts)

    def score(self, pictures: np.ndarray, prompts: list[str]) -> np.ndarray:
        """Probability [N] that each picture shows all that its prompt says; `threshold` is where to cut."""
        seen, read = self.vectors(pictures, prompts)
        return probability((seen * read).sum(1), self.calibration)


def encode(clip: Clip, captions: Captions, pictures: np.ndarray, prompts: list[str], change: Any = None,
           ) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors of pictures and of prompts; `change` makes other pictures of a batch of them first."""
    device, seen, read = clip.log_scale.device, [], []
    with torch.no_grad():
        for i in range(0, len(pictures), 100):
            x = to_float(pictures[i : i + 100]).to(device)
            seen.append(clip.pictures(change(x) if change else x).cpu().numpy())
        for i in range(0, len(prompts), 200):
            ids = torch.from_numpy(captions.ids(prompts[i : i + 200])).to(device)
            read.append(clip.texts(ids)[0].cpu().numpy())
    return np.concatenate(seen), np.concatenate(read)


def probability(cosine: np.ndarray, calibration: dict[str, float]) -> np.ndarray:
    """Platt's: `scale` and `bias` of ten times the cosine, so that the fit starts from numbers of a logit's size."""
    return 1 / (1 + np.exp(-(10 * cosine * calibration["scale"] + calibration["bias"])))
