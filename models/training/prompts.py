"""Prompts to judge a generator by: from one seed, in strata that each ask for something else.

Half are worded plainly, half freely; a share of the free ones leaves things out, and then `said` is all that may be
judged. `scene` is a whole picture that would answer the prompt. Held-out combinations, which no generator was
shown, are strata of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from world.grammar import caption, plain
from world.held_out import HELD_OUT, MIRRORED
from world.sampling import STYLE_WEIGHTS, World, pick
from world.scene import COLOUR_RGB, OUTDOORS, TIMES, Scene

# Of all prompts, in per mille.
SEEN = {"single": 80, "coloured": 140, "counted": 200, "related": 190, "sized": 60, "styled": 60}
HELD = {"held-out colour in place": 90, "held-out count": 90, "held-out relation": 90}
PARTIAL = 0.3  # of the free wordings of seen combinations


@dataclass(frozen=True)
class Prompt:
    text: str
    said: Scene
    scene: Scene
    stratum: str
    partial: bool = False

    @property
    def held_out(self) -> bool:
        return self.stratum in HELD


def held_out_scene(rng: Random, world: World, sort: str) -> Scene | None:
    """A scene that is held out for a reason of one sort; None where the world lacks the kinds."""
    base = _base(rng, world)
    if sort == "colour in place":
        known = [c for c in HELD_OUT[sort] if c[0] in world.kinds]
        if known:
            kind, colour, place = rng.choice(known)
            return replace(base, thing=kind, colour=colour, place=place)
    elif sort == "count":
        counts = [c for c in HELD_OUT[sort] if c[0] in world.kinds]
        if counts:
            kind, count = rng.choice(counts)
            return replace(base, thing=kind, colour=rng.choice(list(COLOUR_RGB)), count=count)
    else:
        related = [c for c in HELD_OUT[sort] if c[0] in world.kinds and c[2] in world.kinds]
        if related:
            kind, relation, other = rng.choice(related)
            if rng.random() < 0.5:
                kind, relation, other = other, MIRRORED[relation], kind
            mine, its = rng.sample(list(COLOUR_RGB), 2)
            return replace(base, thing=kind, colour=mine, relation=relation, other_thing=other, other_colour=its)
    return None


def _base(rng: Random, world: World) -> Scene:
    style = pick(rng, {s: STYLE_WEIGHTS[s] for s in world.styles})
    return Scene(rng.choice(world.kinds), rng.choice(list(COLOUR_RGB)), rng.choice(OUTDOORS), rng.choice(TIMES[1:]),
                 style=style)


def scene_for(stratum: str, rng: Random, world: World) -> Scene | None:
    """A whole scene for a stratum; only the held-out strata give held-out combinations."""
    if stratum in HELD:
        return held_out_scene(rng, world, stratum.removeprefix("held-out "))
    while True:
        scene = _base(rng, world)
        if stratum == "counted":
            scene = replace(scene, count=rng.choice((1, 2, 3, 4)))
        elif stratum == "sized":
            scene = replace(scene, size=rng.choice(("small", "big")))
        elif stratum == "related":
            relation = rng.choice(("left", "right", "on", "under"))
            other = rng.choice([kind for kind in world.kinds if kind != scene.thing] or world.kinds)
            other_colour = rng.choice([c for c in COLOUR_RGB if c != scene.colour])
            scene = replace(scene, relation=relation, other_thing=other, other_colour=other_colour)
        if not scene.held_out():
            return scene


def prompt_for(scene: Scene, stratum: str, rng: Random) -> Prompt:
    """One wording of a scene, in the manner of its stratum: only "styled" says a style, "single" says no colour."""
    told = replace(scene, colour="" if stratum == "single" else scene.colour,
                   style=scene.style if stratum == "styled" else "", size="" if scene.size == "usual" else scene.size)
    if rng.random() < 0.5:
        said = replace(told, style="") if told.style == "flat" else told
        return Prompt(plain(told), said, scene, stratum)
    partial = stratum not in HELD and rng.random() < PARTIAL
    worded = caption(told, rng, whole=not partial)
    return Prompt(worded.text, worded.said, scene, stratum, partial)


def prompts(count: int, world: World, seed: int = 1000) -> list[Prompt]:
    """`count` prompts of the strata in their shares, shuffled; no wording twice."""
    rng, found, texts = Random(f"prompts/{seed}"), [], set()
    shares = {**SEEN, **HELD}
    for stratum, share in shares.items():
        wanted, tries = round(count * share / sum(shares.values())), 0
        while wanted and tries < 50 * count:
            scene, tries = scene_for(stratum, rng, world), tries + 1
            if scene is None:
                break
            made = prompt_for(scene, stratum, rng)
            if made.text not in texts:
                texts.add(made.text)
                found.append(made)
                wanted -= 1
    rng.shuffle(found)
    return found
