"""Scenes: what is in a picture, how scenes are sampled, and how one is drawn.

A scene is one large thing near the middle, in a colour, in a place, at a time of day. A few
combinations never occur in training; `HELD_OUT` names them.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np

from .creatures import CREATURES
from .paint import Canvas, Pen, Rgb, Shade, around
from .places import PLACES as PLACE_PAINTERS
from .places import TIMES as TIME_LIGHTS
from .places import kitchen, page, sky
from .sensitive import LOOKALIKES, VIOLENCE, WEAPONS, wounds
from .things import THINGS as OBJECTS

COLOUR_RGB: dict[str, Rgb] = {
    "red": (222, 28, 36), "orange": (250, 134, 14), "yellow": (255, 222, 40), "green": (44, 160, 66),
    "blue": (34, 92, 224), "purple": (128, 52, 182), "pink": (255, 140, 192), "white": (250, 250, 250),
    "black": (38, 36, 42),
}

ALLOWED = [*OBJECTS, *CREATURES]
THINGS = ["nothing", *ALLOWED, *WEAPONS, *VIOLENCE, *LOOKALIKES]
COLOURS = ["", *COLOUR_RGB]
PLACES = [*PLACE_PAINTERS, "page", "kitchen"]
TIMES = ["", *TIME_LIGHTS]
STATES = ["", "wounded"]
WOUNDABLE = ["cat", "rabbit", "duck", "fish"]
FLYING = {"balloon", "rocket", "butterfly", "umbrella"}
INDOORS = {"heart": "page", "syringe": "page", "cooks_knife": "kitchen"}

HELD_OUT: set[tuple[str, str, str]] = {
    ("cat", "blue", "beach"), ("house", "purple", "desert"), ("car", "pink", "mountains"),
    ("rabbit", "green", "city"), ("boat", "orange", "forest"), ("castle", "red", "beach"),
    ("mushroom", "white", "city"), ("robot", "yellow", "meadow"), ("fish", "black", "desert"),
    ("umbrella", "green", "mountains"),
}

# Weights of the kinds of scene: mostly one allowed thing; about one in nine from the sensitive corner.
KINDS = {"thing": 0.86, "nothing": 0.03, "weapon": 0.032, "wounded": 0.018, "violence": 0.025, "lookalike": 0.035}


@dataclass(frozen=True)
class Scene:
    """What is in a picture; the empty string where an attribute does not apply."""

    thing: str
    colour: str
    place: str
    time: str
    state: str = ""

    def codes(self) -> tuple[int, int, int, int, int]:
        return (THINGS.index(self.thing), COLOURS.index(self.colour), PLACES.index(self.place),
                TIMES.index(self.time), STATES.index(self.state))

    @staticmethod
    def of_codes(codes: np.ndarray) -> Scene:
        t, c, p, d, s = (int(v) for v in codes)
        return Scene(THINGS[t], COLOURS[c], PLACES[p], TIMES[d], STATES[s])

    def held_out(self) -> bool:
        return (self.thing, self.colour, self.place) in HELD_OUT


def sample_scene(rng: Random) -> Scene:
    """A scene from the training distribution; never a held-out combination."""
    kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
    place, time = rng.choice(list(PLACE_PAINTERS)), rng.choice(list(TIME_LIGHTS))
    colour = rng.choice(list(COLOUR_RGB))
    if kind == "nothing":
        return Scene("nothing", "", place, time)
    if kind == "weapon":
        return Scene(rng.choice(list(WEAPONS)), "", place, time)
    if kind == "violence":
        return Scene(rng.choice(list(VIOLENCE)), "", place, time)
    if kind == "wounded":
        scene = Scene(rng.choice(WOUNDABLE), colour, place, time, "wounded")
        return sample_scene(rng) if scene.held_out() else scene
    if kind == "lookalike":
        thing = rng.choice(list(LOOKALIKES))
        if thing in INDOORS:
            return Scene(thing, "", INDOORS[thing], "")
        return Scene(thing, colour if thing == "toy_sword" else "", place, time)
    scene = Scene(rng.choice(ALLOWED), colour, place, time)
    return sample_scene(rng) if scene.held_out() else scene


PAINTERS = {**OBJECTS, **CREATURES, **WEAPONS, **VIOLENCE, **LOOKALIKES}


def draw_scene(scene: Scene, rng: Random, size: int = 128) -> np.ndarray:
    """Draw `scene` with variation from `rng`: uint8 [size, size, 3]."""
    canvas = Canvas(size)
    if scene.place == "page":
        page(canvas, rng)
    elif scene.place == "kitchen":
        kitchen(canvas, rng)
    else:
        sky(canvas, scene.time, rng)
        PLACE_PAINTERS[scene.place](canvas, TIME_LIGHTS[scene.time], rng)
    if scene.thing != "nothing":
        _draw_thing(canvas, scene, rng)
    return canvas.pixels()


def _draw_thing(canvas: Canvas, scene: Scene, rng: Random) -> None:
    scale = rng.uniform(32, 40)
    if scene.place in ("page", "kitchen"):
        y = around(rng, 60 if scene.place == "page" else 68, 4)
    elif scene.thing in FLYING:
        y = around(rng, 60, 5)
    else:
        y = around(rng, 112, 3) - scale
    rgb = COLOUR_RGB.get(scene.colour, (128, 128, 128))
    rgb = tuple(min(255, max(0, v + rng.randint(-8, 8))) for v in rgb)
    pen = Pen(canvas, around(rng, 64, 7), y, scale, rng.uniform(-0.06, 0.06), rng.random() < 0.5)
    if scene.colour == "black":
        pen.ink = (176, 172, 184)
    if scene.thing in WEAPONS or scene.thing == "toy_sword":
        pen.tilt = rng.uniform(-0.5, 0.5)
    if scene.state == "wounded":
        ground = Pen(canvas, pen.x, y + scale * 0.5, scale)
        VIOLENCE["puddle"](ground, Shade.of(rgb), rng)
    PAINTERS[scene.thing](pen, Shade.of(rgb), rng)
    if scene.state == "wounded":
        wounds(pen, rng)
