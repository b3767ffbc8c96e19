"""Every scene can be drawn, the same way for the same seed, and counts, sizes and relations can be seen in it."""

from __future__ import annotations

import time
import unittest
from itertools import combinations
from random import Random

import numpy as np

from sketch import sketch
from world.drawing import PAINTERS, cells_of, draw_placed, draw_scene, edges_of, spots_of
from world.layout import Box, Spot, box_of
from world.paint import Canvas, Pen, Shade
from world.sampling import sample_scene
from world.scene import ALLOWED, OUTDOORS, STYLES, THINGS, TIMES, Scene

Edges = tuple[float, float, float, float]


def overlap(a: Edges, b: Edges) -> float:
    """The part of the smaller box that the other covers."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    least = min((e[2] - e[0]) * (e[3] - e[1]) for e in (a, b))
    return max(0.0, wide) * max(0.0, high) / least


def placed(scene: Scene, seed: int) -> list[tuple[str, Edges]]:
    return [(kind, edges_of(kind, spot)) for kind, _, spot in spots_of(scene, Random(seed))]


class Cells(unittest.TestCase):
    def test_cells_with_things_hold_nearly_all_that_things_cover_and_little_more(self) -> None:
        rng, covered, within, cells = Random(12), 0, 0, 0
        for i in range(120):
            scene = sample_scene(rng)
            made, found = sketch(scene, f"cells/{i}"), cells_of(draw_placed(scene, Random(f"cells/{i}"))[1], 16)
            marked = np.kron(found, np.ones((8, 8), bool))
            covered, within = covered + int(made.covered.sum()), within + int((made.covered & marked).sum())
            cells += int(marked.sum())
        self.assertGreater(within / covered, 0.97)
        self.assertLess(cells, 3.0 * covered)

    def test_an_empty_place_has_none(self) -> None:
        self.assertFalse(cells_of(draw_placed(Scene("nothing", place="beach", time="day"), Random(1))[1], 16).any())


class Drawing(unittest.TestCase):
    def test_every_kind_is_drawn_in_every_style_and_size(self) -> None:
        for number, kind in enumerate(THINGS[1:]):
            for style in STYLES[1:]:
                for size in ("small", "usual", "big"):
                    scene = Scene(kind, "red", OUTDOORS[number % 6], TIMES[1 + number % 4], style=style, size=size)
                    self.assertEqual(draw_scene(scene, Random(number)).shape, (128, 128, 3))

    def test_sampled_scenes_are_drawn_at_both_sizes_and_are_not_blank(self) -> None:
        rng = Random(4)
        for number in range(300):
            scene, size = sample_scene(rng), 256 if number % 10 == 0 else 128
            picture = draw_scene(scene, rng, size)
            self.assertEqual((picture.shape, picture.dtype), ((size, size, 3), np.uint8))
            self.assertGreater(picture.std(), 8, scene)

    def test_the_same_seed_gives_the_same_picture(self) -> None:
        for seed in range(40):
            scene = sample_scene(Random(seed))
            np.testing.assert_array_equal(draw_scene(scene, Random(seed)), draw_scene(scene, Random(seed)))

    def test_a_kind_stays_within_its_measured_box(self) -> None:
        for kind in THINGS[1:]:
            box = box_of(PAINTERS[kind])
            self.assertLess(max(box.width, box.height), 3.0, kind)
            for seed in range(100, 108):
                found = _reach(kind, seed)
                for a, b, sign in zip((found.left, found.top, found.right, found.bottom),
                                      (box.left, box.top, box.right, box.bottom), (-1, -1, 1, 1)):
                    self.assertLess((a - b) * sign, 0.25, kind)

    def test_things_of_one_picture_stay_apart_and_inside(self) -> None:
        for number, kind in enumerate(ALLOWED * 3):
            for count in (2, 3, 4):
                for size in ("usual", "small"):
                    found = placed(Scene(kind, "red", "meadow", "day", count=count, size=size), number)
                    self.assertEqual(len(found), count)
                    self._apart(found, 0.12)

    def test_counted_things_are_large_enough_to_be_known(self) -> None:
        for number, kind in enumerate(ALLOWED):
            for count, least in ((2, 40), (3, 30), (4, 26)):
                for _, box in placed(Scene(kind, "red", "meadow", "day", count=count), number):
                    self.assertGreater(max(box[2] - box[0], box[3] - box[1]), least, (kind, count))

    def test_relations_hold_in_the_picture(self) -> None:
        rng = Random(8)
        for number in range(1500):
            relation = rng.choice(("left", "right", "on", "under"))
            a, b = rng.choice(ALLOWED), rng.choice(ALLOWED)
            size, count = rng.choice(("small", "usual", "big")), 2 if relation == "left" and number % 5 == 0 else 1
            scene = Scene(a, "red", "beach", "day", size=size, count=count, relation=relation, other_thing=b,
                          other_colour="blue")
            found = placed(scene, number)
            self._apart(found, 0.1)
            (_, other), *mains = found
            for _, main in mains:
                dx, dy = (main[0] + main[2] - other[0] - other[2]) / 2, (main[1] + main[3] - other[1] - other[3]) / 2
                if relation in ("left", "right"):
                    self.assertGreater(dx if relation == "right" else -dx, 12, scene)
                else:
                    self.assertGreater(-dy if relation == "on" else dy, 12, scene)
                    self.assertLess(abs(dx), 12, scene)

    def test_sizes_differ_so_much_that_they_can_be_told(self) -> None:
        for number, kind in enumerate(ALLOWED):
            sides = {}
            for size in ("small", "usual", "big"):
                (_, box), = placed(Scene(kind, "red", "city", "day", size=size), number)
                sides[size] = box[3] - box[1]
            self.assertGreater(sides["usual"], 1.5 * sides["small"], kind)
            self.assertGreater(sides["big"], 1.2 * sides["usual"], kind)

    def test_drawing_is_quick(self) -> None:
        rng = Random(2)
        scenes = [sample_scene(rng) for _ in range(300)]
        for scene in scenes[:60]:
            draw_scene(scene, rng)
        began = time.process_time()
        for scene in scenes:
            draw_scene(scene, rng)
        self.assertGreater(len(scenes) / (time.process_time() - began), 200)

    def _apart(self, found: list[tuple[str, Edges]], most: float) -> None:
        for (kind, a), (_, b) in combinations(found, 2):
            self.assertLess(overlap(a, b), most, (kind, a, b))
        for kind, box in found:
            self.assertGreater(min(box[0], box[1]), 0, (kind, box))
            self.assertLess(max(box[2], box[3]), 128, (kind, box))


def _reach(kind: str, seed: int) -> Box:
    """How far one variation of a kind is painted, in its own coordinates."""
    canvas = Canvas(64)
    canvas.rect(0, 0, 128, 128, (255, 0, 255))
    PAINTERS[kind](Pen(canvas, 64, 64, 40, line_width=0.1), Shade.of((128, 128, 128)), Random(seed))
    marked = (np.asarray(canvas.image) != (255, 0, 255)).any(2)
    rows, columns = np.flatnonzero(marked.any(1)), np.flatnonzero(marked.any(0))
    limits = (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1)
    top, bottom, left, right = (float(v / canvas.scale - 64) / 40 for v in limits)
    return Box(left, top, right, bottom)


if __name__ == "__main__":
    unittest.main()
