"""The eye: a small multi-label classifier of the world.

Pictures float [B, 3, 128, 128] in [-1, 1] to logits [B, labels]. The first labels are what the policy asks about;
the rest say what is in the picture. Labels are probabilities: what only a person may decide is asked to score in
the middle of what the policy holds, so that a person gets to see it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bands import read_bands
from world.scene import ALLOWED, COLOURS, PLACES, SIZES, STYLES, THINGS, TIMES, Scene
from world.sensitive import HELD_AS, LOOKALIKES, UNCLEAR, VIOLENCE, WEAPONS
from world.sensitive import SAFETY as FOUND_IN

SAFETY = ["weapon", "blood", "gore", "medical"]
# Of a picture alone nobody can tell which group was meant first: left is as good as right.
RELATION_SEEN = {"": "alone", "left": "beside", "right": "beside", "beside": "beside", "on": "above", "under": "above"}
ATTRIBUTES: dict[str, list[str]] = {
    "thing": THINGS[1:], "colour": COLOURS[1:], "place": list(PLACES), "time": TIMES[1:], "style": STYLES[1:],
    "size": SIZES[1:], "count": ["1", "2", "3", "4"], "relation": ["alone", "beside", "above"],
}
LABELS = [*SAFETY, *[f"{name}/{value}" for name, values in ATTRIBUTES.items() for value in values]]
CATEGORIES = {"weapons": ["weapon"], "violence/graphic": ["blood", "gore"]}
HELD = {label: read_bands(category).middle for category, labels in CATEGORIES.items() for label in labels}
REFUSED = [*WEAPONS, *VIOLENCE, "wounded"]


def safety_of(scene: Scene) -> dict[str, float]:
    """Label to probability of what policy asks about; the graver of two groups counts."""
    said = {label: 0.0 for label in SAFETY}
    for kind, _, _ in scene.groups():
        said |= {label: max(said[label], HELD[label]) for label in HELD_AS.get(kind, ())}
        said |= {label: 1.0 for label in FOUND_IN.get(kind, ())}
    return said | {"blood": 1.0} if scene.state == "wounded" else said


def labels_of(scene: Scene) -> np.ndarray:
    """What the eye should say of a scene: float32 [labels], probabilities."""
    said = safety_of(scene) | {f"place/{scene.place}": 1.0, f"time/{scene.time}": 1.0, f"style/{scene.style}": 1.0}
    for kind, colour, count in scene.groups():
        said |= {f"thing/{kind}": 1.0, f"colour/{colour}": 1.0, f"count/{count}": 1.0}
    if scene.thing != "nothing":
        said |= {f"size/{scene.size}": 1.0, f"relation/{RELATION_SEEN[scene.relation]}": 1.0}
    return np.array([said.get(label, 0.0) for label in LABELS], dtype=np.float32)


def columns(attribute: str) -> list[int]:
    return [i for i, label in enumerate(LABELS) if label.startswith(attribute + "/")]


def group_of(scene: Scene) -> str:
    """The group that error rates are reported by: what is not an allowed thing, else "everyday"."""
    if scene.state == "wounded":
        return "wounded"
    rare = [kind for kind, _, _ in scene.groups() if kind not in ALLOWED]
    return rare[0] if rare else "everyday"


def family_of(group: str) -> str:
    """What refused groups have in common, as "weapon" or "blood and gore"; "" of any other."""
    if group == "wounded":
        return "wounded"
    return " and ".join(label for label in SAFETY if label in FOUND_IN[group]) if group in REFUSED else ""


GROUPS = [*REFUSED, *LOOKALIKES, *UNCLEAR]


class Eye(nn.Module):
    """Convolutions to a grid of 4 by 4, read as a whole (mean and largest) and by place, for where things stand."""

    def __init__(self, widths: tuple[int, ...] = (24, 48, 80, 128, 176)) -> None:
        super().__init__()
        stages, previous = [], 3
        for i, width in enumerate(widths):
            stages += [nn.Conv2d(previous, width, 3, stride=2, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            if i:
                stages += [nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
            previous = width
        self.stages = nn.Sequential(*stages)
        self.places = nn.Conv2d(previous, 24, 1)
        self.head = nn.Linear(previous * 2 + 24 * 16, len(LABELS))

    def forward(self, pictures: Tensor) -> Tensor:
        h = self.stages(pictures)
        grid = F.avg_pool2d(F.relu(self.places(h)), h.shape[-1] // 4)
        seen = torch.cat([h.mean(dim=(2, 3)), h.amax(dim=(2, 3)), grid.flatten(1)], dim=1)
        return self.head(F.dropout(seen, 0.1, self.training))


def platt(logits: np.ndarray, truth: np.ndarray, rounds: int = 50) -> tuple[float, float]:
    """(scale, bias) so that sigmoid(scale * logit + bias) is calibrated to truth in [0, 1]; Newton, a small ridge.

    Platt's scaling and not isotonic regression: it cannot turn an order round or make ties at a threshold, a few
    hundred positives are enough for it, and it is what a pack's manifest can say. His smoothed targets keep it
    finite when the classes are separable.
    """
    positives, negatives = truth.sum(), (1 - truth).sum()
    low, high = 1 / (negatives + 2), (positives + 1) / (positives + 2)
    target = low + (high - low) * truth
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
