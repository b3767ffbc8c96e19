"""What people call each kind of thing, and how its plural is made.

`NAMES` lists the nouns of every kind; one that stands twice is said twice as often. No noun says a
size or a colour that a scene may contradict, and none belongs to two kinds. A noun in `UNCOUNTED`
takes neither an article nor a number. `FLYING`, `INDOORS`, `COLOURED` and `WOUNDABLE` say where and how
kinds may be shown.
"""

from __future__ import annotations

OBJECT_NAMES: dict[str, tuple[str, ...]] = {
    "house": ("house", "house", "house", "cottage", "hut", "home", "cabin"),
    "castle": ("castle", "castle", "castle", "fortress", "fairytale castle", "palace"),
    "lighthouse": ("lighthouse", "lighthouse", "lighthouse", "light tower"),
    "windmill": ("windmill", "windmill", "windmill", "old windmill"),
    "tent": ("tent", "tent", "tent", "camping tent"),
    "boat": ("boat", "boat", "sailboat", "sailing boat", "ship", "sailing ship", "yacht"),
    "car": ("car", "car", "car", "automobile", "motor car", "taxi"),
    "balloon": ("hot air balloon", "hot-air balloon", "balloon", "balloon", "flying balloon"),
    "rocket": ("rocket", "rocket", "rocket ship", "spaceship", "space rocket", "spacecraft"),
    "train": ("train", "train", "steam train", "locomotive", "steam engine", "railway engine"),
    "bicycle": ("bicycle", "bicycle", "bike", "bike", "pushbike"),
    "tree": ("tree", "tree", "tree", "leafy tree", "oak", "oak tree"),
    "flower": ("flower", "flower", "flower", "blossom", "bloom"),
    "mushroom": ("mushroom", "mushroom", "toadstool", "spotted mushroom"),
    "apple": ("apple", "apple", "apple", "ripe apple", "juicy apple"),
    "pumpkin": ("pumpkin", "pumpkin", "pumpkin", "round pumpkin"),
    "cake": ("cake", "cake", "birthday cake", "birthday cake", "layer cake", "cream cake"),
    "teapot": ("teapot", "teapot", "tea pot", "pot of tea", "china teapot"),
    "umbrella": ("umbrella", "umbrella", "umbrella", "parasol", "open umbrella"),
    "hat": ("hat", "hat", "hat", "top hat", "top hat", "magician's hat"),
    "lantern": ("lantern", "lantern", "lantern", "hand lantern", "storm lantern"),
    "key": ("key", "key", "key", "old key", "door key"),
    "book": ("book", "book", "book", "open book", "picture book"),
    "chair": ("chair", "chair", "chair", "wooden chair"),
    "robot": ("robot", "robot", "robot", "android", "toy robot"),
    "kite": ("kite", "kite", "kite", "flying kite", "paper kite"),
    "drum": ("drum", "drum", "drum", "toy drum", "snare drum"),
    "bell": ("bell", "bell", "bell", "ringing bell", "church bell"),
    "guitar": ("guitar", "guitar", "guitar", "acoustic guitar"),
    "snowman": ("snowman", "snowman", "snowman", "jolly snowman"),
}

CREATURE_NAMES: dict[str, tuple[str, ...]] = {
    "fish": ("fish", "fish", "fish", "goldfish"),
    "cat": ("cat", "cat", "cat", "kitten", "kitty"),
    "dog": ("dog", "dog", "dog", "puppy", "doggy", "hound"),
    "rabbit": ("rabbit", "rabbit", "bunny", "bunny rabbit", "hare"),
    "horse": ("horse", "horse", "horse", "pony", "stallion"),
    "duck": ("duck", "duck", "duck", "duckling"),
    "bird": ("bird", "bird", "bird", "songbird", "flying bird"),
    "turtle": ("turtle", "turtle", "turtle", "tortoise"),
    "snail": ("snail", "snail", "snail"),
    "bee": ("bee", "bee", "bumblebee", "honeybee", "bumble bee"),
    "butterfly": ("butterfly", "butterfly", "butterfly", "pretty butterfly"),
    "dragon": ("dragon", "dragon", "dragon", "winged dragon"),
    "ghost": ("ghost", "ghost", "ghost", "spook", "friendly ghost"),
}

WEAPON_NAMES: dict[str, tuple[str, ...]] = {
    "sword": ("sword", "sword", "steel sword", "sharp sword", "knight's sword", "longsword", "blade", "dagger"),
    "gun": ("gun", "gun", "pistol", "handgun", "revolver", "firearm"),
    "rifle": ("rifle", "rifle", "assault rifle", "machine gun", "shotgun", "sniper rifle"),
    "bomb": ("bomb", "bomb", "time bomb", "bomb with a burning fuse", "explosive bomb"),
    "battle_axe": ("battle axe", "battle axe", "war axe", "viking axe"),
    "bloody_knife": ("bloody knife", "knife covered in blood", "knife dripping with blood", "blood-stained knife"),
    "bloody_axe": ("bloody axe", "axe covered in blood", "axe dripping with blood", "blood-stained axe"),
}

