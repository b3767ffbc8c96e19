"""The loop that every peer of a training runs: steps drive the rate, minutes may end a run that will be resumed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from peers import Peers


class Run(Protocol):
    """What is trained, with its progress: `step`, `samples` and `seconds` so far, over all of its runs."""

    options: dict[str, Any]
    peers: Peers
    progress: dict[str, float]

    def steps(self) -> int:
        """The last step's number; it may change while running."""
        ...

    def step(self, factor: float) -> float:
        """One optimiser step at `factor` of the peak rate; the loss."""
        ...

    def save(self) -> None: ...


def rate_at(step: float, options: dict[str, Any], total: int) -> float:
    """Learning-rate factor: warm-up, constant, then linear to 2 % at the last step."""
    left = (total - step) / (options["decay_fraction"] * total)
    return min(1.0, (step + 1) / options["warmup"]) * max(0.02, min(1.0, left))


def go_on(name: str, run: Run, minutes: float) -> None:
    """Train until the last step, or for so many minutes of this run; a checkpoint every few minutes and at the end."""
    begun, rank, progress, batch = time.time(), run.peers.rank, run.progress, run.options["batch"]
    before, first = progress["seconds"], progress["step"]
    saved, shown, recent = begun, begun, []
    while True:
        seconds, total = run.peers.agree(before + time.time() - begun, run.steps())
        progress["seconds"] = seconds
        over = progress["step"] >= total or (seconds - before) / 60 >= minutes
        if rank == 0 and (over or time.time() - saved > 60 * run.options["checkpoint_minutes"]):
            run.save()
            saved = time.time()
        if over:
            return
        factor = rate_at(progress["step"], run.options, int(total))
        recent.append(run.step(factor))
        progress["step"] += 1
        progress["samples"] += batch
        if rank == 0 and time.time() - shown > 30:
            speed = (progress["step"] - first) * batch / (time.time() - begun)
            print(f"{name}: {seconds / 60:.1f} min, step {progress['step']:.0f}, {progress['samples']:.0f} samples, loss "
                  f"{np.mean(recent):.4f}, rate {factor:.2f}, {speed:.0f}/s", flush=True)
            shown, recent = time.time(), []


def forget_older(made: Iterable[Path], *trained: Path) -> None:
    """Removes what was made by weights that have changed since; weights that are not there change nothing."""
    since = max((path.stat().st_mtime for path in trained if path.exists()), default=0.0)
    for path in made:
        if path.exists() and path.stat().st_mtime < since:
            path.unlink()


def write_whole(state: dict[str, Any], path: Path) -> None:
    """Write and rename, so that a crash leaves the previous checkpoint."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


def keep_average(kept: torch.nn.Module, live: torch.nn.Module, decay: float, step: float) -> None:
    """Moves averaged weights towards the live ones; faster while there are few steps."""
    decay = min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        torch._foreach_lerp_(list(kept.parameters()), list(live.parameters()), 1 - decay)
