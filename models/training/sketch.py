"""Pictures with what is needed to change a part of them: the same place empty, what covers which pixels, and a box
for each thing. A sketch is `draw_scene` with `Random(seed)`; its parts follow that seed's share of chance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

import numpy as np

from world.drawing import Placed, draw_placed, draw_scene, edges_of
from world.scene import Scene

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Part:
    """One thing of a picture: its kind, its colour, and the box about it in pixels (left, top, right, bottom)."""

    kind: str
    colour: str
    box: Box


@dataclass(frozen=True)
class Sketch:
    scene: Scene
    picture: np.ndarray
    empty: np.ndarray
    covered: np.ndarray  # bool [S, S]
    parts: list[Part]

    def of_group(self, main: bool) -> list[Part]:
        """The things of the main group, or of the other; the other one is drawn, and listed, first."""
        first = 1 if self.scene.relation else 0
        return self.parts[first:] if main else self.parts[:first]


def parts_of(placed: list[Placed], size: int) -> list[Part]:
    """The things of a picture of `size` pixels, as they were placed."""
    found = []
    for kind, colour, spot in placed:
        left, upper, right, lower = (int(min(max(round(v * size / 128), 0), size)) for v in edges_of(kind, spot))
        found.append(Part(kind, colour, (left, upper, max(right, left + 2), max(lower, upper + 2))))
    return found


def sketch(scene: Scene, seed: str, size: int = 128) -> Sketch:
    """`scene` drawn by `Random(seed)`, with what is covered by things."""
    bare, flat = replace(scene, thing="nothing", relation="", other_thing="", count=0, state=""), {"style": "flat"}
    full, blank = (draw_scene(replace(s, **flat), Random(seed), size).astype(np.int16) for s in (scene, bare))
    picture, placed = draw_placed(scene, Random(seed), size)
    return Sketch(scene, picture, draw_scene(bare, Random(seed), size), np.abs(full - blank).max(2) > 12,
                  parts_of(placed, size))
