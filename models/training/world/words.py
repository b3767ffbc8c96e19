"""The words for everything but kinds (`names` has those): each table lists what people say, one that stands
twice being said twice as often. No wording belongs to two values of an attribute."""

from __future__ import annotations

from random import Random

from .names import UNCOUNTED

COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    "red": ("red", "red", "red", "red", "scarlet", "crimson", "bright red"),
    "orange": ("orange", "orange", "orange", "bright orange", "tangerine"),
    "yellow": ("yellow", "yellow", "yellow", "bright yellow", "lemon yellow", "golden"),
    "green": ("green", "green", "green", "emerald green", "bright green"),
    "blue": ("blue", "blue", "blue", "bright blue", "royal blue", "azure"),
    "purple": ("purple", "purple", "purple", "violet", "deep purple"),
    "pink": ("pink", "pink", "pink", "rosy pink", "light pink"),
    "brown": ("brown", "brown", "brown", "dark brown", "chocolate brown", "chestnut brown"),
    "white": ("white", "white", "white", "snow white", "pure white"),
    "black": ("black", "black", "black", "jet black", "pitch black"),
}

PLACE_WORDS: dict[str, tuple[str, ...]] = {
    "meadow": ("in a meadow", "in the meadow", "in a green field", "on a grassy hill", "on the grass",
               "in a green meadow", "in a field of flowers", "in the countryside"),
    "beach": ("on the beach", "on the beach", "on a beach", "at the beach", "by the sea", "at the seaside",
              "on a sandy beach", "by the ocean", "on the shore", "on a tropical beach"),
    "desert": ("in the desert", "in a desert", "in the sandy desert", "among the dunes", "in the desert with cacti",
               "between cactuses in the desert", "among cactuses"),
    "forest": ("in the forest", "in a forest", "in the woods", "in a pine forest", "among the pine trees",
               "in a dark forest", "between fir trees"),
    "mountains": ("in the mountains", "in the snowy mountains", "in the snow", "in front of snowy mountains",
                  "among snow-capped mountains", "on a snowy mountain", "in a snowy landscape"),
    "city": ("in the city", "in a city", "on a city street", "in town", "on the street", "in front of tall buildings",
             "downtown", "in the middle of the city"),
    "page": ("in a medical diagram", "on a medical diagram", "in a textbook diagram", "as a medical illustration",
             "in an anatomy book", "on a medical chart"),
    "kitchen": ("on a cutting board", "on a chopping board", "in the kitchen", "with tomatoes on a board"),
}
BARE_PLACE: dict[str, tuple[str, ...]] = {
    "meadow": ("meadow", "green field", "grassy hills"), "beach": ("beach", "seaside", "sandy beach"),
    "desert": ("desert", "sand dunes"), "forest": ("forest", "pine forest", "woods"),
    "mountains": ("snowy mountains", "mountain landscape", "mountains"), "city": ("city", "city street", "town"),
    "page": ("medical diagram", "textbook diagram"), "kitchen": ("kitchen", "cutting board"),
}

TIME_WORDS: dict[str, tuple[str, ...]] = {
    "day": ("during the day", "by day", "on a sunny day", "in the daytime", "in bright sunshine", "under a blue sky",
            "at noon", "in daylight"),
    "sunset": ("at sunset", "at sunset", "at dusk", "in the evening", "under an orange sky", "as the sun goes down",
               "in the evening glow", "at sundown"),
    "night": ("at night", "at night", "at midnight", "under the stars", "under the moon", "on a starry night",
              "in the moonlight", "by moonlight"),
    "dawn": ("at dawn", "at dawn", "at sunrise", "early in the morning", "at daybreak", "in the pale morning light",
             "in the misty morning", "at first light"),
}
BARE_TIME: dict[str, tuple[str, ...]] = {
    "day": ("day", "daytime", "sunny day"), "sunset": ("sunset", "dusk", "evening"),
    "night": ("night", "night time", "starry night"), "dawn": ("dawn", "sunrise", "early morning"),
}

