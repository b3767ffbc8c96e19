"""Allowed creatures, in the same manner as `things`; those with four legs, and two of fairy tales, are drawn here."""

from __future__ import annotations

from random import Random

from .paint import Pen, Rgb, Shade, arc, around
from .shapes import blob, contrast, curve, limb, trim
from .small_creatures import SMALL_CREATURES

ROSE: Rgb = (240, 170, 180)


def cat(pen: Pen, c: Shade, rng: Random) -> None:
    tip, plump = around(rng, -0.02, 0.14), around(rng, 0.57, 0.05)
    tail = curve([(0.3, 0.86), (0.78, 0.82), (0.92, 0.4), (0.8, tip)])
    limb(pen, tail, c.main, 0.2)
    blob(pen, [(-0.3, -0.1), (0.3, -0.1), (plump, 0.55), (0.5, 0.98), (-0.5, 0.98), (-plump, 0.55)], c.main)
    blob(pen, [(-0.16, 0.1), (0.16, 0.1), (0.2, 0.5), (0, 0.66), (-0.2, 0.5)], c.light, outlined=False)
    for x in (-0.2, 0.2):
        pen.oval(x, 0.91, 0.2, 0.11, c.main)
    pen.line([(0, 0.7), (0, 0.96)], width=1.2)
    for side in (-1, 1):
        pen.poly([(side * 0.62, -0.3), (side * 0.64, -1.1), (side * 0.1, -0.72)], c.main)
        pen.poly([(side * 0.52, -0.6), (side * 0.54, -0.92), (side * 0.3, -0.74)], ROSE, outlined=False)
    blob(pen, [(0, -0.8), (0.44, -0.72), (0.7, -0.36), (0.5, -0.02), (0, 0.1), (-0.5, -0.02), (-0.7, -0.36),
               (-0.44, -0.72)], c.main)
    for x in (-0.28, 0.28):
        pen.oval(x, -0.38, 0.15, 0.16, (255, 255, 255), outlined=False)
        pen.oval(x, -0.37, 0.075, 0.13, (40, 36, 44), outlined=False)
    pen.poly([(-0.08, -0.2), (0.08, -0.2), (0, -0.11)], (220, 110, 130), outlined=False)
    pen.line(arc(-0.08, -0.1, 0.08, 0.08, 0, 170), width=1.2)
    pen.line(arc(0.08, -0.1, 0.08, 0.08, 10, 180), width=1.2)
    for side in (-1, 1):
        for y in (-0.2, -0.04):
            pen.line([(side * 0.4, -0.13), (side * 0.92, y)], width=0.9)


def dog(pen: Pen, c: Shade, rng: Random) -> None:
    wag, low = around(rng, -0.42, 0.12), around(rng, 0.06, 0.06)
    limb(pen, curve([(-0.66, 0.2), (-0.94, -0.06), (-0.98, wag)]), c.main, 0.15)
    for x in (-0.46, 0.34):
        limb(pen, [(x, 0.4), (x, 0.9)], c.dark, 0.19)
    for x in (-0.6, 0.2):
        pen.oval(x + 0.08, 0.92, 0.16, 0.08, c.main)
        limb(pen, [(x, 0.4), (x, 0.89)], c.main, 0.2)
    blob(pen, [(-0.72, 0.1), (-0.2, 0.06), (0.4, -0.05), (0.56, 0.3), (0.3, 0.58), (-0.3, 0.52), (-0.64, 0.62),
               (-0.8, 0.4)], c.main)
    blob(pen, [(0.04, -0.4), (0.2, -0.78), (0.56, -0.8), (0.72, -0.5), (1.06, -0.4), (1.12, -0.12), (0.8, 0.04),
               (0.42, 0.08), (0.14, -0.06)], c.main)
    pen.oval(1.06, -0.38, 0.12, 0.1, (44, 38, 46), outlined=False)
    pen.line(curve([(1.04, -0.1), (0.86, -0.06), (0.72, -0.14)]), width=1.4)
    blob(pen, [(0.86, -0.04), (0.98, -0.06), (0.98, 0.16), (0.88, 0.18)], (236, 110, 130))
    blob(pen, [(0.06, -0.72), (0.32, -0.74), (0.3, -0.2), (0.12, low), (-0.08, low - 0.12), (-0.04, -0.4)], c.dark)
    pen.eye(0.58, -0.48, 0.09)
    pen.line([(0.16, 0.12), (0.5, 0.14)], trim(c), 0.11 * pen.scale)


def rabbit(pen: Pen, c: Shade, rng: Random) -> None:
    lean, plump = around(rng, 0.2, 0.1), around(rng, 0.57, 0.05)
    for side in (-1, 1):
        x, turn = side * 0.22, side * lean
        pen.oval(x, -0.7, 0.16, 0.46, c.main, turn=turn)
        pen.oval(x, -0.68, 0.07, 0.32, ROSE, outlined=False, turn=turn)
    pen.oval(0.56, 0.66, 0.19, 0.19, trim(c))
    blob(pen, [(-0.3, 0.0), (0.3, 0.0), (plump, 0.6), (0.4, 0.96), (-0.4, 0.96), (-plump, 0.6)], c.main)
    pen.oval(0, 0.56, 0.27, 0.3, c.light, outlined=False)
    for x in (-0.32, 0.32):
        pen.oval(x, 0.91, 0.3, 0.12, c.main)
    pen.oval(0, -0.12, 0.48, 0.4, c.main)
    for x in (-0.2, 0.2):
        pen.eye(x, -0.18, 0.09)
    pen.oval(0, -0.0, 0.08, 0.06, (220, 110, 130), outlined=False)
    pen.rect(-0.08, 0.1, 0.08, 0.22, (255, 255, 255), outlined=False)
    for side in (-1, 1):
        pen.line([(side * 0.18, 0.04), (side * 0.62, -0.02)], width=0.8)


