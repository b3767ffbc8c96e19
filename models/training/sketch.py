"""Pictures with what is needed to change a part of them: the same place empty, what covers which pixels, and a box
for each thing. A sketch is `draw_scene` with `Random(seed)`; its parts follow that seed's share of chance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

import numpy as np

from world.drawing import PAINTERS, draw_scene, spots_of
from world.layout import box_of
from world.paint import Canvas
from world.places import PLACES, TIMES, kitchen, page, sky
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


def parts_of(scene: Scene, seed: str, size: int) -> list[Part]:
    """Where `draw_scene` with `Random(seed)` puts the things: the background takes its share of chance before."""
    rng, canvas = Random(seed), Canvas(8)
    if scene.place in ("page", "kitchen"):
        (page if scene.place == "page" else kitchen)(canvas, rng)
    else:
        sky(canvas, scene.time or "day", rng)
        PLACES[scene.place or "meadow"](canvas, TIMES[scene.time or "day"], rng)
    found = []
    for kind, colour, spot in spots_of(scene, rng):
        box = box_of(PAINTERS[kind])
        half, top = box.width * spot.scale / 2, spot.bottom - box.height * spot.scale
        edges = (spot.x - half, top, spot.x + half, spot.bottom)
        left, upper, right, lower = (int(min(max(round(v * size / 128), 0), size)) for v in edges)
        found.append(Part(kind, colour, (left, upper, max(right, left + 2), max(lower, upper + 2))))
    return found


def sketch(scene: Scene, seed: str, size: int = 128) -> Sketch:
    """`scene` drawn by `Random(seed)`, with what is covered by things."""
    bare, flat = replace(scene, thing="nothing", relation="", other_thing="", count=0, state=""), {"style": "flat"}
    full, blank = (draw_scene(replace(s, **flat), Random(seed), size).astype(np.int16) for s in (scene, bare))
    return Sketch(scene, draw_scene(scene, Random(seed), size), draw_scene(bare, Random(seed), size),
                  np.abs(full - blank).max(2) > 12, parts_of(scene, seed, size))
