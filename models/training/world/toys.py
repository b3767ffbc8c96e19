"""Things to play with and to play on."""

from __future__ import annotations

from random import Random

from .paint import Pen, Shade, arc, around
from .shapes import GOLD, GREY, TYRE, WOOD, blob, contrast, curve, limb, ring, shine, trim, turned


def robot(pen: Pen, c: Shade, rng: Random) -> None:
    pen.line([(0, -1.0), (0, -0.75)], width=1.8)
    pen.oval(0, -1.02, 0.09, 0.09, GOLD)
    for x in (-0.28, 0.28):
        pen.rect(x - 0.12, 0.6, x + 0.12, 0.88, GREY)
        pen.poly([(x - 0.22, 1.0), *arc(x, 1.0, 0.22, 0.2, 180, 360), (x + 0.22, 1.0)], c.main)
    left, right = around(rng, 0.25, 0.25), around(rng, 0.25, 0.25)
    for side, y in ((-1, left), (1, right)):
        limb(pen, [(side * 0.5, 0.05), (side * 0.8, y)], GREY, 0.14)
        pen.oval(side * 0.82, y, 0.14, 0.14, c.main)
    pen.rect(-0.5, -0.1, 0.5, 0.65, c.main)
    for side in (-1, 1):
        pen.rect(side * 0.56 - 0.08, -0.6, side * 0.56 + 0.08, -0.36, GREY)
    pen.rect(-0.54, -0.8, 0.54, -0.16, c.main)
    pen.rect(-0.28, 0.08, 0.28, 0.44, trim(c))
    pen.oval(-0.12, 0.26, 0.08, 0.08, (220, 60, 60), outlined=False)
    pen.oval(0.12, 0.26, 0.08, 0.08, (70, 170, 90), outlined=False)
    for x in (-0.23, 0.23):
        pen.eye(x, -0.54, 0.09)
    pen.line([(-0.2, -0.3), (0.2, -0.3)], contrast(c), 1.6)


def kite(pen: Pen, c: Shade, rng: Random) -> None:
    kite_pen = turned(pen, around(rng, 0.2, 0.1))
    w, mid = around(rng, 0.76, 0.04), around(rng, -0.36, 0.05)
    tail = curve([(0, 0.36), (0.18, 0.55), (-0.1, 0.75), (0.1, 0.95), (0.02, 1.1)])
    kite_pen.line(tail, width=1.2)
    for x, y in ((0.14, 0.6), (-0.04, 0.85), (0.03, 1.06)):
        kite_pen.poly([(x - 0.16, y - 0.08), (x + 0.16, y + 0.08), (x + 0.16, y - 0.08), (x - 0.16, y + 0.08)], c.main)
    kite_pen.poly([(0, -1.1), (w, mid), (0, 0.4), (-w, mid)], c.main)
    kite_pen.poly([(0, -1.1), (w, mid), (0, mid)], c.dark)
    kite_pen.poly([(0, 0.4), (-w, mid), (0, mid)], c.dark)
    kite_pen.line([(0, -1.1), (0, 0.4)], width=1.2)


def drum(pen: Pen, c: Shade, rng: Random) -> None:
    low, w = around(rng, 0.78, 0.03), around(rng, 0.9, 0.05)
    pen.poly([(-w, -0.28), (w, -0.28), *arc(0, low, w, 0.2, 0, 180)], c.main)
    pen.poly([*arc(0, low - 0.02, w, 0.2, 0, 180), *arc(0, low - 0.18, w, 0.2, 180, 0)], c.dark)
    zigzag = [(-w + w * k / 4, (0.62 if k % 2 else 0.0) + 0.14 * (1 - abs(k - 4) / 4)) for k in range(9)]
    pen.line(zigzag, trim(c), 0.06 * pen.scale)
    pen.poly([*arc(0, -0.28, w, 0.2, 0, 180), *arc(0, -0.12, w, 0.2, 180, 0)], c.dark)
    pen.oval(0, -0.3, w, 0.19, (250, 242, 224))
    for side in (-1, 1):
        tip = (-side * 0.2, -0.32)
        limb(pen, [tip, (side * 0.62, around(rng, -0.85, 0.05))], WOOD, 0.08)
        pen.oval(*tip, 0.11, 0.09, WOOD)


