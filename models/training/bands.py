"""What the policy does with a score: the bands of a category, read from policies/moderation.yaml.

As src/policy/thresholds.ts: within `margin` of a threshold a person judges, so a score is let through below
hold - margin, denied from deny + margin, held between. A category without `deny` is never denied by a score.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

POLICY = Path(__file__).resolve().parents[2] / "policies" / "moderation.yaml"
ALLOW, HOLD, DENY = 0, 1, 2


@dataclass(frozen=True)
class Bands:
    """Thresholds of one category; `deny` is infinite where no score denies."""

    hold: float
    deny: float
    margin: float

    @property
    def held_from(self) -> float:
        return round(self.hold - self.margin, 6)

    @property
    def denied_from(self) -> float:
        return round(self.deny + self.margin, 6)

    @property
    def middle(self) -> float:
        """The probability in the middle of what is held."""
        return (self.held_from + min(1.0, self.denied_from)) / 2

    def of(self, scores: np.ndarray) -> np.ndarray:
        """Scores to ALLOW, HOLD or DENY."""
        return (scores >= self.held_from).astype(int) + (scores >= self.denied_from)


def read_bands(category: str, context: str = "", policy: Path = POLICY) -> Bands:
    """The bands of a category, as a context replaces them if it does; ValueError where the policy has none."""
    block = _found(rf"^  - id: {re.escape(category)}\n(.*?)(?=^  - id: |\Z)", policy.read_text(), category)
    image = _found(r"^    image:\n((?:      [^\n]*\n)+)", block, f"{category}: image")
    usual = dict(re.findall(r"^      (hold|deny|margin): ([\d.]+)", image, re.M))
    own = re.search(rf"- {{ context: {re.escape(context)}, ([^}}]*)}}", image) if context else None
    values = dict(re.findall(r"(hold|deny|margin): ([\d.]+)", own.group(1))) if own else usual
    if not {"hold", "margin"} <= set(values):
        raise ValueError(f"{category}: hold and margin are not both said")
    return Bands(float(values["hold"]), float(values.get("deny", "inf")), float(values["margin"]))


def _found(pattern: str, text: str, what: str) -> str:
    found = re.search(pattern, text, re.M | re.S)
    if found is None:
        raise ValueError(f"the policy says nothing of {what}")
    return found.group(1)