def horse(pen: Pen, c: Shade, rng: Random) -> None:
    step = around(rng, 0.0, 0.06)
    blob(pen, [(-0.7, -0.08), (-1.0, 0.02), (-1.12, 0.4), (-1.0, 0.78), (-0.84, 0.44), (-0.72, 0.16)], c.dark)
    for x, dx, fill in ((-0.4, 0.06, c.dark), (0.2, 0.08, c.dark), (-0.6, -0.05 + step, c.main), (0.36, step, c.main)):
        limb(pen, [(x, 0.15), (x + dx, 0.9)], fill, 0.16)
        pen.poly([(x + dx - 0.09, 0.86), (x + dx + 0.09, 0.86), (x + dx + 0.13, 1.0), (x + dx - 0.13, 1.0)],
                 (84, 70, 70))
    blob(pen, [(-0.76, -0.06), (-0.3, -0.06), (0.0, -0.04), (0.2, -0.4), (0.36, -0.84), (0.56, -0.96), (0.74, -0.84),
               (1.1, -0.46), (1.08, -0.26), (0.9, -0.22), (0.64, -0.42), (0.6, -0.12), (0.52, 0.24), (0.2, 0.36),
               (-0.3, 0.36), (-0.64, 0.42), (-0.82, 0.22)], c.main)
    pen.poly([(0.42, -0.88), (0.44, -1.14), (0.6, -0.94)], c.main)
    blob(pen, [(0.5, -1.02), (0.3, -0.92), (0.08, -0.6), (-0.1, -0.08), (0.08, -0.1), (0.24, -0.14), (0.34, -0.5),
               (0.5, -0.8)], c.dark)
    pen.eye(0.66, -0.7, 0.075)
    pen.oval(1.02, -0.38, 0.035, 0.035, contrast(c), outlined=False)
    pen.line([(1.04, -0.27), (0.92, -0.29)], width=1.1)


def dragon(pen: Pen, c: Shade, rng: Random) -> None:
    lift = around(rng, -0.98, 0.08)
    limb(pen, curve([(-0.1, 0.82), (-0.6, 0.9), (-0.95, 0.7), (-0.96, 0.36)]), c.main, 0.19)
    pen.poly([(-0.96, 0.02), (-0.74, 0.4), (-1.18, 0.4)], c.dark)
    pen.poly([(-0.05, 0.2), (-0.2, -0.4), (-0.55, lift), (-0.72, -0.5), (-1.12, -0.52), (-0.84, -0.16), (-0.98, 0.1),
              (-0.6, 0.08), (-0.46, 0.3)], c.dark)
    pen.line([(-0.1, 0.16), (-0.72, -0.5)], width=1.2)
    pen.line([(-0.14, 0.2), (-0.84, -0.16)], width=1.2)
    for x, y in ((0.06, -0.36), (-0.06, -0.1), (0.22, -0.62)):
        pen.poly([(x + 0.16, y - 0.1), (x - 0.16, y - 0.12), (x + 0.1, y + 0.16)], c.dark)
    blob(pen, [(0.2, -0.62), (0.3, -0.96), (0.62, -1.0), (0.82, -0.76), (1.1, -0.66), (1.08, -0.42), (0.7, -0.36),
               (0.52, -0.28), (0.5, 0.06), (0.64, 0.5), (0.5, 0.96), (-0.24, 0.96), (-0.34, 0.5), (-0.1, 0.14),
               (0.12, -0.24)], c.main)
    blob(pen, [(0.42, 0.0), (0.56, 0.5), (0.44, 0.88), (0.16, 0.84), (0.14, 0.4)], c.light, outlined=False)
    for y in (0.3, 0.52, 0.74):
        pen.line([(0.18, y), (0.52, y)], width=1.0)
    for x in (-0.06, 0.38):
        pen.oval(x, 0.92, 0.24, 0.1, c.main)
    pen.poly([(0.36, -0.94), (0.28, -1.16), (0.5, -0.99)], trim(c))
    pen.eye(0.6, -0.74, 0.085)
    pen.oval(1.02, -0.58, 0.04, 0.04, contrast(c), outlined=False)
    limb(pen, [(0.4, 0.24), (0.7, 0.32)], c.main, 0.13)


def ghost(pen: Pen, c: Shade, rng: Random) -> None:
    sway, wide = around(rng, 0.0, 0.12), around(rng, 0.64, 0.06)
    hem = [(0.72, 0.86), (0.48, 1.02), (0.26, 0.78), (0.0, 1.02), (-0.26, 0.78), (-0.5, 1.02), (-0.74, 0.84)]
    blob(pen, [(0, -1.02), (0.46, -0.86), (wide, -0.3), (wide, 0.3), *hem, (-wide, 0.3), (-wide, -0.3), (-0.46, -0.86)],
         c.main)
    for side in (-1, 1):
        blob(pen, [(side * 0.54, -0.06), (side * 0.96, -0.3 + side * sway), (side * 1.06, -0.1 + side * sway),
                   (side * 0.6, 0.28)], c.main)
        pen.oval(side * 0.24, -0.42, 0.14, 0.2, contrast(c), outlined=False)
        pen.oval(side * 0.24 + 0.04, -0.5, 0.05, 0.06, c.main, outlined=False)
        pen.oval(side * 0.42, -0.14, 0.1, 0.06, ROSE, outlined=False)
    pen.oval(0, -0.06, 0.12, 0.15, contrast(c), outlined=False)


CREATURES = {"cat": cat, "dog": dog, "rabbit": rabbit, "horse": horse, **SMALL_CREATURES, "dragon": dragon,
             "ghost": ghost}
