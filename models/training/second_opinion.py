"""Rules instead of a network, where drawing allows: another witness beside the judge, never averaged with it.

Place and time: the nearest of drawn empty places, by the colours along the edges of the picture. Number: connected
patches of the colour asked for. Relation: where the middles of two colours are. Where a colour is also the
scenery's, the rules say nothing. Pictures are uint8 [S, S, 3].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from world.drawing import draw_scene
from world.paint import mix
from world.sampling import World
from world.scene import COLOUR_RGB, OUTDOORS, TIMES, Scene
from world.styles import PAPER

GRID = 16
PAPERED = {"flat": 0.0, "crayon": 0.08, "ink": 0.38, "watercolour": 0.1}
NEAR, COMMON, LEAST = 70, 0.012, 14  # levels; share of a picture; pixels of a 64x64 mask


def coarse(picture: np.ndarray, side: int) -> np.ndarray:
    """float [side, side, 3]: the means of squares."""
    k = len(picture) // side
    return picture.astype(np.float32).reshape(side, k, side, k, 3).mean((1, 3))


def edges(picture: np.ndarray) -> np.ndarray:
    """float [cells, 3]: the colours of the sky at the top and of what lies along the other sides."""
    grid = coarse(picture, GRID)
    return np.concatenate([part.reshape(-1, 3) for part in (grid[:4], grid[4:, :2], grid[4:, -2:], grid[-2:, 2:-2])])


@dataclass(frozen=True)
class Scenery:
    place: str
    time: str
    style: str
    picture: np.ndarray


class Rules:
    """Empty places of a world, drawn from a fixed seed, to compare with."""

    def __init__(self, world: World, size: int = 128, each: int = 3) -> None:
        self.known = [
            Scenery(place, time, style, draw_scene(scene, Random(f"rules/{place}/{time}/{style}/{i}"), size))
            for place in OUTDOORS for time in TIMES[1:] for style in world.styles for i in range(each)
            for scene in [Scene("nothing", "", place, time, style=style, count=0)]]
        self.edges = np.stack([edges(s.picture) for s in self.known])

    def scenery(self, picture: np.ndarray) -> Scenery:
        """The nearest; a cell counts no more than 60 levels, so that things at the edge do not decide."""
        apart = np.minimum(np.abs(self.edges - edges(picture)).mean(2), 60).mean(1)
        return self.known[int(apart.argmin())]

    def verdict(self, picture: np.ndarray, said: Scene) -> dict[str, bool]:
        """By attribute whether it is as was said; only what was said and rules can tell."""
        ground, out = self.scenery(picture), {}
        for name in ("place", "time"):
            if getattr(said, name):
                out[name] = getattr(ground, name) == getattr(said, name)
        main = mask_of(picture, said.colour, ground) if said.colour else None
        if main is not None and said.count and not said.relation:
            out["count"] = patches(main) == said.count
        other = mask_of(picture, said.other_colour, ground) if said.relation and said.other_colour else None
        if main is not None and other is not None and said.colour != said.other_colour and said.relation != "beside":
            out["relation"] = relation_of(main, other) == said.relation
        return out


def mask_of(picture: np.ndarray, colour: str, ground: Scenery) -> np.ndarray | None:
    """bool [64, 64]: where a colour is; None where the scenery has it too."""
    own = _mask(ground.picture, colour, ground.style)
    return None if own.mean() > COMMON else _mask(picture, colour, ground.style)


def _mask(picture: np.ndarray, colour: str, style: str) -> np.ndarray:
    inks = np.array([mix(rgb, PAPER, PAPERED[style]) for rgb in COLOUR_RGB.values()], np.float32)
    apart = np.sqrt(((coarse(picture, 64)[:, :, None] - inks) ** 2).sum(3))
    wanted = list(COLOUR_RGB).index(colour)
    return (apart.argmin(2) == wanted) & (apart[:, :, wanted] < NEAR)


def patches(mask: np.ndarray) -> int:
    """Connected patches, but for those much smaller than the largest; what an outline parts is one."""
    wide = np.pad(mask, 1)  # so that nothing comes round the edge
    near = [np.roll(wide, (dy, dx), (0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    left, sizes = {(int(y), int(x)) for y, x in np.argwhere(np.any(near, 0))}, []
    while left:
        todo, size = [left.pop()], 0
        while todo:
            y, x = todo.pop()
            size += 1
            beside = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= beside
            todo.extend(beside)
        sizes.append(size)
    return sum(size >= max(2 * LEAST, 0.3 * max(sizes)) for size in sizes)


def relation_of(main: np.ndarray, other: np.ndarray) -> str:
    """left, right, on or under by the middles of two masks; "" where one is hardly there."""
    if min(main.sum(), other.sum()) < LEAST:
        return ""
    (y, x), (other_y, other_x) = (np.argwhere(mask).mean(0) for mask in (main, other))
    if abs(x - other_x) > abs(y - other_y):
        return "left" if x < other_x else "right"
    return "on" if y < other_y else "under"


def tally(drawn: Sequence[dict[str, bool]], judged: Sequence[dict[str, bool]]) -> dict[str, dict[str, int]]:
    """By attribute: right and asked by the rules, and how often the judge's verdict on the same pictures agrees."""
    out = {}
    for name in ("place", "time", "count", "relation"):
        rows = [(rule[name], judge[name]) for rule, judge in zip(drawn, judged) if name in rule and name in judge]
        out[name] = {"right": sum(rule for rule, _ in rows), "asked": len(rows),
                     "agrees": sum(rule == judge for rule, judge in rows)}
    return out
