"""Pictures of the shipped packs from Python: diffusers' pipeline over the exported graphs, by Optimum. test/goldens/storybook.json.

Run on a CPU with requirements-export.txt, again whenever the packs change:
    python storybook.py ../../../models/packs ../storybook.json
`png` is base64 of the picture; the rest of a case is what was asked, `digest` the SHA-256 of the pack's pack.json.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import diffusers
import optimum.version
import torch
from optimum.onnxruntime import ORTStableDiffusionPipeline
from PIL import Image

ASKED: list[dict[str, Any]] = [
    {"prompt": "a red boat on the sea at sunset", "seed": 7, "quality": "medium"},
    {"prompt": "a yellow house in the meadow at noon", "seed": 4_294_967_290, "quality": "low"},
    {"prompt": "crimson kitten in the woods at midnight", "seed": 0, "quality": "low"},
]


def draw(folder: Path, asked: dict[str, Any], pipe: Any) -> dict[str, Any]:
    manifest = (folder / "pack.json").read_bytes()
    card = json.loads(manifest)
    width, height = map(int, card["sizes"]["default"].split("x"))
    steps = card["quality"][asked["quality"]]["steps"]
    image = pipe(asked["prompt"], width=width, height=height, num_inference_steps=steps,
                 guidance_scale=card["guidance_scale"], generator=torch.Generator().manual_seed(asked["seed"]),
                 output_type="np").images[0]
    png = io.BytesIO()
    Image.fromarray((image * 255).round().astype("uint8")).save(png, "PNG")
    return {"model": card["id"], "digest": hashlib.sha256(manifest).hexdigest(), **asked, "steps": steps,
            "png": base64.b64encode(png.getvalue()).decode()}


def main() -> None:
    packs, out = Path(sys.argv[1]), Path(sys.argv[2])
    cases = []
    for folder in sorted(packs.iterdir()):
        if json.loads((folder / "pack.json").read_text())["kind"] != "text-to-image":
            continue
        pipe = ORTStableDiffusionPipeline.from_pretrained(folder, provider="CPUExecutionProvider")
        pipe.set_progress_bar_config(disable=True)
        cases += [draw(folder, asked, pipe) for asked in ASKED]
    versions = {"diffusers": diffusers.__version__, "optimum": optimum.version.__version__, "torch": torch.__version__}
    out.write_text(json.dumps({"made_with": versions, "cases": cases}, indent=1) + "\n")


main()
