"""Reference latents and pictures of the tiny SDXL, its refiner, its inpainting model and the LCMs, from diffusers' own pipelines.

Run on a CPU in an environment with current diffusers, on the torch twins that tiny_sd.py and tiny_sdxl.py wrote:
    python pipeline_sdxl.py /tmp/tiny-sd-torch /tmp/tiny-sdxl ..
Writes sdxl.json, sdxl-edits.json, lcm.json and pipeline-requests.json (Stable Diffusion with timesteps, sigmas and guidance
rescale of the request's own). `latents` is base64 of float32 [steps taken, 4, h, w] after each step, `rgb` of the picture's bytes,
null where latents are what is handed on; `given` is the latents, `picture` and `mask` the bytes that a case begins at.
`call` holds what diffusers is called with besides prompt, size, steps, guidance and generator.
"""

from __future__ import annotations

import base64
import functools
import json
import sys
from pathlib import Path

import diffusers
import numpy as np
import torch
from diffusers import (
    DDIMScheduler, DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler, EulerDiscreteScheduler, HeunDiscreteScheduler,
    LatentConsistencyModelPipeline, LCMScheduler, StableDiffusionPipeline, StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLInpaintPipeline, StableDiffusionXLPipeline)
from PIL import Image

SD = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
XL = {**SD, "timestep_spacing": "leading", "steps_offset": 1}
V = {**SD, "prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
TURBO = {**SD, "timestep_spacing": "trailing"}
LCM = {**SD, "clip_sample": False, "set_alpha_to_one": True}
DDIM, EULER, DPM, HEUN = DDIMScheduler, EulerDiscreteScheduler, DPMSolverMultistepScheduler, HeunDiscreteScheduler
ANCESTRAL = EulerAncestralDiscreteScheduler
# Between the words stands "!": a letter to the first tokenizer, the padding to the second.
CAT = {"prompt": "the red cat! and the dog", "negative": None, "seed": 11, "width": 16, "height": 16, "steps": 5, "guidance": 5.0}
WIDE = {**CAT, "width": 24, "negative": "a dog", "seed": 2**32 + 5}
MICRO = {"original_size": [24, 40], "crops_coords_top_left": [3, 5], "target_size": [16, 20]}
NEGATIVE = {"negative_original_size": [8, 10], "negative_crops_coords_top_left": [1, 2], "negative_target_size": [12, 14]}
SCORES = {"aesthetic_score": 7.5, "negative_aesthetic_score": 2.0}
TIMESTEPS = [999, 845, 730, 587, 443, 310, 193, 116, 53, 13]
SIGMAS = [14.6, 6.3, 3.8, 2.2, 1.2, 0.7, 0.4, 0.1, 0.0]

# name, twin, pipeline, scheduler, its configuration, what is asked, what else diffusers is called with
TEXT = [
    ("no-negative", "base", "text", EULER, XL, CAT, {}),
    ("empty-negative", "base", "text", EULER, XL, {**CAT, "negative": ""}, {}),
    ("negative-rescaled", "base", "text", DDIM, {**V, "clip_sample": False}, WIDE, {"guidance_rescale": 0.7}),
    ("micro", "base", "text", EULER, XL, CAT, MICRO),
    ("micro-negative", "base", "text", EULER, XL, CAT, {**MICRO, **NEGATIVE}),
    ("unguided", "base", "text", DPM, {**SD, "use_karras_sigmas": True}, {**WIDE, "guidance": 1.0}, {}),
    ("turbo-1", "base", "text", ANCESTRAL, TURBO, {**CAT, "steps": 1, "guidance": 0.0}, {}),
    ("turbo-4", "base", "text", ANCESTRAL, TURBO, {**CAT, "steps": 4, "guidance": 0.0}, {}),
    ("timesteps", "base", "text", EULER, XL, CAT, {"timesteps": TIMESTEPS}),
    ("sigmas", "base", "text", EULER, XL, CAT, {"sigmas": SIGMAS}),
    ("end", "base", "text", EULER, XL, {**CAT, "steps": 8}, {"denoising_end": 0.6}),
    ("end-heun", "base", "text", HEUN, SD, {**CAT, "steps": 6}, {"denoising_end": 0.5}),
    ("refine", "refiner", "image", EULER, XL, {**CAT, "steps": 8}, {"denoising_start": 0.6, "given": "end"}),
    ("refine-heun", "refiner", "image", HEUN, SD, {**CAT, "steps": 6}, {"denoising_start": 0.5, "given": "end-heun"}),
    ("refine-noised", "refiner", "image", EULER, XL, CAT, {"strength": 0.45, "given": "no-negative", **SCORES}),
    ("refine-picture", "refiner", "image", DPM, XL, {**WIDE, "steps": 6}, {"strength": 0.5, "original_size": [20, 30]}),
    ("refine-inpaint", "refiner", "inpaint", EULER, XL, {**CAT, "steps": 8}, {"denoising_start": 0.6, "given": "end", **SCORES}),
]
EDITS = [
    ("image", "base", "image", EULER, XL, CAT, {"strength": 0.6}),
    ("image-ancestral", "base", "image", ANCESTRAL, XL, {**CAT, "negative": ""}, {"strength": 0.8}),
    ("image-heun", "base", "image", HEUN, SD, {**CAT, "steps": 6}, {"strength": 0.5}),
    ("image-micro", "base", "image", EULER, XL, WIDE, {"strength": 1.0, **MICRO, "negative_original_size": [8, 10]}),
    ("image-between", "base", "image", DPM, XL, {**CAT, "steps": 8}, {"denoising_start": 0.4, "denoising_end": 0.8}),
    ("image-timesteps", "base", "image", EULER, XL, CAT, {"strength": 0.6, "timesteps": TIMESTEPS}),
    ("inpaint", "base", "inpaint", EULER, XL, CAT, {"strength": 0.6}),
    ("inpaint-full", "base", "inpaint", DPM, XL, WIDE, {"strength": 1.0}),
    ("inpaint-end", "base", "inpaint", EULER, XL, {**CAT, "steps": 8}, {"strength": 1.0, "denoising_end": 0.6}),
    ("inpaint-start", "base", "inpaint", EULER, XL, {**CAT, "steps": 8}, {"denoising_start": 0.6, "denoising_end": 0.9}),
    ("unet", "inpaint", "inpaint", EULER, XL, CAT, {"strength": 0.9999}),
    ("unet-full", "inpaint", "inpaint", DPM, XL, WIDE, {"strength": 1.0}),
    ("unet-start", "inpaint", "inpaint", EULER, XL, {**CAT, "steps": 8}, {"strength": 0.9999, "denoising_start": 0.4}),
]
LCMS = [
    ("xl-4", "lcm", "text", LCMScheduler, LCM, {**CAT, "steps": 4, "guidance": 8.0}, {}),
    ("xl-negative", "lcm", "text", LCMScheduler, LCM, {**WIDE, "steps": 2, "guidance": 1.0}, {}),
    ("xl-euler", "lcm", "text", EULER, XL, {**CAT, "guidance": 3.5}, {"guidance_rescale": 0.5}),
    ("xl-image", "lcm", "image", LCMScheduler, LCM, {**CAT, "steps": 8, "guidance": 2.5}, {"strength": 0.6}),
    ("xl-unconditioned", "base", "text", LCMScheduler, LCM, {**CAT, "steps": 4, "guidance": 1.5}, {}),
    ("sd-4", "sd-lcm", "lcm", LCMScheduler, LCM, {**CAT, "steps": 4, "guidance": 8.5}, {}),
    ("sd-8", "sd-lcm", "lcm", LCMScheduler, LCM, {**CAT, "steps": 8, "guidance": 1.0, "width": 24}, {}),
    ("sd-plain", "sd-lcm", "sd", LCMScheduler, LCM, {**CAT, "steps": 4, "guidance": 8.5, "negative": "a dog"}, {}),
]
REQUESTS = [
    ("rescaled", "sd", "sd", DDIM, {**V, "clip_sample": False}, WIDE, {"guidance_rescale": 0.7}),
    ("rescaled-fully", "sd", "sd", EULER, V, CAT, {"guidance_rescale": 1.0}),
    ("timesteps", "sd", "sd", EULER, XL, CAT, {"timesteps": TIMESTEPS}),
    ("timesteps-dpm", "sd", "sd", DPM, XL, CAT, {"timesteps": TIMESTEPS}),
    ("sigmas", "sd", "sd", EULER, XL, CAT, {"sigmas": SIGMAS}),
]
PIPELINES = {
    "text": StableDiffusionXLPipeline, "image": StableDiffusionXLImg2ImgPipeline, "inpaint": StableDiffusionXLInpaintPipeline,
    "sd": StableDiffusionPipeline, "lcm": LatentConsistencyModelPipeline}


def b64(x) -> str:
    return base64.b64encode(np.ascontiguousarray(x).tobytes()).decode()


@functools.cache
def pipeline(folder: Path, kind: str):
    none = {"safety_checker": None} if kind in ("sd", "lcm") else {}
    pipe = PIPELINES[kind].from_pretrained(folder, **none)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def run(folder: Path, case: tuple, made: dict[str, np.ndarray], rng: np.random.Generator) -> dict:
    name, twin, kind, cls, config, ask, call = case
    pipe = pipeline(folder, kind)
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

    kwargs = {key: tuple(value) if key.endswith(("size", "left")) else value for key, value in call.items() if key != "given"}
    given = made.get(call.get("given", ""))
    if kind in ("image", "inpaint"):
        kwargs["image"] = Image.fromarray(picture) if given is None else torch.from_numpy(given)
    if kind == "inpaint":
        kwargs["mask_image"] = Image.fromarray(mask)
    if kind != "image":
        kwargs.update(width=width, height=height)
    if kind != "lcm":
        kwargs["negative_prompt"] = ask["negative"]
    handed = "denoising_end" in call
    out = pipe(
        ask["prompt"], num_inference_steps=ask["steps"], guidance_scale=ask["guidance"], output_type="latent" if handed else "np",
        generator=torch.Generator("cpu").manual_seed(ask["seed"]), callback_on_step_end=keep, **kwargs)
    latents = np.concatenate(path).astype("<f4")
    made[name] = latents[-1:].copy()
    image = None if handed else out.images[0]
    print(name, latents.shape, float(latents[-1].std()), None if image is None else float(image.std()))
    return {
        "name": name, "twin": twin, "kind": kind, "scheduler": cls.__name__, "config": config, "ask": ask, "call": call,
        "given": None if given is None else b64(given),
        "picture": b64(picture) if kind in ("image", "inpaint") and given is None else None,
        "mask": b64(mask) if kind == "inpaint" else None,
        "latents": b64(latents), "rgb": None if image is None else b64((image * 255).round().astype(np.uint8))}


def main() -> None:
    sd, twins, goldens = (Path(x) for x in sys.argv[1:4])
    rng = np.random.default_rng(7)
    for file, cases in {"sdxl": TEXT, "sdxl-edits": EDITS, "lcm": LCMS, "pipeline-requests": REQUESTS}.items():
        made: dict[str, np.ndarray] = {}
        out = [run(sd if case[1] == "sd" else twins / case[1], case, made, rng) for case in cases]
        with open(goldens / f"{file}.json", "w") as written:
            json.dump({"made_by": "test/goldens/make/pipeline_sdxl.py", "diffusers": diffusers.__version__, "torch": torch.__version__,
                       "cases": out}, written, indent=1)
            written.write("\n")


if __name__ == "__main__":
    main()
