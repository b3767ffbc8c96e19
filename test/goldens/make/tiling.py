"""A picture decoded in tiles by diffusers' AutoencoderKL, with the decoder of the tiny pack: test/goldens/tiling.json.

Run on a CPU in an environment with current diffusers and onnxruntime:  python tiling.py ../tiny-sd ../tiling.json
`latents` is base64 of float32 [4, 13, 10], `image` of float32 [3, 26, 20]; tiles are of 8 latents.
"""

from __future__ import annotations

import base64
import json
import sys

import diffusers
import numpy as np
import onnxruntime as ort
import torch
from diffusers import AutoencoderKL

TILE, FACTOR = 8, 2


class Exported(torch.nn.Module):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(self.session.run(None, {"latent_sample": z.numpy()})[0])


def b64(x: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(x, dtype="<f4").tobytes()).decode()


def main() -> None:
    vae = AutoencoderKL(block_out_channels=(8, 16), norm_num_groups=4, latent_channels=4, sample_size=TILE * FACTOR,
                        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
                        use_post_quant_conv=False)
    vae.decoder = Exported(f"{sys.argv[1]}/vae_decoder/model.onnx")
    vae.enable_tiling()
    assert vae.tile_latent_min_size == TILE
    latents = torch.randn(1, 4, 13, 10, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        image, whole = vae.decode(latents).sample, vae.decoder(latents)
    print("tiled against whole, of the deviation:", float((image - whole).abs().max() / whole.std()))
    with open(sys.argv[2], "w") as out:
        json.dump({"made_by": "test/goldens/make/tiling.py", "diffusers": diffusers.__version__, "torch": torch.__version__,
                   "tile": TILE, "factor": FACTOR, "latents": b64(latents.numpy()), "image": b64(image.numpy())}, out, indent=1)
        out.write("\n")


main()
