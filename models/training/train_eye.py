"""Trains, calibrates and measures the eye.

Rounds, each one run of the stage: rendered scenes, half of them through the autoencoder with noisy
latents; then, from those weights and whenever there are new ones, the generator's own pictures too, labelled by
their prompts (`generated-*.npz`, see `make_generated.py`). Rows are split once: training, calibration, test.
"""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from data import to_float
from eye import LABELS, SAFETY, Eye, group_of, labels_of, platt
from export import load_vae
from world.scene import ALLOWED, Scene

CALIBRATION, TEST = 1500, 4000  # rows of rendered pictures held out: [0, 1500) and [1500, 4000)


class Pictures:
    """Rendered pictures with their labels, drawn with the sensitive corner oversampled."""

    def __init__(self, work: Path, seed: int) -> None:
        self.pictures = np.load(work / "pictures.npy", mmap_mode="r")
        codes = np.load(work / "codes.npy", mmap_mode="r")[: len(self.pictures)]
        self.scenes = [Scene.of_codes(c) for c in codes]
        self.labels = np.stack([labels_of(s) for s in self.scenes])
        rare = np.array([s.state != "" or any(kind not in ALLOWED for kind, _, _ in s.groups()) for s in self.scenes])
        rows = np.arange(TEST, len(self.scenes))
        self.common, self.rare = rows[~rare[TEST:]], rows[rare[TEST:]]
        self.rng = np.random.default_rng(seed)

    def draw(self, count: int) -> np.ndarray:
        rare = count // 3
        return np.concatenate([self.rng.choice(self.rare, rare), self.rng.choice(self.common, count - rare)])


def generated(work: Path) -> dict[str, np.ndarray] | None:
    found = [np.load(path) for path in sorted(work.glob("generated-*.npz"))]
    return {key: np.concatenate([f[key] for f in found]) for key in found[0]} if found else None


def through(encoder: torch.nn.Module, decoder: torch.nn.Module, x: Tensor, most: float) -> Tensor:
    """Pictures as the autoencoder returns them, their latents disturbed by up to `most`."""
    with torch.no_grad():
        z = encoder.encode(x)
        spread = torch.rand(len(z), 1, 1, 1, device=z.device) * most
        return decoder(z + spread * torch.randn_like(z)).clamp(-1, 1)


