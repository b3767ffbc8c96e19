"""Groups and relations in words: "two tiny red boats", "a cat to the left of a yellow house"."""

from __future__ import annotations

from random import Random

from .names import NAMES, UNCOUNTED, plural
from .scene import Scene
from .words import (BLEEDS, COLOUR_WORDS, NUMBER_WORDS, RELATION_WORDS, REVERSED_WORDS, SIZE_WORDS, VERBS, WOUNDS,
                    article)


def main_group(said: Scene, rng: Random, bare: bool = False) -> str:
    """The main group; `bare` without an article, as in lists of key words."""
    noun = rng.choice(NAMES[said.thing])
    hue = rng.choice(COLOUR_WORDS[said.colour]) if said.colour else ""
    size = rng.choice(SIZE_WORDS[said.size]) if said.size in SIZE_WORDS else ""
    wound, after = rng.choice(WOUNDS) if said.state else "", ""
    if said.state and not bare and rng.random() < 0.4:
        wound, after = "", rng.choice(BLEEDS)
    elif hue and not said.relation and noun not in UNCOUNTED and rng.random() < 0.06:
        hue, after = "", f"that {'is' if said.count == 1 else 'are'} {hue}"
    return join(numbered(said.count, noun, adjectives(size, wound, hue, rng), rng, bare), after)


def other_group(said: Scene, rng: Random, bare: bool = False) -> str:
    hue = rng.choice(COLOUR_WORDS[said.other_colour]) if said.other_colour else ""
    return numbered(1, rng.choice(NAMES[said.other_thing]), hue, rng, bare)


def adjectives(size: str, wound: str, hue: str, rng: Random) -> str:
    """Size, wound, colour; the colour seldom first."""
    order = (hue, size, wound) if size and rng.random() < 0.06 else (size, wound, hue)
    return join(*order)


def numbered(count: int, noun: str, before: str, rng: Random, bare: bool) -> str:
    """So many of `noun`; a noun that is not counted cannot be more than one."""
    if count == 1:
        whole = join(before, noun)
        return whole if bare or noun in UNCOUNTED else article(whole, rng)
    if noun in UNCOUNTED:
        raise ValueError(f"{noun} is not counted")
    number = rng.choice(NUMBER_WORDS[count])
    if not number and plural(noun) == noun:
        number = "some"
    return join(number.removeprefix("the ") if bare else number, before, plural(noun))


def join(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def related(said: Scene, rng: Random) -> str:
    """Both groups: mostly the main one first, else "a house with a cat on its left" or "a cat and a house"."""
    roll = rng.random()
    if said.relation == "beside" and roll < 0.3:
        pair = [main_group(said, rng), other_group(said, rng)]
        rng.shuffle(pair)
        return " and ".join(pair)
    if roll < 0.15:
        return f"{other_group(said, rng)} with {main_group(said, rng)} {rng.choice(REVERSED_WORDS[said.relation])}"
    main, other = main_group(said, rng), other_group(said, rng)
    return f"{main} {rng.choice(RELATION_WORDS[said.relation])} {other}"


def related_sentence(said: Scene, rng: Random) -> str:
    """ "the blue cat is to the left of the yellow house" """
    verb = rng.choice(VERBS[1 if said.count == 1 else 2][:3])
    return f"{main_group(said, rng)} {verb} {rng.choice(_WITH_VERB[said.relation])} {other_group(said, rng)}"


_WITH_VERB = {
    relation: tuple(w for w in wordings if not w.endswith("ing on")) for relation, wordings in RELATION_WORDS.items()
}
