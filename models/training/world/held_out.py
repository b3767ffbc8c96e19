"""Combinations that never occur in training, so that composing can be told from remembering.

One table, three sorts: a kind in a colour in a place (of either group), a kind in a number, and two
kinds in a relation, which holds read from either side: a cat left of a house is a house right of a cat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .scene import Scene

COLOUR_IN_PLACE: tuple[tuple[str, str, str], ...] = (
    ("cat", "blue", "beach"), ("house", "purple", "desert"), ("car", "pink", "mountains"),
    ("rabbit", "green", "city"), ("boat", "orange", "forest"), ("castle", "red", "beach"),
    ("mushroom", "white", "city"), ("robot", "yellow", "meadow"), ("fish", "black", "desert"),
    ("umbrella", "green", "mountains"), ("tree", "red", "city"), ("tree", "white", "beach"),
    ("balloon", "purple", "meadow"), ("balloon", "brown", "mountains"), ("rocket", "orange", "forest"),
    ("rocket", "pink", "meadow"), ("flower", "blue", "desert"), ("flower", "black", "mountains"),
    ("duck", "white", "forest"), ("duck", "purple", "city"), ("butterfly", "yellow", "desert"),
    ("butterfly", "red", "mountains"), ("cat", "green", "forest"), ("house", "brown", "meadow"),
    ("boat", "white", "desert"), ("car", "yellow", "beach"), ("castle", "blue", "forest"),
    ("mushroom", "purple", "meadow"), ("rabbit", "red", "desert"), ("robot", "pink", "beach"),
    ("fish", "green", "mountains"), ("umbrella", "black", "city"), ("dog", "orange", "city"),
    ("dog", "blue", "meadow"), ("bird", "pink", "forest"), ("horse", "green", "beach"),
    ("turtle", "red", "mountains"), ("train", "white", "desert"), ("bicycle", "yellow", "forest"),
    ("kite", "black", "beach"), ("lantern", "purple", "mountains"), ("cake", "blue", "city"),
)
COUNT: tuple[tuple[str, int], ...] = (
    ("house", 4), ("cat", 3), ("boat", 2), ("mushroom", 4), ("rocket", 3), ("duck", 2), ("flower", 4), ("car", 3),
    ("dog", 2), ("bird", 4), ("apple", 3),
)
RELATION: tuple[tuple[str, str, str], ...] = (
    ("cat", "left", "house"), ("duck", "left", "boat"), ("robot", "left", "tree"), ("car", "left", "castle"),
    ("rabbit", "left", "mushroom"), ("balloon", "left", "tree"), ("dog", "left", "bicycle"), ("cat", "on", "car"),
    ("duck", "on", "castle"), ("butterfly", "on", "flower"), ("rabbit", "on", "boat"), ("robot", "on", "house"),
    ("bird", "on", "horse"), ("fish", "on", "umbrella"),
)
HELD_OUT = {"colour in place": COLOUR_IN_PLACE, "count": COUNT, "relation": RELATION}

MIRRORED = {"left": "right", "right": "left", "on": "under", "under": "on"}
_BESIDE = {(a, r, b) for a, r, b in RELATION} | {(b, MIRRORED[r], a) for a, r, b in RELATION}


def held_out(scene: Scene) -> bool:
    """Whether any part of `scene` is a combination that training never sees."""
    return ((scene.thing, scene.colour, scene.place) in COLOUR_IN_PLACE
            or (scene.other_thing, scene.other_colour, scene.place) in COLOUR_IN_PLACE
            or (scene.thing, scene.count) in COUNT
            or (scene.thing, scene.relation, scene.other_thing) in _BESIDE)
