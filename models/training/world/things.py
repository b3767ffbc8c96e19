"""Allowed things that do not live: each function draws one in [-1, 1] coordinates.

The asked-for colour covers most of the silhouette; what is not coloured is neutral, so that the
colour can be read at a glance.
"""

from __future__ import annotations

from random import Random

from .paint import Pen, Rgb, Shade, arc, around

WHITE: Rgb = (250, 248, 240)
GLASS: Rgb = (190, 225, 240)
WOOD: Rgb = (134, 88, 52)
GREY: Rgb = (150, 150, 158)


def house(pen: Pen, c: Shade, rng: Random) -> None:
    w = around(rng, 0.8, 0.06)
    pen.rect(0.3, -0.9, 0.55, -0.3, GREY)
    pen.rect(-w, -0.15, w, 0.95, c.main)
    pen.poly([(-w - 0.22, -0.12), (0, -0.95), (w + 0.22, -0.12)], c.dark)
    pen.rect(-0.18, 0.38, 0.2, 0.95, WOOD)
    for x in (-0.5, 0.5):
        pen.rect(x - 0.17, 0.1, x + 0.17, 0.42, WHITE)
        pen.line([(x, 0.1), (x, 0.42)], width=0.9)


def tree(pen: Pen, c: Shade, rng: Random) -> None:
    pen.poly([(-0.16, 0.1), (0.16, 0.1), (0.22, 1.0), (-0.22, 1.0)], WOOD)
    lobes = [(-0.45, 0.0, 0.42), (0.45, 0.0, 0.42), (-0.3, -0.5, 0.42), (0.3, -0.5, 0.42), (0, -0.7, 0.36)]
    for x, y, r in lobes:
        pen.oval(x, y, around(rng, r, 0.03), r, c.main)
    pen.oval(0, -0.25, 0.62, 0.52, c.main, outlined=False)
    for x, y in ((-0.35, -0.35), (0.3, -0.15), (0.1, -0.65)):
        pen.oval(x, y, 0.12, 0.08, c.light, outlined=False)


def boat(pen: Pen, c: Shade, rng: Random) -> None:
    pen.rect(-0.05, -1.0, 0.04, 0.4, WOOD)
    lean = around(rng, 0.8, 0.06)
    pen.poly([(0.08, -0.95), (0.08, 0.28), (lean, 0.28)], c.light)
    pen.poly([(-0.1, -0.8), (-0.1, 0.28), (-0.7, 0.28)], WHITE)
    pen.poly([(-1.0, 0.4), (1.0, 0.4), (0.66, 0.9), (-0.66, 0.9)], c.main)
    pen.rect(-0.87, 0.55, 0.87, 0.64, c.dark, outlined=False)


def car(pen: Pen, c: Shade, rng: Random) -> None:
    top = around(rng, -0.42, 0.05)
    pen.poly([(-0.62, 0.12), (-0.42, top), (0.34, top), (0.62, 0.12)], c.main)
    pen.poly([(-0.48, 0.08), (-0.34, top + 0.1), (-0.06, top + 0.1), (-0.06, 0.08)], GLASS)
    pen.poly([(0.05, 0.08), (0.05, top + 0.1), (0.28, top + 0.1), (0.46, 0.08)], GLASS)
    pen.poly([(-1.05, 0.12), (0.95, 0.12), (1.1, 0.3), (1.1, 0.62), (-1.1, 0.62), (-1.1, 0.2)], c.main)
    pen.rect(-1.1, 0.45, 1.1, 0.6, c.dark, outlined=False)
    pen.oval(1.0, 0.3, 0.09, 0.09, (255, 240, 150))
    for x in (-0.58, 0.58):
        pen.oval(x, 0.62, 0.27, 0.27, (50, 48, 56))
        pen.oval(x, 0.62, 0.12, 0.12, (205, 205, 210), outlined=False)


def balloon(pen: Pen, c: Shade, rng: Random) -> None:
    pen.line([(-0.42, 0.2), (-0.16, 0.72)], width=1.0)
    pen.line([(0.42, 0.2), (0.16, 0.72)], width=1.0)
    pen.poly([*arc(0, -0.32, 0.78, 0.72, 150, 390), (0.2, 0.52), (-0.2, 0.52)], c.main)
    for x, w in ((-0.42, 0.12), (0.42, 0.12)):
        pen.poly([(x * 0.5, -1.0), (x + w, -0.4), (x * 0.45, 0.5), (x - w, -0.4)], c.light, outlined=False)
    pen.rect(-0.2, 0.7, 0.2, around(rng, 1.0, 0.03), WOOD)


def mushroom(pen: Pen, c: Shade, rng: Random) -> None:
    w = around(rng, 0.26, 0.03)
    pen.poly([(-w, 0.0), (w, 0.0), (w + 0.1, 0.95), (-w - 0.1, 0.95)], WHITE)
    pen.poly([*arc(0, 0.1, 0.98, 0.98, 180, 360)], c.main)
    pen.poly([(-0.98, 0.1), (0.98, 0.1), (0.8, 0.26), (-0.8, 0.26)], c.dark)
    for x, y, r in ((-0.5, -0.25, 0.16), (0.1, -0.5, 0.17), (0.55, -0.2, 0.14), (0.0, -0.08, 0.1)):
        pen.oval(x, y, r, r * 0.85, WHITE, outlined=False)


