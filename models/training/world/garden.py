"""Things that grow."""

from __future__ import annotations

from random import Random

from .paint import Pen, Rgb, Shade, arc, around
from .shapes import GOLD, LEAF, WOOD, blob, curve, limb, shine, trim


def tree(pen: Pen, c: Shade, rng: Random) -> None:
    blob(pen, [(-0.14, 0.1), (0.14, 0.1), (0.16, 0.7), (0.3, 1.0), (-0.3, 1.0), (-0.16, 0.7)], WOOD)
    lobes = [(-0.5, -0.02, 0.4), (0.5, -0.02, 0.4), (-0.34, -0.5, 0.42), (0.34, -0.5, 0.42), (0, -0.68, 0.38)]
    for x, y, r in lobes:
        pen.oval(x, y, around(rng, r, 0.03), r, c.main)
    pen.oval(0, -0.22, 0.68, 0.5, c.main, outlined=False)
    for x, y in ((-0.4, 0.1), (0.1, 0.2), (0.5, 0.12)):
        pen.oval(x, y, 0.2, 0.1, c.dark, outlined=False)
    for x, y in ((-0.35, -0.45), (0.3, -0.2), (0.1, -0.75)):
        shine(pen, x, y, 0.13, 0.09, c)


def flower(pen: Pen, c: Shade, rng: Random) -> None:
    limb(pen, curve([(0, -0.2), (around(rng, 0.06, 0.06), 0.4), (0.0, 1.0)]), LEAF, 0.09)
    for side, y in ((1, 0.6), (-1, 0.72)):
        blob(pen, [(0, y + 0.14), (side * 0.22, y - 0.12), (side * 0.58, y - 0.14), (side * 0.3, y + 0.1)], LEAF)
    start = rng.uniform(0, 60)
    for x, y in arc(0, -0.38, 0.4, 0.4, start, start + 300)[::5]:
        pen.oval(x, y, 0.27, 0.27, c.main)
    yellowish = c.main[0] > 200 and c.main[1] > 110 and c.main[2] < 90
    pen.oval(0, -0.38, 0.22, 0.22, (140, 85, 40) if yellowish else GOLD)


def mushroom(pen: Pen, c: Shade, rng: Random) -> None:
    w, wide = around(rng, 0.26, 0.03), around(rng, 1.0, 0.05)
    blob(pen, [(-w, 0.0), (w, 0.0), (w, 0.5), (w + 0.14, 1.0), (-w - 0.14, 1.0), (-w, 0.5)], (248, 240, 222))
    blob(pen, [(-wide, 0.18), (-0.7, 0.3), (0.7, 0.3), (wide, 0.18), (0.5, 0.08), (-0.5, 0.08)], c.dark)
    pen.poly([*arc(0, 0.18, wide, 1.08, 180, 360), (0.5, 0.1), (-0.5, 0.1)], c.main)
    for x, y, r in ((-0.52, -0.22, 0.16), (0.08, -0.5, 0.18), (0.58, -0.16, 0.14), (-0.02, -0.06, 0.11)):
        pen.oval(x, y, r, r * 0.85, trim(c), outlined=False)


def apple(pen: Pen, c: Shade, rng: Random) -> None:
    w = around(rng, 0.92, 0.05)
    outline = [(0, -0.48), (0.36, -0.62), (w * 0.88, -0.38), (w, 0.12), (0.66, 0.78), (0.3, 1.0), (0, 0.92)]
    blob(pen, [*outline, *[(-x, y) for x, y in reversed(outline[1:-1])]], c.main)
    limb(pen, curve([(0, -0.44), (0.04, -0.75), (0.2, -1.02)]), WOOD, 0.09)
    leaf: Rgb = (40, 120, 52) if c.main[1] > 140 and c.main[0] < 80 else LEAF
    blob(pen, [(0.06, -0.66), (0.35, -1.0), (0.78, -0.96), (0.48, -0.66)], leaf)
    shine(pen, -0.48, -0.12, 0.14, 0.26, c, 0.3)


def pumpkin(pen: Pen, c: Shade, rng: Random) -> None:
    tall = around(rng, 0.62, 0.04)
    blob(pen, [(-0.1, -0.25), (-0.12, -0.6), (-0.3, -0.85), (-0.06, -0.95), (0.12, -0.62), (0.14, -0.25)],
         (104, 132, 60))
    for x, w in ((-0.68, 0.36), (0.68, 0.36), (-0.36, 0.4), (0.36, 0.4)):
        pen.oval(x, 0.34, w, tall * (0.84 if abs(x) > 0.5 else 0.96), c.main)
    pen.oval(0, 0.34, 0.34, tall, c.main)
    blob(pen, [(0.1, -0.3), (0.4, -0.6), (0.72, -0.46), (0.48, -0.24)], LEAF)
    shine(pen, -0.42, 0.05, 0.08, 0.2, c, 0.2)


GARDEN = {"tree": tree, "flower": flower, "mushroom": mushroom, "apple": apple, "pumpkin": pumpkin}
