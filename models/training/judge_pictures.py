"""The judge's own pictures, by a seed of its own: scenes (held-out ones too), spoilt things, crowds.

More than half go through the autoencoder with noisy latents, as a generator's pictures come out of it. Under the work
folder: judge-pictures.npy (uint8 [N, S, S, 3]), judge-codes.npy (uint8 [N, fields], see `judge.codes_of`),
judge-cells.npy (uint8 [N, 16, 16], which kind stands where) and judge-sorts.npy (uint8 [N], see `SORTS`).
"""

from __future__ import annotations

import multiprocessing as mp
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from corrupt import CORRUPTIONS, crowded, grown, spoil
from data import load_autoencoder, to_float
from judge import ANOTHER, CELLS, NONE, View, answers, codes_of, view_of
from prompts import HELD, held_out_scene
from sketch import Box, Sketch, sketch
from vae import Autoencoder
from world.sampling import World, sample_scene
from world.scene import ALLOWED, OUTDOORS, TIMES, Scene

SORTS = ("whole", "crowded", *CORRUPTIONS)
SPOILT, CROWDED, HELD_OUT, BARE, THROUGH = 0.24, 0.05, 0.12, 0.03, 0.6
NOISE = 0.25  # at most, of a channel's deviation
Row = tuple[np.ndarray, np.ndarray, np.ndarray, int]


def scene_of(rng: Random, world: World) -> Scene:
    """As in training, but also what is held out, and more empty places."""
    roll = rng.random()
    if roll < BARE:
        return alone(sample_scene(rng, world), rng, thing="nothing", colour="", count=0, size="usual")
    if roll < BARE + HELD_OUT:
        held = held_out_scene(rng, world, rng.choice(list(HELD)).removeprefix("held-out "))
        return held or sample_scene(rng, world)
    return sample_scene(rng, world)


def alone(scene: Scene, rng: Random, **changes: Any) -> Scene:
    """Without a second group or wounds, and outdoors."""
    place, time = rng.choice(OUTDOORS), scene.time or rng.choice(TIMES[1:])
    return replace(scene, relation="", other_thing="", other_colour="", state="", place=place, time=time, **changes)


def picture_of(seed: str, size: int, world: World) -> tuple[np.ndarray, View, Sketch, str, list[Box]]:
    """A picture, what it shows, what it was made of, how it was spoilt if it was, and the boxes of what is spoilt."""
    rng, kinds = Random(seed), world.kinds
    scene, roll = scene_of(rng, world), rng.random()
    if roll < CROWDED:
        scene = alone(scene, rng, thing=rng.choice(kinds), colour=scene.colour or "red", count=rng.choice((3, 4)),
                      size="small")
    made = sketch(scene, seed, size)
    view = view_of(scene, kinds)
    if roll < CROWDED:
        more = crowded(made, rng)
        if more is not None:
            return more, replace(view, count="more", size=""), made, "crowded", []
    ordinary = scene.thing in ALLOWED and scene.other_thing in ("", *ALLOWED) and not scene.state
    if not CROWDED <= roll < CROWDED + SPOILT or scene.place not in OUTDOORS or not ordinary:
        return made.picture, view, made, "whole", []
    name, main = rng.choice(list(CORRUPTIONS)), not scene.relation or rng.random() < 0.5
    found = spoil(made, name, main, rng)
    if found is None:
        return made.picture, view, made, "whole", []
    first = main == (scene.relation not in ("right", "under"))
    return found, spoilt_view(view, first, name), made, name, [part.box for part in made.of_group(main)]


def spoilt_view(view: View, first: bool, name: str) -> View:
    """One of the groups is none of these; or of no colour, where only colours were swapped."""
    if name == "swapped":
        return replace(view, colour=NONE) if first else replace(view, second_colour=NONE)
    if first:
        return replace(view, kind=NONE, colour="", count="", size="")
    return replace(view, second_kind=NONE, second_colour="", second_count="")


def cells_of(made: Sketch, boxes: list[Box], name: str, kinds: tuple[str, ...]) -> np.ndarray:
    """uint8 [16, 16]: the answer about the kind in each cell whose middle lies in the oval of a box."""
    named, cells = answers(kinds)["kind"], np.zeros((CELLS, CELLS), np.uint8)
    y, x = (np.mgrid[:CELLS, :CELLS] + 0.5) * len(made.picture) / CELLS
    for part in made.parts:
        left, top, right, bottom = part.box
        across, down = (2 * x - left - right) / (right - left), (2 * y - top - bottom) / (bottom - top)
        bad = part.box in boxes and name != "swapped"
        kind = NONE if bad else part.kind if part.kind in kinds else ANOTHER
        cells[across**2 + down**2 < 1.1] = named.index(kind)
    return cells


