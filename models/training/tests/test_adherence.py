"""Prompts come in their strata and say what they say; figures are right for perfect, blind and shuffled generators."""

from __future__ import annotations

import unittest
from collections import Counter
from dataclasses import replace
from random import Random

import numpy as np

from adherence import figures, verdict
from wilson import wilson
from evaluate import order_of_failure
from evaluate_report import markdown
from judge import NONE, NOTHING, Seen, View, view_of
from prompts import HELD, PARTIAL, SEEN, Prompt, prompts
from second_opinion import Rules, patches, relation_of, tally
from tests.reading import read_free, read_plain
from world.drawing import draw_scene
from world.grammar import plain
from world.sampling import World
from world.scene import Scene

WORLD = World(("house", "castle", "boat", "car", "balloon", "rocket", "tree", "flower", "mushroom", "robot", "cat",
               "dog", "rabbit", "duck", "fish", "butterfly"))
ASKED = prompts(1000, WORLD)
TRUTHS = [view_of(p.scene, WORLD.kinds) for p in ASKED]


def truth_of(scene: Scene) -> View:
    return view_of(scene, WORLD.kinds)


class Prompts(unittest.TestCase):
    def test_strata_have_their_shares_and_no_wording_comes_twice(self) -> None:
        found = Counter(p.stratum for p in ASKED)
        for stratum, share in {**SEEN, **HELD}.items():
            self.assertAlmostEqual(found[stratum], share, delta=1)
        self.assertEqual(len({p.text for p in ASKED}), len(ASKED))
        seen = sum(not p.held_out for p in ASKED)
        self.assertAlmostEqual(sum(p.partial for p in ASKED) / seen, PARTIAL / 2, delta=0.04)

    def test_only_held_out_strata_are_held_out(self) -> None:
        for prompt in ASKED:
            self.assertEqual(prompt.scene.held_out(), prompt.held_out, prompt)
            self.assertTrue(all(kind in WORLD.kinds for kind, _, _ in prompt.scene.groups()))

    def test_strata_ask_for_what_they_are_named_after(self) -> None:
        for p in ASKED:
            self.assertTrue(p.stratum == "styled" or not p.said.style)
            if p.stratum == "single":
                self.assertEqual((p.said.colour, p.said.relation, p.said.count), ("", "", 1))
            if p.stratum == "sized" and not p.partial:
                self.assertIn(p.said.size, ("small", "big"))
            if p.stratum == "related":
                self.assertNotEqual(p.said.relation, "")
        numbers = Counter(p.said.count for p in ASKED if p.stratum == "counted")
        self.assertTrue(all(numbers[n] > 30 for n in (1, 2, 3, 4)), numbers)

    def test_the_words_say_what_may_be_judged(self) -> None:
        for p in ASKED:
            plainly = p.text == plain(p.said)
            read = replace(read_plain(p.text), style=p.said.style) if plainly else read_free(p.text)
            if p.said.relation == "beside" and read.thing != p.said.thing:
                read = replace(read, thing=read.other_thing, colour=read.other_colour, other_thing=read.thing,
                               other_colour=read.colour)
            self.assertEqual(read, p.said, p.text)

    def test_prompts_depend_on_the_seed_alone(self) -> None:
        self.assertEqual(prompts(80, WORLD), prompts(80, WORLD))
        self.assertNotEqual(prompts(80, WORLD), prompts(80, WORLD, 5))


