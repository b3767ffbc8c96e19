"""Draws prompts with an exported pack and lets the exported eye say whether they show what was asked.

`make(...)` is also how the generator's own pictures are made for training the eye; `main` prints
adherence over the four attributes, for seen and for held-out combinations. The eye has seen this
generator's pictures, so its word is a measurement with a bias, not a judge's verdict.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from random import Random

import numpy as np
import onnxruntime as ort

from blind import any_scene
from eye import LABELS
from reference import Pack
from world.grammar import caption
from world.held_out import HELD_OUT
from world.scene import TIMES, Scene

BATCH = 16


def make(pack: Pack, scenes: list[Scene], seed: int, steps: int, guidance: float, noisy: bool = False) -> np.ndarray:
    """One picture a scene, asked for by a full caption: uint8 [N, 128, 128, 3]."""
    rng, pictures = Random(seed), []
    prompts = [full_caption(s, rng) for s in scenes]
    for start in range(0, len(scenes), BATCH):
        part = prompts[start : start + BATCH]
        seeds = [seed * 1_000_000 + start + i for i in range(len(part))]
        pictures.append(pack.draw(part, seeds, steps, guidance))
        if noisy:
            print(f"made {start + len(part)} of {len(prompts)}", flush=True)
    return np.concatenate(pictures)


def full_caption(scene: Scene, rng: Random) -> str:
    """A caption that leaves nothing out."""
    return caption(scene, rng, whole=True).text


def wilson(right: int, count: int) -> tuple[float, float]:
    """95 % Wilson interval of a proportion."""
    z, p = 1.96, right / count
    middle, half = p + z * z / (2 * count), z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count))
    return (middle - half) / (1 + z * z / count), (middle + half) / (1 + z * z / count)


class ExportedEye:
    """The classifier pack: pictures uint8 [B, 128, 128, 3] to calibrated probabilities [B, labels]."""

    def __init__(self, folder: Path) -> None:
        self.manifest = json.loads((folder / "pack.json").read_text())
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = ort.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
        calibration = [self.manifest["calibration"][label] for label in LABELS]
        self.scale = np.array([c["scale"] for c in calibration])
        self.bias = np.array([c["bias"] for c in calibration])

    def see(self, pictures: np.ndarray) -> np.ndarray:
        x = (pictures.transpose(0, 3, 1, 2).astype(np.float32) / 255 - 0.5) / 0.5
        logits = np.concatenate([self.session.run(None, {"pixel_values": part})[0]
                                 for part in np.array_split(x, max(1, len(x) // 64))])
        return 1 / (1 + np.exp(-(logits * self.scale + self.bias)))


def adherence(p: np.ndarray, scenes: list[Scene]) -> dict[str, tuple[int, int]]:
    """Right and asked, for each attribute and for all four at once."""
    right = np.ones(len(scenes), bool)
    out = {}
    for kind in ("thing", "colour", "place", "time"):
        columns = [i for i, label in enumerate(LABELS) if label.startswith(kind + "/")]
        asked = [LABELS.index(f"{kind}/{getattr(s, kind)}") for s in scenes]
        seen = np.array(columns)[p[:, columns].argmax(1)]
        out[kind] = (int((seen == asked).sum()), len(scenes))
        right &= seen == asked
    out["all four"] = (int(right.sum()), len(scenes))
    return out


def held_out_scenes(rng: Random, count: int) -> list[Scene]:
    combinations = HELD_OUT["colour in place"]
    return [Scene(*combinations[i % len(combinations)], rng.choice(TIMES[1:])) for i in range(count)]


def main() -> None:
    packs = Path(__file__).resolve().parents[1] / "packs"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packs", type=Path, default=packs)
    parser.add_argument("--count", type=int, default=160)
    parser.add_argument("--held-out", type=int, default=40)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, nargs="+", default=[4.0])
    args = parser.parse_args()
    pack, eye, rng = Pack(args.packs / "storybook", threads=1), ExportedEye(args.packs / "storybook-eye"), Random(7)
    seen = [s for s in (any_scene(rng) for _ in range(2 * args.count)) if not s.held_out()][: args.count]
    sets = {"seen": seen, "held out": held_out_scenes(rng, args.held_out)}
    for guidance in args.guidance:
        for name, scenes in sets.items():
            if not scenes:
                continue
            found = adherence(eye.see(make(pack, scenes, 99, args.steps, guidance)), scenes)
            for kind, (right, count) in found.items():
                low, high = wilson(right, count)
                print(f"guidance {guidance}, {args.steps} steps, {name}: {kind} {right}/{count} "
                      f"({low:.2f}-{high:.2f})", flush=True)


if __name__ == "__main__":
    main()
