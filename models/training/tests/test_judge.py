"""What the judge learns from is what it is said to be; spoilt things are spoilt, and views are true to scenes."""

from __future__ import annotations

import unittest
from dataclasses import replace
from random import Random

import numpy as np

from corrupt import CORRUPTIONS, changed, crowded, grown, spoil
from judge import ANOTHER, NONE, NOTHING, UNKNOWN, Bench, Judge, View, answers, codes_of, temperature, view_of
from judge_pictures import SORTS, picture_of, returned, row_of
from sketch import sketch
from train_judge import calibration_error, mirrored, scores
from vae import Autoencoder, fit_pca
from world.drawing import draw_scene
from world.sampling import World, sample_scene
from world.scene import ALLOWED, OUTDOORS, STYLES, TIMES, Scene

WORLD = World(("cat", "house", "boat", "tree", "fish", "car", "robot", "rabbit"))
TABLE = answers(WORLD.kinds)


def scenes_to_spoil() -> list[Scene]:
    colours = ("red", "blue", "white", "black")
    found = [Scene(kind, colours[i % 4], OUTDOORS[i % 6], TIMES[1 + i % 4], style=STYLES[1 + i % 4])
             for i, kind in enumerate(WORLD.kinds)]
    related = replace(found[0], relation="right", other_thing="house", other_colour="yellow")
    return [*found, replace(found[1], count=2), related]


class Views(unittest.TestCase):
    def test_the_left_and_the_upper_group_come_first_whoever_is_asked_for(self) -> None:
        cat_left = Scene("cat", "red", "beach", "day", relation="left", other_thing="house", other_colour="blue")
        house_right = Scene("house", "blue", "beach", "day", relation="right", other_thing="cat", other_colour="red")
        self.assertEqual(view_of(cat_left, WORLD.kinds), view_of(house_right, WORLD.kinds))
        under = replace(cat_left, relation="under", count=1)
        self.assertEqual(view_of(under, WORLD.kinds).groups(), [("house", "blue", "1"), ("cat", "red", "1")])
        self.assertEqual(view_of(under, WORLD.kinds).relation, "on")

    def test_what_cannot_be_said_is_unknown(self) -> None:
        sword = view_of(Scene("sword", "", "beach", "night", size="small"), WORLD.kinds)
        self.assertEqual((sword.kind, sword.colour, sword.second_kind, sword.size), (ANOTHER, "", NOTHING, "small"))
        codes = dict(zip(TABLE, codes_of(sword, TABLE)))
        self.assertEqual((codes["colour"], codes["second_count"]), (UNKNOWN, UNKNOWN))
        self.assertEqual(TABLE["kind"][codes["kind"]], ANOTHER)

    def test_mirrored_codes_are_those_of_the_mirrored_scene(self) -> None:
        rng, model = Random(5), Judge(WORLD.kinds, (8, 8, 16, 16), 16)
        for _ in range(200):
            scene = sample_scene(rng, WORLD)
            other = {"left": "right", "right": "left"}.get(scene.relation, scene.relation)
            here, there = (codes_of(view_of(s, WORLD.kinds), TABLE) for s in (scene, replace(scene, relation=other)))
            np.testing.assert_array_equal(mirrored(here[None], model)[0], there)


class Spoiling(unittest.TestCase):
    def test_a_sketch_knows_where_its_things_are(self) -> None:
        rng = Random(3)
        for number in range(60):
            scene = sample_scene(rng, WORLD)
            made = sketch(scene, f"t/{number}")
            np.testing.assert_array_equal(made.picture, draw_scene(scene, Random(f"t/{number}")))
            if scene.thing == "nothing" or scene.state or scene.thing not in ALLOWED:
                continue
            inside = np.zeros_like(made.covered)
            for part in made.parts:
                left, top, right, bottom = part.box
                inside[max(0, top - 3) : bottom + 3, max(0, left - 3) : right + 3] = True
            if scene.place in OUTDOORS and scene.other_thing in ("", *ALLOWED):
                self.assertGreater((made.covered & inside).sum() / made.covered.sum(), 0.97, scene)

    def test_every_corruption_is_seen_and_leaves_the_rest_alone(self) -> None:
        for number, scene in enumerate(scenes_to_spoil()):
            made = sketch(scene, f"s/{number}")
            for name in CORRUPTIONS:
                picture = spoil(made, name, True, Random(f"{number}/{name}"))
                if picture is None:
                    self.assertIn(name, ("warped", "swapped"), scene)
                    continue
                for part in made.of_group(True):
                    self.assertGreater(changed(picture, made, part), 0.1, (name, scene))
                if scene.relation:
                    other, = made.of_group(False)
                    self.assertLess(changed(picture, made, other), 0.2, name)
                differs = (picture != made.picture).any(2)
                self.assertLess(differs[:12].mean() + differs[-3:].mean(), 0.05, (name, scene))

    def test_spoiling_depends_on_the_seed_alone(self) -> None:
        made = sketch(Scene("cat", "red", "city", "night", style="crayon"), "d")
        for name in CORRUPTIONS:
            first, again, *others = (spoil(made, name, True, Random(seed)) for seed in "112345")
            np.testing.assert_array_equal(first, again)
            self.assertFalse(all(np.array_equal(first, other) for other in others), name)

    def test_a_crowd_has_more_things_than_were_drawn(self) -> None:
        made = sketch(Scene("boat", "red", "meadow", "day", count=4, size="small"), "c")
        picture = crowded(made, Random(1))
        self.assertIsNotNone(picture)
        self.assertGreater((np.abs(picture.astype(int) - made.empty).max(2) > 12).sum(), 1.15 * made.covered.sum())

    def test_pictures_say_how_they_were_made(self) -> None:
        sorts = set()
        for number in range(400):
            _, view, made, name, boxes = picture_of(f"p/{number}", 128, WORLD)
            sorts.add(name)
            none = NONE in (view.kind, view.second_kind), NONE in (view.colour, view.second_colour)
            self.assertEqual(none, (name not in ("whole", "crowded", "swapped"), name == "swapped"))
            self.assertEqual(view.count == "more", name == "crowded")
            self.assertLessEqual(len(boxes), len(made.parts))
            spared = {part.kind for part in made.parts if part.box not in boxes and part.kind in WORLD.kinds}
            if name not in ("whole", "crowded"):
                self.assertLessEqual(spared, {view.kind, view.second_kind}, name)
        self.assertEqual(sorts, set(SORTS))

    def test_rows_are_the_same_again(self) -> None:
        for number in range(10):
            for first, again in zip(row_of(f"r/{number}", 128, WORLD, None), row_of(f"r/{number}", 128, WORLD, None)):
                np.testing.assert_array_equal(first, again)


