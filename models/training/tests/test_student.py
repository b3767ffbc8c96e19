"""One step of DDIM with a student's target lands where the teacher stood; the loop ends, resumes and keeps its checkpoints;
what older weights made is not taken for new."""

from __future__ import annotations

import json
import os
import tempfile
import unittest
from collections import Counter
from pathlib import Path
from typing import Any

import torch

from diffusion import alphas_cumprod, ddim, trailing_timesteps
from eye import GROUPS, REFUSED, group_of
from loop import forget_older, go_on, keep_average, rate_at, write_whole
from make_generated import scenes_for
from peers import Peers
from train_student import targets, train_student
from trajectories import STEPS
from world.sampling import World

HERE = Path(__file__).resolve().parents[1]
CONFIGS = [json.loads((HERE / f"storybook-{size}.json").read_text()) for size in (128, 256)]
OPTIONS = {"batch": 8, "checkpoint_minutes": 60, "warmup": 10, "decay_fraction": 0.5}


class Targets(unittest.TestCase):
    def test_one_step_of_ddim_lands_where_the_teacher_stood(self) -> None:
        torch.manual_seed(1)
        bars = [*(float(alphas_cumprod()[t]) for t in trailing_timesteps(STEPS)), 1.0]
        here, after = torch.randn(STEPS, 16, 4, 4), torch.randn(STEPS, 16, 4, 4)
        v = targets(here, after, torch.arange(STEPS))
        for i in range(STEPS):
            a, b = bars[i] ** 0.5, (1 - bars[i]) ** 0.5
            clean, noise = a * here[i] - b * v[i], a * v[i] + b * here[i]
            landed = bars[i + 1] ** 0.5 * clean + (1 - bars[i + 1]) ** 0.5 * noise
            torch.testing.assert_close(landed, after[i], rtol=0, atol=2e-5, msg=f"moment {i}")

    def test_a_perfect_student_draws_the_teachers_picture_in_four_steps(self) -> None:
        torch.manual_seed(2)
        states = torch.randn(1, STEPS + 1, 16, 4, 4)
        times = trailing_timesteps(STEPS)

        def student(x: torch.Tensor, t: int) -> torch.Tensor:
            i = times.index(t)
            return targets(x, states[:, i + 1], torch.tensor([i]))

        torch.testing.assert_close(ddim(student, states[:, 0], STEPS), states[:, STEPS], rtol=0, atol=1e-5)

    def test_the_teacher_passes_through_the_students_moments(self) -> None:
        for config in CONFIGS:
            teacher = trailing_timesteps(config["student"]["teacher_steps"])
            self.assertLessEqual(set(trailing_timesteps(STEPS)), set(teacher))


class Configurations(unittest.TestCase):
    def test_a_cpus_and_a_gpus_say_the_same_things(self) -> None:
        small, large = ({f"{a}/{b}" for a, part in config.items() if isinstance(part, dict) for b in part}
                        for config in CONFIGS)
        self.assertEqual({k for k in small ^ large if not k.startswith("often/")}, set())
        for config in CONFIGS:
            self.assertGreater(dict(World.lessons(config).often)["robot"], 1)


class Fake:
    """A run whose loss is its step; it is at `start` when it begins."""

    def __init__(self, start: int = 0, last: int = 5) -> None:
        self.options, self.peers, self.last, self.saved = OPTIONS, Peers(0, 1), last, []
        self.progress: dict[str, float] = {"step": start, "samples": start * 8, "seconds": 100.0 * bool(start)}
        self.factors: list[float] = []

    def steps(self) -> int:
        return self.last

    def step(self, factor: float) -> float:
        self.factors.append(factor)
        return 0.0

    def save(self) -> None:
        self.saved.append(dict(self.progress))


class Loop(unittest.TestCase):
    def test_it_ends_at_its_last_step_with_a_checkpoint(self) -> None:
        run = Fake()
        go_on("fake", run, float("inf"))
        self.assertEqual([(s["step"], s["samples"]) for s in run.saved], [(5, 40)])

    def test_a_resumed_run_counts_on(self) -> None:
        run = Fake(start=3)
        go_on("fake", run, float("inf"))
        self.assertEqual((len(run.factors), run.saved[0]["samples"]), (2, 40))
        self.assertGreaterEqual(run.saved[0]["seconds"], 100.0)

    def test_it_ends_after_its_minutes_and_not_before_a_checkpoint(self) -> None:
        run = Fake(last=10**9)
        go_on("fake", run, 0.001)
        self.assertEqual(len(run.saved), 1)
        self.assertLess(run.saved[0]["seconds"], 5)

    def test_the_rate_warms_up_holds_and_falls(self) -> None:
        rates = [rate_at(step, OPTIONS, 100) for step in (0, 9, 50, 75, 100)]
        self.assertEqual([round(r, 3) for r in rates], [0.1, 1.0, 1.0, 0.5, 0.02])

    def test_averages_follow_and_checkpoints_are_whole(self) -> None:
        kept, live = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
        before = kept.weight.clone()
        keep_average(kept, live, 0.9, 10_000)
        torch.testing.assert_close(kept.weight, before + 0.1 * (live.weight - before))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.pt"
            write_whole({"a": 1}, path)
            self.assertEqual([p.name for p in Path(folder).iterdir()], ["x.pt"])


class Stale(unittest.TestCase):
    def setUp(self) -> None:
        self.work = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def written(self, name: str, at: int) -> Path:
        path = self.work / name
        path.write_bytes(b"")
        os.utime(path, (at, at))
        return path

    def test_what_older_weights_made_is_made_again(self) -> None:
        older, newer, trained = self.written("older", 10), self.written("newer", 30), self.written("weights", 20)
        forget_older((older, newer, self.work / "none"), self.work / "not there")
        self.assertTrue(older.exists())
        forget_older((older, newer, self.work / "none"), trained, self.work / "not there")
        self.assertEqual((older.exists(), newer.exists()), (False, True))

    def test_a_student_of_an_older_teacher_is_refused_by_its_file(self) -> None:
        self.written("student.pt", 10)
        self.written("unet.pt", 20)
        with self.assertRaisesRegex(ValueError, r"student\.pt was distilled from an older unet\.pt"):
            train_student({}, self.work, torch.device("cpu"), 1, 0)


class Generated(unittest.TestCase):
    def test_every_group_has_its_number(self) -> None:
        config: dict[str, Any] = {"seed": 1, "generated": {"test": {"refused": 3, "others": 2, "everyday": 5}}}
        counts = Counter(group_of(s) for s in scenes_for("test", config))
        wanted = {group: 3 if group in REFUSED else 2 for group in GROUPS}
        self.assertEqual(counts, Counter(wanted | {"everyday": 5}))


if __name__ == "__main__":
    unittest.main()
