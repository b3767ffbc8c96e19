"""Trains, calibrates and measures the judge, on pictures of its own and from a seed of its own.

It learns all answers at once and, beside them, which kind stands where. Pictures are mirrored (and their groups change
places), moved, dimmed, tinted and blurred. Steps drive the learning rate; it goes on from a checkpoint that is written
atomically every few minutes. The first `HELD` pictures are for temperatures and figures alone.
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
from torch import Tensor
from torch.nn import functional as F

from data import default_workers, to_float
from judge import NONE, UNKNOWN, Judge, temperature
from judge_pictures import SORTS, draw_pictures, open_arrays
from world.sampling import World

HELD, FITTED = 3000, 1200  # held-out pictures, and those of them that temperatures are fitted on
WEIGHTS = {"kind": 1.5, "second_kind": 1.5, "relation": 1.5, "count": 1.5}


class Run:
    """The judge, its optimiser and progress; from a checkpoint when there is one."""

    def __init__(self, config: dict[str, Any], work: Path, device: torch.device) -> None:
        self.options, self.device, self.part = config["judge"], device, work / "judge.part"
        found = torch.load(self.part, map_location="cpu", weights_only=True) if self.part.exists() else None
        self.progress = found["progress"] if found else {"step": 0, "seconds": 0.0}
        seed = config["seed"] + 7919 + self.progress["step"]
        torch.manual_seed(seed)
        self.rng = np.random.default_rng(seed)
        self.pictures, self.codes, self.cells, self.sorts = open_arrays(work, "r")
        self.held = min(HELD, len(self.pictures) // 4)
        self.model = Judge(World.of(config).kinds).to(device, memory_format=torch.channels_last)
        self.cell_weight = torch.ones(self.model.map.out_channels, device=device)
        self.cell_weight[0] = 0.3  # most cells are of nothing
        self.optimiser = torch.optim.AdamW(self.model.parameters(), self.options["learning_rate"], weight_decay=0.02)
        if found:
            self.model.load_state_dict(found["model"])
            self.optimiser.load_state_dict(found["optimiser"])

    def draw(self) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures [B, 3, S, S], codes [B, fields], cells [B, 16, 16], each varied by chance."""
        rows = np.sort(self.rng.integers(self.held, len(self.pictures), self.options["batch"]))
        codes, cells = self.codes[rows].astype(np.int64), self.cells[rows].astype(np.int64)
        x = to_float(self.pictures[rows])
        turn = self.rng.random(len(rows)) < 0.5
        x[turn], cells[turn] = x[turn].flip(3), cells[turn, :, ::-1]
        codes[turn] = mirrored(codes[turn], self.model)
        x = varied(x, self.rng).to(self.device, memory_format=torch.channels_last)
        return x, torch.from_numpy(codes).to(self.device), torch.from_numpy(cells).to(self.device)

    def step(self) -> float:
        done, total = self.progress["step"], self.options["steps"]
        rate = min(1, (done + 1) / 100) * (0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * done / total)))
        for group in self.optimiser.param_groups:
            group["lr"] = self.options["learning_rate"] * rate
        x, codes, cells = self.draw()
        with torch.autocast(self.device.type, torch.bfloat16):
            logits, cell_logits = self.model(x)
        loss = 2 * F.cross_entropy(cell_logits.float(), cells, self.cell_weight)
        for column, (name, values) in enumerate(logits.items()):
            if (codes[:, column] != UNKNOWN).any():
                loss = loss + WEIGHTS.get(name, 1.0) * F.cross_entropy(
                    values.float(), codes[:, column], ignore_index=UNKNOWN, label_smoothing=0.02)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 2.0)
        self.optimiser.step()
        self.progress["step"] += 1
        return loss.item()

    @torch.no_grad()
    def logits(self, start: int, stop: int) -> dict[str, np.ndarray]:
        """Of held-out pictures [start, stop), by field."""
        self.model.eval()
        parts = []
        for at in range(start, stop, 100):
            x = to_float(np.array(self.pictures[at : min(stop, at + 100)]))
            x = x.to(self.device, memory_format=torch.channels_last)
            parts.append({name: v.float().cpu().numpy() for name, v in self.model(x)[0].items()})
        self.model.train()
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def save(self, path: Path, **more: Any) -> None:
        part = path.with_suffix(".writing")
        torch.save({"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict(),
                    "progress": dict(self.progress), "kinds": list(self.model.kinds), **more}, part)
        os.replace(part, path)


def mirrored(codes: np.ndarray, model: Judge) -> np.ndarray:
    """Codes [B, fields] of the mirrored pictures: groups side by side change places, one on the other stays."""
    names = list(model.table)
    beside = codes[:, names.index("relation")] == model.table["relation"].index("left")
    out = codes.copy()
    for a, b in (("kind", "second_kind"), ("colour", "second_colour"), ("count", "second_count")):
        i, j = names.index(a), names.index(b)
        out[beside, i], out[beside, j] = codes[beside, j], codes[beside, i]
    return out


