"""Reference latents and pictures of the tiny Stable Diffusion from diffusers' own pipeline: test/goldens/pipeline.json.

Run on a CPU in an environment with current diffusers, on the torch twin that tiny_sd.py wrote:
    python pipeline.py /tmp/tiny-sd-torch ../pipeline.json
`latents` is base64 of float32 [steps, 4, h, w] after each step, `image` of float32 [h, w, 3] in 0..1 and `rgb` of its bytes.
`tokens` are the ids of hard strings, padded and cut by transformers; `embedding` is the prompt's.
"""

from __future__ import annotations

import base64
import json
import sys

import diffusers
import numpy as np
import torch
import transformers
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler, StableDiffusionPipeline

SD = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
V = {**SD, "prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
DDIM, EULER, DPM = DDIMScheduler, EulerDiscreteScheduler, DPMSolverMultistepScheduler
CAT = {"prompt": "the red cat and the dog", "negative": "", "seed": 11, "width": 16, "height": 16, "steps": 6, "guidance": 5.0}
LONG = "the cat in the red ring and the other cat on the ring, singing the red thing and then the rest of it all"

CASES = [
    ("ddim", DDIM, {**SD, "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}, CAT),
    ("euler", EULER, {**SD, "timestep_spacing": "leading", "steps_offset": 1}, CAT),
    ("dpm", DPM, {**SD, "timestep_spacing": "leading", "steps_offset": 1}, CAT),
    ("dpm-karras", DPM, {**SD, "use_karras_sigmas": True}, CAT),
    ("ddim-v", DDIM, {**V, "clip_sample": False}, CAT),
    ("euler-v", EULER, V, CAT),
    ("dpm-v", DPM, V, CAT),
    ("dpm-v-negative", DPM, V, {**CAT, "negative": "a dog", "seed": 2**32 + 5}),
    ("dpm-v-unguided", DPM, V, {**CAT, "guidance": 1.0}),
    ("dpm-v-wide", DPM, V, {**CAT, "width": 24, "steps": 4}),
    ("dpm-v-long", DPM, V, {**CAT, "prompt": LONG, "steps": 4}),
    ("euler-one-step", EULER, V, {**CAT, "steps": 1}),
]

HARD = [
    "", " ", "the cat", "The  CAT\tand\nthe dog", "naïve café über", "e\u0301 combining", "don't can't we'll I'd they've", "3.14159 x 10^23",
    "<|endoftext|> the cat", "the<|startoftext|>cat", "emoji 🐈‍⬛ 日本語 한국어", "!!! ??? ...", "under_score-hyphen/slash", "a" * 60,
    "\u00a0non\u00a0breaking\u2003space", "İstanbul ẞ ﬁne", "<b>html &amp; entities</b>", "\\u0000 \u200bzero width", "'S 'T 'RE", LONG,
]


def b64(x) -> str:
    return base64.b64encode(np.ascontiguousarray(x).tobytes()).decode()


def main() -> None:
    pipe = StableDiffusionPipeline.from_pretrained(sys.argv[1], safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    cases = []
    for name, cls, config, ask in CASES:
        pipe.scheduler = cls(**config)
        path = []

        def keep(_pipe, _i, _t, kwargs):
            path.append(kwargs["latents"].numpy().copy())
            return kwargs

        out = pipe(
            ask["prompt"], negative_prompt=ask["negative"], width=ask["width"], height=ask["height"],
            num_inference_steps=ask["steps"], guidance_scale=ask["guidance"], output_type="np",
            generator=torch.Generator("cpu").manual_seed(ask["seed"]), callback_on_step_end=keep)
        latents = np.concatenate(path).astype("<f4")
        image = out.images[0].astype("<f4")
        print(name, latents.shape, float(latents[-1].std()), image.shape, float(image.std()))
        cases.append({"name": name, "scheduler": cls.__name__, "config": config, "ask": ask, "latents": b64(latents),
                      "image": b64(image), "rgb": b64((image * 255).round().astype(np.uint8))})
    tok = pipe.tokenizer
    tokens = [{"text": text, "ids": tok(text, padding="max_length", max_length=tok.model_max_length, truncation=True).input_ids,
               "truncated": len(tok(text).input_ids) > tok.model_max_length} for text in HARD]
    ids = torch.tensor([tokens[-1]["ids"]])
    with torch.no_grad():
        embedding = pipe.text_encoder(ids)[0].numpy().astype("<f4")
    with open(sys.argv[2], "w") as out:
        json.dump({
            "made_by": "test/goldens/make/pipeline.py", "diffusers": diffusers.__version__, "torch": torch.__version__,
            "transformers": transformers.__version__, "cases": cases, "tokens": tokens, "embedding": b64(embedding),
        }, out, indent=1)
        out.write("\n")


main()
