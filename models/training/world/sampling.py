"""Draws scenes by chance: the training distribution. Held-out combinations never come.

A `World` says which kinds and styles a run knows; the codes and words do not depend on it, so that a
small run and a large one read the same tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from .names import COLOURED, INDOORS, WOUNDABLE
from .scene import ALLOWED, COLOUR_RGB, OUTDOORS, STYLES, TIMES, Scene
from .sensitive import LOOKALIKES, UNCLEAR, VIOLENCE, WEAPONS

# Weights of the sorts of scene: mostly allowed things; about a tenth is sensitive, a twentieth resembles it.
SORTS = {"thing": 0.81, "nothing": 0.02, "weapon": 0.045, "wounded": 0.025, "violence": 0.03, "lookalike": 0.055,
         "unclear": 0.015}
STYLE_WEIGHTS = {"flat": 0.46, "crayon": 0.18, "ink": 0.18, "watercolour": 0.18}
COUNT_WEIGHTS = {1: 0.48, 2: 0.19, 3: 0.18, 4: 0.15}
RELATION_SHARE = 0.43  # of the allowed things
SIZE_WEIGHTS = {"small": 0.16, "usual": 0.68, "big": 0.16}


@dataclass(frozen=True)
class World:
    """What a run knows: kinds of allowed things, and styles; `often` says which kinds it draws oftener, and how much."""

    kinds: tuple[str, ...] = tuple(ALLOWED)
    styles: tuple[str, ...] = tuple(STYLES[1:])
    often: tuple[tuple[str, float], ...] = ()

    @staticmethod
    def of(config: Mapping[str, Any]) -> World:
        """From a configuration's `kinds` and `styles`; all of them where it names none."""
        world = World(tuple(config.get("kinds", ALLOWED)), tuple(config.get("styles", STYLES[1:])))
        unknown = [name for name in world.kinds if name not in ALLOWED]
        unknown += [name for name in world.styles if name not in STYLES[1:]]
        if unknown:
            raise ValueError(f"no such kinds or styles: {', '.join(unknown)}")
        return world

    @staticmethod
    def lessons(config: Mapping[str, Any]) -> World:
        """As `of`, for what a generator is trained on: kinds that are hard to draw come oftener (`often`)."""
        world, often = World.of(config), dict(config.get("often", {}))
        unknown = [name for name in often if name not in world.kinds]
        if unknown:
            raise ValueError(f"often: no such kinds: {', '.join(unknown)}")
        return replace(world, often=tuple(often.items()))

    def kind(self, rng: Random) -> str:
        """One of the kinds."""
        if not self.often:
            return rng.choice(self.kinds)
        weights = dict(self.often)
        return rng.choices(self.kinds, [weights.get(kind, 1.0) for kind in self.kinds])[0]


WHOLE = World()


def pick(rng: Random, weights: Mapping[Any, float]) -> Any:
    return rng.choices(list(weights), list(weights.values()))[0]


def sample_scene(rng: Random, world: World = WHOLE) -> Scene:
    """A scene from the training distribution; never a held-out combination."""
    while True:
        scene = _any_scene(rng, world)
        if not scene.held_out():
            return scene


def _any_scene(rng: Random, world: World) -> Scene:
    sort = pick(rng, SORTS)
    style = pick(rng, {s: STYLE_WEIGHTS[s] for s in world.styles})
    base = Scene("nothing", "", rng.choice(OUTDOORS), rng.choice(TIMES[1:]), style=style)
    if sort == "nothing":
        return replace(base, count=0)
    if sort == "thing":
        return _things(base, rng, world)
    if sort == "wounded":
        known = [kind for kind in WOUNDABLE if kind in world.kinds] or list(WOUNDABLE)
        return replace(base, thing=rng.choice(known), colour=_colour(rng), state="wounded", size=_size(rng, 1))
    if sort == "weapon":
        return _weapon(base, rng, world)
    kind = rng.choice(list({"violence": VIOLENCE, "lookalike": LOOKALIKES, "unclear": UNCLEAR}[sort]))
    scene = replace(base, thing=kind, colour=_colour(rng) if kind in COLOURED else "", size=_size(rng, 1))
    return replace(scene, place=INDOORS[kind], time="") if kind in INDOORS else scene


def _colour(rng: Random) -> str:
    return rng.choice(list(COLOUR_RGB))


def _size(rng: Random, count: int) -> str:
    """Big only where there is room for one alone; four are never small."""
    size = pick(rng, SIZE_WEIGHTS)
    fits = count == 1 or size == "usual" or (size == "small" and count < 4)
    return size if fits else "usual"


def _things(base: Scene, rng: Random, world: World) -> Scene:
    """Allowed things: one to four alone, or a group in relation to another thing."""
    scene = replace(base, thing=world.kind(rng), colour=_colour(rng))
    if rng.random() < RELATION_SHARE:
        return _related(scene, rng, world)
    count = pick(rng, COUNT_WEIGHTS)
    return replace(scene, count=count, size=_size(rng, count))


def _related(scene: Scene, rng: Random, world: World) -> Scene:
    relation, colour = rng.choice(("left", "right", "on", "under")), _colour(rng)
    other = world.kind(rng) if rng.random() < 0.88 else scene.thing
    if other == scene.thing:
        colour = rng.choice([c for c in COLOUR_RGB if c != scene.colour])
    count = 2 if relation in ("left", "right") and rng.random() < 0.12 else 1
    size = _size(rng, 1) if count == 1 else "usual"
    return replace(scene, relation=relation, other_thing=other, other_colour=colour, count=count, size=size)


def _weapon(base: Scene, rng: Random, world: World) -> Scene:
    """A weapon alone, a pair of one kind, or one beside an allowed thing, first or second."""
    kind, roll = rng.choice(list(WEAPONS)), rng.random()
    if roll < 0.68:
        return replace(base, thing=kind, size=_size(rng, 1))
    if roll < 0.8:
        return replace(base, thing=kind, count=2)
    side, thing = rng.choice(("left", "right")), rng.choice(world.kinds)
    if roll < 0.9:
        return replace(base, thing=kind, relation=side, other_thing=thing, other_colour=_colour(rng))
    return replace(base, thing=thing, colour=_colour(rng), relation=side, other_thing=kind)
