"""Creatures of the water, the air and the grass."""

from __future__ import annotations

from random import Random

from .paint import Pen, Rgb, Shade, arc, around
from .shapes import blob, contrast, curve, limb, mark, trim

BEAK: Rgb = (245, 160, 40)


def fish(pen: Pen, c: Shade, rng: Random) -> None:
    h = around(rng, 0.66, 0.05)
    blob(pen, [(-0.55, 0.0), (-0.8, -0.42), (-1.14, -0.62), (-1.0, 0.0), (-1.14, 0.62), (-0.8, 0.42)], c.dark)
    blob(pen, [(-0.35, -0.4), (-0.2, -0.86), (0.3, -0.92), (0.45, -0.4)], c.dark)
    blob(pen, [(-0.1, 0.5), (-0.25, 0.9), (0.15, 0.86), (0.25, 0.5)], c.dark)
    outline = [(1.06, 0.02), (0.8, -h * 0.7), (0.25, -h), (-0.35, -h * 0.62), (-0.7, -0.08)]
    blob(pen, [*outline, (-0.7, 0.08), *[(x, -y) for x, y in reversed(outline[1:-1])]], c.main)
    pen.line(arc(0.3, 0, 0.2, h * 0.72, 75, -75), width=1.4)
    for x, y in ((-0.1, -0.2), (-0.1, 0.2), (-0.36, 0.0), (0.14, 0.0)):
        pen.line(arc(x, y, 0.12, 0.14, 80, -80), mark(c), 0.05 * pen.scale)
    blob(pen, [(0.22, 0.1), (-0.1, 0.22), (-0.12, 0.44), (0.2, 0.3)], c.dark)
    pen.eye(0.68, -0.16, 0.11)
    pen.line(curve([(1.0, 0.16), (0.86, 0.26), (0.74, 0.22)]), width=1.6)


def duck(pen: Pen, c: Shade, rng: Random) -> None:
    tail = around(rng, -0.2, 0.06)
    for x in (-0.18, 0.14):
        limb(pen, [(x, 0.7), (x, 0.94), (x + 0.2, 0.95)], BEAK, 0.09)
    blob(pen, [(0.7, -0.6), (0.95, -0.52), (1.16, -0.44), (0.95, -0.34), (0.72, -0.34)], BEAK)
    blob(pen, [(0.1, -0.5), (0.28, -0.88), (0.62, -0.88), (0.8, -0.55), (0.66, -0.22), (0.64, 0.2), (0.44, 0.66),
               (-0.1, 0.82), (-0.6, 0.66), (-0.9, 0.3), (-1.08, tail), (-0.6, 0.02), (-0.1, 0.0),
               (0.16, -0.14)], c.main)
    blob(pen, [(-0.62, 0.26), (-0.1, 0.14), (0.24, 0.26), (0.08, 0.52), (-0.3, 0.58)], c.dark)
    pen.eye(0.52, -0.58, 0.085)


def bird(pen: Pen, c: Shade, rng: Random) -> None:
    lift = around(rng, -0.92, 0.12)
    blob(pen, [(0.0, 0.02), (0.1, -0.5), (0.5, lift + 0.12), (0.42, -0.4), (0.36, 0.0)], c.dark)
    pen.poly([(-0.5, 0.1), (-1.1, -0.12), (-0.98, 0.14), (-1.12, 0.38), (-0.5, 0.34)], c.dark)
    pen.poly([(0.86, 0.0), (1.16, 0.12), (0.86, 0.22)], BEAK)
    blob(pen, [(-0.72, 0.2), (-0.2, -0.08), (0.3, -0.08), (0.62, -0.24), (0.9, -0.08), (0.92, 0.16), (0.66, 0.44),
               (0.1, around(rng, 0.6, 0.06)), (-0.4, 0.46)], c.main)
    blob(pen, [(0.28, 0.12), (0.06, -0.45), (-0.5, lift), (-0.62, -0.62), (-0.5, -0.2), (-0.22, 0.2)], c.main)
    for x, y in ((-0.5, -0.62), (-0.4, -0.28)):
        pen.line([(x, y), (x + 0.26, y + 0.12)], width=0.9)
    blob(pen, [(-0.1, 0.46), (0.3, 0.34), (0.62, 0.36), (0.2, 0.56)], c.light, outlined=False)
    pen.eye(0.64, 0.0, 0.085)


