"""Renders the training set: pictures for the autoencoder and those that look, latents for the denoiser.

Under the work folder: pca.pt and pictures.npy (uint8 [P, size, size, 3]), from which the autoencoder is trained; then
codes.npy (uint8 [N, fields]), latents.npy (float16 [N, 16, size/8, size/8]) and things.npy (bool [N, size/8, size/8],
the cells where things stand) of the denoiser's lessons. Scene i of a world depends on (seed, i) alone, so any of them can
be drawn again.
"""

from __future__ import annotations

import multiprocessing as mp
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch

from vae import Autoencoder, Encoder, fit_pca
from world.drawing import cells_of, draw_placed
from world.sampling import World, sample_scene
from world.scene import FIELDS, Scene


def scene_at(seed: int, index: int, world: World) -> tuple[Scene, Random]:
    """Scene number `index` of a world and the generator that draws its variation."""
    rng = Random(f"{seed}/{index}")
    return sample_scene(rng, world), rng


def render(job: tuple[int, int, int, int, World]) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """(seed, start, stop, size, world) -> start, codes uint8 [n, fields], pictures uint8 [n, size, size, 3], cells."""
    seed, start, stop, size, world = job
    codes = np.zeros((stop - start, len(FIELDS)), np.uint8)
    pictures = np.zeros((stop - start, size, size, 3), np.uint8)
    cells = np.zeros((stop - start, size // 8, size // 8), bool)
    for i in range(start, stop):
        scene, rng = scene_at(seed, i, world)
        codes[i - start] = scene.codes()
        pictures[i - start], placed = draw_placed(scene, rng, size)
        cells[i - start] = cells_of(placed, size // 8)
    return start, codes, pictures, cells


def to_float(pictures: np.ndarray) -> torch.Tensor:
    """uint8 [B, H, W, 3] -> float32 [B, 3, H, W] in [-1, 1]."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def paint(config: dict[str, Any], work: Path, workers: int) -> None:
    """The pictures of the first scenes, and PCA of their patches; does nothing when they are there."""
    if (work / "pictures.done").exists():
        return
    size, shard = config["size"], config["shard"]
    kept, started = config["pictures"], time.time()
    pictures = np.lib.format.open_memmap(work / "pictures.npy", "w+", np.uint8, (kept, size, size, 3))
    with mp.get_context("spawn").Pool(workers) as pool:
        for start, _, made, _ in pool.imap(render, jobs_of(config, kept, World.of(config))):
            if start == 0 and not (work / "pca.pt").exists():
                torch.save(fit_pca(made), work / "pca.pt")
            pictures[start : start + len(made)] = made
            print(f"pictures: {start + len(made)} of {kept}, {time.time() - started:.0f} s", flush=True)
    pictures.flush()
    (work / "pictures.done").write_text(f"{time.time() - started:.0f} s, shards of {shard}\n")


def jobs_of(config: dict[str, Any], count: int, world: World) -> list[tuple[int, int, int, int, World]]:
    seed, size, shard = config["seed"], config["size"], config["shard"]
    return [(seed, start, min(start + shard, count), size, world) for start in range(0, count, shard)]


ENCODER: Encoder | None = None


def open_encoder(config: dict[str, Any], work: Path) -> None:
    """In each worker, which encodes what it renders."""
    global ENCODER
    torch.set_num_threads(1)
    ENCODER = load_autoencoder(config, work).encoder


def encode(job: tuple[int, int, int, int, World]) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """As `render`, with latents float16 [n, 16, h, w] in the place of pictures."""
    start, codes, pictures, cells = render(job)
    if ENCODER is None:
        raise RuntimeError("this worker was started without its encoder")
    with torch.no_grad():
        parts = [ENCODER.encode(to_float(pictures[i : i + 100])).half().numpy() for i in range(0, len(pictures), 100)]
    return start, codes, np.concatenate(parts), cells


def prepare(config: dict[str, Any], work: Path, workers: int) -> None:
    """Codes and latents of every scene, in shards that are written once; does nothing when they are there."""
    if (work / "latents.done").exists():
        return
    n, started, side = config["scenes"], time.time(), config["size"] // 8
    mode = "r+" if (work / "latents.npy").exists() else "w+"
    codes = np.lib.format.open_memmap(work / "codes.npy", mode, np.uint8, (n, len(FIELDS)))
    latents = np.lib.format.open_memmap(work / "latents.npy", mode, np.float16, (n, 16, side, side))
    things = np.lib.format.open_memmap(work / "things.npy", mode, bool, (n, side, side))
    progress = work / "latents.shards"
    written = set(progress.read_text().split()) if progress.exists() else set()
    shards = jobs_of(config, n, World.lessons(config))
    jobs = [job for job in shards if str(job[1]) not in written]
    with ProcessPoolExecutor(workers, mp.get_context("spawn"), open_encoder, (config, work)) as pool:
        for start, shard_codes, shard_latents, shard_things in pool.map(encode, jobs):
            codes[start : start + len(shard_codes)] = shard_codes
            latents[start : start + len(shard_codes)] = shard_latents
            things[start : start + len(shard_codes)] = shard_things
            for part in (codes, latents, things):
                part.flush()
            written.add(str(start))
            progress.write_text(" ".join(sorted(written, key=int)))
            print(f"latents: {len(written)} of {len(shards)} shards, {time.time() - started:.0f} s", flush=True)
    (work / "latents.done").write_text(f"{time.time() - started:.0f} s\n")


def load_autoencoder(config: dict[str, Any], work: Path) -> Autoencoder:
    """As it was trained; untrained, so linear, where it was not yet."""
    model = Autoencoder(torch.load(work / "pca.pt", weights_only=True), config["vae"]["width"], config["vae"]["blocks"])
    path = work / "autoencoder.pt"
    if path.exists():
        model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["model"])
    return model.eval()


def default_workers() -> int:
    return max(1, (os.cpu_count() or 2))
