"""Exports the eye as an image-classifier pack with its preprocessing and calibration declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from export import VERSION, ensure_card, file_entries, to_onnx, write_json
from eye import CATEGORIES, LABELS, Eye


def export_eye(config: dict[str, Any], work: Path, pack: Path) -> None:
    """Write model.onnx (logits) and pack.json; untrained when there is no checkpoint."""
    eye, path, size = Eye(), work / "eye.pt", config["size"]
    calibration = {label: {"scale": 1.0, "bias": 0.0} for label in LABELS}
    if path.exists():
        saved = torch.load(path, weights_only=True, map_location="cpu")
        eye.load_state_dict(saved["eye"])
        calibration = saved["calibration"]
    to_onnx(eye.eval(), pack / "model.onnx", {"pixel_values": torch.zeros(2, 3, size, size)}, ["logits"],
            {"pixel_values": ["batch"], "logits": ["batch"]})
    ensure_card(pack, "storybook-eye")
    write_json(pack / "pack.json", {
        "format": "darkroom-pack/1", "id": "storybook-eye", "version": VERSION, "kind": "image-classifier",
        "licence": "Apache-2.0", "card": "README.md", "model": "model.onnx",
        "preprocess": {"width": size, "height": size, "resize": "bicubic", "mean": [0.5] * 3, "std": [0.5] * 3,
                       "layout": "NCHW"},
        "output": {"name": "logits", "activation": "sigmoid"}, "labels": LABELS, "calibration": calibration,
        "domain": "storybook", "categories": CATEGORIES, "files": file_entries(pack)})
