"""Pictures as the autoencoder returns them with noisy latents: a second copy of a set of pictures, made once.

What looks at pictures learns from both, since a generator's pictures come out of the same decoder. Beside `name.npy` lies
`name.rebuilt.npy` (uint8, the same shape); picture i's noise depends on (seed, i) alone.
"""

from __future__ import annotations

import multiprocessing as mp
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch

from data import default_workers, load_autoencoder, to_float
from loop import forget_older
from vae import Autoencoder

MOST, BATCH, SHARD = 0.35, 50, 2000  # noise at most, of a channel's deviation
Job = tuple[Path, int, int, int]
MODEL: Autoencoder | None = None


def open_model(config: dict[str, Any], work: Path) -> None:
    """In each worker."""
    global MODEL
    torch.set_num_threads(1)
    MODEL = load_autoencoder(config, work).to(memory_format=torch.channels_last)


def rebuild(job: Job) -> tuple[int, np.ndarray]:
    """(pictures' path, seed, start, stop) -> start, uint8 [n, H, W, 3]."""
    if MODEL is None:
        raise RuntimeError("this worker was started without its autoencoder")
    path, seed, start, stop = job
    pictures, parts = np.load(path, mmap_mode="r"), []
    random = torch.Generator().manual_seed(seed + start)
    for at in range(start, stop, BATCH):
        x = to_float(np.array(pictures[at : min(at + BATCH, stop)])).contiguous(memory_format=torch.channels_last)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            z = MODEL.encoder.encode(x).float()
            spread = torch.rand(len(z), 1, 1, 1, generator=random) * MOST
            out = MODEL.decoder(z + spread * torch.randn(z.shape, generator=random)).float()
        parts.append(((out.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).numpy())
    return start, np.concatenate(parts)


def rebuilt(config: dict[str, Any], work: Path, name: str) -> np.ndarray:
    """The second copy, from disk; made, in shards that are written once, when it is not there or the autoencoder is newer."""
    path, copy, progress, done = (work / f"{name}{ending}" for ending in (".npy", ".rebuilt.npy", ".rebuilt.shards",
                                                                          ".rebuilt.done"))
    forget_older((done, progress), work / "pca.pt", work / "autoencoder.pt")
    if not done.exists():
        shape, started = np.load(path, mmap_mode="r").shape, time.time()
        resumes = copy.exists() and progress.exists()
        made = np.lib.format.open_memmap(copy, "r+" if resumes else "w+", np.uint8, shape)
        written = set(progress.read_text().split()) if resumes else set()
        jobs = [(path, config["seed"], i, min(i + SHARD, len(made))) for i in range(0, len(made), SHARD)
                if str(i) not in written]
        with ProcessPoolExecutor(default_workers(), mp.get_context("spawn"), open_model, (config, work)) as pool:
            for start, part in pool.map(rebuild, jobs):
                made[start : start + len(part)] = part
                made.flush()
                written.add(str(start))
                progress.write_text(" ".join(sorted(written, key=int)))
                print(f"{name}, rebuilt: {start + len(part)} of {len(made)}, {time.time() - started:.0f} s", flush=True)
        done.write_text(f"{time.time() - started:.0f} s\n")
    return np.load(copy, mmap_mode="r")


def either(pictures: np.ndarray, copy: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Those rows, about half of them from the second copy."""
    out, second = pictures[rows], rng.random(len(rows)) < 0.5
    out[second] = copy[rows[second]]
    return out
