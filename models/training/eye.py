"""The eye: a small multi-label classifier of the world.

Pictures float [B, 3, 128, 128] in [-1, 1] to logits [B, labels]. The first labels are what policy
asks about; the rest say what is in the picture, which measures whether a generator draws what it is
asked.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from world.scene import ALLOWED, COLOURS, PLACES, TIMES, Scene
from world.sensitive import LOOKALIKES, SAFETY as FOUND_IN

SAFETY = ["weapon", "blood", "gore", "medical"]
_THINGS = [*ALLOWED, *LOOKALIKES]
LABELS = [*SAFETY, *[f"thing/{t}" for t in _THINGS], *[f"colour/{c}" for c in COLOURS[1:]],
          *[f"place/{p}" for p in PLACES], *[f"time/{t}" for t in TIMES[1:]]]
CATEGORIES = {"weapons": ["weapon"], "violence/graphic": ["blood", "gore"]}


def labels_of(scene: Scene) -> np.ndarray:
    """What the eye should say of a scene: float32 [labels] of 0 and 1."""
    true = {f"place/{scene.place}", f"time/{scene.time}"}
    for kind, colour, _ in scene.groups():
        true |= {f"thing/{kind}", f"colour/{colour}", *FOUND_IN.get(kind, ())}
    if scene.state == "wounded":
        true.add("blood")
    return np.array([label in true for label in LABELS], dtype=np.float32)


def group_of(scene: Scene) -> str:
    """The group that error rates are reported by."""
    if scene.state == "wounded":
        return "wounded"
    rare = [kind for kind, _, _ in scene.groups() if kind not in ALLOWED]
    return rare[0] if rare else "other"


class Eye(nn.Module):
    def __init__(self, widths: tuple[int, ...] = (24, 40, 64, 112, 160)) -> None:
        super().__init__()
        stages, previous = [], 3
        for i, width in enumerate(widths):
            stages += [nn.Conv2d(previous, width, 3, stride=2, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            if i:
                stages += [nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            previous = width
        self.stages = nn.Sequential(*stages)
        self.head = nn.Linear(previous * 2, len(LABELS))

    def forward(self, pictures: Tensor) -> Tensor:
        h = self.stages(pictures)
        pooled = torch.cat([h.mean(dim=(2, 3)), h.amax(dim=(2, 3))], dim=1)
        return self.head(F.dropout(pooled, 0.1, self.training))


def platt(logits: np.ndarray, truth: np.ndarray, rounds: int = 50) -> tuple[float, float]:
    """(scale, bias) so that sigmoid(scale * logit + bias) is calibrated; Newton with a small ridge.

    Platt's smoothed targets keep it finite when the classes are separable.
    """
    positives, negatives = truth.sum(), (1 - truth).sum()
    target = np.where(truth > 0.5, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    scale, bias = 1.0, 0.0
    x = np.stack([logits, np.ones_like(logits)], axis=1).astype(np.float64)
    for _ in range(rounds):
        p = 1 / (1 + np.exp(-np.clip(scale * logits + bias, -30, 30)))
        gradient = x.T @ (p - target) + 1e-3 * np.array([scale - 1, bias])
        hessian = (x * (p * (1 - p))[:, None]).T @ x + 1e-3 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        step *= min(1.0, 1.0 / (np.abs(step).max() + 1e-9))
        scale, bias = scale - step[0], bias - step[1]
    return float(max(scale, 0.05)), float(bias)