@torch.no_grad()
def returned(picture: np.ndarray, model: Autoencoder, rng: Random, low: list[Box]) -> np.ndarray:
    """Through the autoencoder, its latents disturbed, and without their fine parts in the boxes of `low`."""
    z = model.encoder.encode(to_float(np.array(picture[None])))
    for box in low:
        left, top, right, bottom = (v // 8 for v in grown(box, 8, len(picture)))
        right, bottom = max(right, left + 1), max(bottom, top + 1)
        part = z[:, :, top:bottom, left:right]
        few = (max(1, (bottom - top) // 4), max(1, (right - left) // 4))
        coarse = F.adaptive_avg_pool2d(part, few)
        z[:, :, top:bottom, left:right] = F.interpolate(coarse, part.shape[2:], mode="bilinear")
    noise = torch.randn(z.shape, generator=torch.Generator().manual_seed(rng.randrange(1 << 31)))
    out = model.decoder(z + rng.uniform(0, NOISE) * noise)[0].permute(1, 2, 0)
    return ((out.clamp(-1, 1) + 1) * 127.5).round().byte().numpy()


MODEL: Autoencoder | None = None


def open_model(config: dict[str, Any], work: Path) -> None:
    """In each worker."""
    global MODEL
    torch.set_num_threads(1)
    MODEL = load_autoencoder(config, work)


def row_of(seed: str, size: int, world: World, model: Autoencoder | None) -> Row:
    """A picture with its codes, cells and sort."""
    picture, view, made, name, boxes = picture_of(seed, size, world)
    rng = Random(seed + "/returned")
    smear = name == "smeared" and rng.random() < 0.6
    if model is not None and (smear or rng.random() < THROUGH):
        picture = returned(made.picture if smear else picture, model, rng, boxes if smear else [])
    return picture, codes_of(view, answers(world.kinds)), cells_of(made, boxes, name, world.kinds), SORTS.index(name)


def shard(job: tuple[int, int, int, int, World]) -> tuple[int, list[np.ndarray]]:
    """(seed, start, stop, size, world) -> start, and pictures, codes, cells, sorts."""
    seed, start, stop, size, world = job
    rows = [row_of(f"judge/{seed}/{i}", size, world, MODEL) for i in range(start, stop)]
    return start, [np.stack([np.asarray(row[k], np.uint8) for row in rows]) for k in range(4)]


def open_arrays(work: Path, mode: str, count: int = 0, size: int = 0, named: int = 0) -> list[np.ndarray]:
    """The four arrays on disk, opened or made."""
    shapes = {"pictures": (count, size, size, 3), "codes": (count, named), "cells": (count, CELLS, CELLS),
              "sorts": (count,)}
    if mode == "w+":
        return [np.lib.format.open_memmap(work / f"judge-{n}.npy", mode, np.uint8, s) for n, s in shapes.items()]
    return [np.load(work / f"judge-{n}.npy", mmap_mode=mode) for n in shapes]


def draw_pictures(config: dict[str, Any], work: Path, workers: int, part: int = 500) -> None:
    """All of them, in shards that are written once; does nothing when they are there."""
    count, size, world, seed = config["judge"]["pictures"], config["size"], World.of(config), config["seed"] + 1
    progress, begun = work / "judge.shards", time.time()
    written = set(progress.read_text().split()) if progress.exists() else set()
    jobs = [(seed, at, min(at + part, count), size, world) for at in range(0, count, part)]
    left = [job for job in jobs if str(job[1]) not in written]
    if not left:
        return
    arrays = open_arrays(work, "r+") if written else open_arrays(work, "w+", count, size, len(answers(world.kinds)))
    with ProcessPoolExecutor(workers, mp.get_context("spawn"), open_model, (config, work)) as pool:
        for start, made in pool.map(shard, left):
            for array, values in zip(arrays, made):
                array[start : start + len(values)] = values
                array.flush()
            written.add(str(start))
            progress.write_text(" ".join(sorted(written, key=int)))
            if len(written) % 10 == 0:
                print(f"judge: {len(written)} of {len(jobs)} shards, {time.time() - begun:.0f} s", flush=True)
