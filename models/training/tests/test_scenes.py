"""Scenes are what the tables say, come in the shares that are promised, and never as held-out combinations."""

from __future__ import annotations

import json
import unittest
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np

from world.held_out import COLOUR_IN_PLACE, COUNT, MIRRORED, RELATION
from world.names import INDOORS
from world.sampling import World, sample_scene
from world.scene import ALLOWED, COLOURS, FIELDS, OUTDOORS, Scene
from world.sensitive import LOOKALIKES, VIOLENCE, WEAPONS

SAMPLE = [sample_scene(rng) for rng in [Random(11)] for _ in range(20000)]


def share(test) -> float:  # noqa: ANN001
    return sum(1 for s in SAMPLE if test(s)) / len(SAMPLE)


class Lessons(unittest.TestCase):
    def test_hard_kinds_come_oftener_and_the_others_stay_even(self) -> None:
        kinds = ["cat", "house", "boat"]
        world = World.lessons({"kinds": kinds, "often": {"cat": 3}})
        rng = Random(5)
        counts = Counter(world.kind(rng) for _ in range(10000))
        self.assertAlmostEqual(counts["cat"] / 10000, 0.6, delta=0.02)
        self.assertAlmostEqual(counts["house"] / counts["boat"], 1, delta=0.1)
        self.assertEqual(World.of({"kinds": kinds, "often": {"cat": 3}}).often, ())

    def test_a_kind_that_the_run_does_not_know_is_an_error(self) -> None:
        with self.assertRaisesRegex(ValueError, "often: no such kinds: dog"):
            World.lessons({"kinds": ["cat"], "often": {"dog": 2}})


class Scenes(unittest.TestCase):
    def test_codes_hold_the_whole_scene(self) -> None:
        for scene in SAMPLE[:3000]:
            codes = np.array(scene.codes(), np.uint8)
            self.assertEqual(len(codes), len(FIELDS))
            self.assertEqual(Scene.of_codes(codes), scene)

    def test_sensitive_scenes_and_what_resembles_them_have_their_share(self) -> None:
        refused = {*WEAPONS, *VIOLENCE}
        sensitive = share(lambda s: s.state == "wounded" or any(kind in refused for kind, _, _ in s.groups()))
        self.assertGreaterEqual(sensitive, 0.08)
        self.assertGreaterEqual(share(lambda s: s.thing in LOOKALIKES), 0.04)

    def test_relations_and_counts_have_their_share(self) -> None:
        self.assertAlmostEqual(share(lambda s: s.relation != ""), 0.355, delta=0.02)
        for count in (2, 3, 4):
            self.assertGreater(share(lambda s, n=count: s.count == n), 0.05)
        self.assertLess(share(lambda s: s.relation != "" and s.count > 1), 0.04)

    def test_every_kind_colour_and_style_comes(self) -> None:
        kinds = Counter(kind for s in SAMPLE for kind, _, _ in s.groups())
        self.assertEqual(set(FIELDS["thing"]) - set(kinds), {"nothing"})
        self.assertEqual(set(COLOURS) - {s.colour for s in SAMPLE}, set())
        self.assertEqual({s.style for s in SAMPLE}, set(FIELDS["style"]) - {""})

    def test_held_out_combinations_are_never_drawn_by_chance(self) -> None:
        for scene in SAMPLE:
            for kind, colour, count in scene.groups():
                self.assertNotIn((kind, colour, scene.place), COLOUR_IN_PLACE)
                self.assertNotIn((kind, count), COUNT)
            self.assertNotIn((scene.thing, scene.relation, scene.other_thing), RELATION)
            self.assertNotIn((scene.other_thing, MIRRORED.get(scene.relation), scene.thing), RELATION)

    def test_held_out_combinations_name_what_there_is(self) -> None:
        self.assertGreaterEqual(len(set(COLOUR_IN_PLACE)), 40)
        kinds = [k for k, _, _ in COLOUR_IN_PLACE] + [k for k, _ in COUNT] + [k for a, _, b in RELATION for k in (a, b)]
        self.assertEqual(set(kinds) - set(ALLOWED), set())
        for _, colour, place in COLOUR_IN_PLACE:
            self.assertIn(colour, COLOURS)
            self.assertIn(place, OUTDOORS)

    def test_indoor_things_are_indoors(self) -> None:
        for scene in SAMPLE:
            self.assertEqual(scene.place, INDOORS.get(scene.thing, scene.place))

    def test_a_world_of_some_kinds_and_styles_has_no_others(self) -> None:
        rng, world = Random(3), World.of({"kinds": ["cat", "house", "boat"], "styles": ["flat", "ink"]})
        for _ in range(3000):
            scene = sample_scene(rng, world)
            self.assertIn(scene.style, ("flat", "ink"))
            for kind, _, _ in scene.groups():
                self.assertTrue(kind not in ALLOWED or kind in world.kinds or scene.state == "wounded", scene)
        with self.assertRaises(ValueError):
            World.of({"kinds": ["unicorn"]})

    def test_every_configuration_names_kinds_that_there_are(self) -> None:
        for path in Path(__file__).resolve().parents[1].glob("*.json"):
            self.assertGreaterEqual(len(World.of(json.loads(path.read_text())).kinds), 20, path.name)

    def test_scenes_depend_on_the_seed_alone(self) -> None:
        first, again = ([sample_scene(Random(f"5/{i}")) for i in range(200)] for _ in range(2))
        self.assertEqual(first, again)


if __name__ == "__main__":
    unittest.main()
