"""Hard negatives differ in exactly one attribute, and what a caption says is shown by the scenes that have it."""

from __future__ import annotations

import unittest
from dataclasses import astuple, replace
from random import Random

import numpy as np
import torch

from clip import Clip, contrast, probability
from pairs import CHANGES, SET, pair, scene_set, shows
from world.grammar import caption
from world.sampling import WHOLE, sample_scene
from world.scene import FIELDS, Scene

FIELDS_OF = {"kind": {"thing"}, "colour": {"colour", "other_colour"}}


def difference(a: Scene, b: Scene) -> list[str]:
    return [field for field, x, y in zip(FIELDS, astuple(a), astuple(b)) if x != y]


def shown(said: Scene, scene: Scene) -> bool:
    return bool(shows(np.array([said.codes()]), np.array([scene.codes()]))[0, 0])


class Pairs(unittest.TestCase):
    def test_two_scenes_of_a_pair_differ_in_that_attribute_alone(self) -> None:
        rng = Random(1)
        for attribute in CHANGES:
            for _ in range(200):
                a, b = pair(rng, attribute, WHOLE)
                (field,) = difference(a, b)
                self.assertIn(field, FIELDS_OF.get(attribute, {attribute}))
                self.assertFalse(a.held_out() or b.held_out())
                self.assertNotEqual((b.thing, b.colour), (b.other_thing, b.other_colour))

    def test_relations_are_turned_round_and_sizes_are_ones_that_are_said(self) -> None:
        rng = Random(2)
        turned = [pair(rng, "relation", WHOLE) for _ in range(80)]
        found = {tuple(sorted((a.relation, b.relation))) for a, b in turned}
        self.assertEqual(found, {("left", "right"), ("on", "under")})
        self.assertEqual({a.size for a, _ in (pair(rng, "size", WHOLE) for _ in range(40))}, {"small", "big"})

    def test_a_set_has_its_number_and_each_differs_from_the_first_in_one_attribute(self) -> None:
        rng = Random(3)
        for _ in range(300):
            first, *others = scene_set(rng, WHOLE)
            self.assertEqual(len(others), SET - 1)
            changes = [difference(first, other) for other in others]
            self.assertTrue(all(len(change) == 1 for change in changes))
            self.assertEqual(len({c[0].removeprefix("other_") for c in changes}), SET - 1)

    def test_a_caption_is_shown_by_its_scene_and_not_by_one_that_differs_in_what_it_says(self) -> None:
        rng = Random(4)
        for attribute in CHANGES:
            for _ in range(60):
                a, b = pair(rng, attribute, WHOLE)
                said = caption(a, rng, whole=True).said
                self.assertTrue(shown(said, a), said)
                self.assertFalse(shown(said, b), f"{said} by {b}")
        for _ in range(500):
            scene = sample_scene(rng, WHOLE)
            self.assertTrue(shown(caption(scene, rng).said, scene))

    def test_what_is_left_out_may_be_anything_and_relations_hold_from_either_side(self) -> None:
        scene = Scene("cat", "blue", "city", "day", relation="left", other_thing="house", other_colour="red")
        for said in (Scene("cat", style="", size=""), Scene("house", "red", style="", size=""),
                     replace(scene, relation="beside"),
                     Scene("house", "red", "city", relation="right", other_thing="cat", style="", size="")):
            self.assertTrue(shown(said, scene), said)
        for said in (Scene("dog", style="", size=""), Scene("house", "blue", style="", size=""),
                     Scene("house", "red", relation="left", other_thing="cat", style="", size=""),
                     Scene("cat", style="", size="", count=2), Scene("cat", style="", size="", state="wounded")):
            self.assertFalse(shown(said, scene), said)
        self.assertTrue(shown(Scene("cat", count=0, size=""), Scene("cat", "red", "city", "day", count=3)))
        self.assertFalse(shown(Scene("cat", count=0, size=""), Scene("cat", "red", "city", "day", count=1)))


class Encoder(unittest.TestCase):
    def test_sides_give_unit_vectors(self) -> None:
        clip = Clip(300).eval()
        with torch.no_grad():
            seen, (read, _) = clip.pictures(torch.randn(3, 3, 128, 128)), clip.texts(torch.randint(0, 300, (3, 32)))
        for vectors in (seen, read):
            self.assertEqual(vectors.shape, (3, 128))
            self.assertTrue(torch.allclose(vectors.norm(dim=1), torch.ones(3), atol=1e-5))

    def test_a_caption_that_fits_another_picture_too_does_not_count_against_it(self) -> None:
        vectors, scale = torch.eye(4, 128), torch.tensor(20.0)
        none, same = torch.eye(4, dtype=torch.bool), vectors.clone()
        self.assertLess(contrast(vectors, vectors, scale, none).item(), 1e-6)
        same[1] = same[0]
        self.assertGreater(contrast(same, same, scale, none).item(), 0.3)
        fits = none.clone()
        fits[0, 1] = fits[1, 0] = True
        self.assertLess(contrast(same, same, scale, fits).item(), 1e-6)

    def test_the_score_rises_with_likeness(self) -> None:
        p = probability(np.linspace(-1, 1, 50), {"scale": 0.8, "bias": -3.0})
        self.assertTrue((np.diff(p) > 0).all() and p.min() > 0 and p.max() < 1)


if __name__ == "__main__":
    unittest.main()
