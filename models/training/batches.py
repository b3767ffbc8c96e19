"""Batches for the denoiser: cached latents with freshly written captions, and where things stand."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor

from text_tokens import Captions
from world.grammar import caption
from world.scene import Scene

Batch = tuple[Tensor, Tensor, Tensor, Tensor]


class Batches:
    """Draws batches: latents [B,16,h,w], ids [B,32], codes of what was said [B,fields], cells with things [B,1,h,w]."""

    def __init__(self, work: Path, captions: Captions, seed: int) -> None:
        self.codes = np.load(work / "codes.npy", mmap_mode="r")
        self.latents = np.load(work / "latents.npy", mmap_mode="r")
        self.things = np.load(work / "things.npy", mmap_mode="r")
        self.captions = captions
        self.rng, self.rows = Random(seed), np.random.default_rng(seed)

    def draw(self, count: int, drop: float, device: torch.device, latents: bool = True) -> Batch:
        """A batch; a share `drop` of the captions is empty, with codes that cross_entropy ignores."""
        rows = self.rows.integers(0, len(self.codes), count)
        made = [caption(Scene.of_codes(self.codes[r]), self.rng) for r in rows]
        kept = self.rows.random(count) >= drop
        ids = self.captions.ids([c.text if k else "" for c, k in zip(made, kept)])
        codes = torch.tensor([c.said.codes() for c in made])
        codes[~torch.from_numpy(kept)] = -100
        z = torch.from_numpy(self.latents[rows].astype(np.float32)) if latents else torch.empty(0)
        things = torch.from_numpy(self.things[rows][:, None]) if latents else torch.empty(0)
        return z.to(device, non_blocking=True), torch.from_numpy(ids).to(device), codes.to(device), things.to(device)
