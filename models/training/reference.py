"""Runs an exported pack with numpy and ONNX Runtime alone: the proof that the export draws.

`python reference.py --pack models/packs/storybook --prompt "a red cat in the forest" --out cat.png`
Plain DDIM, classifier-free guidance against the empty prompt, noise from torch's CPU generator when
torch is there, else from numpy.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
from PIL import Image

from text_tokens import Captions


def alphas(config: dict) -> np.ndarray:
    """Cumulative alphas of a scaled_linear schedule, rescaled to zero terminal signal: float32 [1000]."""
    n = config["num_train_timesteps"]
    betas = np.linspace(config["beta_start"] ** 0.5, config["beta_end"] ** 0.5, n, dtype=np.float32) ** 2
    root = np.sqrt(np.cumprod(1 - betas, dtype=np.float32))
    return (((root - root[-1]) * root[0] / (root[0] - root[-1])) ** 2).astype(np.float32)


def seeded_noise(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal float32 of `shape`."""
    try:
        import torch

        return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).numpy()
    except ImportError:
        return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


class Pack:
    """An exported text-to-image pack, ready to draw."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        self.manifest = json.loads((folder / "pack.json").read_text())
        self.alphas = alphas(json.loads((folder / "scheduler/scheduler_config.json").read_text()))
        self.captions = Captions(folder / "tokenizer")
        self.text, self.unet, self.decoder = (
            ort.InferenceSession(str(folder / part / "model.onnx"), options, providers=["CPUExecutionProvider"])
            for part in ("text_encoder", "unet", "vae_decoder"))

    def draw(self, prompts: list[str], seeds: list[int], steps: int, guidance: float) -> np.ndarray:
        """One picture a prompt: uint8 [B, S, S, 3]."""
        n, cumulative = len(prompts), self.alphas
        side = int(self.manifest["sizes"]["default"].split("x")[0]) // 8
        context = self.text.run(None, {"input_ids": self.captions.ids([*[""] * n, *prompts])})[0]
        x = np.concatenate([seeded_noise(seed, (1, 16, side, side)) for seed in seeds])
        times = [round(1000 - k * 1000 / steps) - 1 for k in range(steps)]
        for k, t in enumerate(times):
            feeds = {"sample": np.concatenate([x, x]), "timestep": np.full(2 * n, t, np.int64),
                     "encoder_hidden_states": context}
            without, asked = np.split(self.unet.run(None, feeds)[0], 2)
            v = without + guidance * (asked - without)
            a, b = np.sqrt(cumulative[t]), np.sqrt(1 - cumulative[t])
            after = cumulative[times[k + 1]] if k + 1 < steps else np.float32(1)
            clean, eps = a * x - b * v, a * v + b * x
            x = (np.sqrt(after) * clean + np.sqrt(1 - after) * eps).astype(np.float32)
        pixels = self.decoder.run(None, {"latent_sample": x})[0]
        return np.clip((pixels.transpose(0, 2, 3, 1) + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8)


def main() -> None:
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, default=here.parent / "packs/storybook")
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=0, help="0: the pack's medium quality")
    parser.add_argument("--guidance", type=float, default=-1, help="-1: the pack's own")
    parser.add_argument("--out", type=Path, default=Path("out.png"))
    args = parser.parse_args()
    pack = Pack(args.pack)
    steps = args.steps or pack.manifest["quality"]["medium"]["steps"]
    guidance = args.guidance if args.guidance >= 0 else pack.manifest["guidance_scale"]
    Image.fromarray(pack.draw([args.prompt], [args.seed], steps, guidance)[0]).save(args.out)


if __name__ == "__main__":
    main()
