"""Styles: flat, crayon, ink with a wash, watercolour.

A style is a `Hand` for the outlines of things, and a finish over the whole picture: it is laid on paper
through masks [size, size] of textures that are made once a size and shifted by chance, so that no two
sheets are alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from random import Random

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from .paint import INK, UNITS, Rgb

PAPER: Rgb = (252, 248, 238)
BLACK_INK: Rgb = (30, 28, 40)
SHADOW: Rgb = (52, 44, 66)


@dataclass(frozen=True)
class Hand:
    """How a style outlines things: colour, and width in canvas units."""

    ink: Rgb
    line_width: float


HANDS = {"flat": Hand(INK, 1.5), "crayon": Hand((64, 52, 66), 2.1), "ink": Hand((22, 20, 30), 1.7),
         "watercolour": Hand((76, 68, 90), 1.1)}
# By night a painter leaves a pale line about things, or they would drown in the dark wash.
NIGHT_HANDS = {**HANDS, "watercolour": Hand((206, 200, 216), 1.2)}


@lru_cache(maxsize=None)
def texture(kind: str, size: int) -> np.ndarray:
    """A tile float32 [size, size], mean 0, deviation 1: "grain", "blots", slanted "strokes"; or "hatch" in [0, 1]."""
    if kind == "hatch":
        y, x = np.mgrid[:size, :size] / size
        return np.clip(np.sin((x + y) * 50 * np.pi + 0.7 * texture("blots", size)), 0, 1).astype(np.float32)
    noise = np.random.default_rng(7).standard_normal((size, size))
    fy, fx = np.meshgrid(np.fft.fftfreq(size) * size, np.fft.rfftfreq(size) * size, indexing="ij")  # cycles a picture
    if kind == "grain":
        keep = np.exp(-((fx**2 + fy**2) / 44**2))
    elif kind == "blots":
        keep = np.exp(-((fx**2 + fy**2) / 7**2))
    else:
        along, across = (fx + fy) / 2**0.5, (fx - fy) / 2**0.5
        keep = np.exp(-((along / 4.5) ** 2 + (across / 34) ** 2))
    made = np.fft.irfft2(np.fft.rfft2(noise) * keep, s=(size, size))
    return ((made - made.mean()) / made.std()).astype(np.float32)


@lru_cache(maxsize=None)
def margin(size: int) -> np.ndarray:
    """How far each pixel is from the picture's edge, in canvas units: float32 [size, size]."""
    y = np.arange(size, dtype=np.float32) * (UNITS / size)
    near = np.minimum(y, UNITS - 1 - y)
    return np.minimum(near[:, None], near[None])


def _shifted(kind: str, size: int, rng: Random) -> np.ndarray:
    return np.roll(texture(kind, size), (rng.randrange(size), rng.randrange(size)), (0, 1))


def _mask(amount: np.ndarray) -> Image.Image:
    """A mask of [size, size] in [0, 1]."""
    return Image.fromarray(np.clip(amount * 255, 0, 255).astype(np.uint8))


def _laid(picture: Image.Image, rgb: Rgb, amount: np.ndarray) -> Image.Image:
    """`rgb` over the picture, as far as `amount` says of each pixel."""
    picture.paste(rgb, (0, 0), _mask(amount))
    return picture


def _warped(pixels: np.ndarray, units: float, rng: Random) -> Image.Image:
    """The picture moved by up to about twice `units`, smoothly: an unsteady hand."""
    size = len(pixels)
    by = units * size / UNITS
    blots = _shifted("blots", size, rng) * by
    rows = np.arange(size)[:, None] + np.rint(blots).astype(np.int32)
    columns = np.arange(size)[None] + np.rint(blots.T).astype(np.int32)
    flat = np.clip(rows, 0, size - 1) * size + np.clip(columns, 0, size - 1)
    return Image.fromarray(pixels.reshape(-1, 3).take(flat.ravel(), axis=0).reshape(size, size, 3))


def _blurred(picture: Image.Image, units: float) -> Image.Image:
    return picture.filter(ImageFilter.BoxBlur(units * picture.width / UNITS))


def _strongest(picture: Image.Image) -> np.ndarray:
    """The largest of the three channels: uint8 [size, size]."""
    red, green, blue = picture.split()
    return np.asarray(ImageChops.lighter(ImageChops.lighter(red, green), blue))


def crayon(pixels: np.ndarray, rng: Random) -> Image.Image:
    """Wax on rough paper: slanted strokes that leave some of the paper bare, and wavering edges."""
    size = len(pixels)
    bare = 0.07 + 0.1 * _shifted("strokes", size, rng) + 0.06 * _shifted("grain", size, rng)
    return _laid(_warped(pixels, 0.55, rng), PAPER, np.minimum(bare, 0.65))


def ink(pixels: np.ndarray, rng: Random) -> Image.Image:
    """Black lines where colours meet, hatching in the dark, and a thin uneven wash of colour."""
    size, picture = len(pixels), Image.fromarray(pixels)
    soft, step = _blurred(picture, 0.7), max(1, round(size / UNITS))
    right = _strongest(ImageChops.difference(soft, ImageChops.offset(soft, step, 0)))
    down = _strongest(ImageChops.difference(soft, ImageChops.offset(soft, 0, step)))
    edge = np.maximum(right, down).astype(np.float32)
    edge[:step], edge[:, :step] = 0, 0
    line = np.clip((edge - 26) / 46, 0, 0.9)
    dark = np.clip((84 - np.asarray(picture.convert("L"), np.float32)) / 70, 0, 0.55)
    line = np.maximum(line, _shifted("hatch", size, rng) * dark)
    return _laid(_laid(picture, PAPER, 0.38 + 0.06 * _shifted("blots", size, rng)), BLACK_INK, line)


def watercolour(pixels: np.ndarray, rng: Random) -> Image.Image:
    """Pigment that bleeds over its edges, gathers there, dries in blots, and stops short of the paper's edge."""
    size = len(pixels)
    wet = _blurred(_warped(pixels, 0.75, rng), 0.45)
    gathered = _strongest(ImageChops.difference(wet, _blurred(wet, 2.6))).astype(np.float32) / 255
    blots = _shifted("blots", size, rng)
    thin = 0.1 - 0.08 * blots + 0.035 * _shifted("grain", size, rng)
    dry = np.clip((3.2 - margin(size) - 1.5 * blots) / 1.5 + 1, 0, 1)
    return _laid(_laid(wet, SHADOW, gathered * 0.55), PAPER, np.maximum(np.clip(thin, 0, 1), dry))


Finish = Callable[[np.ndarray, Random], Image.Image]
FINISHES: dict[str, Finish] = {"crayon": crayon, "ink": ink, "watercolour": watercolour}


def finish(pixels: np.ndarray, style: str, rng: Random) -> np.ndarray:
    """The picture in its style: uint8 [size, size, 3] to the same."""
    return np.asarray(FINISHES[style](pixels, rng)) if style in FINISHES else pixels