class Verdicts(unittest.TestCase):
    def test_wilson_intervals_are_the_known_ones(self) -> None:
        for right, count, low, high in ((0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662),
                                        (10, 10, 0.7225, 1.0), (148, 160, 0.8736, 0.9567)):
            found = wilson(right, count)
            self.assertAlmostEqual(found[0], low, places=3)
            self.assertAlmostEqual(found[1], high, places=3)
        self.assertEqual(wilson(0, 0), (0.0, 1.0))

    def test_only_what_was_said_is_judged(self) -> None:
        said = Scene("cat", "", "", "night", style="", size="", count=0)
        seen = View("cat", "green", "3", place="beach", time="night", style="ink")
        self.assertEqual(verdict(said, seen, WORLD.kinds), {"object": True, "time": True, "all": True})

    def test_each_fault_is_found_where_it_is(self) -> None:
        said = Scene("cat", "red", "beach", "night", style="ink", size="small")
        good = truth_of(said)
        self.assertTrue(all(verdict(said, good, WORLD.kinds).values()))
        for name, other in (("object", {"kind": "dog"}), ("object", {"second_kind": "dog"}), ("object", {"kind": NONE}),
                            ("colour", {"colour": "blue"}), ("colour", {"colour": NONE}), ("count", {"count": "2"}),
                            ("place", {"place": "city"}), ("time", {"time": "day"}), ("style", {"style": "flat"}),
                            ("size", {"size": "big"})):
            found = verdict(said, replace(good, **other), WORLD.kinds)
            self.assertEqual({k for k, v in found.items() if not v}, {name, "all"}, other)

    def test_relations_hold_from_either_side_and_only_with_both_things(self) -> None:
        base = Scene("cat", "red", "beach", "day", style="", size="")
        said = replace(base, relation="left", other_thing="dog", other_colour="blue")
        mirrored = replace(base, thing="dog", colour="blue", relation="right", other_thing="cat", other_colour="red")
        good = truth_of(said)
        swapped = truth_of(replace(said, relation="right"))
        for asked in (said, mirrored):
            self.assertTrue(verdict(asked, good, WORLD.kinds)["all"])
            wrong = verdict(asked, swapped, WORLD.kinds)
            self.assertEqual({k for k, v in wrong.items() if not v}, {"relation", "all"})
            self.assertFalse(verdict(asked, replace(good, second_kind="house"), WORLD.kinds)["relation"])
            one = replace(good, second_kind=NOTHING, relation="none")
            self.assertFalse(verdict(asked, one, WORLD.kinds)["relation"])
        for view in (good, swapped):
            self.assertTrue(verdict(replace(said, relation="beside"), view, WORLD.kinds)["all"])
        self.assertFalse(verdict(replace(said, relation="on"), good, WORLD.kinds)["relation"])

    def test_colours_belong_to_their_things(self) -> None:
        said = Scene("cat", "red", "beach", "day", style="", relation="left", other_thing="dog", other_colour="blue")
        crossed = truth_of(replace(said, colour="blue", other_colour="red"))
        found = verdict(said, crossed, WORLD.kinds)
        self.assertEqual((found["object"], found["colour"], found["relation"]), (True, False, True))