def bell(pen: Pen, c: Shade, rng: Random) -> None:
    swung = turned(pen, rng.uniform(-0.25, 0.25))
    w = around(rng, 0.84, 0.04)
    ring(swung, 0, -0.88, 0.15, c.dark, 0.1)
    swung.oval(around(rng, 0, 0.15), 0.84, 0.2, 0.18, c.dark)
    half = [(0, -0.78), (0.34, -0.66), (0.5, -0.2), (0.56, 0.3), (w, 0.72)]
    side = curve(half)
    swung.poly([*side, *arc(0, 0.72, w, 0.1, 0, 180), *[(-x, y) for x, y in reversed(side)]], c.main)
    swung.poly([(0.56, 0.3), (0.63, 0.46), *arc(0, 0.46, 0.63, 0.08, 0, 180), (-0.56, 0.3),
                *arc(0, 0.3, 0.56, 0.08, 180, 0)], c.dark, outlined=False)
    shine(swung, -0.26, -0.25, 0.08, 0.24, c, 0.15)


def guitar(pen: Pen, c: Shade, rng: Random) -> None:
    held = turned(pen, around(rng, 0.45, 0.15), 0, 0.05)
    w = around(rng, 0.66, 0.04)
    half = [(0, -0.26), (0.38, -0.2), (0.5, 0.02), (0.4, 0.26), (w, 0.58), (0.52, 0.94), (0, 1.02)]
    blob(held, [*half, *[(-x, y) for x, y in reversed(half[1:-1])]], c.main)
    held.rect(-0.1, -0.82, 0.1, 0.16, WOOD)
    held.poly([(-0.2, -1.16), (0.2, -1.16), (0.14, -0.8), (-0.14, -0.8)], c.main)
    for y in (-1.06, -0.92):
        for side in (-1, 1):
            held.oval(side * 0.24, y, 0.06, 0.05, GREY)
    held.oval(0, 0.22, 0.19, 0.19, (54, 40, 40))
    held.rect(-0.22, 0.66, 0.22, 0.75, WOOD)
    held.line([(0, -0.8), (0, 0.7)], trim(c), 1.2)


def snowman(pen: Pen, c: Shade, rng: Random) -> None:
    for side in (-1, 1):
        hand = (side * 0.92, around(rng, -0.2, 0.15))
        limb(pen, [(side * 0.4, 0.15), hand], WOOD, 0.06)
    pen.oval(0, 0.55, around(rng, 0.62, 0.05), 0.45, c.main)
    pen.oval(0, 0.02, 0.46, 0.36, c.main)
    pen.oval(0, -0.46, 0.36, 0.32, c.main)
    pen.rect(-0.42, -0.76, 0.42, -0.68, TYRE)
    pen.rect(-0.27, -1.06, 0.27, -0.74, TYRE)
    pen.rect(-0.27, -0.86, 0.27, -0.78, (206, 60, 60), outlined=False)
    for y in (-0.02, 0.2, 0.5):
        pen.oval(0, y, 0.06, 0.06, contrast(c), outlined=False)
    for x in (-0.13, 0.13):
        pen.oval(x, -0.52, 0.055, 0.06, contrast(c), outlined=False)
    pen.poly([(0, -0.46), (0.4, -0.4), (0, -0.34)], (246, 140, 40))
    blob(pen, [(-0.34, -0.24), (0, -0.16), (0.34, -0.24), (0.34, -0.12), (0, -0.03), (-0.34, -0.12)], c.dark)
    pen.poly([(0.14, -0.1), (0.34, -0.12), (0.38, 0.3), (0.2, 0.3)], c.dark)


TOYS = {"robot": robot, "kite": kite, "drum": drum, "bell": bell, "guitar": guitar, "snowman": snowman}
