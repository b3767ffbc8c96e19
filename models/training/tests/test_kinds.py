"""Every kind is drawn within its bounds, mostly in the colour asked for, and unlike every other kind."""

from __future__ import annotations

import unittest
from itertools import combinations
from random import Random

import numpy as np
from PIL import Image

from world.creatures import CREATURES
from world.names import COLOURED, FLYING, INDOORS, NAMES, UNCOUNTED, WOUNDABLE, plural
from world.paint import Canvas, Pen, Rgb, Shade
from world.scene import COLOUR_RGB
from world.sensitive import HELD_AS, LOOKALIKES, SAFETY, UNCLEAR, VIOLENCE, WEAPONS
from world.things import THINGS, Painter

ALLOWED = {**THINGS, **CREATURES}
OTHERS = {**WEAPONS, **VIOLENCE, **LOOKALIKES, **UNCLEAR}
KEYS: tuple[Rgb, Rgb] = ((255, 0, 255), (0, 255, 0))


def drawn(painter: Painter, rgb: Rgb, seed: int, mirror: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """A kind alone on a canvas: its pixels uint8 [128, 128, 3], and where it is, bool [128, 128]."""
    pictures = []
    for key in KEYS:
        canvas = Canvas(128)
        canvas.rect(0, 0, 128, 128, key)
        painter(Pen(canvas, 64, 64, 32, mirror=mirror), Shade.of(rgb), Random(seed))
        pictures.append(canvas.pixels())
    return pictures[0], (pictures[0] == pictures[1]).all(axis=2)


def coloured_share(painter: Painter, rgb: Rgb, seed: int) -> float:
    """How much of the silhouette, outlines left out, is the colour, its shadow or its light."""
    pixels, inside = drawn(painter, rgb, seed)
    found, shade = pixels[inside].astype(int), Shade.of(rgb)
    inked = (np.abs(found - (44, 36, 52)) < 12).all(axis=1) & (max(rgb) > 90)
    own = np.zeros(len(found), bool)
    for tone in (shade.main, shade.dark, shade.light):
        own |= (np.abs(found - tone) < 8).all(axis=1)
    return float(own.sum() / (~inked).sum())


class Kinds(unittest.TestCase):
    def test_every_kind_has_names_of_its_own(self) -> None:
        self.assertEqual(set(NAMES), {*ALLOWED, *OTHERS})
        nouns = [noun for names in NAMES.values() for noun in set(names)]
        self.assertEqual(len(nouns), len(set(nouns)))
        self.assertLessEqual({*FLYING, *WOUNDABLE}, set(ALLOWED))
        self.assertLessEqual({*INDOORS, *COLOURED}, {*LOOKALIKES, *UNCLEAR})
        self.assertLessEqual(UNCOUNTED, set(nouns))

    def test_plurals_are_of_the_head_noun(self) -> None:
        expected = {
            "knife covered in blood": "knives covered in blood", "hot air balloon": "hot air balloons", "fish": "fish",
            "bunch of red flowers": "bunches of red flowers", "snowman": "snowmen", "bunny": "bunnies", "key": "keys",
            "axe in a log": "axes in a log", "box": "boxes",
        }
        self.assertEqual({noun: plural(noun) for noun in expected}, expected)

    def test_what_is_refused_or_unclear_is_labelled_and_look_alikes_only_as_medicine(self) -> None:
        for kind in {**WEAPONS, **VIOLENCE}:
            self.assertTrue(SAFETY[kind] & {"weapon", "blood", "gore"}, kind)
        for kind in LOOKALIKES:
            self.assertLessEqual(SAFETY.get(kind, frozenset()), {"medical"}, kind)
        self.assertEqual(set(HELD_AS), set(UNCLEAR))
        self.assertFalse(set(SAFETY) & {*UNCLEAR, *ALLOWED})

    def test_kinds_stay_within_their_bounds_and_are_large_enough(self) -> None:
        for kind, painter in {**ALLOWED, **OTHERS}.items():
            for seed in range(8):
                rows, columns = np.nonzero(drawn(painter, COLOUR_RGB["blue"], seed)[1])
                reach = max(abs(v - 64) / 32 for v in (rows.min(), rows.max(), columns.min(), columns.max()))
                self.assertLess(reach, 1.5 if kind in LOOKALIKES else 1.4 if kind in OTHERS else 1.25, kind)
                self.assertGreater(len(rows) / 32**2, 0.4 if kind in OTHERS else 0.9, kind)

    def test_the_colour_covers_most_of_what_is_coloured(self) -> None:
        painters = {**ALLOWED, **{kind: OTHERS[kind] for kind in COLOURED}}
        for kind, painter in painters.items():
            for name in ("red", "green", "white", "black"):
                share = np.mean([coloured_share(painter, COLOUR_RGB[name], seed) for seed in range(3)])
                self.assertGreater(share, 0.45, f"{name} {kind}")

    def test_silhouettes_of_any_two_kinds_differ_even_when_small(self) -> None:
        masks = {kind: _fitted(drawn(painter, COLOUR_RGB["blue"], 3)[1]) for kind, painter in ALLOWED.items()}
        for a, b in combinations(masks, 2):
            overlap = (masks[a] & masks[b]).sum() / (masks[a] | masks[b]).sum()
            self.assertLess(overlap, 0.93, f"{a} and {b}")

    def test_a_mirrored_pen_draws_the_mirror_image(self) -> None:
        for kind, painter in {**ALLOWED, **OTHERS}.items():
            plain, mirrored = (drawn(painter, COLOUR_RGB["red"], 5, mirror)[1] for mirror in (False, True))
            overlap = (plain & mirrored[:, ::-1]).sum() / (plain | mirrored[:, ::-1]).sum()
            self.assertGreater(overlap, 0.85, kind)

    def test_a_kind_varies_with_the_seed_and_only_with_it(self) -> None:
        for kind, painter in {**ALLOWED, **OTHERS}.items():
            first = drawn(painter, COLOUR_RGB["red"], 1)[0]
            self.assertTrue((first == drawn(painter, COLOUR_RGB["red"], 1)[0]).all(), kind)
            self.assertFalse((first == drawn(painter, COLOUR_RGB["red"], 2)[0]).all(), kind)


def _fitted(mask: np.ndarray) -> np.ndarray:
    """A silhouette without its empty margin, bool [32, 32] with its proportions kept."""
    rows, columns = np.nonzero(mask)
    cut = mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    side = max(cut.shape)
    square = np.zeros((side, side), bool)
    top, left = (side - cut.shape[0]) // 2, (side - cut.shape[1]) // 2
    square[top : top + cut.shape[0], left : left + cut.shape[1]] = cut
    return np.asarray(Image.fromarray(square).resize((32, 32)))


if __name__ == "__main__":
    unittest.main()
