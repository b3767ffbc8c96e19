"""Things from the house: on the table, in the hall, on the shelf."""

from __future__ import annotations

from random import Random

from .paint import Pen, Shade, arc, around
from .shapes import GREY, WHITE, WOOD, blob, curve, limb, ring, shine, trim


def cake(pen: Pen, c: Shade, rng: Random) -> None:
    pen.oval(0, 0.9, 1.08, 0.13, WHITE)
    candles, wide = rng.choice((1, 3)), around(rng, 0.88, 0.06)
    for x in ((0,) if candles == 1 else (-0.28, 0, 0.28)):
        pen.rect(x - 0.05, -0.72, x + 0.05, -0.3, trim(c))
        blob(pen, [(x, -1.05), (x + 0.09, -0.82), (x, -0.73), (x - 0.09, -0.82)], (255, 190, 50))
    for w, top, low in ((wide, 0.3, 0.9), (0.56, -0.3, 0.3)):
        pen.poly([(-w, top), (w, top), (w, low), *arc(0, low, w, 0.09, 0, 180), (-w, low)], c.main)
        drips = [(-w, top)] + [(-w + w * 2 * k / 8, top + (0.24 if k % 2 else 0.1)) for k in range(9)] + [(w, top)]
        blob(pen, [*drips, *arc(0, top, w, 0.09, 0, -180)], trim(c))
    shine(pen, -0.72, 0.72, 0.06, 0.1, c)


def teapot(pen: Pen, c: Shade, rng: Random) -> None:
    w = around(rng, 0.64, 0.04)
    limb(pen, curve([(-0.45, 0.05), (-0.9, -0.08), (-1.0, 0.35), (-0.7, 0.68), (-0.45, 0.66)]), c.main, 0.13)
    blob(pen, [(0.5, 0.6), (0.48, 0.2), (0.78, -0.02), (0.86, -0.34), (1.12, -0.3), (1.0, 0.2), (0.74, 0.56)], c.main)
    pen.poly([(-0.4, 0.82), (0.4, 0.82), (0.46, 1.0), (-0.46, 1.0)], c.dark)
    pen.oval(0, 0.36, w, 0.56, c.main)
    pen.oval(0, -0.16, 0.4, 0.14, c.dark)
    pen.poly([*arc(0, -0.16, 0.36, 0.3, 180, 360)], c.main)
    pen.oval(0, -0.55, 0.11, 0.11, c.dark)
    for x, y in ((0, 0.2), (0.15, 0.34), (0.09, 0.5), (-0.09, 0.5), (-0.15, 0.34)):
        pen.oval(x, y, 0.08, 0.08, trim(c), outlined=False)
    shine(pen, -0.36, 0.12, 0.08, 0.16, c, 0.4)


def umbrella(pen: Pen, c: Shade, rng: Random) -> None:
    drop = around(rng, 0.03, 0.04)
    limb(pen, [(0, -0.9), (0, 0.78), *arc(0.17, 0.78, 0.17, 0.17, 180, 10)], WOOD, 0.08)
    pen.line([(0, drop - 0.85), (0, drop - 1.0)], width=2.0)
    hem = [p for x in (0.7, 0.0, -0.7) for p in arc(x, drop, 0.35, 0.13, 0, -180)]
    pen.poly([*arc(0, drop, 1.05, 0.86, 180, 360), *hem], c.main)
    pen.poly([*curve([(-0.35, drop), (-0.26, drop - 0.5), (0, drop - 0.86)]),
              *curve([(0, drop - 0.86), (0.26, drop - 0.5), (0.35, drop)]), *arc(0, drop, 0.35, 0.13, 0, -180)], c.dark)


def hat(pen: Pen, c: Shade, rng: Random) -> None:
    top, w = around(rng, -0.82, 0.08), around(rng, 0.56, 0.04)
    blob(pen, [(-1.08, 0.42), (-0.7, 0.66), (0, 0.76), (0.7, 0.66), (1.08, 0.42), (0.98, 0.68), (0.5, 0.93), (0, 1.0),
               (-0.5, 0.93), (-0.98, 0.68)], c.dark)
    pen.oval(0, 0.64, 0.8, 0.24, c.main)
    side = curve([(w, top), (w * 0.84, -0.2), (w * 0.9, 0.62)])
    pen.poly([*side, *arc(0, 0.62, w * 0.9, 0.16, 0, 180), *[(-x, y) for x, y in reversed(side)]], c.main)
    band = [(w * 0.86, 0.3), (w * 0.9, 0.6)]
    pen.poly([*band, *arc(0, 0.6, w * 0.9, 0.16, 0, 180), (-w * 0.86, 0.3), *arc(0, 0.3, w * 0.86, 0.15, 180, 0)],
             trim(c))
    pen.oval(0, top, w, 0.15, c.light)


