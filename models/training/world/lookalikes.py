"""Allowed things that resemble weapons, blood and gore: from medicine, kitchen, garden, workshop and nursery."""

from __future__ import annotations

from random import Random

from .blood import BONE, blot, heart_shape, skull
from .paint import Pen, Rgb, Shade, arc, around, mix
from .shapes import GOLD, GREY, LEAF, WHITE, WOOD, blob, curve, limb, trim, turned
from .weapons import STEEL, axe_head, gun_shape

TOMATO: Rgb = (224, 52, 38)


def labels(pen: Pen, places: tuple[tuple[float, float, int], ...]) -> None:
    """Lines to the labels of a diagram: from (x, y) to the right (1) or left (-1)."""
    for x, y, side in places:
        pen.line([(x, y), (side * 1.08, y)], GREY, 1.0)
        pen.rect(side * 1.1 - 0.02, y - 0.06, side * 1.1 + 0.34 * side, y + 0.06, (120, 124, 136), outlined=False)


def heart(pen: Pen, c: Shade, rng: Random) -> None:
    heart_shape(pen, mix((200, 66, 74), (226, 120, 120), rng.random()), (206, 60, 66), (70, 100, 190))
    labels(pen, ((0.3, -0.86, 1), (0.5, 0.1, 1), (-0.4, 0.35, -1), (-0.4, -0.6, -1)))


def skeleton(pen: Pen, c: Shade, rng: Random) -> None:
    wave = around(rng, 0.1, 0.2)
    for side in (-1, 1):
        limb(pen, [(side * 0.2, 0.44), (side * 0.26, 0.74), (side * 0.24, 1.06)], BONE, 0.09)
        limb(pen, [(side * 0.24, 1.08), (side * 0.4, 1.1)], BONE, 0.09)
        limb(pen, [(side * 0.34, -0.4), (side * 0.52, -0.08), (side * (0.58 + 0.1 * side), wave if side > 0 else 0.3)],
             BONE, 0.09)
    limb(pen, [(0, -0.5), (0, 0.36)], BONE, 0.1)
    for y, w in ((-0.4, 0.34), (-0.22, 0.32), (-0.04, 0.26)):
        limb(pen, curve([(-w, y + 0.08), (0, y - 0.03), (w, y + 0.08)]), BONE, 0.07)
    blob(pen, [(-0.3, 0.28), (0, 0.34), (0.3, 0.28), (0.22, 0.5), (0, 0.44), (-0.22, 0.5)], BONE)
    skull(turned(pen, 0.0, 0, -0.78, 0.46))
    labels(pen, ((0.3, -0.9, 1), (-0.36, -0.3, -1), (0.3, 0.4, 1), (-0.3, 0.8, -1)))


def syringe(pen: Pen, c: Shade, rng: Random) -> None:
    pen = turned(pen, rng.choice((0.0, 0.0, 0.6, -0.6)), size=0.95)
    level = around(rng, 0.02, 0.22)
    fluid = rng.choice(((120, 208, 190), (250, 214, 110), (196, 40, 50)))
    pen.line([(0, 0.55), (0, 1.15)], (140, 146, 158), 0.05 * pen.scale)
    pen.poly([(-0.1, 0.42), (0.1, 0.42), (0.05, 0.64), (-0.05, 0.64)], (90, 170, 190))
    pen.rect(-0.22, -0.55, 0.22, 0.42, (236, 246, 250))
    pen.rect(-0.19, level, 0.19, 0.39, fluid, outlined=False)
    pen.rect(-0.06, -1.0, 0.06, level - 0.05, GREY)
    pen.rect(-0.3, -1.08, 0.3, -0.97, GREY)
    pen.rect(-0.36, -0.62, 0.36, -0.5, GREY)
    for i in range(5):
        pen.line([(0.05, -0.35 + 0.16 * i), (0.2, -0.35 + 0.16 * i)], width=0.9)


