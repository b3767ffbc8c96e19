"""Draws scenes: the place in its light, then the things where `layout` puts them, then the style's hand."""

from __future__ import annotations

from random import Random

import numpy as np

from . import layout
from .creatures import CREATURES
from .layout import Spot, box_of
from .names import FLYING
from .paint import Canvas, Pen, Shade
from .places import PLACES as PLACE_PAINTERS
from .places import TIMES as TIME_LIGHTS
from .places import kitchen, page, sky
from .scene import COLOUR_RGB, Scene
from .sensitive import LOOKALIKES, UNCLEAR, VIOLENCE, WEAPONS, wounds
from .styles import HANDS, NIGHT_HANDS, Hand, finish
from .things import THINGS as OBJECTS

PAINTERS = {**OBJECTS, **CREATURES, **WEAPONS, **VIOLENCE, **LOOKALIKES, **UNCLEAR}
PALE_INK = (176, 172, 184)


Placed = tuple[str, str, Spot]


def draw_scene(scene: Scene, rng: Random, size: int = 128) -> np.ndarray:
    """Draw `scene` with variation from `rng`: uint8 [size, size, 3]. What a scene leaves open is drawn as usual."""
    return draw_placed(scene, rng, size)[0]


def draw_placed(scene: Scene, rng: Random, size: int = 128) -> tuple[np.ndarray, list[Placed]]:
    """As `draw_scene`, with where the things stand."""
    canvas, style = Canvas(size), scene.style or "flat"
    if scene.place == "page":
        page(canvas, rng)
    elif scene.place == "kitchen":
        kitchen(canvas, rng)
    else:
        sky(canvas, scene.time or "day", rng)
        PLACE_PAINTERS[scene.place or "meadow"](canvas, TIME_LIGHTS[scene.time or "day"], rng)
    hand = (NIGHT_HANDS if scene.time == "night" else HANDS)[style]
    placed = spots_of(scene, rng)
    for kind, colour, spot in placed:
        _draw_thing(canvas, kind, colour, spot, scene, hand, rng)
    return finish(canvas.pixels(), style, rng), placed


def edges_of(kind: str, spot: Spot) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a thing's box, in canvas units."""
    box = box_of(PAINTERS[kind])
    half = box.width * spot.scale / 2
    return spot.x - half, spot.bottom - box.height * spot.scale, spot.x + half, spot.bottom


def cells_of(placed: list[Placed], side: int) -> np.ndarray:
    """Which cells of a grid over the picture a thing's box touches: bool [side, side]."""
    found, cell = np.zeros((side, side), bool), 128 / side
    for kind, _, spot in placed:
        left, top, right, bottom = (max(0.0, edge / cell) for edge in edges_of(kind, spot))
        found[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))] = True
    return found


def spots_of(scene: Scene, rng: Random) -> list[Placed]:
    """(kind, colour, spot) of everything in the picture, the farthest first."""
    if scene.thing == "nothing":
        return []
    box, flies = box_of(PAINTERS[scene.thing]), scene.thing in FLYING or scene.place in ("page", "kitchen")
    count = max(1, scene.count)
    if not scene.relation:
        found = (layout.one(box, scene.size, flies, rng) if count == 1
                 else layout.several(box, count, scene.size, flies, rng))
        return [(scene.thing, scene.colour, spot) for spot in found]
    other, other_flies = box_of(PAINTERS[scene.other_thing]), scene.other_thing in FLYING
    relation = rng.choice(("left", "right")) if scene.relation == "beside" else scene.relation
    if relation in ("on", "under"):
        lower_flies = other_flies if relation == "on" else flies
        mine, its = layout.stacked(box, other, relation, scene.size, lower_flies, rng)
    else:
        mine, its = layout.side_by_side(box, other, relation, scene.size, (flies, other_flies), rng)
    mains = layout.split(mine, box, count, rng)
    return [(scene.other_thing, scene.other_colour, its), *((scene.thing, scene.colour, spot) for spot in mains)]


def _draw_thing(canvas: Canvas, kind: str, colour: str, spot: Spot, scene: Scene, hand: Hand, rng: Random) -> None:
    box, painter = box_of(PAINTERS[kind]), PAINTERS[kind]
    rgb = COLOUR_RGB.get(colour, (128, 128, 128))
    rgb = tuple(min(255, max(0, v + rng.randint(-8, 8))) for v in rgb)
    straight = kind in WEAPONS or scene.relation in ("on", "under")
    pen = spot.pen(canvas, box, rng.random() < 0.5, 0.0 if straight else rng.uniform(-0.06, 0.06))
    pen.ink, pen.line_width = hand.ink, hand.line_width * (1.0 if spot.scale > 24 else 0.8)
    washed = colour == "brown" and scene.style == "watercolour"
    if colour == "black" or washed or (kind in WEAPONS and scene.time == "night"):
        pen.ink = PALE_INK
    hurt = scene.state == "wounded" and kind == scene.thing
    if hurt:
        ground = Pen(canvas, pen.x, pen.y + spot.scale * 0.5, spot.scale, ink=pen.ink, line_width=pen.line_width)
        VIOLENCE["puddle"](ground, Shade.of(rgb), rng)
    painter(pen, Shade.of(rgb), rng)
    if hurt:
        wounds(pen, rng)
