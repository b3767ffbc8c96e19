"""Trains the dual encoder: half of a batch are sets of scenes that differ in one attribute each (`pairs.py`), half are
from the rendered pictures; half of all are as the autoencoder returns them with noisy latents, as the eye's are.

Steps drive the learning rate; a run goes on from a checkpoint that is written atomically every few minutes.
"""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor

from clip import Clip, contrast
from clip_report import calibrate, markdown, measure
from data import load_autoencoder, scene_at, to_float
from exams import keep
from pairs import SET, scene_set, shows
from rebuilt import either, rebuilt
from text_tokens import Captions
from train_eye import through, write
from world.grammar import caption
from world.sampling import World
from world.scene import Scene

def sets_of(config: dict[str, Any], work: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pictures and codes of so many sets, SET rows each."""
    seed, world = f"{config['seed']}/clip/sets", World.of(config)
    rng = Random(seed)
    scenes = [s for _ in range(config["clip"]["sets"]) for s in scene_set(rng, world)]
    return keep(work, "sets", scenes, seed, config["size"])


class Batches:
    """Pictures float [B, 3, H, W], codes [B, fields], fresh captions' ids [B, 32], what these say [B, fields]."""

    def __init__(self, config: dict[str, Any], work: Path, seed: int) -> None:
        world = World.of(config)
        self.sets = sets_of(config, work)
        self.copies = [rebuilt(config, work, name) for name in ("sets", "pictures")]
        pictures = np.load(work / "pictures.npy", mmap_mode="r")
        codes = [scene_at(config["seed"], i, world)[0].codes() for i in range(len(pictures))]
        self.singles = (pictures, np.array(codes, np.uint8))
        self.captions, self.rng, self.rows = Captions(work / "tokenizer"), Random(seed), np.random.default_rng(seed)

    def draw(self, count: int) -> tuple[Tensor, np.ndarray, Tensor, np.ndarray]:
        sets = self.rows.choice(len(self.sets[1]) // SET, count // 2 // SET, replace=False)
        rows = (sets[:, None] * SET + np.arange(SET)).ravel()
        single = np.sort(self.rows.choice(len(self.singles[1]), count - len(rows), replace=False))
        parts = zip((self.sets[0], self.singles[0]), self.copies, (rows, single))
        pictures = np.concatenate([either(plain, copy, chosen, self.rows) for plain, copy, chosen in parts])
        codes = np.concatenate([self.sets[1][rows], self.singles[1][single]]).astype(np.int64)
        made = [caption(Scene.of_codes(c), self.rng) for c in codes]
        ids = torch.from_numpy(self.captions.ids([c.text for c in made]))
        return to_float(pictures), codes, ids, np.array([c.said.codes() for c in made])


class Run:
    """The encoder, its optimiser and progress; from a checkpoint when there is one, else from the eye."""

    def __init__(self, config: dict[str, Any], work: Path, device: torch.device) -> None:
        self.options, self.device, self.part = config["clip"], device, work / "clip.part"
        found = torch.load(self.part, map_location="cpu", weights_only=True) if self.part.exists() else None
        self.progress = found["progress"] if found else {"step": 0, "seconds": 0.0}
        seed = config["seed"] + self.progress["step"]
        torch.manual_seed(seed)
        self.batches = Batches(config, work, seed)
        both = load_autoencoder(config, work).to(device)
        self.encoder, self.decoder = both.encoder, both.decoder
        self.clip = Clip(self.batches.captions.tok.get_vocab_size())
        if found:
            self.clip.load_state_dict(found["clip"])
        elif (work / "eye.pt").exists():
            eye = torch.load(work / "eye.pt", map_location="cpu", weights_only=True)["eye"]
            own = {key.removeprefix("stages."): value for key, value in eye.items() if key.startswith("stages.")}
            self.clip.pictures.stages.load_state_dict(own)
        self.clip.to(device)
        self.clip.pictures.to(memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(self.clip.parameters(), self.options["learning_rate"], betas=(0.9, 0.98),
                                           weight_decay=0.02)
        if found:
            self.optimiser.load_state_dict(found["optimiser"])

    def share(self) -> float:
        """Of the steps that are done, in [0, 1]."""
        return min(1.0, self.progress["step"] / self.options["steps"])

    def step(self) -> float:
        rate = min(1, (self.progress["step"] + 1) / 200) * (0.01 + 0.495 * (1 + math.cos(math.pi * self.share())))
        for group in self.optimiser.param_groups:
            group["lr"] = self.options["learning_rate"] * rate
        x, codes, ids, said = self.batches.draw(self.options["batch"])
        x = x.to(self.device)
        fits = torch.from_numpy(shows(said, codes)).to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            seen = self.clip.pictures(x.contiguous(memory_format=torch.channels_last))
            read, hidden = self.clip.texts(ids.to(self.device))
        reading, _ = self.clip.heads(hidden, torch.from_numpy(said).to(self.device))
        loss = contrast(seen.float(), read.float(), self.clip.scale, fits)
        self.optimiser.zero_grad(set_to_none=True)
        (loss + self.options["reading_loss"] * reading).backward()
        torch.nn.utils.clip_grad_norm_(self.clip.parameters(), 1.0)
        self.optimiser.step()
        self.progress["step"] += 1
        return loss.item()

    def save(self) -> None:
        write(self.part, {"clip": self.clip.state_dict(), "optimiser": self.optimiser.state_dict(),
                          "progress": dict(self.progress)})


def train_clip(config: dict[str, Any], work: Path, device: torch.device) -> None:
    """Makes clip.pt, clip.json and clip.md; does nothing when they are there."""
    if (work / "clip.pt").exists():
        return
    run, begun = Run(config, work, device), time.time()
    before, saved, recent = run.progress["seconds"], begun, []
    while run.share() < 1:
        recent.append(run.step())
        run.progress["seconds"] = before + time.time() - begun
        if time.time() - saved > 60 * run.options["checkpoint_minutes"]:
            run.save()
            print(f"clip: {run.progress['seconds'] / 60:.1f} min, step {run.progress['step']}, "
                  f"loss {np.mean(recent):.4f}, scale {run.clip.scale.item():.1f}", flush=True)
            saved, recent = time.time(), []
    run.save()
    finish(run, config, work)


def finish(run: Run, config: dict[str, Any], work: Path) -> None:
    """Calibrate, measure, and write what was found, the weights last."""
    run.clip.eval()
    captions, exam = run.batches.captions, config["clip"]["exam"]
    changes = {"rendered": None, "reconstructed": lambda x: through(run.encoder, run.decoder, x, 0.2)}
    calibration, threshold = calibrate(run.clip, captions, config, exam, changes)
    figures = {name: measure(run.clip, captions, config, exam, change, calibration, threshold)
               for name, change in changes.items()}
    report = {"training": dict(run.progress), "calibration": calibration, "threshold": threshold, **figures}
    (work / "clip.json").write_text(json.dumps(report, indent=1) + "\n")
    (work / "clip.md").write_text(markdown(report))
    write(work / "clip.pt", {"clip": run.clip.state_dict(), "calibration": calibration, "threshold": threshold})
    run.part.unlink(missing_ok=True)
    print((work / "clip.md").read_text(), flush=True)
