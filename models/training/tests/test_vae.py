"""The autoencoder's two trainings: both directions first, then the decoder alone, by which no latent changes."""

from __future__ import annotations

import tempfile
import unittest
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from random import Random
from unittest.mock import patch

import numpy as np
import torch

import train_vae
from data import load_autoencoder, to_float
from vae import fit_pca
from world.drawing import draw_scene
from world.sampling import sample_scene

CONFIG = {"seed": 3, "vae": {"width": 16, "blocks": 1, "steps": 4, "decoder_steps": 6, "batch": 4, "learning_rate": 0.01,
                             "latent_noise": 0.1, "checkpoint_minutes": 9}}
CPU = torch.device("cpu")


class Decoder(unittest.TestCase):
    def test_the_decoder_learns_on_and_the_encoder_stays(self) -> None:
        rng = Random(2)
        pictures = np.stack([draw_scene(sample_scene(rng), rng, 32) for _ in range(24)])
        with (tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()), patch.object(train_vae, "HELD", 4),
              patch.object(train_vae, "NORM_ROWS", 128)):
            work = Path(folder)
            np.save(work / "pictures.npy", pictures)
            torch.save(fit_pca(pictures), work / "pca.pt")
            train_vae.train_vae(CONFIG, work, CPU)
            first, x = load_autoencoder(CONFIG, work), to_float(pictures[:4])
            with torch.no_grad():
                latents, drawn = first.encoder.encode(x), first.decoder(first.encoder.encode(x))
            train_vae.train_decoder(CONFIG, work, CPU)
            then = load_autoencoder(CONFIG, work)
            with torch.no_grad():
                self.assertTrue(torch.equal(then.encoder.encode(x), latents))
                self.assertFalse(torch.equal(then.decoder(latents), drawn))
            progress = torch.load(work / "autoencoder.pt", weights_only=True)["progress"]
            self.assertEqual((progress["step"], progress["decoder_steps"]), (4, 6))
            written = (work / "autoencoder.pt").stat().st_mtime_ns
            train_vae.train_decoder(CONFIG, work, CPU)
            self.assertEqual((work / "autoencoder.pt").stat().st_mtime_ns, written)
            self.assertFalse((work / "decoder.part").exists())


if __name__ == "__main__":
    unittest.main()
