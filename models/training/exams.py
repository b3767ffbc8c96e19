"""Pictures that nothing was trained on: so many of every group, drawn from seeds of their own.

Scenes come from the training distribution, sorted by `group_of` until each group has its number, so that rare
groups can be measured as well as common ones.
"""

from __future__ import annotations

import multiprocessing as mp
from collections import Counter
from random import Random

import numpy as np

from eye import GROUPS, group_of
from world.drawing import draw_scene
from world.sampling import World, sample_scene
from world.scene import Scene

CHUNK = 250


def scenes_by_group(seed: str, world: World, each: int, everyday: int) -> list[Scene]:
    """`each` scenes of every sensitive group and look-alike, and `everyday` others, in order of chance."""
    rng, wanted, found = Random(seed), {group: each for group in GROUPS} | {"everyday": everyday}, []
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
