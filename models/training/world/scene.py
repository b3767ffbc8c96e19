"""Scenes: what is in a picture, and the tables of what can be.

A scene is a main group (a kind, a colour, a size, one to four of them) in a place, at a time of day, in
a style, and sometimes a relation to a second group of one. `sampling` draws scenes by chance, `drawing`
draws pictures of them, `grammar` says how people ask for them, `held_out` what training never sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass

from .creatures import CREATURES
from .held_out import held_out
from .paint import Rgb
from .places import PLACES as PLACE_PAINTERS
from .places import TIMES as TIME_LIGHTS
from .sensitive import LOOKALIKES, UNCLEAR, VIOLENCE, WEAPONS
from .things import THINGS as OBJECTS

COLOUR_RGB: dict[str, Rgb] = {
    "red": (222, 28, 36), "orange": (250, 134, 14), "yellow": (255, 222, 40), "green": (44, 160, 66),
    "blue": (34, 92, 224), "purple": (128, 52, 182), "pink": (255, 140, 192), "brown": (132, 80, 40),
    "white": (250, 250, 250), "black": (38, 36, 42),
}

ALLOWED = [*OBJECTS, *CREATURES]
THINGS = ["nothing", *ALLOWED, *WEAPONS, *VIOLENCE, *LOOKALIKES, *UNCLEAR]
COLOURS = ["", *COLOUR_RGB]
OUTDOORS = list(PLACE_PAINTERS)
PLACES = [*OUTDOORS, "page", "kitchen"]
TIMES = ["", *TIME_LIGHTS]
STATES = ["", "wounded"]
STYLES = ["", "flat", "crayon", "ink", "watercolour"]
SIZES = ["", "small", "usual", "big"]
COUNTS = [0, 1, 2, 3, 4]
# "beside" is only ever said: a drawn scene is left or right.
RELATIONS = ["", "left", "right", "on", "under", "beside"]

# The fields of the codes, in order, each with its values. The empty value, or 0, is in every table but that
# of things: it stands for what does not apply, or what a caption leaves unsaid.
FIELDS: dict[str, list[str] | list[int]] = {
    "thing": THINGS, "colour": COLOURS, "place": [*PLACES, ""], "time": TIMES, "state": STATES, "style": STYLES,
    "size": SIZES, "count": COUNTS, "relation": RELATIONS, "other_thing": [*THINGS, ""], "other_colour": COLOURS,
}


@dataclass(frozen=True)
class Scene:
    """What is in a picture, or what a caption says of one; fields as in `FIELDS`."""

    thing: str
    colour: str = ""
    place: str = ""
    time: str = ""
    state: str = ""
    style: str = "flat"
    size: str = "usual"
    count: int = 1
    relation: str = ""
    other_thing: str = ""
    other_colour: str = ""

    def codes(self) -> tuple[int, ...]:
        """One index a field: the whole scene as len(FIELDS) small integers."""
        return tuple(list(values).index(value) for values, value in zip(FIELDS.values(), astuple(self)))

    @staticmethod
    def of_codes(codes: Sequence[int]) -> Scene:
        return Scene(*(values[int(code)] for values, code in zip(FIELDS.values(), codes)))  # type: ignore[arg-type]

    def held_out(self) -> bool:
        return held_out(self)

    def groups(self) -> list[tuple[str, str, int]]:
        """(kind, colour, count) of the one or two groups in the picture."""
        main = [] if self.thing == "nothing" else [(self.thing, self.colour, self.count)]
        return [*main, (self.other_thing, self.other_colour, 1)] if self.other_thing else main
