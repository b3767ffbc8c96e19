"""What is kept beside the code is what the next machine works with."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import torch

from checkpoints import keep, restore


class Checkpoints(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.work, self.kept, self.other = (self.folder / name for name in ("work", "kept", "other"))
        (self.work / "tokenizer").mkdir(parents=True)
        (self.work / "tokenizer/tokenizer.json").write_text("{}")
        torch.manual_seed(1)
        self.pca = {"std": torch.rand(16), "basis": torch.randn(16, 192)}
        self.unet = {"unet.conv.weight": torch.randn(8, 4, 3, 3), "unet.conv.bias": torch.randn(100),
                     "seen": torch.tensor(7), "small": torch.randn(1, 16, 1, 1)}
        self.unet["shared"] = self.unet["small"]
        torch.save(self.pca, self.work / "pca.pt")
        torch.save({"ema": self.unet, "models": self.unet, "optimiser": {"state": {}}, "progress": {"step": 5.0}},
                   self.work / "unet.pt")
        torch.save({"model": {"a.b": torch.randn(9, 9)}, "kinds": ["cat"], "temperatures": {"kind": 1.5}},
                   self.work / "judge.pt")
        (self.work / "judge.json").write_text('{"kind": 0.99}')

    def again(self, name: str) -> dict:
        return torch.load(self.other / name, weights_only=True)

    def test_weights_come_back_in_half_precision_and_the_rest_as_it_was(self) -> None:
        self.assertEqual(keep(self.work, self.kept), ["pca", "unet", "judge"])
        self.assertEqual(restore(self.kept, self.other), ["pca", "unet", "judge"])
        unet = self.again("unet.pt")
        self.assertEqual(set(unet), {"ema", "progress"})
        self.assertEqual(unet["progress"], {"step": 5.0})
        weight = self.unet["unet.conv.weight"]
        self.assertTrue(torch.equal(unet["ema"]["unet.conv.weight"], weight.half().float()))
        self.assertFalse(torch.equal(unet["ema"]["unet.conv.weight"], weight))
        for name in ("unet.conv.bias", "seen", "small", "shared"):
            self.assertTrue(torch.equal(unet["ema"][name], self.unet[name]), name)
            self.assertEqual(unet["ema"][name].dtype, self.unet[name].dtype)
        self.assertTrue(torch.equal(self.again("pca.pt")["basis"], self.pca["basis"]))
        judge = self.again("judge.pt")
        self.assertEqual((judge["kinds"], judge["temperatures"]), (["cat"], {"kind": 1.5}))
        self.assertEqual((self.other / "judge.json").read_text(), '{"kind": 0.99}')
        self.assertTrue((self.other / "tokenizer/tokenizer.json").exists())

    def test_only_what_was_named_is_kept(self) -> None:
        self.assertEqual(keep(self.work, self.kept, ["judge", "clip"]), ["judge"])
        self.assertFalse((self.kept / "unet.safetensors").exists())
        with self.assertRaisesRegex(ValueError, "no such checkpoints: jugde"):
            keep(self.work, self.kept, ["jugde"])

    def test_what_the_work_folder_has_is_left_alone(self) -> None:
        keep(self.work, self.kept)
        self.other.mkdir()
        torch.save({"mine": torch.ones(1)}, self.other / "unet.pt")
        self.assertEqual(restore(self.kept, self.other), ["pca", "judge"])
        self.assertEqual(set(self.again("unet.pt")), {"mine"})

    def test_where_nothing_was_kept_the_error_names_the_folder(self) -> None:
        with self.assertRaisesRegex(FileNotFoundError, "elsewhere: nothing is kept"):
            restore(self.folder / "elsewhere", self.other)

    def test_what_was_kept_and_put_back_is_kept_the_same(self) -> None:
        keep(self.work, self.kept)
        restore(self.kept, self.other)
        keep(self.other, self.folder / "twice")
        for name in ("pca", "unet", "judge"):
            one, two = (folder / f"{name}.safetensors" for folder in (self.kept, self.folder / "twice"))
            self.assertEqual(one.read_bytes(), two.read_bytes(), name)


if __name__ == "__main__":
    unittest.main()
