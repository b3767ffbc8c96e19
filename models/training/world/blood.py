"""Blood, wounds and gore, as cartoons; and red or bony things that nobody could be sure of.

Blood is dark, lies in drops and splatters and shows a hand or a paw; what is unclear is a bare red patch
of any shade of red, or bones without blood.
"""

from __future__ import annotations

from random import Random

from .paint import Pen, Point, Rgb, Shade, arc, around, mix
from .shapes import blob, curve, limb, turned

BLOOD: Rgb = (168, 10, 22)
DEEP: Rgb = (112, 2, 14)
BONE: Rgb = (240, 232, 210)
FLESH: Rgb = (214, 104, 108)


def drips(pen: Pen, places: list[Point], rng: Random) -> None:
    """A blot at each place, with a run that ends in a drop."""
    for x, y in places:
        r, run = around(rng, 0.13, 0.03), rng.uniform(0.2, 0.42)
        pen.oval(x, y, r + 0.03, r + 0.03, DEEP, outlined=False)
        limb(pen, [(x, y), (x + 0.01, y + run)], BLOOD, r * 0.7, outlined=False)
        pen.oval(x, y, r, r, BLOOD, outlined=False)
        pen.oval(x, y + run, r * 0.5, r * 0.55, BLOOD, outlined=False)


def blot(pen: Pen, x: float, y: float, rx: float, ry: float, fill: Rgb, rng: Random, outlined: bool = True) -> None:
    """A patch with a wavy rim."""
    rim = arc(0, 0, rx, ry, 0, 330)[::3]
    blob(pen, [(x + dx * rng.uniform(0.82, 1.06), y + dy * rng.uniform(0.82, 1.06)) for dx, dy in rim], fill, outlined)


def drops(pen: Pen, x: float, y: float, rx: float, ry: float, count: int, rng: Random) -> None:
    for _ in range(count):
        r = rng.uniform(0.04, 0.11)
        pen.oval(x + rng.uniform(-rx, rx), y + rng.uniform(-ry, ry), r, r * 0.85, BLOOD, outlined=False)


def hand(pen: Pen, x: float, y: float, size: float, fill: Rgb) -> None:
    """The print of a hand."""
    print_pen = turned(pen, 0.0, x, y, size)
    print_pen.oval(0, 0.1, 0.42, 0.44, fill, outlined=False)
    for dx, dy, turn in ((-0.34, -0.5, -0.25), (-0.11, -0.64, -0.08), (0.13, -0.62, 0.08), (0.36, -0.46, 0.28),
                         (0.56, 0.02, 0.95)):
        print_pen.oval(dx, dy, 0.11, 0.3, fill, outlined=False, turn=turn)


def wounds(pen: Pen, rng: Random) -> None:
    """Drawn over an animal: open cuts with runs of blood, and splatters."""
    for x, y in ((-0.3, 0.36), (0.3, 0.46), (0.05, 0.08)):
        x, y = around(rng, x, 0.1), around(rng, y, 0.1)
        drips(pen, [(x, y), (around(rng, x, 0.12), y - 0.12)], rng)
        limb(pen, [(x - 0.16, y - 0.06), (x + 0.14, y + 0.06)], (70, 0, 8), 0.07, outlined=False)
    drops(pen, 0, 0.3, 0.5, 0.5, 5, rng)


def puddle(pen: Pen, c: Shade, rng: Random) -> None:
    blot(pen, 0, 0.62, around(rng, 1.0, 0.08), 0.34, BLOOD, rng)
    blot(pen, -0.2, 0.58, 0.5, 0.13, DEEP, rng, outlined=False)
    drops(pen, 0, 0.5, 1.1, 0.5, 9, rng)
    if rng.random() < 0.6:
        hand(pen, around(rng, 0, 0.5), -0.2, around(rng, 0.45, 0.05), BLOOD)
    else:
        for k in range(3):
            pen.oval(-0.5 + 0.5 * k, 0.1 - 0.34 * k, 0.15, 0.11, BLOOD, outlined=False)
            for dx in (-0.15, 0.0, 0.15):
                pen.oval(-0.5 + 0.5 * k + dx, -0.08 - 0.34 * k, 0.06, 0.06, BLOOD, outlined=False)


