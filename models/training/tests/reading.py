"""Two readers of captions, so that what the grammar says it said is checked by something else.

`read_plain` is a small parser with words of its own for the plain wording. `read_free` scans any
wording from left to right, taking the longest known phrase at each place, and puts a scene together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from world import words
from world.names import NAMES, UNCOUNTED, plural
from world.scene import COLOURS, Scene

PLAIN_STYLES = {"a crayon drawing of ": "crayon", "an ink drawing of ": "ink", "a watercolour of ": "watercolour"}
PLAIN_TIMES = {" during the day": "day", " at sunset": "sunset", " at night": "night", " at dawn": "dawn"}
PLAIN_PLACES = {
    " in a meadow": "meadow", " on the beach": "beach", " in the desert": "desert", " in the forest": "forest",
    " in the mountains": "mountains", " in the city": "city",
    " in a medical diagram": "page", " on a cutting board": "kitchen",
}
PLAIN_RELATIONS = {" to the left of ": "left", " to the right of ": "right", " on top of ": "on", " under ": "under"}
FIRST_NAMES = {names[0]: kind for kind, names in NAMES.items()}
ENDINGS = (("", ""), ("s", ""), ("es", ""), ("ies", "y"), ("ves", "fe"), ("men", "man"))


def _cut_end(text: str, table: Mapping[str, str]) -> tuple[str, str]:
    for ending, value in table.items():
        if text.endswith(ending):
            return text.removesuffix(ending), value
    return text, ""


def read_plain(text: str) -> Scene:
    """The scene of a plain wording; its size is "" where none is said, its style flat."""
    style = "flat"
    for opening, value in PLAIN_STYLES.items():
        if text.startswith(opening):
            text, style = text.removeprefix(opening), value
    text, time = _cut_end(text, PLAIN_TIMES)
    if "empty " in text:
        place = text.removeprefix("an ").removeprefix("empty ")
        return Scene("nothing", "", place, time, style=style, size="", count=0)
    text, place = _cut_end(text, PLAIN_PLACES)
    for phrase, relation in PLAIN_RELATIONS.items():
        if phrase in text:
            first, second = text.split(phrase)
            other = _plain_group(second)
            return replace(_plain_group(first), place=place, time=time, style=style, relation=relation,
                           other_thing=other.thing, other_colour=other.colour)
    return replace(_plain_group(text), place=place, time=time, style=style)


def _plain_group(text: str) -> Scene:
    """ "two small red boats" """
    count, state, colour, size = 1, "", "", ""
    for word, number in (("a ", 1), ("an ", 1), ("two ", 2), ("three ", 3), ("four ", 4)):
        if text.startswith(word):
            text, count = text.removeprefix(word), number
    for word in ("small", "big"):
        if text.startswith(word + " "):
            text, size = text.removeprefix(word + " "), word
    if text.startswith("wounded "):
        text, state = text.removeprefix("wounded "), "wounded"
    if text.split(" ")[0] in COLOURS[1:] and text not in FIRST_NAMES:
        colour, text = text.split(" ", 1)
    for ending, single in ENDINGS:
        noun = text[: len(text) - len(ending)] + single if text.endswith(ending) else ""
        if noun in FIRST_NAMES:
            return Scene(FIRST_NAMES[noun], colour, state=state, style="", size=size, count=count)
    raise ValueError(f"not a group: {text}")


def _phrases() -> dict[str, tuple[str, str | int]]:
    """Every phrase of the tables with the field and value it stands for."""
    found: dict[str, tuple[str, str | int]] = {}

    def put(field: str, table: Mapping[str, Iterable[str]]) -> None:
        for value, wordings in table.items():
            for wording in wordings:
                if wording and found.setdefault(wording.strip(), (field, value)) != (field, value):
                    raise ValueError(f"{wording} is both {found[wording.strip()]} and {(field, value)}")

    put("place", words.PLACE_WORDS)
    put("place", words.BARE_PLACE)
    put("time", words.TIME_WORDS)
    put("time", words.BARE_TIME)
    put("colour", words.COLOUR_WORDS)
    put("size", words.SIZE_WORDS)
    put("style", words.STYLE_OPENINGS)
    put("style", words.STYLE_ENDINGS)
    put("relation", words.RELATION_WORDS)
    put("relation", words.REVERSED_WORDS)
    put("state", {"wounded": (*words.WOUNDS, *words.BLEEDS)})
    put("relation", {"beside": ("and",)})
    put("opening", {"": words.OPENINGS})
    for number, wordings in words.NUMBER_WORDS.items():
        for wording in wordings:
            found.setdefault(wording.removeprefix("the "), ("count", number))
    for kind, nouns in NAMES.items():
        for noun in nouns:
            found.setdefault(noun, ("one", kind))
            if noun not in UNCOUNTED:
                found.setdefault(plural(noun), ("many", kind))
    found.pop("", None)
    return found


PHRASES = _phrases()
LONGEST = max(len(p.split(" ")) for p in PHRASES)


def scan(text: str) -> list[tuple[str, Any]]:
    """The known phrases of a caption in order: (field, value)."""
    tokens, out, at = re.sub(r"[,:]", " ", text).split(), [], 0
    while at < len(tokens):
        for length in range(min(LONGEST, len(tokens) - at), 0, -1):
            phrase = " ".join(tokens[at : at + length])
            if phrase in PHRASES:
                out.append(PHRASES[phrase])
                break
        at += length
    return out


def read_free(text: str) -> Scene:
    """What a caption of any wording says."""
    values: dict[str, Any] = dict.fromkeys(("style", "place", "time", "relation"), "")
    things: list[dict[str, Any]] = []
    colour, count, state, size = "", None, "", ""
    for field, value in scan(text):
        if field in ("one", "many"):
            number = 1 if field == "one" and count is None else count if count is not None else 0
            things.append({"thing": value, "colour": colour, "count": number, "relations": values["relation"],
                           "state": state, "size": size})
            colour, count, state, size = "", None, "", ""
        elif field == "colour":
            colour = value
        elif field == "count":
            count = value
        elif field == "state":
            state = value
        elif field == "size":
            size = value
        elif field != "opening":
            if values[field] not in ("", value):
                raise ValueError(f"{field} said twice in: {text}")
            values[field] = value
    if not things:
        return Scene("nothing", "", values["place"], values["time"], style=values["style"], size="", count=0)
    things[-1]["colour"], things[-1]["state"] = colour or things[-1]["colour"], state or things[-1]["state"]
    main, other = things[0], things[1] if len(things) > 1 else None
    if other and not other["relations"]:
        main, other = other, main
    second = (other["thing"], other["colour"]) if other else ("", "")
    return Scene(main["thing"], main["colour"], values["place"], values["time"], main["state"], values["style"],
                 main["size"], main["count"], values["relation"], *second)
