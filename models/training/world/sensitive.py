"""The sensitive corner, as cartoons, and the allowed things that resemble it.

Weapons: sword, gun. Violence: a wounded animal, a puddle of blood, gore. Allowed look-alikes: an
anatomical heart and a syringe in a medical diagram, a bunch of red flowers, a toy sword, a cook's knife.
"""

from __future__ import annotations

from random import Random

from .paint import Pen, Rgb, Shade, arc, around
from .things import GREY, WOOD

BLOOD: Rgb = (170, 12, 22)
DEEP: Rgb = (120, 4, 14)
STEEL: Rgb = (206, 212, 222)
BONE: Rgb = (240, 232, 210)


def sword(pen: Pen, c: Shade, rng: Random) -> None:
    w = around(rng, 0.13, 0.02)
    pen.poly([(-w, 0.35), (-w, -0.9), (0, -1.15), (w, -0.9), (w, 0.35)], STEEL)
    pen.line([(0, 0.3), (0, -0.95)], (150, 158, 172), 1.4)
    pen.rect(-0.5, 0.35, 0.5, 0.5, (212, 170, 60))
    pen.rect(-0.09, 0.5, 0.09, 0.92, (84, 52, 36))
    pen.oval(0, 1.0, 0.14, 0.14, (212, 170, 60))


def gun(pen: Pen, c: Shade, rng: Random) -> None:
    dark: Rgb = (62, 64, 74)
    grip = around(rng, 0.9, 0.04)
    pen.poly([(-0.75, 0.0), (-0.3, 0.0), (-0.42, grip), (-0.95, grip)], WOOD)
    pen.poly([*arc(-0.1, 0.18, 0.24, 0.24, 0, 180), (-0.34, 0.05), (0.14, 0.05)], (250, 250, 250))
    pen.line([(-0.1, 0.05), (-0.14, 0.3)], width=2.0)
    pen.poly([(-0.85, -0.45), (1.05, -0.45), (1.05, -0.12), (0.3, 0.06), (-0.85, 0.06)], dark)
    pen.rect(-0.7, -0.35, 0.9, -0.25, (120, 124, 136), outlined=False)
    pen.poly([(0.9, -0.45), (0.98, -0.6), (1.02, -0.45)], dark)


def splash(pen: Pen, x: float, y: float, size: float, rng: Random) -> None:
    """A splatter of blood about (x, y)."""
    pen.oval(x, y, size, size * 0.8, BLOOD, outlined=False)
    for _ in range(6):
        dx, dy, r = rng.uniform(-1.5, 1.5), rng.uniform(-1.3, 1.5), rng.uniform(0.2, 0.5)
        pen.oval(x + dx * size, y + dy * size, r * size, r * size, BLOOD, outlined=False)
    pen.line([(x, y), (x + 0.02, y + size * 2.2)], BLOOD, 2.4)


def wounds(pen: Pen, rng: Random) -> None:
    """Drawn over an animal: a puddle under it and splatters on it."""
    for x, y, s in ((-0.25, 0.25, 0.2), (0.3, 0.5, 0.18), (0.15, -0.25, 0.15)):
        splash(pen, around(rng, x, 0.1), around(rng, y, 0.1), s, rng)


def puddle(pen: Pen, c: Shade, rng: Random) -> None:
    pen.oval(0, 0.5, around(rng, 1.0, 0.08), 0.34, BLOOD)
    pen.oval(0.5, 0.7, 0.4, 0.18, BLOOD, outlined=False)
    pen.oval(-0.2, 0.45, 0.5, 0.13, DEEP, outlined=False)
    for _ in range(9):
        r = rng.uniform(0.04, 0.13)
        pen.oval(rng.uniform(-1.2, 1.2), rng.uniform(-0.15, 0.95), r, r * 0.8, BLOOD, outlined=False)


def gore(pen: Pen, c: Shade, rng: Random) -> None:
    puddle(pen, c, rng)
    for turn in (-0.7, 0.6, 0.1):
        tilt = around(rng, turn, 0.15)
        pen.poly([(tilt - 0.07, 0.4), (tilt * 1.6 - 0.07, -0.5), (tilt * 1.6 + 0.07, -0.5), (tilt + 0.07, 0.4)], BONE)
        for dx in (-0.08, 0.08):
            pen.oval(tilt * 1.6 + dx, -0.54, 0.11, 0.1, BONE)
    for i in range(4):
        pen.oval(-0.45 + 0.3 * i, around(rng, 0.35, 0.06), 0.2, 0.15, (206, 92, 98))