def splatter(pen: Pen, c: Shade, rng: Random) -> None:
    rim = [(r * px, -0.15 + r * py) for k, (px, py) in enumerate(arc(0, 0, 1, 1, 0, 348)[:-1])
           for r in [rng.uniform(0.62, 1.0) if k % 2 else rng.uniform(0.36, 0.46)]]
    blob(pen, rim, BLOOD, outlined=False)
    drips(pen, [(around(rng, x, 0.08), 0.2) for x in (-0.3, 0.1, 0.38)], rng)
    drops(pen, 0, -0.1, 1.05, 0.9, 12, rng)
    if rng.random() < 0.5:
        hand(pen, 0.45, 0.4, 0.5, BLOOD)


def bone(pen: Pen, a: Point, b: Point) -> None:
    knobs = [(x + dx, y + dy) for x, y in (a, b) for dx, dy in ((-0.08, 0.0), (0.08, 0.02))]
    for x, y in knobs:
        pen.oval(x, y, 0.12, 0.11, BONE)
    limb(pen, [a, b], BONE, 0.13)
    for x, y in knobs:
        pen.oval(x, y, 0.1, 0.09, BONE, outlined=False)


def skull(pen: Pen) -> None:
    """A skull about (0, -0.2), 1.2 wide."""
    pen.poly([(-0.34, 0.1), (0.34, 0.1), (0.3, 0.46), (-0.3, 0.46)], BONE)
    blob(pen, [(0, -0.92), (0.46, -0.78), (0.64, -0.3), (0.5, 0.1), (0.3, 0.2), (-0.3, 0.2), (-0.5, 0.1), (-0.64, -0.3),
               (-0.46, -0.78)], BONE)
    for x in (-0.26, 0.26):
        pen.oval(x, -0.22, 0.17, 0.19, (52, 44, 52), outlined=False)
    pen.poly([(0, -0.06), (0.09, 0.1), (-0.09, 0.1)], (52, 44, 52), outlined=False)
    for x in (-0.15, 0.0, 0.15):
        pen.line([(x, 0.24), (x, 0.44)], (52, 44, 52), 1.1)


def gore(pen: Pen, c: Shade, rng: Random) -> None:
    blot(pen, 0, 0.66, 1.05, 0.34, BLOOD, rng)
    for x in (-0.6, 0.1, 0.6):
        bone(pen, (x * 0.5, 0.5), (around(rng, x * 1.15, 0.12), around(rng, -0.55, 0.15)))
    loops = [(-0.8, 0.55), (-0.5, 0.2), (-0.25, 0.6), (0.05, 0.25), (0.3, 0.62), (0.6, 0.3), (0.8, 0.6)]
    limb(pen, curve([(around(rng, x, 0.05), y) for x, y in loops]), FLESH, 0.2)
    drips(pen, [(0.3, -0.2), (-0.35, 0.0), (0.55, 0.3)], rng)
    drops(pen, 0, 0.5, 1.1, 0.45, 8, rng)


def bloody_skull(pen: Pen, c: Shade, rng: Random) -> None:
    blot(pen, 0, 0.72, 1.0, 0.27, BLOOD, rng)
    skull_pen = turned(pen, rng.uniform(-0.25, 0.25), 0, 0.1, around(rng, 1.05, 0.08))
    skull(skull_pen)
    blob(skull_pen, [(-0.56, -0.4), (-0.46, -0.78), (0, -0.93), (0.4, -0.8), (0.36, -0.5), (0.16, -0.62), (0.06, -0.34),
                     (-0.1, -0.6), (-0.24, -0.5), (-0.32, -0.02), (-0.44, -0.44)], BLOOD, outlined=False)
    drips(skull_pen, [(around(rng, 0.3, 0.1), -0.3), (-0.3, 0.05)], rng)
    drops(pen, 0, 0.3, 1.1, 0.6, 6, rng)


