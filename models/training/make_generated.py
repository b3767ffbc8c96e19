"""The generator's own pictures for the eye: drawn by the exported pack, labelled by their prompts.

Under the work folder: generated.npz with pictures uint8 [N, size, size, 3], labels float32 [N, labels], groups [N] and
split [N] (0 training, 1 calibration, 2 test). The test's part has so many of every refused kind, look-alike and unclear
kind as `generated` of a configuration says. A picture that failed to show its prompt is labelled all the same: such noise
is part of the figures.
"""

from __future__ import annotations

import multiprocessing as mp
from pathlib import Path
from typing import Any

import numpy as np

from asking import make
from exams import scenes_by_group
from eye import GROUPS, REFUSED, group_of, labels_of
from export import export_generators
from loop import forget_older
from reference import Pack
from world.sampling import World
from world.scene import Scene

SPLITS = ("training", "calibration", "test")
CHUNK = 96


def scenes_for(split: str, config: dict[str, Any]) -> list[Scene]:
    """Scenes of one split: so many of a refused kind, of any other rare kind, and of everyday scenes."""
    wanted = config["generated"][split]
    each = {group: wanted["refused" if group in REFUSED else "others"] for group in GROUPS}
    return scenes_by_group(f"{config['seed']}/generated/{split}", World.of(config), each, wanted["everyday"])


def draw_part(job: tuple[Path, list[Scene], int, int]) -> np.ndarray:
    """(pack, scenes, seed, steps) -> uint8 [N, size, size, 3]."""
    folder, scenes, seed, steps = job
    pack = Pack(folder)
    return make(pack, scenes, seed, steps, pack.manifest["guidance_scale"])


def draw_splits(folder: Path, config: dict[str, Any], parts: Path, workers: int,
                wanted: tuple[str, ...] = SPLITS) -> tuple[np.ndarray, list[Scene], np.ndarray]:
    """(pictures, their scenes, the split of each) of the wanted splits, drawn by the pack in `folder`. Every split is drawn
    alike whichever else is wanted; chunks that lie under `parts` are kept."""
    parts.mkdir(parents=True, exist_ok=True)
    scenes = [(i, s) for i, split in enumerate(SPLITS) for s in scenes_for(split, config)]
    own = {SPLITS.index(split) for split in wanted}
    chunks = [(k, scenes[k : k + CHUNK]) for k in range(0, len(scenes), CHUNK)]
    chunks = [(k, part) for k, part in chunks if own & {i for i, _ in part}]
    missing = [(k, part) for k, part in chunks if not (parts / f"{k}.npy").exists()]
    jobs = [(folder, [s for _, s in part], 500_000 + k, config["generated"]["steps"]) for k, part in missing]
    with mp.get_context("spawn").Pool(workers) as pool:
        for (k, _), pictures in zip(missing, pool.imap(draw_part, jobs)):
            np.save(parts / "part.npy", pictures)
            (parts / "part.npy").replace(parts / f"{k}.npy")
            print(f"generated: {k + len(pictures)} of {len(scenes)}", flush=True)
    pictures = np.concatenate([np.load(parts / f"{k}.npy") for k, _ in chunks])
    drawn = [pair for _, part in chunks for pair in part]
    rows = np.flatnonzero([i in own for i, _ in drawn])
    return pictures[rows], [drawn[row][1] for row in rows], np.array([drawn[row][0] for row in rows])


def make_generated(config: dict[str, Any], work: Path, workers: int) -> None:
    """All three splits; does nothing when they are there and neither denoiser nor autoencoder is newer. Parts that are
    there are kept."""
    done, parts = work / "generated.npz", work / "generated"
    forget_older([done, *parts.glob("*.npy")], work / "unet.pt", work / "autoencoder.pt")
    if done.exists():
        return
    export_generators(config, work, work / "packs")
    pictures, scenes, split = draw_splits(work / "packs/storybook", config, parts, workers)
    part = work / "generated.part.npz"
    np.savez(part, pictures=pictures, labels=np.stack([labels_of(s) for s in scenes]),
             groups=np.array([group_of(s) for s in scenes]), split=split)
    part.replace(done)