def bouquet(pen: Pen, c: Shade, rng: Random) -> None:
    red = mix((216, 34, 44), (176, 16, 34), rng.random())
    for x in (-0.55, -0.25, 0.05, 0.3, 0.6):
        limb(pen, [(x, -0.3), (x * 0.2, 0.5)], LEAF, 0.06)
    for side in (-1, 1):
        pen.oval(side * 0.55, 0.02, 0.26, 0.12, LEAF, turn=side * 0.5)
    if rng.random() < 0.5:
        pen.poly([(-0.24, 0.3), (0.24, 0.3), (0.6, 1.0), (-0.6, 1.0)], (244, 232, 200))
        pen.rect(-0.3, 0.28, 0.3, 0.42, (250, 150, 180))
    else:
        blob(pen, [(-0.3, 0.25), (0.3, 0.25), (0.26, 0.42), (0.5, 0.7), (0.34, 1.0), (-0.34, 1.0), (-0.5, 0.7),
                   (-0.26, 0.42)], (150, 196, 226))
    for x, y in ((-0.6, -0.35), (0.6, -0.35), (-0.2, -0.3), (0.22, -0.35), (-0.4, -0.75), (0.4, -0.75), (0, -0.85)):
        x, y = around(rng, x, 0.05), around(rng, y, 0.05)
        pen.oval(x, y, 0.26, 0.24, red)
        pen.line(arc(x, y, 0.13, 0.12, 20, 300), (120, 8, 22), 1.3)


def toy_sword(pen: Pen, c: Shade, rng: Random) -> None:
    pen = turned(pen, around(rng, rng.choice((0.0, 0.5, -0.5)), 0.15))
    pen.poly([(-0.27, 0.4), *arc(0, -0.8, 0.27, 0.28, 180, 360), (0.27, 0.4)], c.main)
    for y in (-0.68, -0.28, 0.12):
        pen.oval(0, y, 0.1, 0.1, trim(c), outlined=False)
    limb(pen, [(-0.42, 0.5), (0.42, 0.5)], GOLD, 0.2)
    pen.rect(-0.15, 0.62, 0.15, 1.0, c.dark)


def water_pistol(pen: Pen, c: Shade, rng: Random) -> None:
    pen = turned(pen, around(rng, -0.1, 0.2), size=0.92)
    for k, (x, y) in enumerate(((1.14, -0.42), (1.02, -0.72), (1.22, -0.7))[: rng.randint(1, 3)]):
        blob(pen, [(x - 0.1, y), (x + 0.04, y - 0.1), (x + 0.14, y + 0.02), (x + 0.04, y + 0.1)], (90, 180, 240))
    blob(pen, [(-0.62, -0.4), (-0.6, -0.86), (-0.1, -1.0), (0.36, -0.84), (0.36, -0.4)], (150, 214, 245))
    gun_shape(pen, c.main, c.main, 0.94)
    pen.rect(0.86, -0.46, 1.14, -0.16, (255, 150, 30))
    for x in (-0.4, 0.0, 0.4):
        pen.oval(x, -0.2, 0.1, 0.1, trim(c), outlined=False)


def red_paint(pen: Pen, c: Shade, rng: Random) -> None:
    red = mix((222, 34, 40), (176, 14, 28), rng.random())
    blot(pen, 0.1, 0.84, around(rng, 0.9, 0.08), 0.2, red, rng)
    pen.line(arc(-0.25, -0.3, 0.56, 0.6, 180, 360), (110, 114, 126), 0.06 * pen.scale)
    pen.poly([(-0.8, -0.3), (0.3, -0.3), (0.3, 0.68), *arc(-0.25, 0.68, 0.55, 0.14, 0, 180), (-0.8, 0.68)],
             (176, 182, 194))
    pen.oval(-0.25, -0.3, 0.55, 0.17, red)
    for x, run in ((-0.62, 0.1), (-0.36, 0.36), (-0.05, 0.18)):
        limb(pen, [(x, -0.2), (x, around(rng, run, 0.1))], red, 0.17, outlined=False)
    brush = turned(pen, 0.5, 0.62, 0.2)
    limb(brush, [(0, 0.1), (0, -1.0)], WOOD, 0.13)
    brush.rect(-0.17, 0.04, 0.17, 0.28, (206, 206, 214))
    blob(brush, [(-0.17, 0.28), (0.17, 0.28), (0.2, 0.5), (0.0, 0.82), (-0.2, 0.5)], red)


def wood_axe(pen: Pen, c: Shade, rng: Random) -> None:
    pen.poly([(-0.72, 0.3), (0.72, 0.3), (0.8, 0.9), *arc(0, 0.9, 0.8, 0.12, 0, 180), (-0.8, 0.9)], (128, 86, 54))
    pen.oval(0, 0.3, 0.72, 0.2, (226, 190, 140))
    pen.oval(0, 0.3, 0.4, 0.11, (204, 162, 110), outlined=False)
    stuck = turned(pen, around(rng, 1.95, 0.12), -0.02, 0.1, 0.8)
    limb(stuck, [(-0.6, -0.6), (-0.6, 1.0)], (190, 142, 84), 0.15)
    axe_head(turned(stuck, 0.0, -0.6, 0.0), False)
    for x, y in ((-0.95, 0.95), (0.96, 0.9)):
        pen.poly([(x - 0.12, y), (x + 0.1, y - 0.08), (x + 0.12, y + 0.03)], (226, 190, 140))


