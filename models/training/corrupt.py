"""Things spoilt on purpose, so that a judge knows what nothing whole looks like.

Every corruption changes the things of one group of a `Sketch` inside and about their boxes, the same way for the same
generator; `spoil` tries one until the change can be seen. Pictures are uint8 [S, S, 3].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import numpy as np
from PIL import Image

from sketch import Box, Part, Sketch, sketch
from world.names import FLYING
from world.scene import COLOUR_RGB

VISIBLE = 20  # levels by which a pixel must change to count
Corruption = Callable[[np.ndarray, Sketch, Part, Random], None]


def _cut(box: Box) -> tuple[slice, slice]:
    return slice(box[1], box[3]), slice(box[0], box[2])


def _half(shape: tuple[int, int], rng: Random) -> np.ndarray:
    """bool [h, w]: one side of a cut near the middle."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    along, length = (y, shape[0]) if rng.random() < 0.5 else (x, shape[1])
    side = along < length * rng.uniform(0.42, 0.58)
    return side if rng.random() < 0.5 else ~side


def _donor(source: Sketch, part: Part, rng: Random) -> tuple[np.ndarray, np.ndarray]:
    """Another kind in the size of `part`: pixels [h, w, 3] and what it covers, bool [h, w]."""
    kinds = [k for k in DONORS if k not in (part.kind, source.scene.thing, source.scene.other_thing)]
    alone = replace(source.scene, thing=rng.choice(kinds), relation="", other_thing="", other_colour="", count=1,
                    size="usual", state="", colour=part.colour if rng.random() < 0.5 else rng.choice(list(COLOUR_RGB)))
    found = sketch(alone, str(rng.random()), len(source.picture))
    rows, columns = _cut(found.parts[0].box)
    side = (part.box[2] - part.box[0], part.box[3] - part.box[1])
    pixels = Image.fromarray(found.picture[rows, columns]).resize(side, Image.Resampling.BILINEAR)
    cover = Image.fromarray(found.covered[rows, columns]).resize(side, Image.Resampling.NEAREST)
    return np.asarray(pixels), np.asarray(cover)


def joined(picture: np.ndarray, source: Sketch, part: Part, rng: Random) -> None:
    """Half of it, and half of another kind."""
    pixels, cover = _donor(source, part, rng)
    half, where = _half(cover.shape, rng), _cut(part.box)
    picture[where][half] = source.empty[where][half]
    picture[where][half & cover] = pixels[half & cover]


def merged(picture: np.ndarray, source: Sketch, part: Part, rng: Random) -> None:
    """Two kinds in the same place, seen through each other."""
    pixels, cover = _donor(source, part, rng)
    where, share = _cut(part.box), rng.uniform(0.42, 0.62)
    mixed = source.picture[where] * (1 - share) + pixels * share
    picture[where][cover] = mixed[cover].astype(np.uint8)


def warped(picture: np.ndarray, source: Sketch, part: Part, rng: Random) -> None:
    """Pulled out of shape by waves."""
    left, top, right, bottom = part.box
    y, x = np.mgrid[top:bottom, left:right].astype(float)
    wide, high = right - left, bottom - top
    strength, waves = rng.uniform(0.13, 0.2), rng.uniform(1.4, 2.6)
    phase = [rng.uniform(0, 6.3) for _ in range(4)]
    dx = np.sin(6.3 * waves * (y - top) / high + phase[0]) + 0.6 * np.sin(6.3 * waves * (x - left) / wide + phase[1])
    dy = np.sin(6.3 * waves * (x - left) / wide + phase[2]) + 0.6 * np.sin(6.3 * waves * (y - top) / high + phase[3])
    rows = np.clip(np.rint(y + strength * high * dy), top, bottom - 1).astype(int)
    columns = np.clip(np.rint(x + strength * wide * dx), left, right - 1).astype(int)
    picture[top:bottom, left:right] = source.picture[rows, columns]


def torn(picture: np.ndarray, source: Sketch, part: Part, rng: Random) -> None:
    """Strips that no longer meet."""
    left, top, right, bottom = part.box
    size, strips = len(picture), rng.randint(3, 6)
    picture[_cut(part.box)] = source.empty[_cut(part.box)]
    cuts = [top + round((bottom - top) * i / strips) for i in range(strips + 1)]
    for number, (start, stop) in enumerate(zip(cuts, cuts[1:])):
        by = round(rng.uniform(0.22, 0.42) * (right - left)) * (1 if number % 2 else -1)
        for y in range(start, stop):
            x = left + np.flatnonzero(source.covered[y, left:right])
            x = x[(x + by >= 0) & (x + by < size)]
            picture[y, x + by] = source.picture[y, x]


def dissolved(picture: np.ndarray, source: Sketch, part: Part, rng: Random) -> None:
    """About half of it gone, in blots."""
    where = _cut(part.box)
    covered = source.covered[where]
    coarse = np.array([[rng.random() for _ in range(6)] for _ in range(6)])
    blots = np.asarray(Image.fromarray(coarse.astype(np.float32)).resize(covered.shape[::-1], Image.Resampling.BICUBIC))
    if covered.any():
        gone = covered & (blots < np.quantile(blots[covered], rng.uniform(0.45, 0.65)))
        picture[where][gone] = source.empty[where][gone]


