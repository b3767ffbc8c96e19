"""Where the things of a scene stand: spots for one, for two to four of a kind, and for two in a relation.

Kinds differ in shape, so each is measured once by drawing it; a `Spot` is then where the box about a
thing lies, in canvas units. Things stand on the ground by their lowest line, flying ones hang in the air;
boxes of one picture touch at most at their edges, so that counts and relations can be seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from random import Random

import numpy as np

from .paint import SUPERSAMPLE, Canvas, Pen, Rgb, Shade, around

Painter = Callable[[Pen, Shade, Random], None]
BACKDROP: Rgb = (255, 0, 255)
WIDEST, TALLEST = 118.0, 104.0
THIN = 0.36


@dataclass(frozen=True)
class Box:
    """How far a kind reaches from its centre, in its own coordinates, and how much of that it fills."""

    left: float
    top: float
    right: float
    bottom: float
    fill: float = 1.0

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def gain(self) -> float:
        """What is thin is drawn somewhat larger, or it would be lost."""
        return 1.15 if self.fill < THIN else 1.0


@dataclass(frozen=True)
class Spot:
    """A thing's box by the middle of its lower edge, in canvas units, and its scale."""

    x: float
    bottom: float
    scale: float

    def pen(self, canvas: Canvas, box: Box, mirror: bool, tilt: float) -> Pen:
        middle = (box.left + box.right) / 2 * (-1 if mirror else 1)
        x, y = self.x - middle * self.scale, self.bottom - box.bottom * self.scale
        return Pen(canvas, x, y, self.scale, tilt, mirror)


@lru_cache(maxsize=None)
def box_of(painter: Painter) -> Box:
    """The box about a kind in most of its variations."""
    found, filled, variations = np.zeros((64 * SUPERSAMPLE, 64 * SUPERSAMPLE), bool), 0, 12
    for seed in range(variations):
        canvas = Canvas(64)
        canvas.rect(0, 0, 128, 128, BACKDROP)
        painter(Pen(canvas, 64, 64, 40, line_width=0.1), Shade.of((128, 128, 128)), Random(seed))
        marked = (np.asarray(canvas.image) != BACKDROP).any(axis=2)
        found, filled = found | marked, filled + int(marked.sum())
    rows, columns = np.flatnonzero(found.any(1)), np.flatnonzero(found.any(0))
    limits = (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1)
    top, bottom, left, right = (float(v / canvas.scale - 64) / 40 for v in limits)
    fill = filled / variations / ((rows[-1] + 1 - rows[0]) * (columns[-1] + 1 - columns[0]))
    return Box(left, top, right, bottom, float(fill))


def one(box: Box, size: str, flies: bool, rng: Random) -> list[Spot]:
    """A single thing: large near the middle, or small anywhere, or big enough to fill the picture."""
    low, high, drift = {"small": (14, 17.5, 24), "big": (49, 55, 3)}.get(size, (31, 37, 7))
    scale = min(rng.uniform(low, high) * box.gain, WIDEST / box.width, 112 / box.height)
    bottom = around(rng, 113, 4) if size != "big" else around(rng, 120, 2)
    if flies:
        middle = around(rng, 62, 3 if size == "big" else 6 if size != "small" else 18)
        bottom = middle + box.height * scale / 2
    return [_inside(Spot(around(rng, 64, drift), bottom, scale), box)]


# Arrangements: middles of boxes in units of their width and height, y downwards.
ROW = {2: [(-0.56, 0.0), (0.56, 0.0)], 3: [(-1.1, 0.0), (0.0, 0.0), (1.1, 0.0)],
       4: [(-1.62, 0.0), (-0.54, 0.0), (0.54, 0.0), (1.62, 0.0)]}
OTHERS = {
    2: [[(-0.54, -0.16), (0.54, 0.16)], [(-0.54, 0.16), (0.54, -0.16)]],
    3: [[(0.0, -0.53), (-0.56, 0.53), (0.56, 0.53)], [(-1.06, 0.1), (0.0, -0.22), (1.06, 0.1)]],
    4: [[(-0.56, -0.53), (0.56, -0.53), (-0.56, 0.53), (0.56, 0.53)],
        [(-0.75, -0.53), (0.35, -0.53), (-0.35, 0.53), (0.75, 0.53)]],
}
LARGEST = {2: 28.0, 3: 23.0, 4: 20.0}