def lantern(pen: Pen, c: Shade, rng: Random) -> None:
    w = around(rng, 0.5, 0.04)
    ring(pen, 0, -0.84, 0.17, c.main, 0.09)
    pen.rect(-w + 0.06, -0.3, w - 0.06, 0.6, (255, 240, 160))
    blob(pen, [(0, -0.1), (0.17, 0.25), (0.1, 0.52), (-0.1, 0.52), (-0.17, 0.25)], (250, 150, 40))
    pen.rect(-w, -0.3, -w + 0.16, 0.62, c.main)
    pen.rect(w - 0.16, -0.3, w, 0.62, c.main)
    blob(pen, [(-w - 0.14, -0.22), (-0.3, -0.5), (-0.16, -0.72), (0.16, -0.72), (0.3, -0.5), (w + 0.14, -0.22)], c.main)
    pen.poly([(-w - 0.06, 0.58), (w + 0.06, 0.58), (w + 0.2, 1.0), (-w - 0.2, 1.0)], c.main)
    pen.rect(-w - 0.12, 0.78, w + 0.12, 0.88, c.dark, outlined=False)


def key(pen: Pen, c: Shade, rng: Random) -> None:
    teeth = rng.choice(((0.5, 0.82), (0.45, 0.64, 0.84)))
    for y in teeth:
        pen.rect(0.05, y - 0.07, around(rng, 0.5, 0.06), y + 0.07, c.main)
    limb(pen, [(0, -0.2), (0, 0.9)], c.main, 0.2)
    if rng.random() < 0.5:
        ring(pen, 0, -0.55, 0.36, c.main, 0.22)
    else:
        for x, y in ((-0.3, -0.42), (0.3, -0.42), (0, -0.76)):
            ring(pen, x, y, 0.22, c.main, 0.19)
    pen.rect(-0.2, -0.16, 0.2, 0.0, c.dark)


def book(pen: Pen, c: Shade, rng: Random) -> None:
    pen.poly([(-0.62, 0.72), (0.72, 0.5), (0.84, 0.74), (0.78, 0.8), (-0.5, 1.0)], WHITE)
    for k in range(2):
        pen.line([(-0.5, 0.82 + 0.07 * k), (0.76, 0.6 + 0.07 * k)], GREY, 0.8)
    pen.poly([(-0.5, 0.9), (0.86, 0.69), (0.9, 0.8), (-0.48, 1.02)], c.dark)
    blob(pen, [(-0.86, -0.7), (-0.7, 0.6), (-0.46, 1.02), (-0.5, 0.88), (-0.6, 0.72), (-0.72, -0.76)], c.dark)
    pen.poly([(-0.78, -0.78), (0.6, -1.0), (0.76, 0.5), (-0.62, 0.74)], c.main)
    pen.poly([(-0.78, -0.78), (-0.6, -0.81), (-0.44, 0.71), (-0.62, 0.74)], c.dark)
    if rng.random() < 0.5:
        pen.poly([(0.08 + (0.3 if k % 2 else 0.14) * x, -0.3 + (0.3 if k % 2 else 0.14) * y) for k,
                  (x, y) in enumerate(arc(0, 0, 1, 1, 54, 378)[::3])], trim(c))
    else:
        pen.poly([(-0.3, -0.6), (0.38, -0.71), (0.42, -0.3), (-0.26, -0.19)], trim(c))
    pen.line([(-0.2, 0.3), (0.5, 0.19)], trim(c), 0.08 * pen.scale)


def chair(pen: Pen, c: Shade, rng: Random) -> None:
    top = around(rng, -0.98, 0.04)
    for x in (-0.42, 0.66):
        limb(pen, [(x, 0.2), (x + 0.04, 0.82)], c.dark, 0.13)
    for x in (-0.5, 0.5):
        limb(pen, [(x, top), (x, 0.12)], c.main, 0.15)
    for y in (top + 0.1, top + 0.5):
        pen.rect(-0.5, y, 0.5, y + 0.22, c.main)
    pen.poly([(-0.58, 0.1), (0.56, 0.1), (0.82, 0.36), (-0.7, 0.36)], c.main)
    pen.rect(-0.7, 0.36, 0.82, 0.5, c.dark)
    for x in (-0.62, 0.74):
        limb(pen, [(x, 0.5), (x, 0.97)], c.main, 0.15)


HOUSEHOLD = {"cake": cake, "teapot": teapot, "umbrella": umbrella, "hat": hat, "lantern": lantern, "key": key,
             "book": book, "chair": chair}