def torn_heart(pen: Pen, c: Shade, rng: Random) -> None:
    blot(pen, 0, 0.84, 0.9, 0.2, BLOOD, rng)
    heart_pen = turned(pen, rng.uniform(-0.4, 0.4), 0, -0.1, 0.85)
    heart_shape(heart_pen, (150, 24, 36), (104, 10, 24), (84, 60, 110))
    drips(pen, [(-0.3, 0.1), (0.1, 0.35), (0.35, 0.05), (-0.1, -0.3)], rng)
    drops(pen, 0, 0.5, 1.0, 0.5, 8, rng)


def heart_shape(pen: Pen, flesh: Rgb, artery: Rgb, vein: Rgb) -> None:
    """An anatomical heart: the muscle, an arch of the aorta, veins."""
    limb(pen, curve([(0.0, -0.3), (-0.04, -0.78), (0.22, -0.95), (0.42, -0.7)]), artery, 0.24)
    limb(pen, [(-0.42, -0.9), (-0.38, -0.2)], vein, 0.2)
    limb(pen, curve([(0.12, -0.36), (0.4, -0.5), (0.7, -0.48)]), vein, 0.18)
    blob(pen, [(-0.5, -0.3), (-0.1, -0.46), (0.36, -0.42), (0.64, -0.1), (0.6, 0.34), (0.26, 0.86), (0.08, 0.92),
               (-0.3, 0.62), (-0.6, 0.16)], flesh)
    limb(pen, curve([(0.02, -0.3), (0.14, 0.14), (0.12, 0.6)]), artery, 0.08, outlined=False)
    limb(pen, curve([(0.1, 0.0), (0.34, 0.14), (0.38, 0.4)]), vein, 0.07, outlined=False)


def red_puddle(pen: Pen, c: Shade, rng: Random) -> None:
    red, lobe = mix(BLOOD, (222, 44, 40), rng.random()), around(rng, 0.5, 0.06)
    blob(pen, [(-1.0, 0.7), (-0.8, 0.5), (-lobe, 0.52), (-0.2, 0.36), (0.3, 0.4), (lobe, 0.54), (0.86, 0.52),
               (1.04, 0.68), (0.8, 0.84), (lobe, 0.82), (0.1, 0.98), (-lobe, 0.86), (-0.8, 0.88)], red)
    pen.oval(-0.2, 0.5, 0.26, 0.05, mix(red, (255, 255, 255), 0.4), outlined=False)


def red_drips(pen: Pen, c: Shade, rng: Random) -> None:
    red = mix(BLOOD, (222, 44, 40), rng.random())
    xs = (-0.6, -0.3, 0.0, 0.32, 0.6)
    for x in xs:
        limb(pen, [(x, -0.4), (x, rng.uniform(-0.05, 0.75))], red, 0.2)
    blot(pen, 0, -0.5, 0.86, 0.36, red, rng)
    for x in xs:
        limb(pen, [(x, -0.45), (x, -0.2)], red, 0.2, outlined=False)


def old_bones(pen: Pen, c: Shade, rng: Random) -> None:
    lie = around(rng, 0.62, 0.05)
    bone(pen, (-0.8, lie - 0.2), (0.75, lie + 0.22))
    bone(pen, (0.8, lie - 0.2), (-0.75, lie + 0.22))
    skull(turned(pen, rng.uniform(-0.2, 0.2), 0, 0.0, around(rng, 0.9, 0.08)))


VIOLENCE = {"puddle": puddle, "splatter": splatter, "gore": gore, "bloody_skull": bloody_skull,
            "torn_heart": torn_heart}
