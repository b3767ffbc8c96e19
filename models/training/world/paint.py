"""Drawing primitives.

A `Canvas` is a square picture in units of 1/128 of its side, drawn `SUPERSAMPLE` times larger and
box-filtered down, so that edges are smooth. A `Pen` draws one thing in its own coordinates:
x and y in about [-1, 1], y downwards, with a position, scale, tilt and mirror of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random

import numpy as np
from PIL import Image, ImageDraw

Rgb = tuple[int, int, int]
Point = tuple[float, float]

SUPERSAMPLE = 3
UNITS = 128
INK: Rgb = (44, 36, 52)


def mix(a: Rgb, b: Rgb, amount: float) -> Rgb:
    """`a` moved towards `b`; amount 0 gives `a`, 1 gives `b`."""
    return tuple(round(x + (y - x) * amount) for x, y in zip(a, b))  # type: ignore[return-value]


@dataclass
class Canvas:
    """A square picture addressed in 128 units a side, whatever its pixel size."""

    size: int = 128
    image: Image.Image = field(init=False)
    draw: ImageDraw.ImageDraw = field(init=False)
    scale: float = field(init=False)

    def __post_init__(self) -> None:
        side = self.size * SUPERSAMPLE
        self.scale = side / UNITS
        self.image = Image.new("RGB", (side, side))
        self.draw = ImageDraw.Draw(self.image)

    def gradient(self, top: Rgb, bottom: Rgb, height: float = 100) -> None:
        """Fill with a vertical gradient that reaches `bottom` at `height` units."""
        column = Image.new("RGB", (1, 2))
        column.putpixel((0, 0), top)
        column.putpixel((0, 1), bottom)
        side = self.image.width
        rows = round(height * self.scale)
        self.image.paste(bottom, (0, 0, side, side))
        self.image.paste(column.resize((side, rows), Image.Resampling.BILINEAR, box=(0, 0.5, 1, 1.5)), (0, 0))

    def poly(self, points: list[Point], fill: Rgb) -> None:
        k = self.scale
        self.draw.polygon([(x * k, y * k) for x, y in points], fill=fill)

    def oval(self, x: float, y: float, rx: float, ry: float, fill: Rgb) -> None:
        k = self.scale
        self.draw.ellipse(((x - rx) * k, (y - ry) * k, (x + rx) * k, (y + ry) * k), fill=fill)

    def rect(self, x0: float, y0: float, x1: float, y1: float, fill: Rgb) -> None:
        k = self.scale
        self.draw.rectangle((x0 * k, y0 * k, x1 * k, y1 * k), fill=fill)

    def line(self, points: list[Point], fill: Rgb, width: float) -> None:
        k = self.scale
        self.draw.line([(x * k, y * k) for x, y in points], fill=fill, width=max(1, round(width * k)), joint="curve")

    def pixels(self) -> np.ndarray:
        """The finished picture: uint8 [size, size, 3]."""
        return np.asarray(self.image.reduce(SUPERSAMPLE), dtype=np.uint8)


@dataclass
class Shade:
    """A colour with its shadow and its light."""

    main: Rgb
    dark: Rgb
    light: Rgb

    @staticmethod
    def of(rgb: Rgb) -> Shade:
        return Shade(rgb, mix(rgb, (20, 10, 30), 0.3), mix(rgb, (255, 255, 255), 0.4))


@dataclass
class Pen:
    """Draws one thing, outlined, in its own coordinates."""

    canvas: Canvas
    x: float
    y: float
    scale: float
    tilt: float = 0.0
    mirror: bool = False
    ink: Rgb = INK
    line_width: float = 1.5

    def at(self, point: Point) -> Point:
        """Thing coordinates to canvas units."""
        px, py = point
        if self.mirror:
            px = -px
        c, s = math.cos(self.tilt), math.sin(self.tilt)
        return (self.x + self.scale * (px * c - py * s), self.y + self.scale * (px * s + py * c))

    def poly(self, points: list[Point], fill: Rgb, outlined: bool = True) -> None:
        placed = [self.at(p) for p in points]
        self.canvas.poly(placed, fill)
        if outlined:
            self.canvas.line([*placed, placed[0], placed[1]], self.ink, self.line_width)

    def rect(self, x0: float, y0: float, x1: float, y1: float, fill: Rgb, outlined: bool = True) -> None:
        self.poly([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], fill, outlined)

    def oval(
        self, x: float, y: float, rx: float, ry: float, fill: Rgb, outlined: bool = True, turn: float = 0.0
    ) -> None:
        """An ellipse, turned by `turn` radians about its centre."""
        self.poly(arc(x, y, rx, ry, 0, 360, turn)[:-1], fill, outlined)

    def line(self, points: list[Point], fill: Rgb | None = None, width: float | None = None) -> None:
        """An open line; width in canvas units."""
        self.canvas.line([self.at(p) for p in points], fill or self.ink, width or self.line_width)

    def eye(self, x: float, y: float, radius: float = 0.07) -> None:
        self.oval(x, y, radius * 1.5, radius * 1.5, (255, 255, 255), outlined=False)
        self.oval(x, y, radius, radius, INK, outlined=False)


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float, turn: float = 0.0) -> list[Point]:
    """Points along an ellipse from `start` to `end` degrees (0 right, 90 down)."""
    steps = max(5, round(abs(end - start) / 12))
    c, s = math.cos(turn), math.sin(turn)
    points = []
    for i in range(steps + 1):
        angle = math.radians(start + (end - start) * i / steps)
        px, py = rx * math.cos(angle), ry * math.sin(angle)
        points.append((x + px * c - py * s, y + px * s + py * c))
    return points


def around(rng: Random, value: float, spread: float) -> float:
    """A value drawn uniformly from value ± spread."""
    return value + rng.uniform(-spread, spread)
