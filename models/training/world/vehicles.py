"""Things that go: by water, road, rail and air."""

from __future__ import annotations

from random import Random

from .paint import Pen, Shade, arc, around
from .shapes import GLASS, GREY, TYRE, WHITE, WOOD, blob, curve, limb, ring, trim, wheel


def boat(pen: Pen, c: Shade, rng: Random) -> None:
    lean, low = around(rng, 0.86, 0.06), 0.3
    pen.rect(-0.05, -1.0, 0.05, 0.45, WOOD)
    blob(pen, [(0.1, -0.95), (0.34, -0.5), (lean, low), (0.1, low)], c.main)
    pen.poly([(-0.1, -0.75), (-0.1, low), (-0.72, low)], trim(c))
    pen.poly([(0, -1.02), (-0.3, -0.94), (0, -0.84)], c.dark)
    pen.poly([(-1.05, 0.4), (1.05, 0.4), (0.85, 0.78), (0.6, 1.0), (-0.6, 1.0), (-0.85, 0.78)], c.main)
    pen.poly([(-0.98, 0.53), (0.98, 0.53), (0.92, 0.65), (-0.92, 0.65)], trim(c), outlined=False)


def car(pen: Pen, c: Shade, rng: Random) -> None:
    top = around(rng, -0.6, 0.06)
    blob(pen, [(-0.85, 0.15), (-0.62, top + 0.18), (-0.3, top), (0.2, top), (0.5, top + 0.2), (0.75, 0.15)], c.main)
    pen.poly([(-0.66, 0.05), (-0.5, top + 0.24), (-0.3, top + 0.14), (-0.12, top + 0.14), (-0.12, 0.05)], GLASS)
    pen.poly([(0.0, 0.05), (0.0, top + 0.14), (0.18, top + 0.14), (0.4, top + 0.3), (0.55, 0.05)], GLASS)
    blob(pen, [(-1.08, 0.2), (-0.9, 0.02), (0.7, 0.06), (1.02, 0.22), (1.1, 0.6), (0.95, 0.74), (-0.95, 0.74),
               (-1.1, 0.6)], c.main)
    pen.line([(-0.06, 0.08), (-0.06, 0.66)], width=0.9)
    pen.line([(0.06, 0.26), (0.22, 0.26)], width=1.4)
    pen.oval(0.98, 0.3, 0.1, 0.1, (255, 240, 150))
    pen.rect(-1.1, 0.58, 1.1, 0.68, c.dark, outlined=False)
    for x in (-0.58, 0.58):
        wheel(pen, x, 0.71, 0.29, (205, 205, 210))


def balloon(pen: Pen, c: Shade, rng: Random) -> None:
    w = around(rng, 0.8, 0.04)
    for side in (-1, 1):
        pen.line([(side * 0.4, 0.22), (side * 0.17, 0.72)], width=1.0)
    pen.poly([*arc(0, -0.3, w, 0.74, 155, 385), (0.22, 0.5), (-0.22, 0.5)], c.main)
    pen.poly([*arc(0, -0.3, w * 0.36, 0.74, 150, 390), (0.08, 0.5), (-0.08, 0.5)], c.dark, outlined=False)
    for side in (-1, 1):
        pen.line([*arc(0, -0.3, side * w * 0.68, 0.74, -90, 25), (side * 0.15, 0.5)], width=0.9)
    pen.rect(-0.22, 0.7, 0.22, around(rng, 1.0, 0.03), WOOD)
    pen.line([(-0.22, 0.8), (0.22, 0.8)], width=0.9)


