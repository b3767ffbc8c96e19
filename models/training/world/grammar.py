"""How people ask for scenes: synonyms, word orders and omissions.

`caption` returns the words and what they say as a scene, so that a trainer can ask the text encoder for
exactly what was said; what is left out is empty, or 0 for a number. `plain` is the one full and simple
wording of a scene, for judges and tables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from random import Random

from .names import NAMES, UNCOUNTED, plural
from .phrases import join, main_group, other_group, related, related_sentence
from .scene import Scene
from .words import (BARE_PLACE, BARE_TIME, COLOUR_WORDS, OPENINGS, PLACE_WORDS, RELATION_WORDS, SIZE_WORDS,
                    STYLE_ENDINGS, STYLE_OPENINGS, TIME_WORDS, VERBS, article)

LONGEST = 27  # words and marks, so that a caption stays within 32 tokens
WORD = re.compile(r"'s|[^\W\d_]+|\d|[^\s\w]+")


@dataclass(frozen=True)
class Caption:
    """A caption and which of the scene's attributes it says."""

    text: str
    said: Scene


def caption(scene: Scene, rng: Random, whole: bool = False) -> Caption:
    """One way to ask for `scene`; attributes are left out now and then, but not where `whole`.

    Never said: that a size is usual. Seldom said: that a style is flat.
    """
    while True:
        said = _chosen(scene, rng, whole)
        text = " ".join(_worded(said, rng).split()).replace(" ,", ",")
        if len(WORD.findall(text)) <= LONGEST:
            return Caption(text, said)


def _chosen(scene: Scene, rng: Random, whole: bool) -> Scene:
    """What a caption will say of `scene`."""
    def kept(value: str, share_left_out: float) -> str:
        return value if whole or rng.random() >= share_left_out else ""

    said = replace(
        scene, time=kept(scene.time, 0.14), place=kept(scene.place, 0.1), size=kept(scene.size, 0.06),
        style=kept(scene.style, 0.8 if scene.style == "flat" else 0.05),
        colour=scene.colour if scene.thing == scene.other_thing else kept(scene.colour, 0.08),
        other_colour=scene.other_colour if scene.thing == scene.other_thing else kept(scene.other_colour, 0.06))
    if said.size == "usual":
        said = replace(said, size="")
    if scene.thing == "nothing":
        return replace(said, place=scene.place, size="")
    if scene.count > 1 and not whole and rng.random() < 0.04:
        said = replace(said, count=0)
    if scene.relation in ("left", "right") and not whole and rng.random() < 0.15:
        said = replace(said, relation="beside")
    return said


def _worded(said: Scene, rng: Random) -> str:
    if said.style and (said.style != "flat" or rng.random() < 0.9) and rng.random() < 0.68:
        return f"{rng.choice(STYLE_OPENINGS[said.style])} {_content(said, rng, plain_form=True)}"
    ending = rng.choice(STYLE_ENDINGS[said.style]) if said.style else ""
    opening = "" if said.style else rng.choice(OPENINGS)
    content = _content(said, rng, plain_form=bool(opening))
    if not ending:
        return opening + content
    if rng.random() < 0.2:
        return f"{ending}{rng.choice((', ', ': '))}{content}"
    return f"{content}{rng.choice((', ', ', ', ' '))}{ending}"


def _content(said: Scene, rng: Random, plain_form: bool) -> str:
    """What is seen; a `plain_form` can follow "a drawing of"."""
    if said.thing == "nothing":
        return _scenery(said, rng)
    form = 1.0 if plain_form else rng.random()
    if form < 0.2:
        return _tags(said, rng)
    if form < 0.38:
        return _sentence(said, rng)
    what = related(said, rng) if said.relation else main_group(said, rng)
    return _placed(what, said, rng, front=not plain_form)


def _where_when(said: Scene, rng: Random) -> tuple[str, str]:
    where = rng.choice(PLACE_WORDS[said.place]) if said.place else ""
    return where, rng.choice(TIME_WORDS[said.time]) if said.time else ""


def _placed(what: str, said: Scene, rng: Random, front: bool) -> str:
    """`what` with place and time, in either order; one of them may come first."""
    where, when = _where_when(said, rng)
    if front and when and rng.random() < 0.15:
        return join(when + rng.choice((",", "", ":")), what, where)
    rest = [part for part in (where, when) if part]
    if rng.random() < 0.35:
        rest.reverse()
    return join(what, rng.choice((" ", " ", " ", ", ")).join(rest))


def _sentence(said: Scene, rng: Random) -> str:
    where, when = _where_when(said, rng)
    if said.relation:
        there = "there is" if said.count == 1 else "there are"
        if rng.random() < 0.4:
            before, after = (where, "") if rng.random() < 0.5 else ("", where)
            return join(before, there, related(said, rng), after, when)
        return join(related_sentence(said, rng), where, when)
    many = 1 if said.count == 1 else 2
    if said.colour and not said.state and rng.random() < 0.35:
        what = main_group(replace(said, colour=""), rng)
        return join(what, "is" if many == 1 else "are", rng.choice(COLOUR_WORDS[said.colour]), where, when)
    verb = rng.choice(VERBS[many])
    if where and rng.random() < 0.4:
        return join(where, rng.choice(("there is" if many == 1 else "there are", verb)), main_group(said, rng), when)
    return join(main_group(said, rng), verb, where, when) if where or when else main_group(said, rng)


def _tags(said: Scene, rng: Random) -> str:
    """Key words: "two red boats, beach, sunset"."""
    what = main_group(said, rng, bare=True)
    if said.relation:
        what = f"{what} {rng.choice(RELATION_WORDS[said.relation])} {other_group(said, rng, bare=True)}"
    parts = [what]
    if said.place:
        parts.append(rng.choice(BARE_PLACE[said.place]))
    if said.time:
        parts.append(rng.choice(BARE_TIME[said.time]))
    if rng.random() < 0.3:
        rng.shuffle(parts)
    return rng.choice((", ", ", ", " ")).join(parts)


def _scenery(said: Scene, rng: Random) -> str:
    place = join(rng.choice(("", "empty", "empty", "lonely")), rng.choice(BARE_PLACE[said.place]))
    when = rng.choice(TIME_WORDS[said.time]) if said.time else ""
    return join(place if place.endswith("s") else article(place, rng), when)


NUMBERS = {2: "two", 3: "three", 4: "four"}


def plain(scene: Scene) -> str:
    """The full and simple wording: "an ink drawing of two small red boats on the beach at night"."""
    what = _plain_group(scene.thing, scene.colour, scene.size, scene.count, scene.state)
    if scene.relation:
        other = _plain_group(scene.other_thing, scene.other_colour, "", 1, "")
        what = f"{what} {RELATION_WORDS[scene.relation][0]} {other}"
    if scene.thing == "nothing":
        what = article(f"empty {BARE_PLACE[scene.place][0]}") if scene.place != "mountains" else "empty mountains"
    opening = STYLE_OPENINGS[scene.style][0] if scene.style not in ("", "flat") else ""
    where = PLACE_WORDS[scene.place][0] if scene.place and scene.thing != "nothing" else ""
    return join(opening, what, where, TIME_WORDS[scene.time][0] if scene.time else "")


def _plain_group(thing: str, colour: str, size: str, count: int, state: str) -> str:
    if thing == "nothing":
        return ""
    noun, before = NAMES[thing][0], join(size if size in SIZE_WORDS else "", state, colour)
    if count > 1:
        return join(NUMBERS[count], before, plural(noun))
    return join(before, noun) if noun in UNCOUNTED else article(join(before, noun))
