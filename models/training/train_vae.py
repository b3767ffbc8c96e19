"""Trains the decoder's residual on rendered pictures, with noise added to the latents, so that it
also cleans what the diffusion model leaves unfinished. Minutes, not hours: the linear part is exact."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from data import to_float
from vae import Decoder, Encoder


def loss_of(output: Tensor, target: Tensor) -> Tensor:
    """Absolute error plus the absolute error of horizontal and vertical differences (edges)."""
    loss = F.l1_loss(output, target) + 0.5 * F.mse_loss(output, target)
    for dim in (2, 3):
        loss = loss + 0.5 * F.l1_loss(output.diff(dim=dim), target.diff(dim=dim))
    return loss


def psnr(a: Tensor, b: Tensor) -> float:
    """Mean over pictures of the peak signal-to-noise ratio, in dB, of [-1, 1] pictures."""
    error = (a.clamp(-1, 1) - b).square().mean(dim=(1, 2, 3)) / 4
    return float((-10 * torch.log10(error)).mean())


def train_vae(config: dict[str, Any], work: Path, device: torch.device) -> None:
    if (work / "decoder.pt").exists():
        return
    options = config["vae"]
    torch.manual_seed(config["seed"])
    pca = torch.load(work / "pca.pt", weights_only=True)
    pictures = np.load(work / "pictures.npy", mmap_mode="r")
    held, rng = pictures[:256], np.random.default_rng(config["seed"])
    encoder, decoder = Encoder(pca).to(device), Decoder(pca, options["width"], options["blocks"]).to(device)
    decoder = decoder.to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW([p for p in decoder.parameters() if p.requires_grad], options["learning_rate"],
                                  betas=(0.9, 0.99), weight_decay=0.01)
    steps, started = options["steps"], time.time()
    for step in range(steps):
        rate = min(1, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * step / steps))
        for group in optimiser.param_groups:
            group["lr"] = options["learning_rate"] * rate
        rows = np.sort(rng.integers(256, len(pictures), options["batch"]))
        target = to_float(pictures[rows]).to(device, memory_format=torch.channels_last)
        latents = encoder.encode(target)
        spread = torch.rand(len(rows), 1, 1, 1, device=device) * options["latent_noise"]
        with torch.autocast(device.type, torch.bfloat16):
            output = decoder(latents + spread * torch.randn_like(latents))
        loss = loss_of(output.float(), target)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        optimiser.step()
        if step % 100 == 99 or step == steps - 1:
            with torch.no_grad():
                truth = to_float(held).to(device)
                z = encoder.encode(truth)
                scores = [psnr(decoder(z), truth), psnr(decoder.linear(z) + decoder.mean.repeat(1, 1, *z.shape[2:]), truth)]
            print(f"vae: step {step + 1}, loss {loss.item():.4f}, {scores[0]:.2f} dB (linear {scores[1]:.2f}), "
                  f"{time.time() - started:.0f} s", flush=True)
            torch.save({"decoder": decoder.state_dict(), "psnr": scores, "steps": step + 1,
                        "seconds": time.time() - started}, work / "decoder.part")
    (work / "decoder.part").replace(work / "decoder.pt")
