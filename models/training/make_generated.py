"""The generator's own pictures for the eye: drawn by the exported pack, labelled by their prompts.

`python models/training/make_generated.py --work .training --for training` and again `--for holding`
write generated-<for>.npz: pictures uint8 [N,128,128,3], labels float32 [N,labels], groups [N], split
(0 training, 1 calibration, 2 test). Half of the scenes are from the sensitive corner. A picture that
failed to show its prompt is labelled all the same: such noise is part of the figures.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from random import Random

import numpy as np

from eye import group_of, labels_of
from asking import make
from reference import Pack
from world.sampling import World, sample_scene
from world.scene import ALLOWED, Scene


def scenes_for(count: int, rng: Random, world: World) -> list[Scene]:
    """Half sensitive or look-alike, half ordinary."""
    rare: list[Scene] = []
    common: list[Scene] = []
    while len(rare) < count // 2 or len(common) < count - count // 2:
        scene = sample_scene(rng, world)
        kind = rare if scene.state or any(thing not in ALLOWED for thing, _, _ in scene.groups()) else common
        kind.append(scene)
    scenes = rare[: count // 2] + common[: count - count // 2]
    rng.shuffle(scenes)
    return scenes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packs", type=Path, default=Path(__file__).resolve().parents[1] / "packs")
    parser.add_argument("--config", type=Path, default=Path(__file__).resolve().parent / "storybook-128.json")
    parser.add_argument("--work", type=Path, default=Path(".training"))
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--for", dest="purpose", choices=("training", "holding"), required=True)
    parser.add_argument("--steps", type=int, default=12)
    args = parser.parse_args()
    seed = {"training": 5, "holding": 6}[args.purpose]
    rng, pack = Random(seed), Pack(args.packs / "storybook")
    scenes = scenes_for(args.count, rng, World.of(json.loads(args.config.read_text())))
    pictures = make(pack, scenes, seed, args.steps, pack.manifest["guidance_scale"], noisy=True)
    held = np.random.default_rng(seed).choice([1, 2], args.count, p=[0.35, 0.65])
    split = held if args.purpose == "holding" else np.zeros(args.count, int)
    part = args.work / "part.npz"
    np.savez(part, pictures=pictures, labels=np.stack([labels_of(s) for s in scenes]),
             groups=np.array([group_of(s) for s in scenes]), split=split)
    part.replace(args.work / f"generated-{args.purpose}.npz")


if __name__ == "__main__":
    main()
