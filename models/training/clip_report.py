"""Figures of the dual encoder: retrieval among a hundred, pairs that differ in one attribute, and its calibrated score.

Scenes are drawn from seeds of their own. The score is calibrated, and its threshold chosen, on other scenes than it is
measured on: half of the pairs fit, a quarter differ in one attribute, a quarter in many.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
from torch import Tensor

from clip import Clip, encode, probability
from exams import drawn
from eye import platt
from eye_report import table
from wilson import wilson
from pairs import CHANGES, base_scene, pair, shows
from text_tokens import Captions
from world.grammar import caption
from world.sampling import World, sample_scene
from world.scene import Scene

GALLERY = 100
FALSE_SHARE = 0.05  # of pairs that differ in one attribute, at the threshold
Change = Callable[[Tensor], Tensor] | None


def share(right: np.ndarray) -> dict[str, Any]:
    low, high = wilson(int(right.sum()), len(right))
    return {"right": int(right.sum()), "of": len(right), "low": round(low, 4), "high": round(high, 4)}


def worded(scenes: list[Scene], rng: Random) -> list[str]:
    """A caption of each that leaves nothing out."""
    return [caption(s, rng, whole=True).text for s in scenes]


def unlike_pairs(config: dict[str, Any], exam: int, part: str) -> dict[str, tuple[list[Scene], list[Scene]]]:
    """Attribute -> scenes, and as many that differ from them in it."""
    rng, world = Random(f"{config['seed']}/clip/{part}"), World.of(config)
    names = [name for name in CHANGES if name != "style" or len(world.styles) > 1]
    made = {name: [pair(rng, name, world) for _ in range(exam)] for name in names}
    return {name: ([a for a, _ in both], [b for _, b in both]) for name, both in made.items()}


def calibrate(clip: Clip, captions: Captions, config: dict[str, Any], exam: int, changes: dict[str, Change],
              ) -> tuple[dict[str, float], float]:
    """Platt's scale and bias, and the probability that at most FALSE_SHARE of nearly fitting pairs reach."""
    cosines, truth, near = [], [], []
    for change in changes.values():
        for name, (scenes, others) in unlike_pairs(config, max(10, exam // 2), "calibration").items():
            seed = f"{config['seed']}/clip/calibration/{name}"
            rng = Random(seed)
            pictures = drawn(scenes, seed, config["size"])
            seen, read = encode(clip, captions, pictures, worded(scenes, rng) + worded(others, rng), change)
            fit, unlike = (seen * read[: len(seen)]).sum(1), (seen * read[len(seen) :]).sum(1)
            far, half = (seen * np.roll(read[: len(seen)], 1, axis=0)).sum(1), len(seen) // 2
            cosines += [fit, unlike[:half], far[half:]]
            truth += [np.ones(len(fit)), np.zeros(half), np.zeros(len(far) - half)]
            near.append(unlike)
    scale, bias = platt(10 * np.concatenate(cosines), np.concatenate(truth))
    calibration = {"scale": round(scale, 4), "bias": round(bias, 4)}
    return calibration, round(float(np.quantile(probability(np.concatenate(near), calibration), 1 - FALSE_SHARE)), 4)


def measure(clip: Clip, captions: Captions, config: dict[str, Any], exam: int, change: Change,
            calibration: dict[str, float], threshold: float) -> dict[str, Any]:
    """Of one part: retrieval, pairs, and what the score lets pass at its threshold and at one half."""
    found: dict[str, Any] = {"retrieval": retrieval(clip, captions, config, exam, change), "pairs": {}}
    fits, nearly = [], {}
    for name, (scenes, others) in unlike_pairs(config, exam, "test").items():
        seed = f"{config['seed']}/clip/test/{name}"
        rng, n = Random(seed), len(scenes)
        pictures = drawn(scenes + others, seed, config["size"])
        seen, read = encode(clip, captions, pictures, worded(scenes + others, rng), change)
        fit, wrong_words = (seen[:n] * read[:n]).sum(1), (seen[:n] * read[n:]).sum(1)
        wrong_picture = (seen[n:] * read[:n]).sum(1)
        found["pairs"][name] = {"words": share(fit > wrong_words), "pictures": share(fit > wrong_picture)}
        fits.append(probability(fit, calibration))
        nearly[name] = probability(wrong_words, calibration)
    for name, cut in (("threshold", threshold), ("half", 0.5)):
        found[name] = {"fitting": share(np.concatenate(fits) >= cut)}
        found[name] |= {f"{attribute} differs": share(p >= cut) for attribute, p in nearly.items()}
    return found


def retrieval(clip: Clip, captions: Captions, config: dict[str, Any], exam: int, change: Change) -> dict[str, Any]:
    """Recall at 1 among GALLERY, both ways; a second scene that shows the same is as right."""
    seed, world = f"{config['seed']}/clip/gallery", World.of(config)
    rng, words, pictures = Random(seed), [], []
    for number in range(max(1, round(exam / GALLERY))):
        scenes = [sample_scene(rng, world) for _ in range(GALLERY // 2)]
        scenes += [base_scene(rng, world) for _ in range(GALLERY - len(scenes))]
        made = [caption(s, rng, whole=True) for s in scenes]
        gallery = drawn(scenes, f"{seed}/{number}", config["size"])
        seen, read = encode(clip, captions, gallery, [c.text for c in made], change)
        fits = shows(np.array([c.said.codes() for c in made]), np.array([s.codes() for s in scenes]))
        likeness = read @ seen.T
        words.append(fits[np.arange(GALLERY), likeness.argmax(1)])
        pictures.append(fits[likeness.argmax(0), np.arange(GALLERY)])
    return {"picture of a prompt": share(np.concatenate(words)), "prompt of a picture": share(np.concatenate(pictures))}


def markdown(report: dict[str, Any]) -> str:
    """Tables for the card."""
    parts = [name for name in ("rendered", "reconstructed") if name in report]
    lines = [f"Threshold of the score: {report['threshold']:.3f}. With 95 % Wilson intervals.", ""]
    for title, key, inner in (
            ("the first of 100 is right", "retrieval", ""),
            ("the right one of two prompts for a picture", "pairs", "words"),
            ("the right one of two pictures for a prompt", "pairs", "pictures"),
            ("score reaches the threshold", "threshold", ""), ("score reaches .5", "half", "")):
        rows = [[name, *[_cell(report[p][key][name][inner] if inner else report[p][key][name]) for p in parts]]
                for name in report[parts[0]][key]]
        lines += table([title, *parts], rows)
    return "\n".join(lines)


def _cell(found: dict[str, Any]) -> str:
    return f"{found['right']}/{found['of']} ({found['low']:.2f}-{found['high']:.2f})"
