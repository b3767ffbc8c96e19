"""Trains the denoiser and the text encoder together on cached latents.

First the text encoder learns to read (attributes from captions, some minutes). Then both learn v, the
text encoder at every third step (its share of the cost is large, its lesson small). Steps drive the
learning rate: constant, then linear decay over the last part of `steps`. A checkpoint is written
atomically every five minutes; a run resumes from it. A file `steps` in the work folder overrides the
configured number while running, and `--minutes` of the command ends a run that will be resumed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.multiprocessing as mp
from torch import Tensor, nn

from batches import Batches
from data import load_autoencoder
from diffusion import Schedule
from loop import go_on, keep_average, write_whole
from peers import Peers
from text_encoder import AttributeHeads, TextEncoder
from text_tokens import Captions
from unet import UNet


class Models(nn.Module):
    """What is trained: denoiser, text encoder, and the heads that only training needs."""

    def __init__(self, config: dict[str, Any], vocabulary: int) -> None:
        super().__init__()
        text, unet = config["text"], config["unet"]
        self.text = TextEncoder(vocabulary, text["width"], text["layers"], text["heads"])
        self.unet = UNet(unet["widths"], unet["layers"], unet["heads"], text["width"])
        self.heads = AttributeHeads(text["width"])


def read_first(models: Models, batches: Batches, steps: int, device: torch.device) -> None:
    """The text encoder's own start: attributes from captions alone."""
    optimiser = torch.optim.AdamW([*models.text.parameters(), *models.heads.parameters()], 1e-3, weight_decay=0.01)
    for step in range(steps):
        set_rate(optimiser, 1e-3 * min(1, (step + 1) / 50) * (1 - 0.8 * step / steps))
        _, ids, codes, _ = batches.draw(96, 0.0, device, latents=False)
        with torch.autocast(device.type, torch.bfloat16):
            hidden = models.text(ids)
        loss, right = models.heads(hidden, codes)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if step % 100 == 99:
            print(f"text: step {step + 1}, loss {loss.item():.3f}, read entirely right {right.item():.2f}", flush=True)