class Returning(unittest.TestCase):
    """Through an untrained autoencoder, which is linear: what leaves a patch is of that patch."""

    @classmethod
    def setUpClass(cls) -> None:
        pictures = [draw_scene(sample_scene(Random(i), WORLD), Random(i)) for i in range(24)]
        cls.model = Autoencoder(fit_pca(np.stack(pictures)), 16, 1).eval()
        cls.made = sketch(Scene("cat", "red", "beach", "day"), "v")

    def test_low_passed_latents_blur_the_box_and_nothing_else(self) -> None:
        box = self.made.parts[0].box
        clear, blurred = (returned(self.made.picture, self.model, Random(3), low).astype(int) for low in ([], [box]))
        apart = np.abs(blurred - clear).max(2)
        left, top, right, bottom = (v // 8 * 8 for v in grown(box, 8, 128))
        self.assertGreater((apart[top:bottom, left:right] > 20).mean(), 0.2)
        apart[top:bottom, left:right] = 0
        self.assertEqual(int(apart.max()), 0)

    def test_rows_that_come_back_are_noisy_copies_of_their_pictures(self) -> None:
        apart = []
        for number in range(20):
            plain_row, row = (row_of(f"n/{number}", 128, WORLD, model) for model in (None, self.model))
            np.testing.assert_array_equal(plain_row[1], row[1])
            if plain_row[3] != SORTS.index("smeared"):
                apart.append(np.abs(plain_row[0].astype(int) - row[0]).mean())
        self.assertTrue(0.3 < np.mean([a > 0 for a in apart]) < 0.9)
        self.assertLess(max(apart), 30)


class Looking(unittest.TestCase):
    def test_the_judge_answers_every_field_with_a_probability(self) -> None:
        bench = Bench(Judge(WORLD.kinds, (8, 8, 16, 16), 16), dict.fromkeys(TABLE, 1.0))
        for size in (128, 256):
            seen, = bench.see(np.zeros((1, size, size, 3), np.uint8))
            self.assertIsInstance(seen.view, View)
            for name, sure in seen.sure.items():
                self.assertTrue(1 / len(TABLE[name]) - 1e-3 <= sure <= 1)

    def test_temperature_finds_by_how_much_logits_were_scaled(self) -> None:
        rng = np.random.default_rng(1)
        logits = rng.normal(0, 2, (6000, 5))
        p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        truth = np.array([rng.choice(5, p=row) for row in p])
        for scale in (0.5, 1.0, 3.0):
            found = temperature(logits * scale, truth)
            self.assertAlmostEqual(found / scale, 1, delta=0.12)
            self.assertLess(calibration_error(logits * scale, truth, found), 0.03)
        self.assertGreater(calibration_error(logits * 3, truth, 1.0), 0.1)

    def test_scores_count_what_is_right(self) -> None:
        model, scenes = Judge(WORLD.kinds, (8, 8, 16, 16), 16), [sample_scene(Random(i), WORLD) for i in range(80)]
        codes = np.stack([codes_of(view_of(s, WORLD.kinds), TABLE) for s in scenes])
        perfect = {name: np.eye(len(values))[np.minimum(codes[:, i], len(values) - 1)]
                   for i, (name, values) in enumerate(TABLE.items())}
        found = scores(perfect, codes, np.zeros(len(codes), int), model)
        self.assertTrue(all(found[name] == 1 for name in TABLE if name in found), found)
        self.assertEqual(found["none_of_these"]["whole"], "0/80")


if __name__ == "__main__":
    unittest.main()
