"""Prepares the blind matching: 20 pictures, their 20 prompts among 20 distractors, and the key.

`python models/training/blind.py --pack models/packs/storybook --out test/blind`
From one fixed seed: prompts are written, pictures drawn with the exported pack and shuffled. Nothing
is drawn twice and nothing is chosen by eye. Distractors share attributes with real prompts (the same
thing in another colour, the same place at another time), but differ from each of them in two or more.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw

from reference import Pack
from world.scene import ALLOWED, COLOURS, PLACES, TIMES, Scene

SEED = 20
COUNT = 20
PLACE = {"meadow": "in a meadow", "beach": "on the beach", "desert": "in the desert", "forest": "in the forest",
         "mountains": "in the snowy mountains", "city": "in the city"}
TIME = {"day": "on a sunny day", "sunset": "at sunset", "night": "at night", "dawn": "at dawn"}
NAME = {"balloon": "hot air balloon"}


def words(scene: Scene) -> str:
    """The prompt of a scene."""
    noun = f"{scene.colour} {NAME.get(scene.thing, scene.thing)}"
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun} {PLACE[scene.place]} {TIME[scene.time]}"


def distance(a: Scene, b: Scene) -> int:
    """How many of the four attributes differ."""
    return sum((a.thing != b.thing, a.colour != b.colour, a.place != b.place, a.time != b.time))


def any_scene(rng: Random) -> Scene:
    return Scene(rng.choice(ALLOWED), rng.choice(COLOURS[1:]), rng.choice(PLACES[:6]), rng.choice(TIMES[1:]))


def choose(rng: Random) -> tuple[list[Scene], list[Scene]]:
    """Twenty scenes to draw, and twenty distractors, each two attributes away from one of them."""
    real: list[Scene] = []
    while len(real) < COUNT:
        scene = any_scene(rng)
        if all(distance(scene, other) >= 2 for other in real):
            real.append(scene)
    false: list[Scene] = []
    while len(false) < COUNT:
        near = real[len(false)]
        scene = any_scene(rng)
        if distance(scene, near) == 2 and all(distance(scene, other) >= 2 for other in real + false):
            false.append(scene)
    return real, false


def main() -> None:
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, default=here.parent / "packs/storybook")
    parser.add_argument("--out", type=Path, default=here.parents[1] / "test/blind")
    args = parser.parse_args()
    rng, pack = Random(SEED), Pack(args.pack)
    real, false = choose(rng)
    steps, guidance = pack.manifest["quality"]["medium"]["steps"], pack.manifest["guidance_scale"]
    pictures = pack.draw([words(s) for s in real], [SEED * 1000 + i for i in range(COUNT)], steps, guidance)
    prompts = [words(s) for s in real + false]
    rng.shuffle(prompts)
    order = list(range(COUNT))
    rng.shuffle(order)
    folder = args.out / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    sheet, key = Image.new("RGB", (5 * 272, 4 * 292), (255, 255, 255)), {}
    pen = ImageDraw.Draw(sheet)
    for number, index in enumerate(order, 1):
        image = Image.fromarray(pictures[index])
        image.save(folder / f"{number:02d}.png")
        x, y = (number - 1) % 5 * 272 + 8, (number - 1) // 5 * 292 + 8
        pen.text((x, y), f"{number:02d}", fill=(0, 0, 0), font_size=18)
        sheet.paste(image.resize((256, 256), Image.Resampling.NEAREST), (x, y + 24))
        key[f"{number:02d}"] = prompts.index(words(real[index])) + 1
    sheet.save(args.out / "sheet.png")
    numbered = [{"number": i, "prompt": text} for i, text in enumerate(prompts, 1)]
    (args.out / "prompts.json").write_text(json.dumps(numbered, indent=1) + "\n")
    (args.out / "key.json").write_text(json.dumps(key, indent=1) + "\n")


if __name__ == "__main__":
    main()
