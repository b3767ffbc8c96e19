"""Asks an exported pack for pictures, and returns true pictures as its autoencoder would.

`draw` is a solver written out: DDIM or DPM-Solver++ 2M over trailing timesteps, guided against the empty prompt, or in
one pass a step where guidance is 1 (as a student wants it). Pictures are uint8 [B, S, S, 3].
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Literal

import numpy as np
import onnxruntime as ort

from reference import Pack, seeded_noise
from world.grammar import caption
from world.scene import Scene

Solver = Literal["ddim", "dpm"]
BATCH = 16


def side_of(pack: Pack) -> int:
    """Of a picture, in pixels."""
    return int(pack.manifest["sizes"]["default"].split("x")[0])


def to_bytes(pixels: np.ndarray) -> np.ndarray:
    """float [B, 3, S, S] in [-1, 1] -> uint8 [B, S, S, 3]."""
    return np.clip((pixels.transpose(0, 2, 3, 1) + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8)


def draw(pack: Pack, prompts: Sequence[str], seeds: Sequence[int], steps: int, guidance: float,
         solver: Solver = "dpm") -> np.ndarray:
    """One picture a prompt."""
    guided, side = guidance != 1, side_of(pack) // 8
    texts = [*[""] * len(prompts), *prompts] if guided else list(prompts)
    context = pack.text.run(None, {"input_ids": pack.captions.ids(texts)})[0]
    x = np.concatenate([seeded_noise(seed, (1, 16, side, side)) for seed in seeds])
    times, before = [round(1000 - k * 1000 / steps) - 1 for k in range(steps)], None
    for k, t in enumerate(times):
        many = np.concatenate([x, x]) if guided else x
        feeds = {"sample": many, "timestep": np.full(len(many), t, np.int64), "encoder_hidden_states": context}
        v = pack.unet.run(None, feeds)[0]
        if guided:
            without, asked = np.split(v, 2)
            v = without + guidance * (asked - without)
        here = float(pack.alphas[t])
        after = float(pack.alphas[times[k + 1]]) if k + 1 < steps else 1.0
        clean = here**0.5 * x - (1 - here) ** 0.5 * v
        if solver == "ddim":
            noise = here**0.5 * v + (1 - here) ** 0.5 * x
            x = (after**0.5 * clean + (1 - after) ** 0.5 * noise).astype(np.float32)
        else:
            x, before = second_order(x, clean, here, after, before)
    return to_bytes(pack.decoder.run(None, {"latent_sample": x})[0])


Before = tuple[np.ndarray, float] | None


def second_order(x: np.ndarray, clean: np.ndarray, here: float, after: float,
                 before: Before) -> tuple[np.ndarray, Before]:
    """A step of DPM-Solver++ 2M (Lu et al. 2022, algorithm 2) from cumulative alpha `here` to `after`; the first
    step and the last are of first order. Also returns the clean estimate with the log signal-to-noise of `here`."""
    here = max(here, 2.0**-24)
    level = 0.5 * np.log(here / (1 - here))
    if after >= 1:
        return clean.astype(np.float32), (clean, level)
    step = 0.5 * np.log(after / (1 - after)) - level
    estimate = clean
    if before is not None:
        estimate = clean + 0.5 * step / (level - before[1]) * (clean - before[0])
    kept = ((1 - after) / (1 - here)) ** 0.5
    out = kept * x - after**0.5 * np.expm1(-step) * estimate
    return out.astype(np.float32), (clean, level)


def make(pack: Pack, scenes: list[Scene], seed: int, steps: int, guidance: float, noisy: bool = False) -> np.ndarray:
    """One picture a scene, asked for by a caption that leaves nothing out."""
    rng, pictures = Random(seed), []
    prompts = [caption(scene, rng, whole=True).text for scene in scenes]
    for start in range(0, len(scenes), BATCH):
        part = prompts[start : start + BATCH]
        seeds = [seed * 1_000_000 + start + i for i in range(len(part))]
        pictures.append(draw(pack, part, seeds, steps, guidance, "ddim"))
        if noisy:
            print(f"made {start + len(part)} of {len(prompts)}", flush=True)
    return np.concatenate(pictures)


class Rebuilder:
    """A pack's autoencoder, in both directions."""

    def __init__(self, pack: Pack, folder: Path, threads: int = 1) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        self.encoder = ort.InferenceSession(str(folder / "vae_encoder/model.onnx"), options,
                                            providers=["CPUExecutionProvider"])
        self.decoder = pack.decoder

    def rebuild(self, pictures: np.ndarray, disturbed: float = 0) -> np.ndarray:
        """uint8 [N, S, S, 3] to the same; latents are disturbed by normal noise of up to `disturbed`, as denoised ones are."""
        out, rng = [], np.random.default_rng(len(pictures))
        for start in range(0, len(pictures), BATCH):
            x = pictures[start : start + BATCH].transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
            latents = self.encoder.run(None, {"sample": np.ascontiguousarray(x)})[0][:, :16]
            if disturbed:
                spread = disturbed * rng.random((len(latents), 1, 1, 1), np.float32)
                latents = latents + spread * rng.standard_normal(latents.shape, np.float32)
            out.append(to_bytes(self.decoder.run(None, {"latent_sample": latents})[0]))
        return np.concatenate(out)