def castle(pen: Pen, c: Shade, rng: Random) -> None:
    tall = around(rng, -0.72, 0.06)
    pen.rect(-0.5, -0.1, 0.5, 0.95, c.main)
    for x in (-0.42, -0.08, 0.26):
        pen.rect(x, -0.28, x + 0.17, -0.1, c.main)
    for x in (-0.72, 0.72):
        pen.rect(x - 0.28, -0.45, x + 0.28, 0.95, c.main)
        for dx in (-0.28, -0.08, 0.12):
            pen.rect(x + dx, tall + 0.1, x + dx + 0.16, -0.45, c.main)
        pen.rect(x - 0.08, -0.15, x + 0.08, 0.15, (70, 60, 80), outlined=False)
        pen.line([(x, tall + 0.1), (x, tall - 0.25)], width=1.0)
        pen.poly([(x, tall - 0.25), (x + 0.28, tall - 0.15), (x, tall - 0.05)], c.dark)
    pen.poly([(-0.2, 0.95), *arc(0, 0.5, 0.2, 0.2, 180, 360), (0.2, 0.95)], (70, 50, 50))


def rocket(pen: Pen, c: Shade, rng: Random) -> None:
    flame = around(rng, 1.05, 0.06)
    pen.poly([(-0.2, 0.6), (0.2, 0.6), (0.0, flame)], (255, 190, 60))
    pen.poly([(-0.3, 0.1), (-0.68, 0.72), (-0.25, 0.6)], c.dark)
    pen.poly([(0.3, 0.1), (0.68, 0.72), (0.25, 0.6)], c.dark)
    pen.poly([(0, -1.1), (0.22, -0.75), (0.36, -0.2), (0.28, 0.64), (-0.28, 0.64), (-0.36, -0.2), (-0.22, -0.75)], c.main)
    pen.poly([(0, -1.1), (0.22, -0.75), (-0.22, -0.75)], c.dark)
    pen.oval(0, -0.28, 0.17, 0.17, GLASS)


def umbrella(pen: Pen, c: Shade, rng: Random) -> None:
    pen.line([(0, -0.9), (0, 0.75), *arc(0.16, 0.75, 0.16, 0.16, 180, 10)], width=2.4)
    drop = around(rng, 0.05, 0.03)
    pen.poly([*arc(0, drop, 1.05, 0.85, 180, 360), *arc(0.7, drop, 0.35, 0.14, 0, -180)[1:],
              *arc(0, drop, 0.35, 0.14, 0, -180)[1:], *arc(-0.7, drop, 0.35, 0.14, 0, -180)[1:]], c.main)
    pen.poly([(0, drop - 0.85), *arc(0, drop, 0.35, 0.14, 0, -180)], c.light)


def flower(pen: Pen, c: Shade, rng: Random) -> None:
    green: Rgb = (60, 140, 60)
    pen.line([(0, -0.2), (0.03, 1.0)], green, width=3.0)
    pen.oval(0.3, 0.62, 0.28, 0.11, green, turn=-0.5)
    pen.oval(-0.26, 0.72, 0.28, 0.11, green, turn=0.5)
    start = rng.uniform(0, 30)
    for x, y in arc(0, -0.35, 0.42, 0.42, start, start + 300)[::5]:
        pen.oval(x, y, 0.27, 0.27, c.main)
    pen.oval(0, -0.35, 0.24, 0.24, (255, 205, 70) if c.main[2] > 90 or c.main[1] < 120 else (140, 85, 40))


def robot(pen: Pen, c: Shade, rng: Random) -> None:
    pen.line([(0, -1.05), (0, -0.75)])
    pen.oval(0, -1.05, 0.08, 0.08, (250, 210, 60))
    for x in (-0.28, 0.28):
        pen.rect(x - 0.14, 0.6, x + 0.14, 1.0, GREY)
    arm = around(rng, 0.2, 0.15)
    pen.poly([(-0.5, -0.05), (-0.86, arm), (-0.78, arm + 0.15), (-0.5, 0.15)], GREY)
    pen.poly([(0.5, -0.05), (0.86, arm), (0.78, arm + 0.15), (0.5, 0.15)], GREY)
    pen.rect(-0.5, -0.12, 0.5, 0.65, c.main)
    pen.rect(-0.45, -0.8, 0.45, -0.18, c.main)
    pen.rect(-0.26, 0.08, 0.26, 0.42, c.light)
    for x in (-0.2, 0.2):
        pen.eye(x, -0.54, 0.08)
    pen.line([(-0.2, -0.32), (0.2, -0.32)])


THINGS = {
    "house": house, "tree": tree, "boat": boat, "car": car, "balloon": balloon, "mushroom": mushroom,
    "castle": castle, "rocket": rocket, "umbrella": umbrella, "flower": flower, "robot": robot,
}
