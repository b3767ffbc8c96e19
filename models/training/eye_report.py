"""Figures of the eye at the policy's thresholds, as values for JSON and as Markdown for the card.

Refused content is caught where it is held or denied in any category: nobody sees it before a person has. A look-alike
or an everyday scene that is caught is a false positive. Unclear content is right where it is held, not denied.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from bands import DENY, HOLD, read_bands
from eye import ATTRIBUTES, CATEGORIES, LABELS, REFUSED, SAFETY, columns, family_of
from wilson import wilson
from world.sensitive import LOOKALIKES, UNCLEAR

CONTEXTS = ("medical", "education")


def outcomes(p: np.ndarray, context: str = "") -> np.ndarray:
    """Probabilities [N, labels] to ALLOW, HOLD or DENY [N]: the gravest over categories."""
    found = []
    for category, labels in CATEGORIES.items():
        score = p[:, [LABELS.index(label) for label in labels]].max(1)
        found.append(read_bands(category, context).of(score))
    return np.stack(found).max(0)


def tally(outcome: np.ndarray) -> dict[str, Any]:
    """How many of so many outcomes were caught, held and denied; shares with the interval of what was caught."""
    caught, count = int((outcome >= HOLD).sum()), len(outcome)
    low, high = wilson(caught, count)
    return {"pictures": count, "caught": caught, "held": int((outcome == HOLD).sum()),
            "denied": int((outcome == DENY).sum()), "low": round(low, 4), "high": round(high, 4)}


def report_of(p: np.ndarray, labels: np.ndarray, groups: list[str]) -> dict[str, Any]:
    """Everything of one part: probabilities and labels [N, labels], and the group of each picture."""
    names, families = np.array(groups), np.array([family_of(g) for g in groups])
    outcome = outcomes(p)

    def by(values: np.ndarray, wanted: list[str]) -> dict[str, Any]:
        return {name: tally(outcome[values == name]) for name in wanted if (values == name).any()}

    report = {"refused": by(families, list(dict.fromkeys(map(family_of, REFUSED)))),
              "refused kinds": by(names, REFUSED), "look-alikes": by(names, list(LOOKALIKES)),
              "everyday": by(names, ["everyday"]),
              "unclear": by(names, list(UNCLEAR)), "contexts": {}, "calibration": reliability(p, labels),
              "attributes": attributes(p, labels), "confusion": confusion(p, labels)}
    for context in CONTEXTS:
        found = outcomes(p, context)
        report["contexts"] |= {f"refused content where the context is {context}": tally(found[families != ""]),
                               f"look-alikes where it is {context}": tally(found[np.isin(names, list(LOOKALIKES))])}
    return report


def reliability(p: np.ndarray, labels: np.ndarray, bins: int = 10) -> dict[str, float]:
    """Expected calibration error of each safety label: mean distance of what was said from what was so."""
    errors = {}
    for i, label in enumerate(SAFETY):
        index = np.minimum((p[:, i] * bins).astype(int), bins - 1)
        gaps = [abs(p[index == b, i].sum() - labels[index == b, i].sum()) for b in range(bins)]
        errors[label] = round(float(sum(gaps) / len(p)), 4)
    return errors


def attributes(p: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Of pictures that have the attribute: how often the likeliest value is one that is there."""
    found = {}
    for name in ATTRIBUTES:
        own = columns(name)
        rows = np.flatnonzero((labels[:, own] > 0.5).any(1))
        best = p[rows][:, own].argmax(1)
        right = labels[rows][:, own][np.arange(len(rows)), best] > 0.5
        found[name] = round(float(right.mean()), 4) if len(rows) else 0.0
    return found


def confusion(p: np.ndarray, labels: np.ndarray) -> dict[str, dict[str, Any]]:
    """By kind, of pictures with one kind: how many, how many seen as it, and as what else (the three commonest)."""
    own, kinds = columns("thing"), ATTRIBUTES["thing"]
    alone = np.flatnonzero((labels[:, own] > 0.5).sum(1) == 1)
    true, said = labels[alone][:, own].argmax(1), p[alone][:, own].argmax(1)
    table = {}
    for i, kind in enumerate(kinds):
        seen = Counter(kinds[k] for k in said[true == i])
        if seen:
            right = seen.pop(kind, 0)
            table[kind] = {"pictures": right + seen.total(), "right": right, "as": dict(seen.most_common(3))}
    return table


PARTS = ("rendered", "reconstructed", "generated")


def markdown(report: dict[str, Any]) -> str:
    """Tables for the card: a row a group, a column a part."""
    parts = [name for name in PARTS if name in report]
    rules = {c: read_bands(c) for c in CATEGORIES}
    said = "; ".join(f"{c}: held from {b.held_from:g}" + (f", denied from {b.denied_from:g}" if b.deny < 1 else "")
                     for c, b in rules.items())
    lines = [f"At the policy's thresholds ({said}), with 95 % Wilson intervals.", ""]
    titles = {"refused": "refused content caught (held or denied)", "refused kinds": "the same by kind",
              "look-alikes": "look-alikes caught (false positives)", "everyday": "everyday scenes caught",
              "unclear": "unclear content: held, of all", "contexts": "caught at the thresholds of contexts"}
    for key, title in titles.items():
        names = list(dict.fromkeys(n for part in parts for n in report[part][key]))
        rows = [[name.replace("_", " "), *[_cell(report[p][key].get(name), key) for p in parts]] for name in names]
        lines += table([title, *parts], rows)
    lines += table(["likeliest value is there", *parts],
                   [[name, *[f"{report[p]['attributes'][name]:.3f}" for p in parts]] for name in ATTRIBUTES])
    lines += table(["expected calibration error", *parts],
                   [[name, *[f"{report[p]['calibration'][name]:.3f}" for p in parts]] for name in SAFETY])
    lines += table(["kinds most often taken for another", *parts], _worst(report, parts))
    return "\n".join(lines)


def _cell(found: dict[str, Any] | None, key: str) -> str:
    if not found:
        return ""
    shown = found["held"] if key == "unclear" else found["caught"]
    low, high = wilson(shown, found["pictures"])
    few = " (few)" if key == "refused" and found["pictures"] < 300 else ""
    denied = f"; {found['denied']} denied" if found["denied"] else ""
    return f"{shown}/{found['pictures']} ({low:.2f}-{high:.2f}){few}{denied}"


def _worst(report: dict[str, Any], parts: list[str], most: int = 12) -> list[list[str]]:
    def share(kind: str) -> float:
        found = [report[part]["confusion"].get(kind) for part in parts]
        return min(f["right"] / f["pictures"] for f in found if f)

    def cell(found: dict[str, Any] | None) -> str:
        if not found:
            return ""
        others = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in found["as"].items())
        return f"{found['right']}/{found['pictures']}" + (f" ({others})" if others else "")

    kinds = sorted({kind for part in parts for kind in report[part]["confusion"]}, key=lambda k: (share(k), k))[:most]
    return [[kind.replace("_", " "), *[cell(report[part]["confusion"].get(kind)) for part in parts]] for kind in kinds]


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Lines of a Markdown table, and an empty one."""
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)] + [""]
