"""Both solvers arrive where a model points, a student is asked once a step, and a broken-off run goes on."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from adherence import verdict
from asking import Solver, draw
from diffusion import SCHEDULER_CONFIG
from evaluate import Settings, clip_scores, pictures_of, rows_of, truths_of, write_sheets
from judge import Seen, View, view_of
from prompts import prompts
from reference import alphas, seeded_noise
from sheets import described
from world.sampling import World

WORLD = World(("cat", "house", "boat", "tree", "fish", "car", "robot", "rabbit"))


class Session:
    def __init__(self, answer: Any) -> None:
        self.answer, self.calls = answer, []

    def run(self, _: None, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        self.calls.append({name: len(value) for name, value in feeds.items()})
        return [self.answer(feeds)]


def pack_of(clean: float, spread: float = 0.0) -> Any:
    """A pack whose model knows that latents are normal about `clean` with deviation `spread`, and answers exactly."""
    levels = alphas(SCHEDULER_CONFIG)

    def v(feeds: dict[str, np.ndarray]) -> np.ndarray:
        a = levels[feeds["timestep"]].reshape(-1, 1, 1, 1)
        x, gain = feeds["sample"], spread**2 * np.sqrt(a) / (a * spread**2 + 1 - a)
        expected = clean + gain * (x - np.sqrt(a) * clean)
        return ((np.sqrt(a) * x - expected) / np.sqrt(1 - a)).astype(np.float32)

    return SimpleNamespace(
        alphas=levels, captions=SimpleNamespace(ids=lambda texts: np.zeros((len(texts), 4), np.int64)),
        text=Session(lambda feeds: np.zeros((len(feeds["input_ids"]), 4, 8), np.float32)), unet=Session(v),
        decoder=Session(lambda feeds: np.repeat(np.repeat(feeds["latent_sample"][:, :3], 8, 2), 8, 3)),
        manifest={"sizes": {"default": "128x128"}, "files": [], "id": "fake"})


class Solvers(unittest.TestCase):
    def test_both_arrive_at_what_the_model_knows(self) -> None:
        for solver in ("ddim", "dpm"):
            for steps in (4, 20):
                pictures = draw(pack_of(0.5), ["a"], [3], steps, 3.0, solver)
                self.assertEqual((pictures.shape, pictures.dtype), ((1, 128, 128, 3), np.uint8))
                self.assertTrue((np.abs(pictures.astype(int) - round(1.5 * 127.5)) <= 1).all(), (solver, steps))

    def test_the_second_order_comes_nearer_to_the_exact_way(self) -> None:
        pack, noise = pack_of(0.0, 0.4), seeded_noise(7, (1, 16, 16, 16))[:, :3]
        exact = np.clip((0.4 * noise + 1) * 127.5, 0, 255).transpose(0, 2, 3, 1)

        def apart(solver: Solver, steps: int) -> float:
            return float(np.abs(draw(pack, ["a"], [7], steps, 1.0, solver)[:, ::8, ::8] - exact).mean())

        for steps in (10, 20, 50):
            self.assertLess(apart("dpm", steps), 0.9 * apart("ddim", steps), steps)
        self.assertLess(apart("dpm", 50), 0.3 * apart("dpm", 10))

    def test_without_guidance_the_model_is_asked_once_a_step(self) -> None:
        for guidance, many in ((1.0, 2), (3.0, 4)):
            pack = pack_of(0.1)
            draw(pack, ["a", "b"], [1, 2], 4, guidance, "ddim")
            self.assertEqual([call["sample"] for call in pack.unet.calls], [many] * 4)
            self.assertEqual(pack.text.calls, [{"input_ids": many}])


class Evaluating(unittest.TestCase):
    def test_a_run_that_was_broken_off_goes_on_with_the_same_pictures(self) -> None:
        asked, settings = prompts(40, WORLD), Settings(2, 1.0, "ddim", 5)
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder)
            whole = np.array(pictures_of(pack_of(0.2, 0.3), asked, settings, out))
            key, count = (out / "pictures.progress").read_text().split()
            self.assertEqual(int(count), len(asked))
            (out / "pictures.progress").write_text(f"{key} 32")
            pack = pack_of(0.2, 0.3)
            np.testing.assert_array_equal(pictures_of(pack, asked, settings, out), whole)
            self.assertEqual(len(pack.unet.calls), 2 * -(-(len(asked) - 32) // 16))
            other = pack_of(0.2, 0.3)
            pictures_of(other, asked, Settings(2, 1.0, "ddim", 6), out)
            self.assertEqual(len(other.unet.calls), 2 * -(-len(asked) // 16))

    def test_truths_show_their_prompts_and_sheets_are_written(self) -> None:
        asked = prompts(30, WORLD)
        truths = truths_of(asked, SimpleNamespace(rebuild=lambda x: x), 128)
        self.assertEqual(truths.shape, (len(asked), 128, 128, 3))
        seen = [Seen(view_of(p.scene, WORLD.kinds), {"kind": 1.0}) for p in asked]
        seen[0] = Seen(View("dog"), {"kind": 0.6})
        verdicts = [verdict(p.said, s.view, WORLD.kinds) for p, s in zip(asked, seen)]
        with tempfile.TemporaryDirectory() as folder:
            write_sheets(Path(folder), asked, truths, seen, verdicts)
            sizes = {}
            for path in (Path(folder) / "sheets").iterdir():
                with Image.open(path) as image:
                    sizes[path.stem] = image.size
            self.assertEqual(set(sizes), {"successes", "failures-worst", "failures-by-chance"})
            self.assertGreater(sizes["successes"][1], sizes["failures-worst"][1])
            rows = json.loads(json.dumps(rows_of(asked, seen, verdicts)))
            self.assertEqual(rows[0]["right"]["all"], False)

    def test_a_clip_score_is_of_a_picture_and_its_own_prompt(self) -> None:
        at = np.eye(4, dtype=np.float32)
        told = SimpleNamespace(threshold=0.5, vectors=lambda pictures, texts: (at[pictures], at),
                               score=lambda pictures, texts: (pictures == np.arange(4)).astype(float))
        found = clip_scores(told, np.array([0, 1, 2, 2]), np.arange(4), list("abcd"))
        self.assertEqual((found["drawn"], found["truth"], found["another prompt's"]), (75.0, 100.0, 25.0))
        self.assertEqual((found["reach the threshold"]["right"], found["truths that do"]["right"]), (3, 4))

    def test_what_is_seen_is_told_in_words(self) -> None:
        view = View("cat", "red", "2", "house", "blue", "1", "on", "city", "night", "ink", "")
        self.assertEqual(described(view), "2 red cat, on 1 blue house; city, night, ink")


if __name__ == "__main__":
    unittest.main()
