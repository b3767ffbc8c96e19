"""The second copy of pictures is the autoencoder's, is made once, and goes on where it was interrupted."""

from __future__ import annotations

import os
import tempfile
import time
import unittest
from concurrent.futures.process import BrokenProcessPool
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from random import Random

import numpy as np
import torch

import rebuilt
from vae import fit_pca
from world.drawing import draw_scene
from world.sampling import sample_scene

CONFIG = {"seed": 3, "vae": {"width": 16, "blocks": 1}}


class Rebuilt(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        rng = Random(2)
        cls.pictures = np.stack([draw_scene(sample_scene(rng), rng, 64) for _ in range(12)])

    def setUp(self) -> None:
        self.work = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(redirect_stdout(StringIO()))
        np.save(self.work / "pictures.npy", self.pictures)
        torch.save(fit_pca(self.pictures), self.work / "pca.pt")

    def test_it_resembles_the_pictures_and_is_not_the_same(self) -> None:
        copy = rebuilt.rebuilt(CONFIG, self.work, "pictures")
        self.assertEqual((copy.shape, copy.dtype), (self.pictures.shape, np.uint8))
        apart = np.abs(copy.astype(float) - self.pictures).mean((1, 2, 3))
        self.assertLess(apart.max(), 25)
        self.assertGreater(apart.min(), 0.5)

    def test_it_is_made_once_goes_on_where_it_was_interrupted_and_follows_a_newer_autoencoder(self) -> None:
        copy, path = np.array(rebuilt.rebuilt(CONFIG, self.work, "pictures")), self.work / "pictures.rebuilt.npy"
        marked = np.lib.format.open_memmap(path, "r+")
        marked[:] = 7
        marked.flush()
        self.assertTrue((rebuilt.rebuilt(CONFIG, self.work, "pictures") == 7).all())
        (self.work / "pictures.rebuilt.done").unlink()
        self.assertTrue((rebuilt.rebuilt(CONFIG, self.work, "pictures") == 7).all())
        later = time.time() + 60
        os.utime(self.work / "pca.pt", (later, later))
        self.assertTrue((rebuilt.rebuilt(CONFIG, self.work, "pictures") == copy).all())

    def test_a_worker_that_cannot_begin_ends_the_stage(self) -> None:
        (self.work / "pca.pt").write_bytes(b"broken")
        with self.assertRaises(BrokenProcessPool):
            rebuilt.rebuilt(CONFIG, self.work, "pictures")

    def test_about_half_are_of_the_copy(self) -> None:
        plain, copy = np.zeros((50, 2, 2, 3), np.uint8), np.ones((50, 2, 2, 3), np.uint8)
        found = rebuilt.either(plain, copy, np.arange(50).repeat(20), np.random.default_rng(1))
        self.assertAlmostEqual(float(found.mean()), 0.5, delta=0.05)
        self.assertEqual(set(found.mean((1, 2, 3))), {0.0, 1.0})
        self.assertEqual(int(plain.max()), 0)


if __name__ == "__main__":
    unittest.main()