SIZE_WORDS: dict[str, tuple[str, ...]] = {
    "small": ("small", "small", "tiny", "little", "little", "very small"),
    "big": ("big", "big", "large", "large", "huge", "giant", "enormous"),
}

# Before the noun of a group of that many; 0 is "several, left open".
NUMBER_WORDS: dict[int, tuple[str, ...]] = {
    0: ("some", "some", "several", "a few", ""),
    2: ("two", "two", "two", "2", "a pair of", "a couple of", "the two"),
    3: ("three", "three", "three", "3", "a trio of", "the three"),
    4: ("four", "four", "four", "4", "a group of four", "the four"),
}

STYLE_OPENINGS: dict[str, tuple[str, ...]] = {
    "flat": ("a flat drawing of", "a flat illustration of", "flat illustration of", "a clean flat picture of"),
    "crayon": ("a crayon drawing of", "crayon drawing of", "a crayon picture of", "a wax crayon drawing of",
               "a child's crayon drawing of", "draw in crayon"),
    "ink": ("an ink drawing of", "ink drawing of", "a pen and ink drawing of", "an ink sketch of", "a pen drawing of",
            "ink sketch of"),
    "watercolour": ("a watercolour of", "watercolour of", "a watercolor of", "a watercolour painting of",
                    "watercolor painting of", "paint in watercolours"),
}
STYLE_ENDINGS: dict[str, tuple[str, ...]] = {
    "flat": ("in a flat style", "as a flat illustration", "flat illustration"),
    "crayon": ("in crayon", "drawn in crayon", "in crayon style", "drawn with crayons", "crayon drawing"),
    "ink": ("in ink", "drawn in ink", "in pen and ink", "drawn with a pen", "ink drawing"),
    "watercolour": ("in watercolour", "in watercolor", "painted in watercolours", "in watercolours",
                    "watercolour painting"),
}

RELATION_WORDS: dict[str, tuple[str, ...]] = {
    "left": ("to the left of", "to the left of", "left of", "on the left of", "on the left side of"),
    "right": ("to the right of", "to the right of", "right of", "on the right of", "on the right side of"),
    "on": ("on top of", "on top of", "on", "above", "over", "standing on", "sitting on"),
    "under": ("under", "under", "underneath", "beneath", "below"),
    "beside": ("next to", "next to", "beside", "near", "close to", "alongside"),
}
# Second group first: "a house with a cat on its left".
REVERSED_WORDS: dict[str, tuple[str, ...]] = {
    "left": ("on its left", "to its left", "to the left of it"),
    "right": ("on its right", "to its right", "to the right of it"),
    "on": ("on top of it", "on top", "above it"),
    "under": ("under it", "underneath", "below it", "beneath it"),
    "beside": ("next to it", "beside it", "at its side"),
}

OPENINGS = ("", "", "", "", "", "", "a picture of ", "a drawing of ", "a storybook picture of ", "an illustration of ",
            "draw ", "draw me ", "paint ", "a cartoon of ", "a storybook illustration of ", "please draw ", "show me ",
            "i want ", "an image of ")
VERBS = {1: ("is", "stands", "sits", "rests", "waits", "can be seen"),
         2: ("are", "stand", "sit", "rest", "wait", "can be seen")}
WOUNDS = ("wounded", "bleeding", "injured", "bloody", "hurt and bleeding")
BLEEDS = ("covered in blood", "with blood on it", "bleeding")


def article(phrase: str, rng: Random | None = None) -> str:
    """The phrase with "a" or "an"; by chance with "the", "one", "a single" or nothing."""
    if phrase in UNCOUNTED:
        return phrase
    roll = rng.random() if rng else 1.0
    if roll < 0.2:
        return phrase if roll < 0.08 else "the " + phrase
    if roll < 0.26:
        return ("one " if roll < 0.23 else "a single ") + phrase
    return ("an " if phrase[0] in "aeiou" and not phrase.startswith("one") else "a ") + phrase
