"""How people ask for scenes: a small grammar of synonyms, word orders and omissions.

`caption` returns the words and which attributes they say, so that a trainer can ask the text
encoder for exactly what was said.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from .scene import Scene

NAMES: dict[str, tuple[str, ...]] = {
    "house": ("house", "house", "house", "cottage", "little house", "hut", "home", "cabin"),
    "tree": ("tree", "tree", "tree", "big tree", "leafy tree", "oak"),
    "boat": ("boat", "boat", "sailboat", "sailing boat", "ship", "sailing ship", "yacht"),
    "car": ("car", "car", "car", "automobile", "little car", "motor car", "taxi"),
    "balloon": ("hot air balloon", "hot-air balloon", "balloon", "balloon", "flying balloon"),
    "mushroom": ("mushroom", "mushroom", "toadstool", "giant mushroom", "spotted mushroom"),
    "castle": ("castle", "castle", "castle", "fortress", "fairytale castle", "palace"),
    "rocket": ("rocket", "rocket", "rocket ship", "spaceship", "space rocket", "spacecraft"),
    "umbrella": ("umbrella", "umbrella", "umbrella", "parasol", "open umbrella"),
    "flower": ("flower", "flower", "flower", "blossom", "bloom", "big flower"),
    "robot": ("robot", "robot", "robot", "android", "little robot", "toy robot"),
    "fish": ("fish", "fish", "fish", "big fish", "goldfish"),
    "cat": ("cat", "cat", "cat", "kitten", "kitty", "little cat"),
    "rabbit": ("rabbit", "rabbit", "bunny", "bunny rabbit", "hare"),
    "duck": ("duck", "duck", "duck", "duckling", "little duck"),
    "butterfly": ("butterfly", "butterfly", "butterfly", "big butterfly", "pretty butterfly"),
    "sword": ("sword", "sword", "steel sword", "sharp sword", "knight's sword", "longsword", "blade", "dagger"),
    "gun": ("gun", "gun", "pistol", "handgun", "revolver", "firearm"),
    "puddle": ("puddle of blood", "pool of blood", "blood puddle", "blood on the ground", "bloodstain"),
    "gore": ("heap of bones and guts", "gory pile of bones", "gore", "bloody bones and guts", "gory remains"),
    "heart": ("anatomical heart", "human heart", "heart anatomy", "labelled heart"),
    "syringe": ("syringe", "medical syringe", "hypodermic needle", "vaccine syringe"),
    "bouquet": ("bunch of red flowers", "bouquet of red flowers", "bouquet of red roses", "vase of red flowers"),
    "toy_sword": ("toy sword", "toy sword", "plastic toy sword", "child's toy sword"),
    "cooks_knife": ("chef's knife", "kitchen knife", "cook's knife"),
}

COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    "red": ("red", "red", "red", "red", "scarlet", "crimson", "bright red"),
    "orange": ("orange", "orange", "orange", "bright orange", "tangerine"),
    "yellow": ("yellow", "yellow", "yellow", "bright yellow", "lemon yellow", "golden"),
    "green": ("green", "green", "green", "emerald green", "bright green"),
    "blue": ("blue", "blue", "blue", "bright blue", "royal blue", "azure"),
    "purple": ("purple", "purple", "purple", "violet", "deep purple"),
    "pink": ("pink", "pink", "pink", "rosy pink", "light pink"),
    "white": ("white", "white", "white", "snow white", "pure white"),
    "black": ("black", "black", "black", "jet black", "pitch black"),
}

PLACE_WORDS: dict[str, tuple[str, ...]] = {
    "meadow": ("in a meadow", "in the meadow", "in a green field", "on a grassy hill", "on the grass", "in a green meadow",
               "in a field of flowers", "in the countryside"),
    "beach": ("on the beach", "on a beach", "at the beach", "by the sea", "at the seaside", "on a sandy beach", "by the ocean",
              "on the shore", "on a tropical beach"),
    "desert": ("in the desert", "in a desert", "in the sandy desert", "among the dunes", "in the desert with cacti",
               "between cactuses in the desert", "among cactuses"),
    "forest": ("in the forest", "in a forest", "in the woods", "in a pine forest", "among the pine trees", "in a dark forest",
               "between fir trees"),
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
BARE_TIME = {"day": ("day", "daytime", "sunny day"), "sunset": ("sunset", "dusk", "evening"),
             "night": ("night", "night time", "starry night"), "dawn": ("dawn", "sunrise", "early morning")}

OPENINGS = ("", "", "", "", "", "a picture of ", "a drawing of ", "a storybook picture of ", "an illustration of ", "draw ",
            "draw me ", "paint ", "a cartoon of ", "a storybook illustration of ", "please draw ", "show me ", "i want ",
            "a painting of ", "an image of ")
VERBS = ("is", "stands", "sits", "rests", "waits", "can be seen")
WOUNDS = ("wounded", "bleeding", "injured", "bloody", "hurt and bleeding")
NEVER_PLURAL = ("gore", "blood on the ground", "bloody bones and guts", "gory remains", "heart anatomy")


@dataclass(frozen=True)
class Caption:
    """A caption and which of the scene's attributes it says."""

    text: str
    said: Scene