def train_eye(config: dict[str, Any], work: Path, device: torch.device) -> None:
    options, seed, started = config["eye"], config["seed"], time.time()
    made, own_made = work / "eye.pt", list(work.glob("generated-*.npz"))
    if made.exists() and not any(path.stat().st_mtime > made.stat().st_mtime for path in own_made):
        return
    torch.manual_seed(seed)
    data, own = Pictures(work, seed), generated(work)
    encoder, decoder = (m.to(device) for m in load_vae(config, work))
    eye, steps, peak = Eye().to(device), options["steps"], options["learning_rate"]
    if made.exists():
        eye.load_state_dict(torch.load(made, map_location=device, weights_only=True)["eye"])
        steps, peak = options["refine_steps"], peak / 2
    optimiser = torch.optim.AdamW(eye.parameters(), peak, weight_decay=0.02)
    batch, rng = options["batch"], np.random.default_rng(seed)
    own_train = np.flatnonzero(own["split"] == 0) if own else np.empty(0, int)
    for step in range(steps):
        cosine = 0.02 + 0.49 * (1 + math.cos(math.pi * step / steps))
        for group in optimiser.param_groups:
            group["lr"] = peak * min(1, (step + 1) / 50) * cosine
        rows = data.draw(batch)
        x = to_float(data.pictures[np.sort(rows)]).to(device)
        y = torch.from_numpy(data.labels[np.sort(rows)]).to(device)
        half = torch.rand(len(x), device=device) < 0.5
        if half.any():
            x[half] = through(encoder, decoder, x[half], 0.35)
        if len(own_train):
            mine = rng.choice(own_train, batch // 3)
            x = torch.cat([x, to_float(own["pictures"][mine]).to(device)])
            y = torch.cat([y, torch.from_numpy(own["labels"][mine]).to(device)])
        with torch.autocast(device.type, torch.bfloat16):
            logits = eye(x.contiguous(memory_format=torch.channels_last))
        loss = F.binary_cross_entropy_with_logits(logits.float(), y * 0.98 + 0.005)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if step % 100 == 99:
            print(f"eye: step {step + 1}, loss {loss.item():.4f}, {time.time() - started:.0f} s", flush=True)
    eye.eval()
    report, calibration = measure(eye, data, own, encoder, decoder, device)
    torch.save({"eye": eye.state_dict(), "calibration": calibration}, work / "eye.pt")
    report["seconds"] = time.time() - started
    (work / "eye.json").write_text(json.dumps(report, indent=1))
    print(json.dumps(report["summary"], indent=1), flush=True)


def logits_of(eye: Eye, pictures: np.ndarray, device: torch.device, change: Any = None) -> np.ndarray:
    out = []
    with torch.no_grad():
        for i in range(0, len(pictures), 128):
            x = to_float(pictures[i : i + 128]).to(device)
            out.append(eye(change(x) if change else x).cpu().numpy())
    return np.concatenate(out)


def measure(eye: Eye, data: Pictures, own: dict[str, np.ndarray] | None, encoder: Any, decoder: Any,
            device: torch.device) -> tuple[dict[str, Any], dict[str, dict[str, float]]]:
    """Calibrate on one held-out part, report on the other: rendered, reconstructed, generated."""
    rebuilt = lambda x: through(encoder, decoder, x, 0.2)  # noqa: E731
    fit_logits = [logits_of(eye, data.pictures[:CALIBRATION], device, f) for f in (None, rebuilt)]
    fit_labels = [data.labels[:CALIBRATION]] * 2
    if own is not None and (own["split"] == 1).any():
        rows = own["split"] == 1
        fit_logits.append(logits_of(eye, own["pictures"][rows], device))
        fit_labels.append(own["labels"][rows])
    logits, truth = np.concatenate(fit_logits), np.concatenate(fit_labels)
    calibration = {}
    for i, label in enumerate(LABELS):
        scale, bias = platt(logits[:, i], truth[:, i])
        calibration[label] = {"scale": round(scale, 4), "bias": round(bias, 4)}
    test = slice(CALIBRATION, TEST)
    groups = [group_of(s) for s in data.scenes[test]]
    parts = {"rendered": (logits_of(eye, data.pictures[test], device), data.labels[test], groups),
             "reconstructed": (logits_of(eye, data.pictures[test], device, rebuilt), data.labels[test], groups)}
    if own is not None and (own["split"] == 2).any():
        rows = own["split"] == 2
        parts["generated"] = (logits_of(eye, own["pictures"][rows], device), own["labels"][rows], list(own["groups"][rows]))
    report: dict[str, Any] = {"summary": {}}
    for name, (found, labels, names) in parts.items():
        report["summary"][name] = figures(probabilities(found, calibration), labels, names)
    return report, calibration


def probabilities(logits: np.ndarray, calibration: dict[str, dict[str, float]]) -> np.ndarray:
    scale = np.array([calibration[label]["scale"] for label in LABELS])
    bias = np.array([calibration[label]["bias"] for label in LABELS])
    return 1 / (1 + np.exp(-(logits * scale + bias)))


def figures(p: np.ndarray, truth: np.ndarray, groups: list[str]) -> dict[str, Any]:
    """Precision, recall and false-positive rate at .5 of the safety labels; errors by group; attribute accuracy."""
    out: dict[str, Any] = {"pictures": len(p)}
    for i, label in enumerate(SAFETY):
        said, true = p[:, i] > 0.5, truth[:, i] > 0.5
        hit = int((said & true).sum())
        out[label] = {"positives": int(true.sum()), "recall": round(hit / max(1, true.sum()), 4),
                      "precision": round(hit / max(1, said.sum()), 4),
                      "fpr": round(int((said & ~true).sum()) / max(1, (~true).sum()), 5)}
    refused = (p[:, :3] > 0.5).any(1)
    names = np.array(groups)
    out["refused_by_group"] = {g: f"{int(refused[names == g].sum())}/{int((names == g).sum())}" for g in sorted(set(groups))}
    for kind in ("thing", "colour", "place", "time"):
        columns = [i for i, label in enumerate(LABELS) if label.startswith(kind + "/")]
        rows = truth[:, columns].any(1)
        if rows.any():
            right = truth[rows][:, columns][np.arange(rows.sum()), p[rows][:, columns].argmax(1)] > 0.5
            out[kind + "_right"] = round(float(right.mean()), 4)
    return out
