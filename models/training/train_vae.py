"""Trains the autoencoder's learnt parts on rendered pictures, with noise added to the latents, so that the decoder also
cleans what the diffusion model leaves unfinished, and the encoder puts nothing where noise would hide it.

Steps drive the learning rate, so that a busy machine makes a run longer and nothing else; it goes on from a checkpoint
that is written atomically every few minutes. Once latents are made the encoder stays as it is; the decoder may learn on
alone (`train_decoder`), since no latent changes by that.
"""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from data import to_float
from vae import Autoencoder

HELD = 256  # pictures that are measured on, and never trained on
NORM_ROWS = 4096
DECODER = "decoder_steps"


def loss_of(output: Tensor, target: Tensor) -> Tensor:
    """Absolute error plus the absolute error of horizontal and vertical differences (edges)."""
    loss = F.l1_loss(output, target) + 0.5 * F.mse_loss(output, target)
    for dim in (2, 3):
        loss = loss + 0.5 * F.l1_loss(output.diff(dim=dim), target.diff(dim=dim))
    return loss


def spread_of(latents: Tensor) -> Tensor:
    """How far channels are from mean 0 and deviation 1: without it the encoder would drown the noise by size alone."""
    return latents.mean((0, 2, 3)).square().mean() + (latents.std((0, 2, 3)) - 1).square().mean()


def psnr(a: Tensor, b: Tensor) -> float:
    """Mean over pictures of the peak signal-to-noise ratio, in dB, of [-1, 1] pictures."""
    error = (a.clamp(-1, 1) - b).square().mean(dim=(1, 2, 3)) / 4
    return float((-10 * torch.log10(error)).mean())


class Run:
    """The autoencoder, its optimiser and progress; from a checkpoint when there is one. With `alone` the decoder only, from
    the trained autoencoder."""

    def __init__(self, config: dict[str, Any], work: Path, device: torch.device, alone: bool = False) -> None:
        self.options, self.device, self.alone = config["vae"], device, alone
        self.part = work / ("decoder.part" if alone else "autoencoder.part")
        self.total = self.options[DECODER if alone else "steps"]
        found = torch.load(self.part, map_location="cpu", weights_only=True) if self.part.exists() else None
        self.progress = found["progress"] if found else {"step": 0, "seconds": 0.0}
        seed = config["seed"] + self.progress["step"] + alone * 1_000_003
        torch.manual_seed(seed)
        self.rng = np.random.default_rng(seed)
        self.pictures = np.load(work / "pictures.npy", mmap_mode="r")
        pca = torch.load(work / "pca.pt", weights_only=True)
        self.model = Autoencoder(pca, self.options["width"], self.options["blocks"]).to(device)
        self.model = self.model.to(memory_format=torch.channels_last)
        if alone:
            trained = torch.load(work / "autoencoder.pt", map_location="cpu", weights_only=True)
            self.model.load_state_dict(trained["model"])
            self.model.encoder.requires_grad_(False)
        learnt = [p for p in self.model.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(learnt, self.options["learning_rate"], betas=(0.9, 0.99), weight_decay=0.01)
        if found:
            self.model.load_state_dict(found["model"])
            self.optimiser.load_state_dict(found["optimiser"])

    def share(self) -> float:
        """Of the steps that are done, in [0, 1]."""
        return min(1.0, self.progress["step"] / self.total)

    def draw(self, count: int) -> Tensor:
        rows = np.sort(self.rng.integers(HELD, len(self.pictures), count))
        return to_float(self.pictures[rows]).to(self.device, memory_format=torch.channels_last)

    def step(self) -> float:
        options = self.options
        rate = min(1, (self.progress["step"] + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * self.share()))
        for group in self.optimiser.param_groups:
            group["lr"] = options["learning_rate"] * rate
        target = self.draw(options["batch"])
        noise = torch.rand(len(target), 1, 1, 1, device=self.device) * options["latent_noise"]
        with torch.autocast(self.device.type, torch.bfloat16):
            with torch.set_grad_enabled(not self.alone):
                latents = self.model.encoder.encode(target)
            output = self.model.decoder(latents + noise * torch.randn_like(latents))
        loss = loss_of(output.float(), target) + (0.0 if self.alone else 0.02 * spread_of(latents.float()))
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.progress["step"] += 1
        return loss.item()

    @torch.no_grad()
    def scores(self) -> dict[str, float]:
        """dB on held-out pictures: as it is, with noisy latents, and by the linear parts alone."""
        truth = to_float(self.pictures[:HELD]).to(self.device)
        encoder, decoder = self.model.encoder, self.model.decoder
        z = encoder.encode(truth)
        linear = decoder.linear(encoder.conv(truth)) + decoder.mean.repeat(1, 1, *z.shape[2:])
        noisy = decoder(z + 0.1 * torch.randn_like(z))
        return {"psnr": psnr(decoder(z), truth), "noisy": psnr(noisy, truth), "linear": psnr(linear, truth)}

    def save(self, path: Path) -> None:
        part = path.with_suffix(".writing")
        torch.save({"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict(),
                    "progress": dict(self.progress), "scores": self.scores()}, part)
        os.replace(part, path)

    @torch.no_grad()
    def normalise(self) -> None:
        rows = [self.model.encoder.encode(self.draw(128)) for _ in range(NORM_ROWS // 128)]
        self.model.norm.fit(torch.cat(rows))


def train_vae(config: dict[str, Any], work: Path, device: torch.device) -> None:
    """Makes autoencoder.pt; does nothing when it is there."""
    done = work / "autoencoder.pt"
    if done.exists():
        return
    run = Run(config, work, device)
    go_on(run, "vae")
    run.normalise()
    run.save(done)
    print(f"vae: done, {run.scores()}", flush=True)


def train_decoder(config: dict[str, Any], work: Path, device: torch.device) -> None:
    """The decoder alone for `decoder_steps` more, in autoencoder.pt; does nothing when it has had them."""
    done = work / "autoencoder.pt"
    before = torch.load(done, map_location="cpu", weights_only=True)["progress"]
    if before.get(DECODER, 0) >= config["vae"][DECODER]:
        return
    run = Run(config, work, device, alone=True)
    go_on(run, "decoder")
    run.progress = {**before, DECODER: run.progress["step"], "seconds": before["seconds"] + run.progress["seconds"]}
    run.save(done)
    run.part.unlink(missing_ok=True)
    print(f"decoder: done, {run.scores()}", flush=True)


def go_on(run: Run, name: str) -> None:
    """Until the last step, with a checkpoint every few minutes."""
    begun = time.time()
    before, saved, recent = run.progress["seconds"], begun, []
    while run.share() < 1:
        recent.append(run.step())
        run.progress["seconds"] = before + time.time() - begun
        if time.time() - saved > 60 * run.options["checkpoint_minutes"]:
            run.save(run.part)
            scores = ", ".join(f"{key} {value:.2f}" for key, value in run.scores().items())
            print(f"{name}: {run.progress['seconds'] / 60:.1f} min, step {run.progress['step']}, "
                  f"loss {np.mean(recent):.4f}, dB: {scores}", flush=True)
            saved, recent = time.time(), []
