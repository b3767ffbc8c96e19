"""So many pictures of every group, drawn from seeds of their own: to measure on, where nothing was trained on them.

Scenes come from the training distribution, sorted by `group_of` until each group has its number, so that rare
groups can be measured as well as common ones. `keep` draws scenes into the work folder once.
"""

from __future__ import annotations

import multiprocessing as mp
import time
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np

from data import default_workers
from eye import GROUPS, group_of
from world.drawing import draw_scene
from world.sampling import World, sample_scene
from world.scene import Scene

CHUNK, SHARD = 250, 4000  # pictures a job, and in memory at a time


def scenes_by_group(seed: str, world: World, each: int | dict[str, int], everyday: int) -> list[Scene]:
    """So many scenes of every sensitive group and look-alike, and `everyday` others, in order of chance."""
    numbers = {group: each for group in GROUPS} if isinstance(each, int) else each
    rng, wanted, found = Random(seed), numbers | {"everyday": everyday}, []
    counts: Counter[str] = Counter()
    while counts.total() < sum(wanted.values()):
        scene = sample_scene(rng, world)
        group = group_of(scene)
        if counts[group] < wanted[group]:
            counts[group] += 1
            found.append(scene)
    return found


def _draw(job: tuple[list[Scene], str, int, int]) -> np.ndarray:
    scenes, seed, start, size = job
    return np.stack([draw_scene(s, Random(f"{seed}/{start + i}"), size) for i, s in enumerate(scenes)])


def drawn(scenes: list[Scene], seed: str, size: int, workers: int = 1) -> np.ndarray:
    """uint8 [N, size, size, 3]; each picture depends on its scene, the seed and its number alone."""
    jobs = [(scenes[i : i + CHUNK], seed, i, size) for i in range(0, len(scenes), CHUNK)]
    if workers == 1 or len(jobs) == 1:
        return np.concatenate([_draw(job) for job in jobs])
    with mp.get_context("spawn").Pool(workers) as pool:
        return np.concatenate(pool.map(_draw, jobs))


def keep(work: Path, name: str, scenes: list[Scene], seed: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures uint8 [N, size, size, 3] (from disk) and codes uint8 [N, fields] of scenes, drawn when not there yet."""
    paths = [work / f"{name}.{ending}" for ending in ("npy", "codes.npy", "done")]
    if not paths[2].exists():
        started = time.time()
        pictures = np.lib.format.open_memmap(paths[0], "w+", np.uint8, (len(scenes), size, size, 3))
        for start in range(0, len(scenes), SHARD):
            part = scenes[start : start + SHARD]
            pictures[start : start + len(part)] = drawn(part, f"{seed}/{start}", size, default_workers())
            print(f"{name}: {start + len(part)} of {len(scenes)}, {time.time() - started:.0f} s", flush=True)
        pictures.flush()
        np.save(paths[1], np.array([s.codes() for s in scenes], np.uint8))
        paths[2].write_text(f"{time.time() - started:.0f} s\n")
    return np.load(paths[0], mmap_mode="r"), np.load(paths[1])