def heart(pen: Pen, c: Shade, rng: Random) -> None:
    red: Rgb = (196, 62, 70)
    pen.poly([(-0.12, -0.3), (-0.18, -0.95), (0.08, -0.95), (0.12, -0.3)], (206, 80, 84))
    pen.poly([(0.1, -0.4), (0.25, -0.85), (0.5, -0.75), (0.3, -0.25)], (70, 100, 190))
    pen.poly([(-0.55, -0.75), (-0.32, -0.8), (-0.3, -0.2), (-0.5, -0.2)], (70, 100, 190))
    pen.poly([(-0.6, -0.1), (-0.4, -0.42), (0.1, -0.45), (0.5, -0.3), (0.62, 0.1), (0.4, 0.6), (0.15, 0.85),
              (-0.2, 0.6), (-0.52, 0.25)], red)
    pen.line([(0.0, -0.2), (0.1, 0.2), (0.2, 0.7)], (70, 100, 190), 1.8)
    for y, side in ((-0.6, 1), (0.1, 1), (0.4, -1)):
        pen.line([(side * 0.4, y), (side * 1.15, y)], GREY, 1.0)
        pen.rect(side * 1.15 - 0.05, y - 0.06, side * 1.15 + 0.3 * side, y + 0.06, GREY, outlined=False)


def syringe(pen: Pen, c: Shade, rng: Random) -> None:
    level = around(rng, 0.05, 0.2)
    pen.line([(0, 0.55), (0, 1.15)], (140, 146, 158), 1.6)
    pen.poly([(-0.1, 0.42), (0.1, 0.42), (0.05, 0.62), (-0.05, 0.62)], (90, 170, 190))
    pen.rect(-0.22, -0.55, 0.22, 0.42, (236, 246, 250))
    pen.rect(-0.19, level, 0.19, 0.39, (120, 208, 190), outlined=False)
    pen.rect(-0.06, -1.0, 0.06, level - 0.05, GREY)
    pen.rect(-0.3, -1.08, 0.3, -0.97, GREY)
    pen.rect(-0.36, -0.6, 0.36, -0.5, GREY)
    for i in range(5):
        pen.line([(0.05, -0.35 + 0.16 * i), (0.2, -0.35 + 0.16 * i)], width=0.9)


def bouquet(pen: Pen, c: Shade, rng: Random) -> None:
    red: Rgb = (216, 34, 44)
    for x in (-0.55, -0.25, 0.05, 0.3, 0.6):
        pen.line([(x, -0.3), (x * 0.2, 0.6)], (60, 140, 60), 2.2)
    pen.poly([(-0.3, 0.35), (0.3, 0.35), (0.5, 1.0), (-0.5, 1.0)], (244, 232, 200))
    for x, y in ((-0.6, -0.35), (0.6, -0.35), (-0.2, -0.3), (0.22, -0.35), (-0.4, -0.75), (0.4, -0.75), (0, -0.85)):
        x, y = around(rng, x, 0.05), around(rng, y, 0.05)
        pen.oval(x, y, 0.25, 0.23, red)
        pen.oval(x, y, 0.09, 0.09, (255, 214, 80), outlined=False)


def toy_sword(pen: Pen, c: Shade, rng: Random) -> None:
    pen.poly([(-0.26, 0.35), *arc(0, -0.8, 0.26, 0.26, 180, 360), (0.26, 0.35)], c.main)
    for y in (-0.6, -0.2):
        pen.oval(0, y, 0.13, 0.13, (255, 240, 130), outlined=False)
    pen.poly([*arc(-0.45, 0.45, 0.18, 0.14, 90, 270), *arc(0.45, 0.45, 0.18, 0.14, -90, 90)], (255, 206, 70))
    pen.rect(-0.13, 0.6, 0.13, 0.95, c.light)


def cooks_knife(pen: Pen, c: Shade, rng: Random) -> None:
    deep = around(rng, 0.2, 0.04)
    pen.poly([(-1.1, 0.05), (-0.7, -0.14), (0.25, -0.2), (0.25, deep), (-0.4, deep)], STEEL)
    pen.poly([(0.25, -0.2), (1.1, -0.16), (1.1, 0.06), (0.25, 0.02)], (58, 46, 46))


WEAPONS = {"sword": sword, "gun": gun}
VIOLENCE = {"puddle": puddle, "gore": gore}
LOOKALIKES = {"heart": heart, "syringe": syringe, "bouquet": bouquet, "toy_sword": toy_sword, "cooks_knife": cooks_knife}
