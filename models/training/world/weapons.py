"""Weapons, as cartoons, in several poses; and what cannot be told from one.

Shapes are shared with the allowed look-alikes, so that what differs is what makes the difference: blood,
a block of wood, a chopping board, a bright plastic body.
"""

from __future__ import annotations

from random import Random

from .blood import BLOOD, blot, drips
from .paint import Pen, Rgb, Shade, arc, around
from .shapes import GOLD, WOOD, blob, curve, limb, turned

STEEL: Rgb = (206, 212, 222)
EDGE: Rgb = (150, 158, 172)
METAL: Rgb = (66, 68, 78)


def posed(pen: Pen, rng: Random, *turns: float) -> Pen:
    """The pen in one of several poses, in radians, a little off."""
    return turned(pen, around(rng, rng.choice(turns), 0.15), size=rng.uniform(0.85, 1.0))


def sword(pen: Pen, c: Shade, rng: Random) -> None:
    pen, w = posed(pen, rng, 0.0, 0.6, -0.6, 1.2, 3.14), around(rng, 0.15, 0.02)
    pen.poly([(-w, 0.4), (-w, -0.85), (0, -1.12), (w, -0.85), (w, 0.4)], STEEL)
    pen.line([(0, 0.36), (0, -0.92)], EDGE, 0.05 * pen.scale)
    pen.rect(-0.09, 0.5, 0.09, 0.92, (84, 52, 36))
    if rng.random() < 0.5:
        pen.rect(-0.48, 0.36, 0.48, 0.52, (212, 170, 60))
    else:
        blob(pen, [(-0.5, 0.3), (-0.3, 0.36), (0.3, 0.36), (0.5, 0.3), (0.44, 0.5), (-0.44, 0.5)], (122, 126, 140))
    pen.oval(0, 0.99, 0.13, 0.12, (212, 170, 60))


def gun_shape(pen: Pen, body: Rgb, grip: Rgb, low: float) -> None:
    """A pistol pointing right."""
    pen.poly([(-0.72, 0.0), (-0.22, 0.0), (-0.4, low), (-0.96, low)], grip)
    limb(pen, arc(-0.08, 0.14, 0.22, 0.24, 0, 180), body, 0.07)
    limb(pen, [(-0.08, 0.04), (-0.12, 0.24)], body, 0.07)
    pen.poly([(-0.9, -0.48), (1.08, -0.48), (1.08, -0.14), (0.3, 0.08), (-0.9, 0.08)], body)


def gun(pen: Pen, c: Shade, rng: Random) -> None:
    pen, low = posed(pen, rng, 0.0, -0.35, 0.35), around(rng, 0.92, 0.05)
    gun_shape(pen, METAL, rng.choice((WOOD, (44, 42, 50))), low)
    if rng.random() < 0.5:
        pen.rect(-0.7, -0.37, 0.95, -0.27, (120, 124, 136), outlined=False)
        for x in (-0.72, -0.6, -0.48):
            pen.line([(x, -0.2), (x, 0.0)], (130, 134, 146), 1.2)
    else:
        pen.oval(-0.12, -0.17, 0.3, 0.26, (120, 124, 136))
        pen.line([(-0.38, -0.17), (0.14, -0.17)], width=1.0)
        pen.poly([(-0.9, -0.48), (-1.02, -0.7), (-0.76, -0.48)], METAL)
    pen.poly([(0.9, -0.48), (0.98, -0.62), (1.04, -0.48)], METAL)


def painted_gun(pen: Pen, c: Shade, rng: Random) -> None:
    pen = posed(pen, rng, 0.0, -0.35, 0.35)
    gun_shape(pen, c.main, c.dark, around(rng, 0.92, 0.05))
    pen.poly([(0.9, -0.48), (0.98, -0.62), (1.04, -0.48)], c.main)


def rifle(pen: Pen, c: Shade, rng: Random) -> None:
    pen = posed(pen, rng, 0.0, -0.5, 0.5, -0.9)
    stock = rng.choice((WOOD, METAL))
    limb(pen, [(0.2, -0.12), (1.15, -0.12)], METAL, 0.11)
    pen.poly([(1.0, -0.16), (1.05, -0.36), (1.1, -0.16)], METAL)
    blob(pen, [(-0.34, -0.2), (-1.15, 0.0), (-1.15, 0.42), (-0.9, 0.38), (-0.34, 0.12)], stock)
    pen.poly([(-0.28, 0.06), (-0.1, 0.06), (-0.2, 0.5), (-0.42, 0.46)], stock)
    if rng.random() < 0.6:
        blob(pen, [(0.04, 0.06), (0.26, 0.06), (0.36, 0.4), (0.5, 0.6), (0.28, 0.66), (0.1, 0.4)], (90, 92, 104))
    else:
        limb(pen, [(-0.26, -0.42), (0.28, -0.42)], (44, 42, 50), 0.16)
        pen.line([(0.0, -0.4), (0.0, -0.2)], width=2.0)
    pen.rect(0.26, -0.22, 0.74, 0.08, stock)
    pen.rect(-0.42, -0.26, 0.32, 0.1, METAL)


