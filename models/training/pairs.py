"""Scenes that differ in exactly one attribute, and which scenes show what a caption says.

The first are what a dual encoder must tell apart to have understood a prompt; the second keeps it from being taught
that a picture does not show a caption which fits it by chance.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np

from eye import group_of
from world.held_out import MIRRORED
from world.sampling import World, sample_scene
from world.scene import COLOURS, FIELDS, OUTDOORS, TIMES, Scene

CHANGES = ("kind", "colour", "count", "relation", "place", "time", "style", "size")
SET = 4  # scenes of a set: one, and three that differ from it in one attribute each
AT = {field: i for i, field in enumerate(FIELDS)}


def changed(scene: Scene, attribute: str, rng: Random, world: World) -> Scene | None:
    """A scene that differs from `scene` in that attribute alone and is drawn as well as it; None if there is none."""
    options = [s for s in _options(scene, attribute, world) if s != scene and not s.held_out() and _drawable(s)]
    return rng.choice(options) if options else None


def _options(scene: Scene, attribute: str, world: World) -> list[Scene]:
    plain = scene.relation == "" and scene.thing != "nothing"
    if attribute == "kind":
        return [replace(scene, thing=kind) for kind in world.kinds] if scene.thing in world.kinds else []
    if attribute == "colour":
        main = [replace(scene, colour=c) for c in COLOURS[1:]] if scene.colour else []
        return main + ([replace(scene, other_colour=c) for c in COLOURS[1:]] if scene.other_colour else [])
    if attribute == "count":
        return [replace(scene, count=n) for n in (1, 2, 3, 4)] if plain and scene.size == "usual" else []
    if attribute == "relation":
        return [replace(scene, relation=MIRRORED[scene.relation])] if scene.relation in MIRRORED else []
    if attribute == "place":
        return [replace(scene, place=p) for p in OUTDOORS] if scene.place in OUTDOORS else []
    if attribute == "time":
        return [replace(scene, time=t) for t in TIMES[1:]] if scene.time else []
    if attribute == "style":
        return [replace(scene, style=s) for s in world.styles]
    # A usual size is never said, so only small and big can be told apart in words.
    said = scene.size in ("small", "big") and scene.count == 1
    return [replace(scene, size=s) for s in ("small", "big")] if said else []


def _drawable(scene: Scene) -> bool:
    """Two of a kind must differ in colour, or nobody could tell which is which."""
    return scene.thing != scene.other_thing or scene.colour != scene.other_colour


def base_scene(rng: Random, world: World, attribute: str = "") -> Scene:
    """An everyday scene with a thing in it, that can be changed in `attribute`."""
    while True:
        scene = sample_scene(rng, world)
        if group_of(scene) != "everyday" or scene.thing == "nothing":
            continue
        if not attribute or changed(scene, attribute, rng, world):
            return scene


def scene_set(rng: Random, world: World) -> list[Scene]:
    """SET scenes: one, and three changed in one attribute each; relation, count or size first, then colour."""
    base = base_scene(rng, world)
    first, last = rng.sample(("relation", "count", "size"), 3), rng.sample(("kind", "place", "time", "style"), 4)
    order = [*first, "colour", *last]
    made = [s for attribute in order if (s := changed(base, attribute, rng, world))]
    return [base, *made[: SET - 1]]


def pair(rng: Random, attribute: str, world: World) -> tuple[Scene, Scene]:
    """Two scenes that differ in that attribute."""
    base = base_scene(rng, world, attribute)
    other = changed(base, attribute, rng, world)
    if other is None:
        raise RuntimeError(f"{base} could be changed in {attribute} and now cannot")
    return base, other


def shows(said: np.ndarray, scenes: np.ndarray) -> np.ndarray:
    """Whether scenes show what captions say: codes [A, fields] and [B, fields] to bool [A, B].

    What a caption leaves out may be anything, also a second thing. A relation holds read from either side.
    """
    return _fits(said, scenes) | (_fits(said, mirrored(scenes)) & _both_ways(scenes)[None])


def mirrored(scenes: np.ndarray) -> np.ndarray:
    """Codes of related scenes as seen from the other thing; of others as they are."""
    names = list(FIELDS["relation"])
    turned = np.array([names.index(MIRRORED.get(str(name), name)) for name in names])
    found, related = scenes.copy(), _both_ways(scenes)
    for a, b in (("thing", "other_thing"), ("colour", "other_colour")):
        found[:, AT[a]], found[:, AT[b]] = scenes[:, AT[b]], scenes[:, AT[a]]
    found[:, AT["relation"]] = turned[scenes[:, AT["relation"]]]
    found[:, AT["size"]] = list(FIELDS["size"]).index("usual")
    return np.where(related[:, None], found, scenes)


def _both_ways(scenes: np.ndarray) -> np.ndarray:
    return (scenes[:, AT["relation"]] > 0) & (scenes[:, AT["count"]] == 1)


def _fits(said: np.ndarray, scenes: np.ndarray) -> np.ndarray:
    """[A, B], without turning relations round."""
    fits = np.ones((len(said), len(scenes)), bool)
    alone = said[:, AT["relation"], None] == 0
    for field, values in FIELDS.items():
        a, b = said[:, AT[field], None], scenes[None, :, AT[field]]
        same = a == b
        if field == "count":
            same = same | ((a == 0) & (b > 1))
        elif field == "relation":
            sides = [list(values).index(side) for side in ("left", "right")]
            same = same | alone | ((a == list(values).index("beside")) & np.isin(b, sides))
        elif field == "other_thing":
            same = same | alone
        elif field not in ("thing", "state"):
            same = same | (a == list(values).index(""))
        fits &= same
    return fits
