"""The teacher's way from noise to a picture, at the five moments that a student of four steps knows.

Under the work folder: trajectories.npy (float16 [N, 5, 16, h, w], from noise to clean latents) and trajectories-ids.npy
(int16 [N, 32], the captions' tokens), in shards that are written once. The teacher draws with guidance, by DDIM; captions
are worded as in training, and held-out combinations are not among them.
"""

from __future__ import annotations

import multiprocessing as mp
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor

from diffusion import ddim, trailing_timesteps
from loop import forget_older
from text_tokens import LENGTH, Captions
from train_unet import Models
from world.grammar import caption
from world.sampling import World, sample_scene

STEPS = 4
TEACHER: "Teacher | None" = None


class Teacher:
    """The averaged denoiser and its text encoder, drawing with guidance."""

    def __init__(self, config: dict[str, Any], work: Path, device: torch.device) -> None:
        captions = Captions(work / "tokenizer")
        self.config, self.device, self.captions = config, device, captions
        self.models = Models(config, captions.tok.get_vocab_size()).to(device).eval()
        self.models.load_state_dict(torch.load(work / "unet.pt", map_location="cpu", weights_only=True)["ema"])
        self.models.unet.to(memory_format=torch.channels_last)
        self.denoise = torch.compile(self.models.unet) if config["train"]["compile"] else self.models.unet

    @torch.no_grad()
    def draw(self, texts: list[str], noise: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """float16 [B, 5, 16, h, w] and ids int16 [B, 32]."""
        student, guidance = self.config["student"], self.config["defaults"]["guidance"]
        ids = self.captions.ids([*[""] * len(texts), *texts])
        kept: dict[int, Tensor] = {}
        with torch.autocast(self.device.type, torch.bfloat16):
            hidden = self.models.text(torch.from_numpy(ids).to(self.device))

            def predict(x: Tensor, t: int) -> Tensor:
                if t in moments:
                    kept[t] = x
                many = torch.cat([x, x]).contiguous(memory_format=torch.channels_last)
                times = torch.full((len(many),), t, device=self.device)
                without, asked = self.denoise(many, times, hidden).float().chunk(2)
                return without + guidance * (asked - without)

            moments = trailing_timesteps(STEPS)
            last = ddim(predict, noise.to(self.device), student["teacher_steps"])
        states = torch.stack([*(kept[t] for t in moments), last], dim=1)
        return states.half().cpu().numpy(), ids[len(texts) :].astype(np.int16)


def begin(config: dict[str, Any], work: Path) -> None:
    """In each worker."""
    global TEACHER
    torch.set_num_threads(1)
    TEACHER = Teacher(config, work, torch.device("cpu"))


def follow(job: tuple[int, int, dict[str, Any]]) -> tuple[int, np.ndarray, np.ndarray]:
    """(start, stop, config) -> start, states, ids. Trajectory i depends on (seed, i) alone."""
    if TEACHER is None:
        raise RuntimeError("this worker was started without its teacher")
    start, stop, config = job
    world, side, batch = World.lessons(config), config["size"] // 8, config["student"]["drawn_at_once"]
    states, ids = [], []
    for first in range(start, stop, batch):
        texts, noise = [], []
        for i in range(first, min(first + batch, stop)):
            rng = Random(f"{config['seed']}/student/{i}")
            texts.append(caption(sample_scene(rng, world), rng).text)
            noise.append(torch.randn(16, side, side, generator=torch.Generator().manual_seed(i)))
        drawn, read = TEACHER.draw(texts, torch.stack(noise))
        states.append(drawn)
        ids.append(read)
    return start, np.concatenate(states), np.concatenate(ids)


def draw_trajectories(config: dict[str, Any], work: Path, device: torch.device, workers: int) -> None:
    """All of them; does nothing when they are there and no teacher is newer."""
    forget_older((work / "trajectories.done", work / "trajectories.shards"), work / "unet.pt")
    if (work / "trajectories.done").exists():
        return
    student, side, started = config["student"], config["size"] // 8, time.time()
    n, shard = student["trajectories"], student["shard"]
    path, progress = work / "trajectories.npy", work / "trajectories.shards"
    mode = "r+" if path.exists() and progress.exists() else "w+"
    written = set(progress.read_text().split()) if mode == "r+" else set()
    states = np.lib.format.open_memmap(path, mode, np.float16, (n, STEPS + 1, 16, side, side))
    ids = np.lib.format.open_memmap(work / "trajectories-ids.npy", mode, np.int16, (n, LENGTH))
    jobs = [(i, min(i + shard, n), config) for i in range(0, n, shard) if str(i) not in written]

    def keep(start: int, made: np.ndarray, read: np.ndarray) -> None:
        states[start : start + len(made)], ids[start : start + len(made)] = made, read
        states.flush()
        ids.flush()
        written.add(str(start))
        progress.write_text(" ".join(sorted(written, key=int)))
        print(f"trajectories: {len(written) * shard} of {n}, {time.time() - started:.0f} s", flush=True)

    if device.type == "cpu":
        with ProcessPoolExecutor(workers, mp.get_context("spawn"), begin, (config, work)) as pool:
            for part in pool.map(follow, jobs):
                keep(*part)
    else:
        global TEACHER
        TEACHER = Teacher(config, work, device)
        for job in jobs:
            keep(*follow(job))
    (work / "trajectories.done").write_text(f"{time.time() - started:.0f} s\n")
