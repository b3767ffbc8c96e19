"""Renders the training set: scene codes, latents, and the pictures of the first scenes.

Under the work folder: pca.pt, codes.npy (uint8 [N, fields]), latents.npy (float16 [N, 16, 16, 16]) and
pictures.npy (uint8 [P, 128, 128, 3]). Scene i depends on (seed, i) alone, so any of them can be
drawn again.
"""

from __future__ import annotations

import multiprocessing as mp
import os
import time
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch

from vae import Encoder, fit_pca
from world.drawing import draw_scene
from world.sampling import World, sample_scene
from world.scene import FIELDS, Scene


def scene_at(seed: int, index: int, world: World) -> tuple[Scene, Random]:
    """Scene number `index` of a world and the generator that draws its variation."""
    rng = Random(f"{seed}/{index}")
    return sample_scene(rng, world), rng


def render(job: tuple[int, int, int, int, World]) -> tuple[int, np.ndarray, np.ndarray]:
    """(seed, start, stop, size, world) -> start, codes uint8 [n, fields], pictures uint8 [n, size, size, 3]."""
    seed, start, stop, size, world = job
    codes = np.zeros((stop - start, len(FIELDS)), np.uint8)
    pictures = np.zeros((stop - start, size, size, 3), np.uint8)
    for i in range(start, stop):
        scene, rng = scene_at(seed, i, world)
        codes[i - start] = scene.codes()
        pictures[i - start] = draw_scene(scene, rng, size)
    return start, codes, pictures


def to_float(pictures: np.ndarray) -> torch.Tensor:
    """uint8 [B, H, W, 3] -> float32 [B, 3, H, W] in [-1, 1]."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def prepare(config: dict[str, Any], work: Path, workers: int) -> None:
    """Render and encode everything; does nothing when it is already there."""
    if (work / "data.done").exists():
        return
    n, size, seed, shard = config["scenes"], config["size"], config["seed"], config["shard"]
    kept = min(n, config.get("pictures", 24000))
    started = time.time()
    world = World.of(config)
    jobs = [(seed, s, min(s + shard, n), size, world) for s in range(0, n, shard)]
    latent = size // 8
    codes = np.lib.format.open_memmap(work / "codes.npy", "w+", np.uint8, (n, len(FIELDS)))
    latents = np.lib.format.open_memmap(work / "latents.npy", "w+", np.float16, (n, 16, latent, latent))
    pictures = np.lib.format.open_memmap(work / "pictures.npy", "w+", np.uint8, (kept, size, size, 3))
    encoder: Encoder | None = None
    torch.set_num_threads(1)
    with mp.get_context("spawn").Pool(workers) as pool, torch.no_grad():
        for start, shard_codes, shard_pictures in pool.imap(render, jobs):
            if encoder is None:
                pca = fit_pca(shard_pictures)
                torch.save(pca, work / "pca.pt")
                encoder = Encoder(pca)
            stop = start + len(shard_codes)
            codes[start:stop] = shard_codes
            if start < kept:
                pictures[start:stop] = shard_pictures[: kept - start]
            for i in range(0, len(shard_pictures), 500):
                latents[start + i : start + i + 500] = encoder.encode(to_float(shard_pictures[i : i + 500])).numpy()
            print(f"data: {stop} of {n} scenes, {time.time() - started:.0f} s", flush=True)
    for array in (codes, latents, pictures):
        array.flush()
    (work / "data.done").write_text(f"{time.time() - started:.0f} s\n")


def default_workers() -> int:
    return max(1, (os.cpu_count() or 2))