class Figures(unittest.TestCase):
    def test_a_perfect_generator_reaches_the_ceiling(self) -> None:
        found = figures(ASKED, TRUTHS, TRUTHS, WORLD.kinds)
        for part in found["parts"].values():
            for name, figure in part.items():
                self.assertEqual(figure["right"], figure["asked"], name)
                self.assertEqual({**figure, "ceiling": None}, {**figure["ceiling"], "ceiling": None}, name)
                if name not in ("size", "style"):
                    self.assertGreater(figure["asked"], 50, name)

    def test_a_shuffled_generator_is_right_by_chance_alone(self) -> None:
        order = list(range(len(ASKED)))
        Random(2).shuffle(order)
        part = figures(ASKED, [TRUTHS[i] for i in order], TRUTHS, WORLD.kinds)["parts"]["seen"]
        self.assertAlmostEqual(part["place"]["share"], 1 / 6, delta=0.05)
        self.assertAlmostEqual(part["time"]["share"], 1 / 4, delta=0.05)
        self.assertLess(part["object"]["share"], 0.12)
        self.assertLess(part["relation"]["share"], 0.05)
        self.assertLess(part["all"]["share"], 0.02)
        self.assertEqual(part["all"]["ceiling"]["share"], 1)

    def test_a_generator_that_errs_at_a_known_rate_is_measured_at_it(self) -> None:
        rng = Random(4)
        views = [replace(v, place=rng.choice(["city", "beach"])) if rng.random() < 0.3 else v for v in TRUTHS]
        right = np.mean([v.place == t.place for v, t in zip(views, TRUTHS)])
        figure = figures(ASKED, views, TRUTHS, WORLD.kinds)["parts"]["all prompts"]["place"]
        self.assertLess(figure["low"], right)
        self.assertGreater(figure["high"], right)

    def test_a_blind_judge_says_so_by_its_ceiling(self) -> None:
        blind = [View(NOTHING)] * len(ASKED)
        part = figures(ASKED, TRUTHS, blind, WORLD.kinds)["parts"]["seen"]
        self.assertEqual((part["object"]["share"], part["object"]["ceiling"]["share"]), (1, 0))

    def test_counts_are_of_prompts_about_numbers(self) -> None:
        found = figures(ASKED, TRUTHS, TRUTHS, WORLD.kinds)
        about = [p for p in ASKED if p.stratum in ("counted", "held-out count") and p.said.count in (1, 2, 3)]
        self.assertEqual(found["parts"]["all prompts"]["count 1-3"]["asked"], len(about))

    def test_the_worst_failure_comes_first(self) -> None:
        verdicts = [{"object": True, "place": False, "all": False}, {"object": True, "all": True},
                    {"object": False, "place": False, "all": False}, {"object": True, "place": False, "all": False}]
        seen = [Seen(View("cat"), {"kind": sure}) for sure in (0.5, 1.0, 0.2, 0.9)]
        self.assertEqual(order_of_failure(verdicts, seen), [2, 3, 0])

    def test_the_report_shows_every_figure_with_its_ceiling(self) -> None:
        rules = {"place": {"right": 1, "asked": 2, "agrees": 2}}
        report = {"pack": "p", "version": "1", "prompts": 3, "steps": 4, "solver": "ddim", "guidance": 1.0,
                  "size_bytes": 2_000_000, "seconds_a_picture": 0.5, "threads": 1,
                  "rules": {"drawn": rules, "ceiling": rules}, **figures(ASKED, TRUTHS, TRUTHS, WORLD.kinds)}
        text = markdown(report)
        self.assertNotIn("CLIP", text)
        report["clip"] = {"drawn": 61.2, "truth": 66.0, "another prompt's": 3.1, "reach the threshold": {"share": 0.8},
                          "truths that do": {"share": 0.951}}
        for words in ("61.2 drawn, 66.0 on truth", "80.0 % of what was drawn and 95.1 % of truth"):
            self.assertIn(words, markdown(report))
        for words in ("2.0 MB", "without guidance", "| object | 100.0 %", "held-out relation", "| place | 50.0 %, 1/2"):
            self.assertIn(words, text)


class SecondOpinion(unittest.TestCase):
    def test_rules_know_drawn_places_and_times(self) -> None:
        rules, found = Rules(WORLD), []
        for number, prompt in enumerate(ASKED[:150]):
            found.append(rules.verdict(draw_scene(prompt.scene, Random(number)), prompt.said))
        for name, least in (("place", 0.95), ("time", 0.95), ("count", 0.75), ("relation", 0.85)):
            said = [f[name] for f in found if name in f]
            self.assertGreater(sum(said) / len(said), least, name)

    def test_patches_are_counted_and_specks_are_not(self) -> None:
        mask = np.zeros((64, 64), bool)
        mask[10:20, 10:20] = mask[30:40, 10:20] = mask[30:40, 40:52] = mask[60, 60] = True
        self.assertEqual(patches(mask), 3)
        self.assertEqual(patches(np.zeros((64, 64), bool)), 0)

    def test_relations_are_read_from_middles(self) -> None:
        a, b = np.zeros((64, 64), bool), np.zeros((64, 64), bool)
        a[10:20, 10:20], b[12:22, 40:50] = True, True
        self.assertEqual((relation_of(a, b), relation_of(b, a), relation_of(a.T, b.T)), ("left", "right", "on"))
        self.assertEqual(relation_of(a, np.zeros_like(a)), "")

    def test_agreement_counts_only_what_both_judged(self) -> None:
        found = tally([{"place": True}, {"place": False}, {}], [{"place": True}, {"place": True}, {"place": True}])
        self.assertEqual(found["place"], {"right": 1, "asked": 2, "agrees": 1})


if __name__ == "__main__":
    unittest.main()
