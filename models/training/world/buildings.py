"""Things people live in or look up to."""

from __future__ import annotations

import math
from random import Random

from .paint import Pen, Shade, arc, around
from .shapes import GLASS, GOLD, GREY, WHITE, WOOD, limb, trim, turned


def house(pen: Pen, c: Shade, rng: Random) -> None:
    w, door, chimney = around(rng, 0.78, 0.06), around(rng, 0, 0.05), rng.choice((-0.55, 0.3))
    pen.rect(chimney, -0.9, chimney + 0.25, -0.3, GREY)
    pen.rect(-w, -0.15, w, 1.0, c.main)
    pen.poly([(-w - 0.24, -0.1), (0, around(rng, -0.98, 0.05)), (w + 0.24, -0.1)], c.dark)
    pen.poly([(door - 0.19, 1.0), *arc(door, 0.55, 0.19, 0.19, 180, 360), (door + 0.19, 1.0)], WOOD)
    pen.oval(door + 0.1, 0.75, 0.04, 0.04, GOLD, outlined=False)
    for x in (-0.5, 0.5):
        pen.rect(x - 0.17, 0.12, x + 0.17, 0.46, WHITE)
        pen.line([(x, 0.12), (x, 0.46)], width=0.9)
        pen.line([(x - 0.17, 0.29), (x + 0.17, 0.29)], width=0.9)
    if rng.random() < 0.7:
        pen.oval(0, -0.45, 0.13, 0.13, trim(c))


def castle(pen: Pen, c: Shade, rng: Random) -> None:
    tall, roof = around(rng, -0.4, 0.1), around(rng, -0.98, 0.06)
    pen.rect(-0.5, 0.0, 0.5, 1.0, c.main)
    for x in (-0.42, -0.08, 0.26):
        pen.rect(x, -0.17, x + 0.17, 0.02, c.main)
    for x in (-0.7, 0.7):
        pen.rect(x - 0.27, tall, x + 0.27, 1.0, c.main)
        pen.poly([(x - 0.36, tall), (x, roof), (x + 0.36, tall)], c.dark)
        pen.poly([(x - 0.09, 0.22), *arc(x, 0.02, 0.09, 0.09, 180, 360), (x + 0.09, 0.22)], (70, 60, 80),
                 outlined=False)
    pen.line([(0, -0.17), (0, -0.78)], width=1.3)
    pen.poly([(0, -0.78), (0.36, -0.66), (0, -0.52)], c.main)
    pen.poly([(-0.21, 1.0), *arc(0, 0.58, 0.21, 0.21, 180, 360), (0.21, 1.0)], (70, 50, 50))


def lighthouse(pen: Pen, c: Shade, rng: Random) -> None:
    low, high = around(rng, 0.52, 0.05), around(rng, 0.34, 0.03)
    across = lambda y: high + (low - high) * (y + 0.45) / 1.37  # noqa: E731
    pen.poly([(-0.9, 1.0), (-0.66, 0.84), (0.6, 0.82), (0.9, 1.0)], GREY)
    pen.poly([(-low, 0.92), (-high, -0.45), (high, -0.45), (low, 0.92)], c.main)
    for top in (-0.16, 0.44) if rng.random() < 0.6 else (0.1,):
        a, b = across(top), across(top + 0.2)
        pen.poly([(-a, top), (a, top), (b, top + 0.2), (-b, top + 0.2)], trim(c))
    pen.rect(-0.23, -0.78, 0.23, -0.5, (255, 236, 130))
    pen.rect(-high - 0.12, -0.54, high + 0.12, -0.42, c.dark)
    pen.poly([(-0.34, -0.78), *arc(0, -0.78, 0.32, 0.28, 180, 360), (0.34, -0.78)], c.main)
    pen.line([(0, -1.06), (0, -1.14)], width=0.06 * pen.scale)
    pen.poly([(-0.13, 0.9), *arc(0, 0.8, 0.13, 0.13, 180, 360), (0.13, 0.9)], (70, 50, 50), outlined=False)


def windmill(pen: Pen, c: Shade, rng: Random) -> None:
    w = around(rng, 0.64, 0.04)
    pen.poly([(-w, 1.0), (-0.38, -0.25), (0.38, -0.25), (w, 1.0)], c.main)
    pen.poly([*arc(0, -0.22, 0.44, 0.46, 180, 360)], c.dark)
    pen.poly([(-0.16, 1.0), *arc(0, 0.72, 0.16, 0.16, 180, 360), (0.16, 1.0)], WOOD)
    pen.oval(0, 0.3, 0.11, 0.13, (70, 60, 80), outlined=False)
    start = rng.uniform(0.35, 0.8)
    for k in range(4):
        sail = turned(pen, start + k * math.pi / 2, 0, -0.28)
        sail.rect(0.0, -0.86, 0.19, -0.26, trim(c))
        limb(sail, [(0, 0), (0, -0.87)], c.main, 0.09)
    pen.oval(0, -0.28, 0.11, 0.11, GREY)


def tent(pen: Pen, c: Shade, rng: Random) -> None:
    top, back = around(rng, -0.72, 0.05), around(rng, 0.55, 0.06)
    pen.poly([(-0.4, top), (back, top), (1.08, 0.86), (0.3, 1.0)], c.dark)
    pen.poly([(-1.08, 1.0), (-0.4, top), (0.3, 1.0)], c.main)
    pen.poly([(-0.62, 1.0), (-0.4, -0.12), (-0.18, 1.0)], (64, 54, 66))
    pen.poly([(-0.4, -0.12), (-0.18, 1.0), (0.08, 1.0)], c.light)
    pen.line([(-0.4, top), (-0.4, top - 0.22)], width=1.6)
    pen.poly([(-0.4, top - 0.24), (-0.08, top - 0.14), (-0.4, top - 0.05)], c.main)
    pen.poly([(0.45, 0.2), (0.66, 0.18), (0.72, 0.44), (0.5, 0.47)], GLASS)


BUILDINGS = {"house": house, "castle": castle, "lighthouse": lighthouse, "windmill": windmill, "tent": tent}
