"""Contact sheets: pictures with a few words under each, as WebP."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from judge import ANOTHER, NONE, NOTHING, View

SIDE, GAP, LINE, LINES = 192, 12, 13, 6


def described(view: View) -> str:
    """What is seen, in a line: "2 red cat, left of 1 house; beach, night, ink"."""
    groups = [" ".join(word for word in (count if kind not in (NONE, ANOTHER) else "", colour, kind) if word)
              for kind, colour, count in view.groups()]
    between = {"left": ", left of ", "on": ", on "}.get(view.relation, ", ")
    return f"{between.join(groups) or NOTHING}; {view.place}, {view.time}, {view.style}"


def sheet(path: Path, pictures: Sequence[np.ndarray], words: Sequence[Sequence[str]], columns: int = 8) -> None:
    """A grid of uint8 [S, S, 3], each with its paragraphs under it."""
    rows = -(-len(pictures) // columns)
    wide, high = SIDE + GAP, SIDE + GAP + LINES * LINE
    page = Image.new("RGB", (columns * wide + GAP, max(1, rows) * high + GAP), (255, 255, 255))
    pen = ImageDraw.Draw(page)
    for i, (picture, paragraphs) in enumerate(zip(pictures, words)):
        x, y = GAP + i % columns * wide, GAP + i // columns * high
        page.paste(Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BICUBIC), (x, y))
        lines = [(line, number) for number, text in enumerate(paragraphs) for line in textwrap.wrap(text, 34)]
        for k, (line, number) in enumerate(lines[:LINES]):
            pen.text((x, y + SIDE + 2 + k * LINE), line, fill=((0, 0, 0), (150, 30, 30))[number % 2], font_size=11)
    path.parent.mkdir(parents=True, exist_ok=True)
    page.save(path, quality=82, method=6)