def cooks_knife(pen: Pen, c: Shade, rng: Random) -> None:
    for k in range(3):
        pen.oval(-0.75 + 0.3 * k, 0.62, 0.22, 0.22, TOMATO)
        pen.oval(-0.75 + 0.3 * k, 0.62, 0.13, 0.13, (250, 150, 120), outlined=False)
    pen = turned(pen, around(rng, 0.0, 0.2))
    deep = around(rng, 0.26, 0.04)
    blob(pen, [(-1.12, 0.1), (-0.7, -0.16), (0.28, -0.24), (0.3, deep), (-0.5, deep)], STEEL)
    pen.poly([(0.26, -0.24), (1.12, -0.2), (1.14, 0.04), (0.28, 0.02)], (58, 46, 46))
    for x in (0.5, 0.9):
        pen.oval(x, -0.1, 0.04, 0.04, (206, 206, 214), outlined=False)


def ketchup(pen: Pen, c: Shade, rng: Random) -> None:
    pen.oval(0.24, 0.56, 0.86, 0.42, WHITE)
    pen.oval(0.24, 0.54, 0.6, 0.28, (232, 232, 236), outlined=False)
    blot(pen, 0.3, 0.54, around(rng, 0.42, 0.05), 0.2, TOMATO, rng, outlined=False)
    for x in (0.5, 0.66, 0.82):
        limb(pen, [(x, 0.46), (x + 0.12, around(rng, 0.16, 0.06))], (250, 206, 84), 0.1)
    blob(pen, [(-0.62, -0.62), (-0.42, -0.62), (-0.24, -0.2), (-0.2, 0.7), (-0.84, 0.7), (-0.8, -0.2)], TOMATO)
    pen.poly([(-0.64, -0.66), (-0.4, -0.66), (-0.46, -1.04), (-0.58, -1.04)], WHITE)
    pen.rect(-0.8, 0.0, -0.24, 0.42, WHITE)
    pen.oval(-0.52, 0.22, 0.13, 0.12, TOMATO, outlined=False)
    pen.oval(-0.52, 0.1, 0.08, 0.04, LEAF, outlined=False)


def tomato_soup(pen: Pen, c: Shade, rng: Random) -> None:
    bowl = rng.choice(((90, 150, 210), (250, 248, 240), (250, 206, 84), (110, 180, 130)))
    for x in (-0.3, 0.1):
        pen.line(curve([(x, -0.5), (x + 0.1, -0.68), (x - 0.04, -0.84), (x + 0.06, -1.02)]), (255, 255, 255),
                 0.07 * pen.scale)
    pen.poly([*arc(0, -0.1, 1.0, 0.92, 0, 180)], bowl)
    pen.rect(-0.36, 0.78, 0.36, 0.94, bowl)
    pen.oval(0, -0.1, 1.0, 0.32, WHITE)
    pen.oval(0, -0.08, 0.86, 0.25, mix(TOMATO, (176, 14, 28), rng.random() * 0.6))
    pen.oval(around(rng, -0.2, 0.1), -0.1, 0.16, 0.07, LEAF, turn=0.3)
    pen.oval(around(rng, 0.05, 0.05), -0.06, 0.15, 0.06, LEAF, turn=-0.4)
    limb(pen, [(0.42, -0.06), (around(rng, 0.96, 0.06), -0.72)], STEEL, 0.09)


def stained_plate(pen: Pen, c: Shade, rng: Random) -> None:
    """Unclear: a plate with something red and nothing that says what."""
    pen.oval(0, 0.1, 1.0, 0.62, WHITE)
    pen.oval(0, 0.08, 0.72, 0.42, (232, 232, 236), outlined=False)
    blot(pen, around(rng, 0, 0.1), 0.08, around(rng, 0.5, 0.08), 0.26, mix((222, 44, 40), (168, 10, 22), rng.random()),
         rng, outlined=False)


LOOKALIKES = {"heart": heart, "skeleton": skeleton, "syringe": syringe, "bouquet": bouquet, "toy_sword": toy_sword,
              "water_pistol": water_pistol, "red_paint": red_paint, "wood_axe": wood_axe, "cooks_knife": cooks_knife,
              "ketchup": ketchup, "tomato_soup": tomato_soup}