def article(noun: str, rng: Random) -> str:
    if noun in NEVER_PLURAL:
        return noun
    roll = rng.random()
    if roll < 0.12:
        return noun
    if roll < 0.24:
        return "the " + noun
    return ("an " if noun[0] in "aeiou" and not noun.startswith("one") else "a ") + noun


def caption(scene: Scene, rng: Random) -> Caption:
    """One way to ask for `scene`; attributes are left out now and then."""
    time = scene.time if rng.random() > 0.14 else ""
    place = scene.place if rng.random() > 0.1 else ""
    colour = scene.colour if rng.random() > 0.1 else ""
    if scene.thing == "nothing":
        return _scenery(Scene("nothing", "", scene.place, time), rng)
    said = Scene(scene.thing, colour, place, time, scene.state)
    noun = rng.choice(NAMES[scene.thing])
    hue = rng.choice(COLOUR_WORDS[colour]) if colour else ""
    wound = rng.choice(WOUNDS) if scene.state else ""
    where = rng.choice(PLACE_WORDS[place]) if place else ""
    when = rng.choice(TIME_WORDS[time]) if time else ""
    style = rng.random()
    if style < 0.16:
        text = _tags(noun, hue, wound, place, time, rng)
    elif style < 0.3 and (hue or where):
        text = _sentence(noun, hue, wound, where, when, rng)
    else:
        text = _phrase(noun, hue, wound, where, when, rng)
    return Caption(" ".join(text.split()), said)


def _scenery(said: Scene, rng: Random) -> Caption:
    place = rng.choice(BARE_PLACE[said.place])
    when = rng.choice(TIME_WORDS[said.time]) if said.time else ""
    text = f"{rng.choice(OPENINGS)}{article(rng.choice(('', 'empty ', 'empty ', 'lonely ')) + place, rng)} {when}"
    return Caption(" ".join(text.split()), said)


def _phrase(noun: str, hue: str, wound: str, where: str, when: str, rng: Random) -> str:
    if hue and rng.random() < 0.08:
        what = f"{article((wound + ' ' + noun).strip(), rng)} that is {hue}"
    elif wound and rng.random() < 0.4:
        what = f"{article((hue + ' ' + noun).strip(), rng)} {rng.choice(('covered in blood', 'with blood on it', 'bleeding'))}"
    else:
        what = article(f"{wound} {hue} {noun}".strip().replace("  ", " "), rng)
    rest = [part for part in (where, when) if part]
    if rng.random() < 0.35:
        rest.reverse()
    opening = rng.choice(OPENINGS)
    if when and rng.random() < 0.15:
        rest.remove(when)
        return f"{when}{rng.choice((', ', ' ', ': '))}{what} {' '.join(rest)}"
    return f"{opening}{what} {rng.choice((' ', ' ', ' ', ', ')).join(rest)}"


def _sentence(noun: str, hue: str, wound: str, where: str, when: str, rng: Random) -> str:
    if hue and rng.random() < 0.4:
        return f"the {noun} is {' and '.join(p for p in (wound, hue) if p)} {where} {when}"
    subject = article(f"{wound} {hue} {noun}".strip().replace("  ", " "), rng)
    if where and rng.random() < 0.4:
        return f"{where} {rng.choice(('there is', rng.choice(VERBS)))} {subject} {when}"
    return f"{subject} {rng.choice(VERBS)} {where} {when}"


def _tags(noun: str, hue: str, wound: str, place: str, time: str, rng: Random) -> str:
    parts = [f"{wound} {hue} {noun}".strip()]
    if place:
        parts.append(rng.choice(BARE_PLACE[place]))
    if time:
        parts.append(rng.choice(BARE_TIME[time]))
    if rng.random() < 0.3:
        rng.shuffle(parts)
    return rng.choice((", ", ", ", " ")).join(parts)