def several(box: Box, count: int, size: str, flies: bool, rng: Random) -> list[Spot]:
    """Two to four of a kind: in a row, a slope, a triangle or a square, each a little out of line."""
    across = {2: 2.16, 3: 3.3, 4: 4.4}[count] * box.width
    row = rng.random() < 0.3 or (count == 3 and across * 18 <= WIDEST)
    shape = ROW[count] if row and across * (15 if count == 4 else 17) <= WIDEST else rng.choice(OTHERS[count])
    xs, ys = [x for x, _ in shape], [y for _, y in shape]
    wide, high = (max(xs) - min(xs) + 1.04) * box.width, (max(ys) - min(ys) + 1.04) * box.height
    scale = min(rng.uniform(0.9, 1.0) * LARGEST[count] * (0.58 if size == "small" else 1.0), WIDEST / wide, 92 / high)
    slack_x, slack_y = max(0.0, (WIDEST - wide * scale) / 2), 4.0
    centre = 64 + around(rng, 0, min(slack_x, 22.0 if size == "small" else 7.0))
    middle_x = centre - (max(xs) + min(xs)) / 2 * box.width * scale
    lowest = around(rng, 61, 5) + high * scale / 2 if flies else around(rng, 114, slack_y)
    spots = []
    for x, y in shape:
        own = scale * rng.uniform(0.93, 1.0)
        bottom = lowest - (max(ys) - y) * box.height * scale
        spots.append(Spot(around(rng, middle_x + x * box.width * scale, 0.02 * box.width * scale),
                          bottom + rng.uniform(-1.5, 0.5), own))
    return sorted((_inside(s, box) for s in spots), key=lambda s: s.bottom)


def side_by_side(main: Box, other: Box, relation: str, size: str, flies: tuple[bool, bool], rng: Random) -> list[Spot]:
    """[main, other]: main to the left or right, both on the ground or in the air as they are."""
    a, b = _pair_scales(main, other, size, rng)
    gap = rng.uniform(4, 9)
    fit = min(1.0, (WIDEST - gap) / (a * main.width + b * other.width))
    a, b = a * fit, b * fit
    total = a * main.width + gap + b * other.width
    start = 64 - total / 2 + around(rng, 0, min(7, (WIDEST - total) / 2))
    left_width = a * main.width if relation == "left" else b * other.width
    left_x, right_x = start + left_width / 2, start + total - (total - gap - left_width) / 2
    xs = (left_x, right_x) if relation == "left" else (right_x, left_x)
    spots = []
    for x, box, scale, fly in zip(xs, (main, other), (a, b), flies):
        bottom = around(rng, 68, 6) + box.height * scale / 2 if fly else around(rng, 112, 3)
        spots.append(_inside(Spot(x, bottom, scale), box))
    return spots


def stacked(main: Box, other: Box, relation: str, size: str, flies: bool, rng: Random) -> list[Spot]:
    """[main, other]: main stands on the other's top ("on"), or is below the other ("under")."""
    a, b = _pair_scales(main, other, size, rng)
    gap = -1.0 if relation == "on" else rng.uniform(1, 4)
    tall, wide = a * main.height + b * other.height, max(a * main.width, b * other.width)
    fit = min(1.0, (TALLEST - gap) / tall, WIDEST / wide)
    a, b = a * fit, b * fit
    total = a * main.height + gap + b * other.height
    bottom = around(rng, 64, 4) + total / 2 if flies else min(around(rng, 114, 3), 124)
    x, shift = around(rng, 64, 8), around(rng, 0, 3)
    upper, lower = ((main, a), (other, b)) if relation == "on" else ((other, b), (main, a))
    low = _inside(Spot(x, bottom, lower[1]), lower[0])
    high = _inside(Spot(x + shift, low.bottom - lower[0].height * lower[1] - gap, upper[1]), upper[0])
    return [high, low] if relation == "on" else [low, high]


def _pair_scales(main: Box, other: Box, size: str, rng: Random) -> tuple[float, float]:
    """Scales of the two of a relation; flat kinds may be somewhat larger."""
    own = {"small": 0.62, "big": 1.36}.get(size, 1.0)
    a, b = (rng.uniform(22, 25.5) * box.gain * min(1.25, 2.0 / max(box.width, box.height)) for box in (main, other))
    return a * own, b * (0.9 if size == "big" else 1.0)


def _inside(spot: Spot, box: Box) -> Spot:
    """The spot moved so that its box lies within the picture."""
    half, tall = box.width * spot.scale / 2, box.height * spot.scale
    return Spot(min(max(spot.x, 3 + half), 125 - half), min(max(spot.bottom, 3 + tall), 125), spot.scale)


def split(spot: Spot, box: Box, count: int, rng: Random) -> list[Spot]:
    """The spot itself for one; for two, two smaller ones in its place, one above the other."""
    if count == 1:
        return [spot]
    scale = min(spot.scale * 0.86, 100 / (2.1 * box.height))
    rise, shift = box.height * scale * 1.06, around(rng, 0, 2)
    low = _inside(Spot(spot.x + shift, max(spot.bottom, 8 + rise * 2), scale), box)
    return [_inside(Spot(spot.x - shift, low.bottom - rise, scale), box), low]