def rocket(pen: Pen, c: Shade, rng: Random) -> None:
    flame, w = around(rng, 1.08, 0.05), around(rng, 0.4, 0.03)
    blob(pen, [(-0.26, 0.6), (0.26, 0.6), (0.18, 0.85), (0.0, flame), (-0.18, 0.85)], (250, 132, 30))
    blob(pen, [(-0.12, 0.6), (0.12, 0.6), (0.0, flame - 0.22)], (255, 228, 90), outlined=False)
    for side in (-1, 1):
        blob(pen, [(side * 0.34, 0.05), (side * 0.68, 0.4), (side * 0.78, 0.92), (side * 0.32, 0.62)], c.dark)
    body = [(0, -1.1), (w * 0.66, -0.72), (w, -0.15), (w * 0.92, 0.3), (w * 0.66, 0.66)]
    pen.poly([*curve(body), *[(-x, y) for x, y in reversed(curve(body))]], c.main)
    nose = curve([(0, -1.1), (w * 0.66, -0.72), (w * 0.84, -0.5)])
    pen.poly([*nose, *[(-x, y) for x, y in reversed(nose)]], c.dark)
    pen.oval(0, -0.16, 0.23, 0.23, trim(c))
    pen.oval(0, -0.16, 0.14, 0.14, (110, 180, 220), outlined=False)
    pen.rect(-0.07, 0.3, 0.07, 0.86, c.dark)


def train(pen: Pen, c: Shade, rng: Random) -> None:
    puff = rng.uniform(-0.06, 0.06)
    for x, y, r in ((0.52, -0.72, 0.12), (0.3, -0.9 + puff, 0.17), (-0.04, -0.98 - puff, 0.14)):
        pen.oval(x, y, r, r * 0.85, (240, 240, 244))
    pen.poly([(0.4, -0.25), (0.34, -0.6), (0.7, -0.6), (0.64, -0.25)], c.dark)
    pen.poly([*arc(0.05, -0.24, 0.16, 0.18, 180, 360)], c.dark)
    pen.poly([(-0.4, -0.28), (0.7, -0.28), *arc(0.74, 0.05, 0.16, 0.33, -80, 80), (-0.4, 0.4)], c.main)
    pen.line([(0.28, -0.26), (0.28, 0.38)], c.dark, 0.06 * pen.scale)
    pen.rect(-1.0, -0.55, -0.36, 0.42, c.main)
    pen.rect(-0.86, -0.4, -0.5, -0.05, GLASS)
    pen.poly([(-1.1, -0.55), (-1.0, -0.7), (-0.36, -0.7), (-0.26, -0.55)], c.dark)
    pen.rect(-1.05, 0.4, 0.92, 0.58, c.dark)
    pen.poly([(0.85, 0.55), (1.12, 0.98), (0.7, 0.98)], GREY)
    for x, r in ((-0.68, 0.27), (-0.1, 0.27), (0.4, 0.2)):
        wheel(pen, x, 0.98 - r, r, c.main)
    limb(pen, [(-0.68, 0.74), (-0.1, 0.74)], GREY, 0.06)


def bicycle(pen: Pen, c: Shade, rng: Random) -> None:
    rear, front, hub = (-0.58, 0.5), (0.6, 0.5), (-0.06, 0.52)
    seat, head = (-0.26, around(rng, -0.22, 0.04)), (0.38, around(rng, -0.28, 0.04))
    for x, y in (rear, front):
        for k in range(3):
            spoke = arc(x, y, 0.4, 0.4, k * 60, k * 60 + 180)
            pen.line([spoke[0], spoke[-1]], GREY, 0.9)
        ring(pen, x, y, 0.41, c.main, 0.13)
    for bar in ([rear, seat], [rear, hub], [hub, head], [seat, head], [head, front]):
        limb(pen, bar, c.main, 0.12)
    limb(pen, [hub, seat, (-0.3, -0.4)], c.main, 0.12)
    limb(pen, [head, (0.33, -0.52)], c.main, 0.1)
    limb(pen, [(0.2, -0.6), (0.34, -0.54), (0.58, -0.5), (0.6, -0.38)], TYRE, 0.09)
    blob(pen, [(-0.56, -0.46), (-0.3, -0.5), (-0.06, -0.42), (-0.3, -0.36)], TYRE)
    pen.oval(*hub, 0.12, 0.12, WHITE)


VEHICLES = {"boat": boat, "car": car, "balloon": balloon, "rocket": rocket, "train": train, "bicycle": bicycle}
