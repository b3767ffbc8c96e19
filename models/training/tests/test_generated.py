"""The generator's own pictures: a split is drawn alike whichever others are wanted, and the shipped eye is measured on it."""

from __future__ import annotations

import json
import shutil
import tempfile
import unittest
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from evaluate_eye import ShippedEye, evaluate_eye
from eye import GROUPS, REFUSED, group_of
from make_generated import SPLITS, draw_splits

ROOT = Path(__file__).resolve().parents[3]
PACKS = ROOT / "models" / "packs"


def small() -> dict[str, Any]:
    """The configuration with as few pictures as have every group, and two steps for each."""
    config = json.loads((ROOT / "models/training/storybook-128.json").read_text())
    config["generated"] = {split: {"refused": 1, "others": 1, "everyday": 60} for split in SPLITS} | {"steps": 2}
    config["eye"]["exam"] = 1
    return config


class Generated(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def test_a_split_alone_is_the_same_as_among_all_and_is_not_drawn_twice(self) -> None:
        with redirect_stdout(StringIO()) as said:
            everything, scenes, split = draw_splits(PACKS / "storybook", small(), self.folder / "all", 2)
            alone, own, only = draw_splits(PACKS / "storybook", small(), self.folder / "test", 1, ("test",))
        self.assertEqual(set(only.tolist()), {SPLITS.index("test")})
        self.assertTrue(np.array_equal(alone, everything[split == SPLITS.index("test")]))
        self.assertEqual(own, [s for s, i in zip(scenes, split) if i == SPLITS.index("test")])
        self.assertEqual({group_of(s) for s in own} - {"everyday"}, set(GROUPS))
        before = said.getvalue()
        with redirect_stdout(StringIO()) as again:
            draw_splits(PACKS / "storybook", small(), self.folder / "test", 1, ("test",))
        self.assertNotEqual(before, "")
        self.assertEqual(again.getvalue(), "")

    def test_the_shipped_eye_is_reported_on_in_three_parts(self) -> None:
        with redirect_stdout(StringIO()):
            report = evaluate_eye(PACKS, small(), self.folder, 1)
        for part in ("rendered", "reconstructed", "generated"):
            self.assertEqual(set(report[part]["refused kinds"]), set(REFUSED))
        self.assertIn("| refused content caught", (self.folder / "report.md").read_text())

    def test_an_eye_with_other_labels_is_refused(self) -> None:
        shutil.copytree(PACKS / "storybook-eye", self.folder / "eye")
        manifest = json.loads((self.folder / "eye/pack.json").read_text())
        (self.folder / "eye/pack.json").write_text(json.dumps(manifest | {"labels": manifest["labels"][1:]}))
        with self.assertRaisesRegex(ValueError, "other labels"):
            ShippedEye(self.folder / "eye")


if __name__ == "__main__":
    unittest.main()
