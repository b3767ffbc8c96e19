"""Shapes that painters share: smooth outlines, limbs, wheels, and a pen turned or moved.

Coordinates and widths are a thing's own ([-1, 1], y downwards), so that a small thing is the large
one made smaller; only outlines keep the pen's line width.
"""

from __future__ import annotations

from dataclasses import replace

from .paint import Pen, Point, Rgb, Shade, arc

WHITE: Rgb = (250, 248, 240)
GLASS: Rgb = (190, 225, 240)
WOOD: Rgb = (134, 88, 52)
GREY: Rgb = (150, 150, 158)
TYRE: Rgb = (62, 60, 68)
GOLD: Rgb = (250, 206, 84)
LEAF: Rgb = (66, 150, 66)


def trim(c: Shade) -> Rgb:
    """A neutral that shows on the colour: white, and grey on white."""
    return (198, 198, 210) if min(c.main) > 200 else WHITE


def contrast(c: Shade) -> Rgb:
    """Dark marks on the colour, light ones where it is dark itself."""
    return (206, 204, 214) if max(c.main) < 90 else (58, 50, 62)


def mark(c: Shade) -> Rgb:
    """The colour's shadow for lines on it; its light where the shadow would not show."""
    return c.light if max(c.main) < 90 else c.dark


def smooth(points: list[Point], closed: bool = True, steps: int = 3) -> list[Point]:
    """Points on a Catmull-Rom curve through `points`, `steps` to each piece."""
    n, out = len(points), []
    for i in range(n if closed else n - 1):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = (
            points[j % n if closed else min(max(j, 0), n - 1)] for j in range(i - 1, i + 3))
        for k in range(steps):
            t = k / steps
            a, b, c, d = -t * (1 - t) ** 2, 2 + t * t * (3 * t - 5), t * (1 + t * (4 - 3 * t)), t * t * (t - 1)
            out.append(((a * ax + b * bx + c * cx + d * dx) / 2, (a * ay + b * by + c * cy + d * dy) / 2))
    return out if closed else [*out, points[-1]]


def curve(points: list[Point]) -> list[Point]:
    """An open curve through `points`, from the first to the last."""
    return smooth(points, closed=False, steps=4)


def blob(pen: Pen, points: list[Point], fill: Rgb, outlined: bool = True) -> None:
    """A shape with a smooth rim through `points`."""
    pen.poly(smooth(points), fill, outlined)


def limb(pen: Pen, points: list[Point], fill: Rgb, width: float, outlined: bool = True) -> None:
    """A thick line with round ends; width in the thing's own units."""
    wide = width * pen.scale
    ends = [pen.at(points[0]), pen.at(points[-1])]
    layers = [(pen.ink, wide + 2 * pen.line_width * 0.8), (fill, wide)] if outlined else [(fill, wide)]
    for rgb, w in layers:
        pen.line(points, rgb, w)
        for x, y in ends:
            pen.canvas.oval(x, y, w / 2, w / 2, rgb)


def ring(pen: Pen, x: float, y: float, r: float, fill: Rgb, width: float) -> None:
    """A circle's outline as a limb: what is behind shows through."""
    limb(pen, arc(x, y, r, r, 0, 372), fill, width)


def wheel(pen: Pen, x: float, y: float, r: float, hub: Rgb) -> None:
    pen.oval(x, y, r, r, TYRE)
    pen.oval(x, y, r * 0.5, r * 0.5, hub, outlined=False)


def turned(pen: Pen, turn: float, dx: float = 0.0, dy: float = 0.0, size: float = 1.0) -> Pen:
    """The pen turned by `turn` radians about (dx, dy) of its own coordinates, its unit times `size`.

    Its (0, 0) is at (dx, dy); a mirrored pen turns the other way, so that it draws the mirror image.
    """
    x, y = pen.at((dx, dy))
    return replace(pen, x=x, y=y, scale=pen.scale * size, tilt=pen.tilt + (-turn if pen.mirror else turn))


def shine(pen: Pen, x: float, y: float, rx: float, ry: float, c: Shade, turn: float = 0.0) -> None:
    """A highlight."""
    pen.oval(x, y, rx, ry, c.light, outlined=False, turn=turn)
