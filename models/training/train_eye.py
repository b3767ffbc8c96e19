"""Trains, calibrates and measures the eye: rendered scenes, half of them through the autoencoder with noisy latents
(`rebuilt.py`); then, from those weights and whenever there are new ones, the generator's own pictures too, labelled by
their prompts (`generated.npz`, see `make_generated.py`).

Steps drive the learning rate; a run goes on from a checkpoint that is written atomically every few minutes. Calibration
and figures are from scenes that nothing was trained on (`exams.py`).
"""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from data import default_workers, load_autoencoder, scene_at, to_float
from exams import drawn, keep, scenes_by_group
from eye import LABELS, SAFETY, Eye, group_of, labels_of, platt
from eye_report import markdown, report_of
from rebuilt import either, rebuilt
from world.sampling import World
from world.scene import Scene

SAFETY_WEIGHT = 4.0  # of a safety label in the loss; of any other 1
DISTURBED = 0.2  # the most that latents are disturbed by in reconstructed pictures


class Pictures:
    """The rendered pictures with their labels, and others of the sensitive corner and its look-alikes, equally many
    of each group: a third of every batch. About half of all are as the autoencoder returns them."""

    def __init__(self, config: dict[str, Any], work: Path, seed: int) -> None:
        world, own = World.of(config), f"{config['seed']}/eye/training"
        pictures = np.load(work / "pictures.npy", mmap_mode="r")
        scenes = [scene_at(config["seed"], i, world)[0] for i in range(len(pictures))]
        self.common = (pictures, rebuilt(config, work, "pictures"), np.stack([labels_of(s) for s in scenes]))
        scenes = scenes_by_group(own, world, config["eye"]["sensitive"], 0)
        kept = keep(work, "sensitive", scenes, own, config["size"])[0]
        self.rare = (kept, rebuilt(config, work, "sensitive"), np.stack([labels_of(s) for s in scenes]))
        self.rng = np.random.default_rng(seed)

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """Pictures float [B, 3, H, W], varied, and labels [B, labels]."""
        shares = ((self.rare, count // 3), (self.common, count - count // 3))
        rows = [np.sort(self.rng.integers(0, len(labels), n)) for (_, _, labels), n in shares]
        pictures = np.concatenate([either(plain, copy, r, self.rng) for ((plain, copy, _), _), r in zip(shares, rows)])
        labels = np.concatenate([labels[r] for ((_, _, labels), _), r in zip(shares, rows)])
        return varied(to_float(pictures), self.rng), torch.from_numpy(labels)


def varied(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Half of the pictures mirrored, which no label minds, and all a little lighter, darker or tinted."""
    mirrored = torch.from_numpy(rng.random(len(x)) < 0.5)
    x[mirrored] = x[mirrored].flip(3)
    gain, tint = rng.normal(1, 0.04, (len(x), 1, 1, 1)), rng.normal(0, 0.02, (len(x), 3, 1, 1))
    return (x * torch.from_numpy(gain).float() + torch.from_numpy(tint).float()).clamp(-1, 1)


def generated(work: Path) -> dict[str, np.ndarray] | None:
    """The generator's own pictures, if there are any; ValueError if they were labelled with other labels."""
    if not (work / "generated.npz").exists():
        return None
    found = dict(np.load(work / "generated.npz"))
    if found["labels"].shape[1] != len(LABELS):
        raise ValueError("generated.npz is labelled with other labels: make it again")
    return found


def through(encoder: nn.Module, decoder: nn.Module, x: Tensor, most: float) -> Tensor:
    """Pictures as the autoencoder returns them, their latents disturbed by up to `most`."""
    with torch.no_grad(), torch.autocast(x.device.type, torch.bfloat16):
        z = encoder.encode(x).float()
        spread = torch.rand(len(z), 1, 1, 1, device=z.device) * most
        return decoder(z + spread * torch.randn_like(z)).float().clamp(-1, 1)


class Run:
    """The eye, its optimiser and progress; from a checkpoint of the same round when there is one."""

    def __init__(self, config: dict[str, Any], work: Path, device: torch.device) -> None:
        self.options, self.device, self.part, self.done = config["eye"], device, work / "eye.part", work / "eye.pt"
        self.own = generated(work)
        self.round = "own" if self.done.exists() else "first"
        found = torch.load(self.part, map_location="cpu", weights_only=True) if self.part.exists() else None
        if found and found["round"] != self.round:
            found = None
        self.progress = found["progress"] if found else {"step": 0, "seconds": 0.0}
        seed = config["seed"] + self.progress["step"]
        torch.manual_seed(seed)
        self.rng = np.random.default_rng(seed)
        self.data = Pictures(config, work, seed)
        both = load_autoencoder(config, work).to(device)
        self.encoder, self.decoder = both.encoder, both.decoder
        self.eye = Eye().to(device, memory_format=torch.channels_last)
        if self.round == "own":
            self.eye.load_state_dict(torch.load(self.done, map_location=device, weights_only=True)["eye"])
        self.peak = self.options["learning_rate"] * (0.5 if self.round == "own" else 1.0)
        self.optimiser = torch.optim.AdamW(self.eye.parameters(), self.peak, weight_decay=0.02)
        if found:
            self.eye.load_state_dict(found["eye"])
            self.optimiser.load_state_dict(found["optimiser"])
        weights = [SAFETY_WEIGHT if label in SAFETY else 1.0 for label in LABELS]
        self.weights = torch.tensor(weights, device=device)

    def share(self) -> float:
        """Of the steps that are done, in [0, 1]."""
        return min(1.0, self.progress["step"] / self.options["own_steps" if self.round == "own" else "steps"])

    def batch(self) -> tuple[Tensor, Tensor]:
        count = self.options["batch"]
        x, y = (t.to(self.device) for t in self.data.draw(count))
        if self.own is not None and (self.own["split"] == 0).any():
            mine = self.rng.choice(np.flatnonzero(self.own["split"] == 0), count // 3)
            x = torch.cat([x, to_float(self.own["pictures"][mine]).to(self.device)])
            y = torch.cat([y, torch.from_numpy(self.own["labels"][mine]).to(self.device)])
        return x.contiguous(memory_format=torch.channels_last), y

    def step(self) -> float:
        rate = min(1, (self.progress["step"] + 1) / 50) * (0.01 + 0.495 * (1 + math.cos(math.pi * self.share())))
        for group in self.optimiser.param_groups:
            group["lr"] = self.peak * rate
        x, y = self.batch()
        with torch.autocast(self.device.type, torch.bfloat16):
            logits = self.eye(x)
        loss = F.binary_cross_entropy_with_logits(logits.float(), y * 0.996 + 0.002, weight=self.weights)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self.progress["step"] += 1
        return loss.item()

    def save(self) -> None:
        write(self.part, {"eye": self.eye.state_dict(), "optimiser": self.optimiser.state_dict(), "round": self.round,
                          "progress": dict(self.progress)})


def write(path: Path, value: dict[str, Any]) -> None:
    part = path.with_suffix(".writing")
    torch.save(value, part)
    os.replace(part, path)


def train_eye(config: dict[str, Any], work: Path, device: torch.device) -> None:
    """Makes eye.pt, eye.json and eye.md; does nothing when they are there and no generated pictures are newer."""
    done = work / "eye.pt"
    own = work / "generated.npz"
    if done.exists() and not (own.exists() and own.stat().st_mtime > done.stat().st_mtime):
        return
    run, begun = Run(config, work, device), time.time()
    before, saved, recent = run.progress["seconds"], begun, []
    while run.share() < 1:
        recent.append(run.step())
        run.progress["seconds"] = before + time.time() - begun
        if time.time() - saved > 60 * run.options["checkpoint_minutes"]:
            run.save()
            print(f"eye: {run.progress['seconds'] / 60:.1f} min, step {run.progress['step']}, "
                  f"loss {np.mean(recent):.4f}", flush=True)
            saved, recent = time.time(), []
    run.save()
    finish(run, config, work)


def finish(run: Run, config: dict[str, Any], work: Path) -> None:
    """Calibrate, measure, and write what was found, the weights last."""
    run.eye.eval()
    calibration = calibrate(run, config)
    report = {"training": {**run.progress, "round": run.round}, **measure(run, config, calibration)}
    (work / "eye.json").write_text(json.dumps(report, indent=1) + "\n")
    (work / "eye.md").write_text(markdown(report))
    write(run.done, {"eye": run.eye.state_dict(), "calibration": calibration})
    run.part.unlink(missing_ok=True)
    print((work / "eye.md").read_text(), flush=True)


def logits_of(eye: Eye, pictures: np.ndarray, device: torch.device, change: Any = None) -> np.ndarray:
    """uint8 [N, H, W, 3] -> float32 [N, labels]; `change` makes other pictures of a batch of them first."""
    out = []
    with torch.no_grad():
        for i in range(0, len(pictures), 100):
            x = to_float(pictures[i : i + 100]).to(device)
            out.append(eye(change(x) if change else x).float().cpu().numpy())
    return np.concatenate(out)


def exam_of(config: dict[str, Any], name: str) -> tuple[str, int, int]:
    """(seed, pictures of each rare group, everyday ones) of "test" and of "calibration", whose half is sensitive or alike."""
    exam, seed = config["eye"]["exam"], f"{config['seed']}/eye/{name}"
    return (seed, exam, exam * 7) if name == "test" else (seed, max(1, exam // 5), max(1, exam // 5) * 24)


def parts_of(run: Run, config: dict[str, Any], name: str, split: int) -> dict[str, Any]:
    """Rendered, reconstructed and generated: name -> (logits [N, labels], labels [N, labels], groups)."""
    seed, each, everyday = exam_of(config, name)
    scenes: list[Scene] = scenes_by_group(seed, World.of(config), each, everyday)
    pictures, labels = drawn(scenes, seed, config["size"], default_workers()), np.stack([labels_of(s) for s in scenes])
    groups, eye, device = [group_of(s) for s in scenes], run.eye, run.device
    rebuilt = logits_of(eye, pictures, device, lambda x: through(run.encoder, run.decoder, x, DISTURBED))
    parts = {"rendered": (logits_of(eye, pictures, device), labels, groups), "reconstructed": (rebuilt, labels, groups)}
    if run.own is not None and (run.own["split"] == split).any():
        rows = run.own["split"] == split
        own = {key: values[rows] for key, values in run.own.items()}
        parts["generated"] = (logits_of(eye, own["pictures"], device), own["labels"], [str(g) for g in own["groups"]])
    return parts


def calibrate(run: Run, config: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Scale and bias by label."""
    parts = parts_of(run, config, "calibration", split=1).values()
    logits, truth = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    found = {label: platt(logits[:, i], truth[:, i]) for i, label in enumerate(LABELS)}
    return {label: {"scale": round(scale, 4), "bias": round(bias, 4)} for label, (scale, bias) in found.items()}


def measure(run: Run, config: dict[str, Any], calibration: dict[str, dict[str, float]]) -> dict[str, Any]:
    parts = parts_of(run, config, "test", split=2)
    return {name: report_of(probabilities(logits, calibration), labels, groups)
            for name, (logits, labels, groups) in parts.items()}


def probabilities(logits: np.ndarray, calibration: dict[str, dict[str, float]]) -> np.ndarray:
    scale = np.array([calibration[label]["scale"] for label in LABELS])
    bias = np.array([calibration[label]["bias"] for label in LABELS])
    return 1 / (1 + np.exp(-(logits * scale + bias)))