def varied(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Pictures [B, 3, S, S] moved by a few pixels, dimmed, tinted, and some of them softened."""
    dx, dy = (int(v) for v in rng.integers(-6, 7, 2) * x.shape[-1] // 128)
    x = F.pad(x, (6, 6, 6, 6), mode="replicate")[:, :, 6 + dy : x.shape[2] + 6 + dy, 6 + dx : x.shape[3] + 6 + dx]
    count = (len(x), 1, 1, 1)
    gain = torch.from_numpy(rng.uniform(0.88, 1.1, count).astype(np.float32))
    tint = torch.from_numpy(rng.normal(0, 0.035, (len(x), 3, 1, 1)).astype(np.float32))
    x = x * gain + tint
    soft = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    share = torch.from_numpy((rng.uniform(0, 0.9, count) * (rng.random(count) < 0.35)).astype(np.float32))
    return (x + share * (soft - x)).clamp(-1, 1)


def temperatures(logits: dict[str, np.ndarray], codes: np.ndarray) -> dict[str, float]:
    """By field, from the rows where the answer is known."""
    out = {}
    for column, (name, values) in enumerate(logits.items()):
        known = codes[:, column] != UNKNOWN
        out[name] = temperature(values[known], codes[known, column]) if known.any() else 1.0
    return out


def scores(logits: dict[str, np.ndarray], codes: np.ndarray, sorts: np.ndarray, model: Judge) -> dict[str, Any]:
    """Right answers by field on whole things, and how often "none of these" is said of each sort of picture."""
    whole, out = sorts <= SORTS.index("crowded"), {}
    for column, (name, values) in enumerate(logits.items()):
        rows = whole & (codes[:, column] != UNKNOWN)
        if rows.any():
            out[name] = round(float((values[rows].argmax(1) == codes[rows, column]).mean()), 4)
    none = model.table["kind"].index(NONE)
    said = (logits["kind"].argmax(1) == none) | (logits["second_kind"].argmax(1) == none)
    colour = model.table["colour"].index(NONE)
    two = (logits["colour"].argmax(1) == colour) | (logits["second_colour"].argmax(1) == colour)
    out["none_of_these"] = {
        sort: f"{int((two if sort == 'swapped' else said)[sorts == i].sum())}/{int((sorts == i).sum())}"
        for i, sort in enumerate(SORTS)}
    return out


def calibration_error(logits: np.ndarray, truth: np.ndarray, divisor: float, bins: int = 10) -> float:
    """The expected distance of confidence from the share that is right."""
    z = logits / divisor
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    sure, right = p.max(1), p.argmax(1) == truth
    at = np.minimum((sure * bins).astype(int), bins - 1)
    return float(sum((at == b).mean() * abs(sure[at == b].mean() - right[at == b].mean()) for b in set(at.tolist())))


def finish(run: Run, work: Path) -> None:
    """Temperatures on one part of the held-out pictures, figures on the other; judge.pt and judge.json."""
    fitted = min(FITTED, run.held // 2)
    codes, sorts = np.asarray(run.codes[: run.held]), np.asarray(run.sorts[: run.held])
    divisors = temperatures(run.logits(0, fitted), codes[:fitted])
    logits = run.logits(fitted, run.held)
    report = scores(logits, codes[fitted:], sorts[fitted:], run.model)
    report["calibration_error"] = {}
    for column, (name, values) in enumerate(logits.items()):
        known = codes[fitted:, column] != UNKNOWN
        if known.any():
            error = calibration_error(values[known], codes[fitted:][known, column], divisors[name])
            report["calibration_error"][name] = round(error, 4)
    report.update(temperatures=divisors, pictures=run.held - fitted, steps=run.progress["step"],
                  minutes=round(run.progress["seconds"] / 60, 1))
    (work / "judge.json").write_text(json.dumps(report, indent=1) + "\n")
    run.save(work / "judge.pt", temperatures=divisors)
    print(json.dumps(report, indent=1), flush=True)


def train_judge(config: dict[str, Any], work: Path, device: torch.device) -> None:
    """Makes judge.pt and judge.json; does nothing when they are there."""
    if (work / "judge.pt").exists():
        return
    draw_pictures(config, work, default_workers())
    run, begun = Run(config, work, device), time.time()
    before, saved, recent = run.progress["seconds"], begun, []
    while run.progress["step"] < run.options["steps"]:
        recent.append(run.step())
        run.progress["seconds"] = before + time.time() - begun
        if time.time() - saved > 60 * run.options["checkpoint_minutes"]:
            run.save(run.part)
            few = min(600, run.held)
            found = scores(run.logits(0, few), run.codes[:few], run.sorts[:few], run.model)
            right = ", ".join(f"{name} {value}" for name, value in found.items() if isinstance(value, float))
            print(f"judge: {run.progress['seconds'] / 60:.1f} min, step {run.progress['step']}, "
                  f"loss {np.mean(recent):.3f}, right: {right}", flush=True)
            saved, recent = time.time(), []
    run.save(run.part)
    finish(run, work)
