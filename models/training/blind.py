"""Prepares the blind matching: 100 pictures, their 100 prompts among 20 distractors, and the key.

`python models/training/blind.py --pack models/packs/storybook --out test/blind`
From one fixed seed: prompts are written plainly, pictures drawn with the exported pack and shuffled. Nothing is drawn twice
and nothing is chosen by eye. Any two prompts differ in at least two of kind, colour, place, time, count, relation and
the other thing; a distractor in exactly two from one that was drawn.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw

from asking import BATCH, draw
from prompts import scene_for
from reference import Pack
from world.grammar import plain
from world.sampling import World
from world.scene import Scene

SEED = 100
COUNT, FALSE, SHEET = 100, 20, 20
STRATA = {"coloured": 50, "counted": 25, "related": 25}
TOLD = ("thing", "colour", "place", "time", "count", "relation", "other_thing", "other_colour")


def distance(a: Scene, b: Scene) -> int:
    """How many of the attributes that a prompt tells differ."""
    return sum(getattr(a, name) != getattr(b, name) for name in TOLD)


def choose(rng: Random, world: World) -> tuple[list[Scene], list[Scene]]:
    """Scenes to draw, and distractors, each two attributes away from one of them."""
    real: list[Scene] = []
    for stratum, wanted in STRATA.items():
        full = len(real) + wanted
        while len(real) < full:
            scene = scene_for(stratum, rng, world)
            if scene is not None and all(distance(scene, other) >= 2 for other in real):
                real.append(scene)
    false: list[Scene] = []
    while len(false) < FALSE:
        stratum = rng.choices(list(STRATA), list(STRATA.values()))[0]
        scene = scene_for(stratum, rng, world)
        apart = [distance(scene, other) for other in real + false] if scene else [0]
        if scene is not None and min(apart) >= 2 and min(apart[: len(real)]) == 2:
            false.append(scene)
    return real, false


def words(scene: Scene) -> str:
    """Everything but the style, which the model chooses."""
    return plain(Scene(**{**vars(scene), "style": "", "size": ""}))


def contact(pictures: list[Image.Image], first: int) -> Image.Image:
    """Five a row, numbered."""
    sheet = Image.new("RGB", (5 * 272, -(-len(pictures) // 5) * 292), (255, 255, 255))
    pen = ImageDraw.Draw(sheet)
    for i, picture in enumerate(pictures):
        x, y = i % 5 * 272 + 8, i // 5 * 292 + 8
        pen.text((x, y), f"{first + i:03d}", fill=(0, 0, 0), font_size=18)
        sheet.paste(picture.resize((256, 256), Image.Resampling.BICUBIC), (x, y + 24))
    return sheet


def main() -> None:
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, default=here.parent / "packs/storybook")
    parser.add_argument("--config", type=Path, default=here / "storybook-128.json")
    parser.add_argument("--out", type=Path, default=here.parents[1] / "test/blind")
    args = parser.parse_args()
    rng, pack = Random(SEED), Pack(args.pack)
    real, false = choose(rng, World.of(json.loads(args.config.read_text())))
    steps, guidance = pack.manifest["quality"]["medium"]["steps"], pack.manifest["guidance_scale"]
    texts, pictures = [words(s) for s in real], []
    for start in range(0, COUNT, BATCH):
        part = texts[start : start + BATCH]
        seeds = [SEED * 1000 + start + i for i in range(len(part))]
        pictures += [Image.fromarray(p) for p in draw(pack, part, seeds, steps, guidance)]
    prompts = texts + [words(s) for s in false]
    rng.shuffle(prompts)
    order = list(range(COUNT))
    rng.shuffle(order)
    args.out.mkdir(parents=True, exist_ok=True)
    for first in range(0, COUNT, SHEET):
        shown = [pictures[i] for i in order[first : first + SHEET]]
        contact(shown, first + 1).save(args.out / f"sheet-{first // SHEET + 1}.jpg", quality=92, subsampling=0)
    key = {f"{number:03d}": prompts.index(texts[i]) + 1 for number, i in enumerate(order, 1)}
    numbered = [{"number": i, "prompt": text} for i, text in enumerate(prompts, 1)]
    (args.out / "prompts.json").write_text(json.dumps(numbered, indent=1) + "\n")
    (args.out / "key.json").write_text(json.dumps(key, indent=1) + "\n")


if __name__ == "__main__":
    main()