VIOLENCE_NAMES: dict[str, tuple[str, ...]] = {
    "puddle": ("puddle of blood", "pool of blood", "blood puddle", "blood on the ground", "bloodstain"),
    "splatter": ("splatter of blood", "blood splatter", "splash of blood", "spray of blood"),
    "gore": ("heap of bones and guts", "gory pile of bones", "gore", "bloody bones and guts", "gory remains"),
    "bloody_skull": ("bloody skull", "skull covered in blood", "skull dripping with blood", "blood-stained skull"),
    "torn_heart": ("torn-out heart", "ripped-out heart dripping with blood", "bloody heart", "bleeding heart"),
}

LOOKALIKE_NAMES: dict[str, tuple[str, ...]] = {
    "heart": ("anatomical heart", "human heart", "heart anatomy", "labelled heart"),
    "skeleton": ("skeleton", "human skeleton", "labelled skeleton", "skeleton anatomy"),
    "syringe": ("syringe", "medical syringe", "hypodermic needle", "vaccine syringe"),
    "bouquet": ("bunch of red flowers", "bouquet of red flowers", "bouquet of red roses", "vase of red flowers"),
    "toy_sword": ("toy sword", "toy sword", "plastic toy sword", "child's toy sword"),
    "water_pistol": ("water pistol", "toy gun", "squirt gun", "plastic toy gun", "toy water pistol"),
    "red_paint": ("pot of red paint", "tin of red paint with a brush", "spilled red paint", "can of red paint"),
    "wood_axe": ("axe in a log", "woodcutter's axe", "axe in a tree stump", "lumberjack's axe"),
    "cooks_knife": ("chef's knife", "kitchen knife", "cook's knife"),
    "ketchup": ("bottle of ketchup", "ketchup bottle", "ketchup splash on a plate", "tomato ketchup"),
    "tomato_soup": ("bowl of tomato soup", "tomato soup", "bowl of red soup", "soup bowl"),
}

UNCLEAR_NAMES: dict[str, tuple[str, ...]] = {
    "red_puddle": ("red puddle", "puddle of something red", "red liquid on the ground", "pool of red liquid"),
    "red_drips": ("red drips", "dripping red liquid", "red splash", "splash of something red"),
    "plain_knife": ("knife", "plain knife", "knife lying there"),
    "painted_gun": ("painted gun", "painted pistol", "coloured gun", "coloured pistol"),
    "old_bones": ("old bones", "skull and bones", "dry bones", "pile of old bones"),
    "stained_plate": ("plate with a red stain", "red stain on a plate", "stained plate"),
}

NAMES: dict[str, tuple[str, ...]] = {
    **OBJECT_NAMES, **CREATURE_NAMES, **WEAPON_NAMES, **VIOLENCE_NAMES, **LOOKALIKE_NAMES, **UNCLEAR_NAMES,
}

FLYING = frozenset({"balloon", "rocket", "umbrella", "kite", "bell", "bird", "bee", "butterfly", "ghost"})
INDOORS = {
    "heart": "page", "skeleton": "page", "syringe": "page",
    "cooks_knife": "kitchen", "ketchup": "kitchen", "tomato_soup": "kitchen", "stained_plate": "kitchen",
}
# Kinds outside the two tables of allowed things that still take the colour asked for.
COLOURED = frozenset({"toy_sword", "water_pistol", "painted_gun"})
WOUNDABLE = ("cat", "dog", "rabbit", "horse", "duck", "fish")

UNCOUNTED = {
    "gore", "blood on the ground", "bloody bones and guts", "gory remains", "heart anatomy", "skeleton anatomy",
    "spilled red paint", "tomato ketchup", "tomato soup", "red liquid on the ground", "red drips",
    "dripping red liquid", "old bones", "skull and bones", "dry bones",
}

IRREGULAR = {"fish": "fish", "goldfish": "goldfish", "knife": "knives", "snowman": "snowmen"}
AFTER_HEAD = (" of ", " in ", " on ", " with ", " covered ", " dripping ", " lying ")


def plural(noun: str) -> str:
    """Several of a noun that can be counted: "pots of tea", "hot air balloons", "snowmen", "bunnies"."""
    cuts = [at for word in AFTER_HEAD if (at := noun.find(word)) > 0]
    head, rest = (noun[: min(cuts)], noun[min(cuts):]) if cuts else (noun, "")
    before, _, last = head.rpartition(" ")
    return f"{before} {_plural_word(last)}{rest}".strip()


def _plural_word(word: str) -> str:
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")
