"""Allowed animals, in the same manner as `things`."""

from __future__ import annotations

from random import Random

from .paint import INK, Pen, Rgb, Shade, arc, around

BEAK: Rgb = (245, 160, 40)
ROSE: Rgb = (240, 170, 180)


def fish(pen: Pen, c: Shade, rng: Random) -> None:
    h = around(rng, 0.55, 0.04)
    pen.poly([(-0.5, 0.0), (-1.1, -0.5), (-0.95, 0.0), (-1.1, 0.5)], c.dark)
    pen.poly([(-0.25, -0.4), (0.1, -0.9), (0.4, -0.4)], c.dark)
    pen.oval(0.15, 0.0, 0.88, h, c.main)
    for x in (-0.3, 0.05):
        pen.line(arc(x, 0, 0.16, h * 0.75, -70, 70), c.light, 2.2)
    pen.eye(0.68, -0.13, 0.09)
    pen.line([(0.72, 0.2), (0.95, 0.15)])


def cat(pen: Pen, c: Shade, rng: Random) -> None:
    lift = around(rng, -0.1, 0.1)
    pen.line([(0.4, 0.8), (0.85, 0.65), (0.95, lift), (0.75, lift - 0.2)], pen.ink, 6.0)
    pen.line([(0.4, 0.8), (0.85, 0.65), (0.95, lift), (0.76, lift - 0.18)], c.main, 3.6)
    pen.oval(0, 0.5, 0.52, 0.52, c.main)
    for x in (-0.26, 0.26):
        pen.oval(x, 0.93, 0.2, 0.1, c.light)
    for side in (-1, 1):
        pen.poly([(side * 0.6, -0.35), (side * 0.62, -1.08), (side * 0.1, -0.7)], c.main)
        pen.poly([(side * 0.5, -0.6), (side * 0.54, -0.9), (side * 0.3, -0.72)], ROSE, outlined=False)
    pen.oval(0, -0.32, 0.66, 0.5, c.main)
    for x in (-0.27, 0.27):
        pen.eye(x, -0.38, 0.085)
    pen.poly([(-0.07, -0.2), (0.07, -0.2), (0, -0.12)], ROSE, outlined=False)
    for side in (-1, 1):
        for y in (-0.2, -0.08):
            pen.line([(side * 0.25, -0.14), (side * 0.8, y)], width=0.8)


def rabbit(pen: Pen, c: Shade, rng: Random) -> None:
    spread = around(rng, 0.22, 0.05)
    for side in (-1, 1):
        pen.oval(side * (0.12 + spread / 2), -0.78, 0.14, 0.42, c.main, turn=side * 0.2)
        pen.oval(side * (0.12 + spread / 2), -0.78, 0.06, 0.3, ROSE, outlined=False, turn=side * 0.2)
    pen.oval(0.58, 0.62, 0.2, 0.2, (250, 250, 250))
    pen.oval(0, 0.48, 0.54, 0.5, c.main)
    pen.oval(0, 0.55, 0.3, 0.34, c.light, outlined=False)
    for x in (-0.32, 0.32):
        pen.oval(x, 0.92, 0.28, 0.11, c.main)
    pen.oval(0, -0.2, 0.44, 0.38, c.main)
    for x in (-0.18, 0.18):
        pen.eye(x, -0.26, 0.075)
    pen.oval(0, -0.08, 0.07, 0.05, ROSE, outlined=False)
    pen.rect(-0.07, 0.02, 0.07, 0.13, (255, 255, 255), outlined=False)


def duck(pen: Pen, c: Shade, rng: Random) -> None:
    for x in (-0.15, 0.15):
        pen.line([(x, 0.7), (x, 0.98), (x + 0.18, 0.98)], BEAK, 2.5)
    pen.poly([(-0.7, 0.1), (-1.1, -0.2), (-0.6, 0.55)], c.main)
    pen.oval(-0.1, 0.35, 0.78, 0.45, c.main)
    pen.poly([(0.78, -0.62), (1.15, -0.5), (0.75, -0.36)], BEAK)
    pen.oval(0.48, -0.5, 0.4, around(rng, 0.38, 0.02), c.main)
    pen.poly([(0.12, -0.35), (0.84, -0.35), (0.6, 0.35), (0.1, 0.25)], c.main, outlined=False)
    pen.oval(-0.2, 0.32, 0.4, 0.24, c.dark, turn=0.15)
    pen.eye(0.58, -0.58, 0.075)


def butterfly(pen: Pen, c: Shade, rng: Random) -> None:
    lift = around(rng, -0.45, 0.05)
    for side in (-1, 1):
        pen.oval(side * 0.55, lift, 0.5, 0.42, c.main, turn=side * -0.5)
        pen.oval(side * 0.42, 0.42, 0.36, 0.36, c.main, turn=side * 0.5)
        pen.oval(side * 0.6, lift, 0.22, 0.18, c.light, outlined=False)
        pen.oval(side * 0.44, 0.44, 0.14, 0.14, c.light, outlined=False)
        pen.line([(0, -0.55), (side * 0.25, -0.98)], width=1.1)
    pen.oval(0, 0.05, 0.1, 0.62, INK, outlined=False)


CREATURES = {"fish": fish, "cat": cat, "rabbit": rabbit, "duck": duck, "butterfly": butterfly}
