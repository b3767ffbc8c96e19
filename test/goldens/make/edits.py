"""Reference latents and pictures of edits by the tiny Stable Diffusion, from diffusers' own pipelines: test/goldens/edits.json.

Run on a CPU in an environment with current diffusers, on the torch twins that tiny_sd.py wrote:
    python edits.py /tmp/tiny-sd-torch ../edits.json
`kind` is the pipeline: image-to-image, inpainting with the ordinary UNet, inpainting with the UNet of 9 channels.
`latents` is base64 of float32 [steps taken, 4, h, w] after each step, `image` of float32 [h, w, 3] in 0..1, as the pipeline
returns it; `overlaid` of its bytes with the kept pixels of the picture laid over them. Pictures and masks are noise of one seed.
"""

from __future__ import annotations

import base64
import json
import sys

import diffusers
import numpy as np
import torch
from diffusers import (
    DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler, StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline)
from PIL import Image

SD = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
V = {**SD, "prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
DDIM, EULER, DPM = DDIMScheduler, EulerDiscreteScheduler, DPMSolverMultistepScheduler
SCHEDULERS = [
    ("ddim", DDIM, {**SD, "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}),
    ("euler", EULER, {**SD, "timestep_spacing": "leading", "steps_offset": 1}),
    ("dpm", DPM, {**SD, "timestep_spacing": "leading", "steps_offset": 1}),
]
EXTRA = [("ddim-v", DDIM, {**V, "clip_sample": False}), ("euler-v", EULER, V), ("dpm-v", DPM, V)]
CAT = {"prompt": "the red cat and the dog", "negative": "", "seed": 11, "width": 16, "height": 16, "steps": 7, "guidance": 5.0}
WIDE = {**CAT, "width": 24, "negative": "a dog", "seed": 2**32 + 5}


def cases():
    for name, cls, config in SCHEDULERS:
        for strength in (0.45, 0.8):
            yield "image", f"{name}-{strength}", cls, config, {**CAT, "strength": strength}
        for kind in ("inpaint", "inpaint-unet"):
            for strength in (0.6, 1.0):
                yield kind, f"{name}-{strength}", cls, config, {**CAT, "strength": strength}
    for name, cls, config in EXTRA:
        yield "image", name, cls, config, {**CAT, "strength": 1.0}
        yield "inpaint", name, cls, config, {**WIDE, "strength": 0.75}
    yield "image", "dpm-v-unguided", DPM, V, {**WIDE, "guidance": 1.0, "strength": 0.3}
    yield "inpaint-unet", "dpm-v-unguided", DPM, V, {**WIDE, "guidance": 1.0, "strength": 0.9}


def b64(x) -> str:
    return base64.b64encode(np.ascontiguousarray(x).tobytes()).decode()


def main() -> None:
    twin = sys.argv[1]
    pipes = {
        "image": StableDiffusionImg2ImgPipeline.from_pretrained(twin, safety_checker=None),
        "inpaint": StableDiffusionInpaintPipeline.from_pretrained(twin, safety_checker=None),
        "inpaint-unet": StableDiffusionInpaintPipeline.from_pretrained(f"{twin}-inpaint", safety_checker=None),
    }
    rng = np.random.default_rng(7)
    out = []
    for kind, name, cls, config, ask in cases():
        pipe = pipes[kind]
        pipe.set_progress_bar_config(disable=True)
        pipe.scheduler = cls(**config)
        width, height = ask["width"], ask["height"]
        picture = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        # A rectangle, its border a mask of middling greys: what is below half is kept by the model.
        mask = np.zeros((height, width), dtype=np.uint8)
        mask[3:12, 4:13] = rng.integers(0, 256, (9, 9))
        mask[5:10, 6:11] = 255
        path = []

        def keep(_pipe, _i, _t, kwargs):
            path.append(kwargs["latents"].numpy().copy())
            return kwargs

        given = Image.fromarray(picture)
        masked = {} if kind == "image" else {"mask_image": Image.fromarray(mask), "width": width, "height": height}
        result = pipe(
            ask["prompt"], image=given, negative_prompt=ask["negative"], strength=ask["strength"],
            num_inference_steps=ask["steps"], guidance_scale=ask["guidance"], output_type="np", **masked,
            generator=torch.Generator("cpu").manual_seed(ask["seed"]), callback_on_step_end=keep)
        latents = np.concatenate(path).astype("<f4")
        image = result.images[0].astype("<f4")
        rgb = Image.fromarray((image * 255).round().astype(np.uint8))
        if kind != "image":
            rgb = pipe.image_processor.apply_overlay(Image.fromarray(mask), given, rgb)
        print(kind, name, latents.shape, float(latents[-1].std()), float(image.std()))
        out.append({
            "kind": kind, "name": name, "scheduler": cls.__name__, "config": config, "ask": ask, "picture": b64(picture),
            "mask": None if kind == "image" else b64(mask), "latents": b64(latents), "image": b64(image),
            "overlaid": b64(np.asarray(rgb))})
    with open(sys.argv[2], "w") as file:
        json.dump({"made_by": "test/goldens/make/edits.py", "diffusers": diffusers.__version__, "torch": torch.__version__,
                   "cases": out}, file, indent=1)
        file.write("\n")


main()