def bomb(pen: Pen, c: Shade, rng: Random) -> None:
    if rng.random() < 0.6:
        limb(pen, curve([(0.3, -0.4), (0.5, -0.75), (0.8, -0.72)]), (190, 170, 130), 0.07)
        pen.oval(0, 0.22, 0.78, 0.78, (40, 38, 46))
        pen.poly([(0.14, -0.52), (0.42, -0.62), (0.56, -0.36), (0.3, -0.24)], (84, 84, 94))
        pen.oval(-0.3, -0.08, 0.16, 0.12, (150, 150, 162), outlined=False, turn=-0.6)
        x, y = 0.86, -0.76
    else:
        for k, dx in enumerate((-0.44, 0.44, 0.0)):
            pen.rect(dx - 0.23, -0.5 + 0.05 * (k == 2), dx + 0.23, 0.98, (206, 44, 40))
        pen.rect(-0.72, 0.02, 0.72, 0.22, (54, 50, 58))
        pen.rect(-0.36, -0.04, 0.36, 0.4, (44, 46, 52))
        pen.rect(-0.27, 0.05, 0.27, 0.28, (120, 230, 130), outlined=False)
        limb(pen, curve([(0, -0.46), (0.06, -0.74), (0.36, -0.84)]), (190, 170, 130), 0.07)
        x, y = 0.44, -0.86
    spark = [(x + r * px, y + r * py) for k, (px, py) in enumerate(arc(0, 0, 1, 1, 0, 348)[:-1])
             for r in [0.3 if k % 4 == 0 else 0.12]]
    pen.poly(spark, (255, 186, 40))


def axe_head(pen: Pen, double: bool) -> None:
    for side in (-1, 1) if double else (1,):
        blob(pen, [(side * 0.04, -0.74), (side * 0.3, -0.8), (side * 0.62, -1.02), (side * 0.78, -0.6),
                   (side * 0.62, -0.14), (side * 0.3, -0.38), (side * 0.04, -0.42)], STEEL)
        pen.line(curve([(side * 0.54, -0.9), (side * 0.64, -0.58), (side * 0.54, -0.24)]), EDGE, 0.06 * pen.scale)


def battle_axe(pen: Pen, c: Shade, rng: Random) -> None:
    pen = posed(pen, rng, 0.0, 0.5, -0.5)
    limb(pen, [(0, -0.95), (0, 0.95)], (104, 66, 44), 0.15)
    axe_head(pen, True)
    pen.rect(-0.13, -0.8, 0.13, -0.36, (122, 126, 140))
    for y in (0.5, 0.64, 0.78):
        pen.line([(-0.08, y), (0.08, y - 0.06)], GOLD, 1.3)


def bloody_axe(pen: Pen, c: Shade, rng: Random) -> None:
    blot(pen, around(rng, 0.1, 0.2), 0.92, around(rng, 0.6, 0.1), 0.14, BLOOD, rng)
    pen = posed(pen, rng, 0.0, 0.45, -0.4)
    limb(pen, [(0, -0.95), (0, 0.95)], (134, 88, 52), 0.15)
    axe_head(pen, rng.random() < 0.4)
    pen.rect(-0.13, -0.8, 0.13, -0.38, EDGE)
    drips(pen, [(0.5, -0.6), (0.62, -0.36), (0.34, -0.5)], rng)


def blade(pen: Pen, steel: Rgb = STEEL) -> None:
    """A knife pointing up, its edge to the right."""
    blob(pen, [(-0.14, 0.3), (-0.16, -0.6), (-0.08, -1.1), (0.12, -0.8), (0.22, -0.3), (0.2, 0.3)], steel)
    pen.line([(-0.05, 0.26), (-0.06, -0.84)], EDGE, 0.04 * pen.scale)
    pen.rect(-0.2, 0.28, 0.26, 0.4, (122, 126, 140))
    blob(pen, [(-0.13, 0.4), (0.18, 0.4), (0.16, 0.7), (0.2, 1.0), (-0.12, 1.0), (-0.1, 0.7)], (58, 46, 46))


def bloody_knife(pen: Pen, c: Shade, rng: Random) -> None:
    blot(pen, around(rng, 0, 0.2), 0.92, around(rng, 0.55, 0.1), 0.14, BLOOD, rng)
    pen = posed(pen, rng, 0.0, 0.7, -0.7, 2.5)
    blade(pen)
    blob(pen, [(-0.14, -0.5), (-0.06, -1.04), (0.11, -0.78), (0.2, -0.35), (0.08, -0.44), (0.02, -0.24), (-0.06, -0.5)],
         BLOOD)
    drips(pen, [(0.12, 0.05)], rng)


def plain_knife(pen: Pen, c: Shade, rng: Random) -> None:
    blade(posed(pen, rng, 1.35, -1.3, 0.7, -0.7))


WEAPONS = {"sword": sword, "gun": gun, "rifle": rifle, "bomb": bomb, "battle_axe": battle_axe,
           "bloody_knife": bloody_knife, "bloody_axe": bloody_axe}
