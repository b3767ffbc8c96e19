"""Reference latents and pictures of the tiny SD3 and FLUX, from diffusers' own pipelines: pipeline-sd3.json, pipeline-flux.json.

Run on a CPU in an environment with current diffusers, on the torch twins that tiny_flow.py wrote:
    python pipeline_flow.py /tmp/tiny-flow ..
`kind` is the pipeline: text, image (image-to-image), inpaint. `latents` is base64 of float32 [steps taken, ...] after each step,
FLUX's packed; `image` of float32 [h, w, 3] in 0..1; `overlaid` of its bytes with the kept pixels of the picture laid over them.
`t5_tokens` is max_sequence_length, null for the pipeline's own. Pictures and masks are noise of one seed.
StableDiffusion3InpaintPipeline decodes without the autoencoder's shift, unlike its siblings: here its latents are decoded as they do.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import diffusers
import numpy as np
import torch
import transformers
from diffusers import (
    FlowMatchEulerDiscreteScheduler, FlowMatchHeunDiscreteScheduler, FluxImg2ImgPipeline, FluxInpaintPipeline, FluxPipeline,
    StableDiffusion3Img2ImgPipeline, StableDiffusion3InpaintPipeline, StableDiffusion3Pipeline, UniPCMultistepScheduler)
from PIL import Image

SD3 = {"text": StableDiffusion3Pipeline, "image": StableDiffusion3Img2ImgPipeline, "inpaint": StableDiffusion3InpaintPipeline}
FLUX = {"text": FluxPipeline, "image": FluxImg2ImgPipeline, "inpaint": FluxInpaintPipeline}
DYNAMIC = {
    "shift": 3.0, "use_dynamic_shifting": True, "base_shift": 0.5, "max_shift": 1.15, "base_image_seq_len": 256,
    "max_image_seq_len": 4096}
STATIC = {"shift": 3.0}
UNIPC = {"use_flow_sigmas": True, "prediction_type": "flow_prediction", "flow_shift": 3.0}
SCHEDULERS = {"heun": FlowMatchHeunDiscreteScheduler, "unipc": UniPCMultistepScheduler}
CAT = {"prompt": "the red cat and the dog", "negative": "", "seed": 11, "width": 16, "height": 16, "steps": 4, "guidance": 5.0}
WIDE = {**CAT, "width": 24, "seed": 2**32 + 5}
LONG = "the cat in the red ring and the other cat on the ring, singing the red thing and then the rest of it all"
EDIT = {**CAT, "steps": 7}

SD3_CASES = [
    ("text", "sd3", STATIC, {**CAT, "negative": "a blue dog"}),
    ("text", "sd3 wide unguided", STATIC, {**WIDE, "guidance": 1.0, "steps": 3}),
    ("text", "sd3 without T5", STATIC, {**CAT, "t5_tokens": None, "without_t5": True, "steps": 2}),
    ("text", "sd3 long", STATIC, {**CAT, "prompt": LONG, "t5_tokens": None, "steps": 2}),
    ("text", "sd3 dynamic shift", DYNAMIC, {**CAT, "steps": 2}),
    ("text", "sd3 sigmas", STATIC, {**CAT, "sigmas": [1.0, 0.7, 0.2]}),
    ("image", "sd3 0.45", STATIC, {**EDIT, "strength": 0.45}),
    ("inpaint", "sd3 0.45", STATIC, {**EDIT, "steps": 5, "strength": 0.45}),
    ("inpaint", "sd3 1", STATIC, {**WIDE, "steps": 2, "strength": 1.0}),
    ("inpaint", "sd3 1 sigmas", STATIC, {**CAT, "steps": 2, "sigmas": [0.8, 0.4], "strength": 1.0}),
    ("text", "sd3 heun", STATIC, {**CAT, "steps": 2}),
    ("image", "sd3 heun 0.5", STATIC, {**CAT, "strength": 0.5}),
    ("text", "sd3 unipc", UNIPC, {**CAT, "steps": 3}),
]
DEV = {**CAT, "guidance": 3.5}
FLUX_CASES = [
    ("text", "dev", DYNAMIC, DEV),
    ("text", "dev wide", DYNAMIC, {**WIDE, "guidance": 2.0, "t5_tokens": None}),
    ("text", "dev long", DYNAMIC, {**DEV, "prompt": LONG}),
    ("text", "dev sigmas", DYNAMIC, {**DEV, "sigmas": [1.0, 0.7, 0.2]}),
    ("text", "dev true guidance", DYNAMIC, {**DEV, "negative": "a blue dog", "true_guidance": 3.0}),
    ("text", "schnell", {"shift": 1.0}, {**DEV, "guidance": 0.0, "schnell": True}),
    ("image", "dev 0.45", DYNAMIC, {**EDIT, "strength": 0.45}),
    ("image", "dev 1", DYNAMIC, {**WIDE, "strength": 1.0}),
    ("image", "schnell 0.8", {"shift": 1.0}, {**EDIT, "guidance": 0.0, "steps": 4, "strength": 0.8, "schnell": True}),
    ("inpaint", "dev 0.6", DYNAMIC, {**EDIT, "strength": 0.6}),
    ("inpaint", "dev 1", DYNAMIC, {**WIDE, "strength": 1.0}),
    ("inpaint", "dev 1 sigmas", DYNAMIC, {**DEV, "steps": 2, "sigmas": [0.8, 0.4], "strength": 1.0}),
    ("text", "dev unipc", {**UNIPC, "use_dynamic_shifting": True}, DEV),
    ("inpaint", "dev true guidance", DYNAMIC, {**EDIT, "strength": 0.4, "negative": "a ring", "true_guidance": 2.0}),
]


def b64(x) -> str:
    return base64.b64encode(np.ascontiguousarray(x).tobytes()).decode()


def run(pipe, kind: str, name: str, config: dict, ask: dict, rng) -> dict:
    pipe.set_progress_bar_config(disable=True)
    scheduler = next((cls for word, cls in SCHEDULERS.items() if word in name), FlowMatchEulerDiscreteScheduler)
    pipe.scheduler = scheduler(**config)
    flux = name.split()[0] in ("dev", "schnell")
    width, height = ask["width"], ask["height"]
    call = {"width": width, "height": height, "num_inference_steps": ask["steps"], "guidance_scale": ask["guidance"]}
    if "true_guidance" in ask:
        call |= {"true_cfg_scale": ask["true_guidance"], "negative_prompt": ask["negative"]}
    elif not flux:
        call["negative_prompt"] = ask["negative"]
    tokens = ask.get("t5_tokens", 24)
    if tokens:
        call["max_sequence_length"] = tokens
    if "sigmas" in ask:
        call["sigmas"] = ask["sigmas"]
    picture = mask = None
    if kind != "text":
        picture = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        call |= {"image": Image.fromarray(picture), "strength": ask["strength"]}
    if kind == "inpaint":
        # A rectangle, its border a mask of middling greys: what is below half is kept by the model.
        mask = np.zeros((height, width), dtype=np.uint8)
        mask[3:12, 4:13] = rng.integers(0, 256, (9, 9))
        mask[5:10, 6:11] = 255
        call["mask_image"] = Image.fromarray(mask)
    path = []

    def keep(_pipe, _i, _t, kwargs):
        path.append(kwargs["latents"].numpy().copy())
        return kwargs

    out = pipe(
        ask["prompt"], **call, generator=torch.Generator("cpu").manual_seed(ask["seed"]), callback_on_step_end=keep,
        output_type="np").images
    if kind == "inpaint" and not flux:
        with torch.no_grad():
            last = torch.from_numpy(path[-1]) / pipe.vae.config.scaling_factor + pipe.vae.config.shift_factor
            out = pipe.image_processor.postprocess(pipe.vae.decode(last).sample, output_type="np")
    latents = np.concatenate(path).astype("<f4")
    image = out[0].astype("<f4")
    rgb = Image.fromarray((image * 255).round().astype(np.uint8))
    if mask is not None:
        rgb = pipe.image_processor.apply_overlay(Image.fromarray(mask), Image.fromarray(picture), rgb)
    print(kind, name, latents.shape, float(latents[-1].std()), float(image.std()))
    return {
        "kind": kind, "name": name, "scheduler": scheduler.__name__, "config": config, "ask": {"t5_tokens": 24, **ask}, "latents": b64(latents),
        "image": b64(image), "overlaid": b64(np.asarray(rgb)), "picture": None if picture is None else b64(picture),
        "mask": None if mask is None else b64(mask)}


def write(path: Path, cases: list[dict]) -> None:
    path.write_text(json.dumps({
        "made_by": "test/goldens/make/pipeline_flow.py", "diffusers": diffusers.__version__, "torch": torch.__version__,
        "transformers": transformers.__version__, "cases": cases}, indent=1) + "\n")


def main() -> None:
    twins, goldens = Path(sys.argv[1]), Path(sys.argv[2])
    torch.set_num_threads(1)
    rng = np.random.default_rng(7)
    cases = []
    for kind, name, config, ask in SD3_CASES:
        absent = {"text_encoder_3": None, "tokenizer_3": None} if ask.get("without_t5") else {}
        pipe = SD3[kind].from_pretrained(twins / "sd3", **absent)
        cases.append(run(pipe, kind, name, config, ask, rng))
    write(goldens / "pipeline-sd3.json", cases)
    cases = []
    for kind, name, config, ask in FLUX_CASES:
        pipe = FLUX[kind].from_pretrained(twins / ("flux-schnell" if ask.get("schnell") else "flux"))
        cases.append(run(pipe, kind, name, config, ask, rng))
    write(goldens / "pipeline-flux.json", cases)


main()