def adam(modules: list[nn.Module], rate: float) -> torch.optim.Optimizer:
    parameters = [p for m in modules for p in m.parameters()]
    return torch.optim.AdamW(parameters, rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate


def channel_weights(config: dict[str, Any], work: Path, power: float, device: torch.device) -> Tensor:
    """Loss weights [1,16,1,1], mean 1: a latent channel counts by its share of the picture, softened by `power`."""
    std = torch.load(work / "pca.pt", weights_only=True)["std"] * load_autoencoder(config, work).norm.scale.flatten()
    weights = std**power
    return (weights / weights.mean()).reshape(1, -1, 1, 1).to(device)


def things_weights(things: Tensor, weight: float) -> Tensor:
    """Loss weights [B,1,h,w], mean 1: a cell with a thing counts `weight` times one without."""
    weights = 1 + (weight - 1) * things.float()
    return weights / weights.mean()


class Run:
    """One peer's models, optimisers and progress; from a checkpoint when there is one."""

    def __init__(self, config: dict[str, Any], work: Path, device: torch.device, peers: Peers) -> None:
        self.config, self.options, self.work, self.device, self.peers = config, config["train"], work, device, peers
        self.path = work / "unet.pt"
        found = torch.load(self.path, map_location="cpu", weights_only=True) if self.path.exists() else None
        self.progress = found["progress"] if found else {"step": 0, "samples": 0, "seconds": 0.0}
        captions = Captions(work / "tokenizer")
        seed = config["seed"] + self.progress["step"] * 97 + peers.rank
        torch.manual_seed(seed)
        self.batches = Batches(work, captions, seed)
        self.models = Models(config, captions.tok.get_vocab_size()).to(device)
        if found:
            self.models.load_state_dict(found.get("models", found["ema"]))
        elif peers.rank == 0:
            read_first(self.models, self.batches, self.options["text_warmup_steps"], device)
        peers.copy_from_first(self.models)
        self.models.unet.to(memory_format=torch.channels_last)
        self.ema = Models(config, captions.tok.get_vocab_size()).to(device)
        self.ema.load_state_dict(found["ema"] if found else self.models.state_dict())
        self.optimiser = adam([self.models.unet], self.options["learning_rate"])
        self.reader = adam([self.models.text, self.models.heads], self.options["learning_rate"])
        if found and "optimiser" in found:
            self.optimiser.load_state_dict(found["optimiser"])
            self.reader.load_state_dict(found["reader"])
        self.weights = channel_weights(config, work, self.options["channel_power"], device)
        self.schedule = Schedule(device)
        self.denoise = torch.compile(self.models.unet) if self.options["compile"] else self.models.unet

        if self.options["compile"]:
            peers.in_turn(lambda: self.loss(self.options["batch"] // peers.size, reads=False)[0].backward())

    def loss(self, count: int, reads: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Loss of a fresh batch, the hidden states, the copy the denoiser saw, and the codes said."""
        z, ids, codes, things = self.batches.draw(count, self.options["drop_caption"], self.device)
        t, noise = self.schedule.sample_timesteps(len(z)), torch.randn_like(z)
        noisy, target = self.schedule.noised(z, noise, t)
        with torch.autocast(self.device.type, torch.bfloat16):
            with torch.set_grad_enabled(reads):
                hidden = self.models.text(ids)
            seen = hidden.detach().requires_grad_()
            output = self.denoise(noisy.contiguous(memory_format=torch.channels_last), t, seen)
        wrong = (output.float() - target).square() * self.weights * things_weights(things, self.options["things_weight"])
        return wrong.mean(), hidden, seen, codes

    def step(self, factor: float) -> float:
        """One optimiser step at `factor` of the peak rate; the loss."""
        options, models = self.options, self.models
        set_rate(self.optimiser, options["learning_rate"] * factor)
        set_rate(self.reader, options["learning_rate"] * factor * options["text_rate"])
        reads = self.progress["step"] % options["text_every"] == 0
        error, hidden, seen, codes = self.loss(options["batch"] // self.peers.size, reads)
        self.optimiser.zero_grad(set_to_none=True)
        error.backward()
        self.peers.average_gradients(models.unet)
        torch.nn.utils.clip_grad_norm_(models.unet.parameters(), 1.0)
        self.optimiser.step()
        if reads:
            reading, _ = models.heads(hidden, codes)
            self.reader.zero_grad(set_to_none=True)
            torch.autograd.backward([hidden, reading * options["attribute_loss"]], [seen.grad, None])
            self.peers.average_gradients(models.text)
            self.peers.average_gradients(models.heads)
            torch.nn.utils.clip_grad_norm_(models.text.parameters(), 1.0)
            self.reader.step()
        if self.peers.rank == 0:
            keep_average(self.ema, models, options["ema"], self.progress["step"] + 1)
        return error.item()

    def save(self) -> None:
        state = {"models": self.models.state_dict(), "ema": self.ema.state_dict(), "config": self.config,
                 "optimiser": self.optimiser.state_dict(), "reader": self.reader.state_dict(),
                 "progress": dict(self.progress)}
        write_whole(state, self.path)

    def steps(self) -> int:
        override = self.work / "steps"
        return int(override.read_text()) if override.exists() else self.options["steps"]


def train_peer(rank: int, size: int, config: dict[str, Any], work: Path, device: torch.device, minutes: float) -> None:
    go_on("unet", Run(config, work, device, Peers(rank, size, work / "meeting")), minutes)


def train_unet(config: dict[str, Any], work: Path, device: torch.device, processes: int, minutes: float) -> None:
    """`processes` peers on a CPU; one on a GPU."""
    if processes == 1 or device.type != "cpu":
        train_peer(0, 1, config, work, device, minutes)
        return
    (work / "meeting").unlink(missing_ok=True)
    mp.spawn(train_peer, (processes, config, work, device, minutes), nprocs=processes)
