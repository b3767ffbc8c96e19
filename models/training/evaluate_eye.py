"""Measures the eye as it is shipped: what it catches of refused content, of look-alikes and of everyday scenes, by group.

`python models/training/evaluate_eye.py --out .evaluation-eye --processes 2` needs the packs alone. It writes report.json
and report.md, the tables of the eye's card. Scenes are those that nothing was trained or calibrated on, in three parts:
rendered; reconstructed by the generator's autoencoder with disturbed latents; and drawn by the generator from
their captions, 300 of every refused kind. Pictures that it drew are kept in --out under
a digest of its files, so that a run that was broken off goes on, and other weights draw anew.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from asking import Rebuilder, side_of
from exams import drawn, scenes_by_group
from eye import LABELS, group_of, labels_of
from eye_report import markdown, report_of
from make_generated import draw_splits
from reference import Pack
from train_eye import DISTURBED, exam_of, probabilities
from world.sampling import World
from world.scene import Scene

BATCH = 100


class ShippedEye:
    """The exported classifier with its calibration; ValueError where its labels are not this code's."""

    def __init__(self, folder: Path) -> None:
        self.manifest = json.loads((folder / "pack.json").read_text())
        if self.manifest["labels"] != LABELS:
            raise ValueError(f"{folder} was made with other labels than this code has")
        self.session = ort.InferenceSession(str(folder / self.manifest["model"]), providers=["CPUExecutionProvider"])

    def probabilities(self, pictures: np.ndarray) -> np.ndarray:
        """uint8 [N, S, S, 3] -> [N, labels]."""
        logits = []
        for start in range(0, len(pictures), BATCH):
            x = pictures[start : start + BATCH].transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
            logits.append(self.session.run(None, {"pixel_values": np.ascontiguousarray(x)})[0])
        return probabilities(np.concatenate(logits), self.manifest["calibration"])


def evaluate_eye(packs: Path, config: dict[str, Any], out: Path, workers: int) -> dict[str, Any]:
    """Everything; writes under `out` and returns the report."""
    eye, generator = ShippedEye(packs / "storybook-eye"), packs / "storybook"
    pack = Pack(generator)
    seed, each, everyday = exam_of(config, "test")
    scenes = scenes_by_group(seed, World.of(config), each, everyday)
    rendered = drawn(scenes, seed, side_of(pack), workers)
    weights = hashlib.sha256(json.dumps(pack.manifest["files"]).encode()).hexdigest()[:12]
    made, asked, _ = draw_splits(generator, config, out / f"generated-{weights}", workers, ("test",))

    def part(pictures: np.ndarray, shown: list[Scene]) -> dict[str, Any]:
        labels = np.stack([labels_of(scene) for scene in shown])
        return report_of(eye.probabilities(pictures), labels, [group_of(scene) for scene in shown])

    report = {"pack": eye.manifest["id"], "version": eye.manifest["version"], "rendered": part(rendered, scenes),
              "reconstructed": part(Rebuilder(pack, generator).rebuild(rendered, DISTURBED), scenes),
              "generated": part(made, asked)}
    (out / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    (out / "report.md").write_text(markdown(report))
    return report


def main() -> None:
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packs", type=Path, default=here.parent / "packs")
    parser.add_argument("--config", type=Path, default=here / "storybook-128.json")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=1)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    evaluate_eye(args.packs, json.loads(args.config.read_text()), args.out, args.processes)
    print((args.out / "report.md").read_text())


if __name__ == "__main__":
    main()