def turtle(pen: Pen, c: Shade, rng: Random) -> None:
    tall = around(rng, 0.92, 0.06)
    for x in (-0.58, 0.3):
        blob(pen, [(x - 0.2, 0.4), (x + 0.2, 0.4), (x + 0.22, 0.98), (x - 0.2, 0.98)], c.light)
    pen.poly([(-0.8, 0.42), (-1.12, 0.64), (-0.8, 0.62)], c.light)
    blob(pen, [(0.5, 0.56), (0.52, 0.2), (0.68, -0.22), (0.96, -0.22), (1.08, 0.04), (0.92, 0.24), (0.78, 0.58)],
         c.light)
    pen.poly([*arc(-0.18, 0.5, 0.86, tall, 180, 360)], c.main)
    blob(pen, [(-0.98, 0.44), (0.64, 0.44), (0.66, 0.6), (-1.0, 0.6)], c.dark)
    pen.poly([(-0.42, -0.06), (0.06, -0.06), (0.2, 0.2), (-0.18, 0.38), (-0.56, 0.2)], c.dark, outlined=False)
    for side in (-1, 1):
        pen.poly([(-0.18 + side * 0.48, 0.0), (-0.18 + side * 0.66, 0.36), (-0.18 + side * 0.45, 0.36)], c.dark,
                 outlined=False)
    pen.eye(0.86, -0.04, 0.085)
    pen.line(arc(0.94, 0.06, 0.1, 0.1, 30, 120), width=1.2)


def snail(pen: Pen, c: Shade, rng: Random) -> None:
    skin: Rgb = (238, 206, 158)
    for x in (0.66, 0.9):
        limb(pen, [(x, 0.3), (x + 0.08, -0.18)], skin, 0.07)
        pen.eye(x + 0.08, -0.22, 0.07)
    blob(pen, [(-1.14, 0.98), (-0.7, 0.7), (0.2, 0.66), (0.54, 0.44), (0.66, 0.12), (0.98, 0.12), (1.08, 0.5),
               (0.9, 0.9), (0.5, 0.98)], skin)
    r = around(rng, 0.74, 0.04)
    pen.oval(-0.2, 0.1, r + 0.04, r, c.main)
    spiral = [(-0.2 + r * (1 - k / 22) * x, 0.1 + r * (1 - k / 22) * y) for k,
              (x, y) in enumerate(arc(0, 0, 1, 1, 60, 660)[::3])]
    pen.line(curve(spiral), mark(c), 0.1 * pen.scale)
    pen.line(curve([(1.0, 0.5), (0.9, 0.6), (0.78, 0.58)]), width=1.3)


def bee(pen: Pen, c: Shade, rng: Random) -> None:
    lift = around(rng, 0.0, 0.1)
    dark = contrast(c)
    for turn, x in ((-0.5 + lift, -0.28), (0.35 + lift, 0.14)):
        pen.oval(x, -0.52, 0.22, 0.42, (226, 240, 250), turn=turn)
    pen.poly([(-0.85, 0.08), (-1.14, 0.22), (-0.85, 0.34)], dark)
    pen.oval(-0.12, 0.2, 0.84, 0.58, c.main)
    for x in (-0.58, -0.18):
        pen.poly([*arc(x, 0.2, 0.06, (0.54 if x > -0.4 else 0.46), -90, 90),
                  *arc(x + 0.13, 0.2, 0.06, (0.55 if x > -0.4 else 0.51), 90, -90)], dark, outlined=False)
    for x in (0.56, 0.78):
        pen.line(curve([(x, -0.2), (x + 0.06, -0.5), (x + 0.24, -0.62)]), width=1.6)
        pen.oval(x + 0.25, -0.63, 0.06, 0.06, pen.ink, outlined=False)
    pen.oval(0.62, 0.14, 0.42, 0.42, c.main)
    pen.eye(0.74, 0.06, 0.095)
    pen.line(arc(0.72, 0.2, 0.14, 0.12, 20, 150), width=1.5)


def butterfly(pen: Pen, c: Shade, rng: Random) -> None:
    lift = around(rng, -0.86, 0.08)
    for side in (-1, 1):
        pen.line(curve([(0, -0.55), (side * 0.12, -0.82), (side * 0.3, -0.98)]), width=1.4)
        pen.oval(side * 0.31, -0.99, 0.06, 0.06, pen.ink, outlined=False)
        blob(pen, [(0.04 * side, 0.1), (side * 0.4, 0.06), (side * 0.86, 0.3), (side * 0.72, 0.8), (side * 0.36, 0.86),
                   (side * 0.1, 0.5)], c.dark)
        blob(pen, [(0.04 * side, 0.12), (side * 0.2, -0.4), (side * 0.6, lift), (side * 1.08, lift + 0.16),
                   (side * 1.04, -0.2), (side * 0.6, 0.14)], c.main)
        pen.oval(side * 0.72, -0.42, 0.2, 0.2, trim(c), outlined=False)
        pen.oval(side * 0.48, 0.5, 0.13, 0.13, trim(c), outlined=False)
    pen.oval(0, 0.02, 0.11, 0.62, contrast(c))


SMALL_CREATURES = {"fish": fish, "duck": duck, "bird": bird, "turtle": turtle, "snail": snail, "bee": bee,
                   "butterfly": butterfly}