def smeared(picture: np.ndarray, source: Sketch, part: Part, rng: Random) -> None:
    """Without its fine parts, as a decoder shows low-passed latents; fading out towards the box's edge."""
    left, top, right, bottom = grown(part.box, 4 * len(picture) // 128, len(picture))
    image = Image.fromarray(source.picture[top:bottom, left:right])
    few = tuple(max(2, side // (rng.randint(9, 13) * len(picture) // 128)) for side in image.size)
    soft = np.asarray(image.resize(few, Image.Resampling.BOX).resize(image.size, Image.Resampling.BICUBIC), np.float32)
    share = faded(bottom - top, right - left)[..., None]
    picture[top:bottom, left:right] = (picture[top:bottom, left:right] * (1 - share) + soft * share).astype(np.uint8)


def grown(box: Box, by: int, size: int) -> Box:
    """The box with a margin, within the picture."""
    return max(0, box[0] - by), max(0, box[1] - by), min(size, box[2] + by), min(size, box[3] + by)


def faded(rows: int, columns: int) -> np.ndarray:
    """float [rows, columns]: 1 inside, falling to 0 over the outer sixth."""
    sides = [np.minimum(1, 6 * np.minimum(np.arange(n) + 0.5, n - 0.5 - np.arange(n)) / n) for n in (rows, columns)]
    return np.minimum(sides[0][:, None], sides[1][None])


def limbed(picture: np.ndarray, source: Sketch, part: Part, rng: Random) -> None:
    """With pieces of itself stuck on where they do not belong."""
    left, top, right, bottom = part.box
    size = len(picture)
    for _ in range(rng.randint(4, 6)):
        wide, high = (max(4, round(side * rng.uniform(0.3, 0.5))) for side in (right - left, bottom - top))
        x, y = rng.randint(left, max(left, right - wide)), rng.randint(top, max(top, bottom - high))
        turn = rng.randint(1, 3)
        piece = np.rot90(source.picture[y : y + high, x : x + wide], turn)
        cover = np.rot90(source.covered[y : y + high, x : x + wide], turn)
        at_x = round(rng.uniform(left - 0.3 * wide, right - 0.7 * wide))
        at_y = round(rng.uniform(top - 0.3 * high, bottom - 0.7 * high))
        at_x, at_y = (min(max(at, 0), size - 1) for at in (at_x, at_y))
        here = picture[at_y : at_y + len(piece), at_x : at_x + piece.shape[1]]
        cover = cover[: here.shape[0], : here.shape[1]]
        here[cover] = piece[: here.shape[0], : here.shape[1]][cover]


def swapped(picture: np.ndarray, source: Sketch, part: Part, rng: Random) -> None:
    """Half of it in another colour; what it is can still be seen."""
    own = np.array(COLOUR_RGB.get(part.colour, (128, 128, 128)), float)
    far = [rgb for rgb in COLOUR_RGB.values() if np.abs(own - rgb).max() > 110]
    where = _cut(part.box)
    pixels, covered = source.picture[where].astype(float), source.covered[where]
    near = covered & (np.abs(pixels - own).max(2) < 120)
    at = np.nonzero(near)[rng.randint(0, 1)]
    if len(at):
        side = at < np.quantile(at, rng.uniform(0.4, 0.6))
        near[near] = side if rng.random() < 0.5 else ~side
        picture[where][near] = np.clip(pixels + (np.array(rng.choice(far)) - own), 0, 255).astype(np.uint8)[near]


CORRUPTIONS: dict[str, Corruption] = {
    "joined": joined, "merged": merged, "warped": warped, "torn": torn, "dissolved": dissolved, "smeared": smeared,
    "limbed": limbed, "swapped": swapped,
}
DONORS = sorted(kind for kind in ("house", "castle", "boat", "car", "rocket", "tree", "flower", "mushroom", "umbrella",
                                  "robot", "cat", "dog", "rabbit", "duck", "fish", "butterfly", "balloon", "snowman"))


def spoil(source: Sketch, name: str, main: bool, rng: Random, tries: int = 4) -> np.ndarray | None:
    """The picture with every thing of a group spoilt by one corruption; None where that could not be seen."""
    for _ in range(tries):
        picture = source.picture.copy()
        for part in source.of_group(main):
            CORRUPTIONS[name](picture, source, part, rng)
        if all(changed(picture, source, part) > 0.1 for part in source.of_group(main)):
            return picture
    return None


def changed(picture: np.ndarray, source: Sketch, part: Part) -> float:
    """Of the pixels that a thing covers, so many as are visibly different, inside its box."""
    where = _cut(part.box)
    differs = np.abs(picture[where].astype(int) - source.picture[where]).max(2) > VISIBLE
    return float(differs.sum() / max(1, source.covered[where].sum()))


def crowded(source: Sketch, rng: Random) -> np.ndarray | None:
    """A picture of three or four with copies put where there is room, so that there are five or more; else None."""
    size, taken = len(source.picture), [part.box for part in source.parts]
    picture, wanted = source.picture.copy(), 5 + rng.randint(0, 2)
    for _ in range(60):
        part = rng.choice(source.parts)
        left, top, right, bottom = part.box
        wide, high = right - left, bottom - top
        x = rng.randint(2, max(2, size - wide - 2))
        low = size // 8 if part.kind in FLYING else size // 3
        y = rng.randint(low, max(low, size - high - 2))
        if x + wide > size or y + high > size or any(_touch((x, y, x + wide, y + high), box) for box in taken):
            continue
        cover = source.covered[_cut(part.box)]
        picture[y : y + high, x : x + wide][cover] = source.picture[_cut(part.box)][cover]
        taken.append((x, y, x + wide, y + high))
        if len(taken) == wanted:
            break
    return picture if len(taken) >= 5 else None


def _touch(a: Box, b: Box) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])
