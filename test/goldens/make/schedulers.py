"""What diffusers' schedulers do: test/goldens/schedulers.json.

Run on a CPU in an environment with current diffusers and scipy:  python schedulers.py ../schedulers.json
The model is a small non-linear function, so that an error in any step shows in all later ones. Stochastic schedulers draw from
a generator of seed 0. Configurations are read by from_config, which drops what a class does not know, as a pack's file is.
`path` is base64 of float32 [calls, n]; `timesteps` are what the model was called with. `noised` is add_noise before each call,
`clean` the x_0 that each call's output says. `counts` are [how many, first, last] timesteps of a class at some number of steps,
null where diffusers makes none. `fields` are the names that a class's __init__ takes.
"""

from __future__ import annotations

import base64
import inspect
import json
import sys
import warnings

import diffusers
import numpy as np
import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    HeunDiscreteScheduler,
    KDPM2AncestralDiscreteScheduler,
    KDPM2DiscreteScheduler,
    LMSDiscreteScheduler,
    PNDMScheduler,
)

SHAPE = (1, 2, 4, 3)
STEPS = 10
SD = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
C1 = {"num_train_timesteps": 1000, "beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "linear"}
V = {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
# As scheduler_config.json of these models says it.
SD15 = {**SD, "clip_sample": False, "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1, "trained_betas": None}
SD21V = {**SD15, "prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
SDXL = {
    **SD15, "interpolation_type": "linear", "prediction_type": "epsilon", "sample_max_value": 1.0,
    "timestep_spacing": "leading", "use_karras_sigmas": False,
}
SVD = {
    **SD, "interpolation_type": "linear", "prediction_type": "v_prediction", "sigma_max": 700.0, "sigma_min": 0.002,
    "steps_offset": 1, "timestep_spacing": "leading", "timestep_type": "continuous", "use_karras_sigmas": True,
}
BOUNDS = {"sigma_min": 0.05, "sigma_max": 10.0}
KARRAS, EXPONENTIAL, BETA = ({f"use_{kind}_sigmas": True} for kind in ("karras", "exponential", "beta"))
FEW_BETAS = {"num_train_timesteps": 20, "trained_betas": [0.001 + 0.02 * i for i in range(20)]}
OWN_TIMESTEPS = [999, 850, 736, 645, 545, 455, 343, 233, 124, 24]
OWN_SIGMAS = [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.38, 0.234, 0.113]
DDIM, DDPM, PNDM = DDIMScheduler, DDPMScheduler, PNDMScheduler
EULER, EULER_A, HEUN, LMS = EulerDiscreteScheduler, EulerAncestralDiscreteScheduler, HeunDiscreteScheduler, LMSDiscreteScheduler
KDPM2, KDPM2_A, DPM = KDPM2DiscreteScheduler, KDPM2AncestralDiscreteScheduler, DPMSolverMultistepScheduler
CLASSES = {
    "ddim": DDIM, "ddpm": DDPM, "pndm": PNDM, "euler": EULER, "euler-a": EULER_A, "heun": HEUN, "lms": LMS,
    "kdpm2": KDPM2, "kdpm2-a": KDPM2_A,
}

# Seven evenly spaced timesteps lie halfway between whole ones, where rounding shows.
CASES = [
    # name, class, configuration, steps, and for some: the first call, timesteps or sigmas of one's own
    ("ddim-linear-clip", DDIM, {**C1, "clip_sample": True}, STEPS),
    ("ddim-clip-range", DDIM, {**SD, "clip_sample": True, "clip_sample_range": 0.6}, STEPS),
    ("ddim-sd15", DDIM, {**SD, "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}, STEPS),
    ("ddim-sample", DDIM, {**SD, "clip_sample": False, "prediction_type": "sample"}, STEPS),
    ("ddim-threshold", DDIM, {**SD, "thresholding": True, "dynamic_thresholding_ratio": 0.9, "sample_max_value": 1.5}, STEPS),
    ("ddim-linspace", DDIM, {**SD, "clip_sample": False, "timestep_spacing": "linspace"}, 7),
    ("ddim-storybook", DDIM, {**SD, **V, "clip_sample": False}, STEPS),
    ("ddim-cosine", DDIM, {**SD, "beta_schedule": "squaredcos_cap_v2", "clip_sample": False}, STEPS),
    ("euler-linear", EULER, C1, STEPS),
    ("euler-sd-leading", EULER, {**SD, "timestep_spacing": "leading", "steps_offset": 1}, STEPS),
    ("euler-sd-trailing", EULER, {**SD, "timestep_spacing": "trailing"}, STEPS),
    ("euler-v", EULER, {**SD, "prediction_type": "v_prediction"}, STEPS),
    ("euler-sample", EULER, {**SD, "prediction_type": "sample"}, STEPS),
    ("euler-karras", EULER, {**SD, "use_karras_sigmas": True}, STEPS),
    ("euler-karras-bounds", EULER, {**SD, "use_karras_sigmas": True, "sigma_min": 0.05, "sigma_max": 10.0}, STEPS),
    ("euler-exponential", EULER, {**SD, "use_exponential_sigmas": True}, STEPS),
    ("euler-log-linear", EULER, {**SD, "interpolation_type": "log_linear"}, STEPS),
    ("euler-continuous", EULER, {**SD, "prediction_type": "v_prediction", "timestep_type": "continuous"}, STEPS),
    ("euler-sigma-min", EULER, {**SD, "final_sigmas_type": "sigma_min"}, STEPS),
    ("euler-storybook", EULER, {**SD, **V}, STEPS),
    ("dpm-linear", DPM, C1, STEPS),
    ("dpm-sd-leading", DPM, {**SD, "timestep_spacing": "leading", "steps_offset": 1}, STEPS),
    ("dpm-many-steps", DPM, {**SD, "lower_order_final": True}, 20),
    ("dpm-no-lower-order", DPM, {**SD, "lower_order_final": False, "final_sigmas_type": "sigma_min"}, STEPS),
    ("dpm-euler-final", DPM, {**SD, "euler_at_final": True, "final_sigmas_type": "sigma_min"}, 16),
    ("dpm-heun", DPM, {**SD, "solver_type": "heun"}, STEPS),
    ("dpm-order-1", DPM, {**SD, "solver_order": 1}, STEPS),
    ("dpm-order-3", DPM, {**SD, "solver_order": 3}, STEPS),
    ("dpm-order-3-long", DPM, {**SD, "solver_order": 3, "final_sigmas_type": "sigma_min"}, 17),
    ("dpm-plain-midpoint", DPM, {**SD, "algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min"}, STEPS),
    ("dpm-plain-heun", DPM, {**SD, "algorithm_type": "dpmsolver", "solver_type": "heun", "final_sigmas_type": "sigma_min"}, STEPS),
    ("dpm-plain-order-3", DPM, {**SD, "algorithm_type": "dpmsolver", "solver_order": 3, "final_sigmas_type": "sigma_min"}, STEPS),
    ("dpm-plain-v", DPM, {**SD, "algorithm_type": "dpmsolver", "prediction_type": "v_prediction", "final_sigmas_type": "sigma_min"}, STEPS),
    ("dpm-karras", DPM, {**SD, "use_karras_sigmas": True}, STEPS),
    ("dpm-exponential", DPM, {**SD, "use_exponential_sigmas": True}, STEPS),
    ("dpm-lu", DPM, {**SD, "use_lu_lambdas": True}, STEPS),
    ("dpm-v", DPM, {**SD, "prediction_type": "v_prediction"}, STEPS),
    ("dpm-sample", DPM, {**SD, "prediction_type": "sample"}, STEPS),
    ("dpm-threshold", DPM, {**SD, "thresholding": True, "dynamic_thresholding_ratio": 0.87, "sample_max_value": 1.5}, STEPS),
    ("dpm-cosine-clipped", DPM, {**SD, "beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped": -5.1}, STEPS),
    ("dpm-trained-betas", DPM, {"num_train_timesteps": 20, "trained_betas": [0.001 + 0.02 * i for i in range(20)]}, 5),
    ("dpm-storybook", DPM, {**SD, **V}, STEPS),
    ("dpm-storybook-20", DPM, {**SD, **V}, 20),
    ("ddpm-linear-clip", DDPM, C1, STEPS),
    ("ddpm-clip-range", DDPM, {**SD, "clip_sample_range": 0.6}, STEPS),
    ("ddpm-small-log", DDPM, {**SD15, "variance_type": "fixed_small_log"}, STEPS),
    ("ddpm-large", DDPM, {**SD15, "variance_type": "fixed_large"}, STEPS),
    ("ddpm-sample", DDPM, {**SD15, "prediction_type": "sample"}, STEPS),
    ("ddpm-threshold", DDPM, {**SD, "thresholding": True, "dynamic_thresholding_ratio": 0.9, "sample_max_value": 1.5}, STEPS),
    ("ddpm-linspace", DDPM, {**SD15, "timestep_spacing": "linspace"}, 7),
    ("ddpm-cosine", DDPM, {**SD15, "beta_schedule": "squaredcos_cap_v2"}, STEPS),
    ("ddpm-sigmoid", DDPM, {**SD15, "beta_schedule": "sigmoid"}, STEPS),
    ("ddpm-laplace", DDPM, {**SD15, "beta_schedule": "laplace"}, STEPS),
    ("ddpm-trained-betas", DDPM, {**FEW_BETAS, "clip_sample": False}, 5),
    ("ddpm-own-timesteps", DDPM, SD15, STEPS, {"timesteps": OWN_TIMESTEPS}),
    ("ddpm-from-4", DDPM, SD15, STEPS, {"first": 4}),
    ("ddim-from-4", DDIM, SD15, STEPS, {"first": 4}),
    ("ddim-alpha-to-one", DDIM, {**SD15, "set_alpha_to_one": True}, STEPS),
    ("pndm-prk", PNDM, C1, STEPS),
    ("pndm-prk-v", PNDM, {**SD, "prediction_type": "v_prediction", "set_alpha_to_one": True}, STEPS),
    ("pndm-prk-trailing", PNDM, {**SD, "timestep_spacing": "trailing"}, STEPS),
    ("pndm-prk-linspace", PNDM, {**SD, "timestep_spacing": "linspace"}, 4),
    ("pndm-prk-from-3", PNDM, SD, STEPS, {"first": 3}),
    ("pndm-prk-from-14", PNDM, SD, 20, {"first": 14}),
    ("pndm-alpha-to-one", PNDM, {**SD15, "set_alpha_to_one": True}, STEPS),
    ("pndm-linspace", PNDM, {**SD15, "timestep_spacing": "linspace"}, 7),
    ("pndm-cosine", PNDM, {**SD15, "beta_schedule": "squaredcos_cap_v2"}, STEPS),
    ("pndm-trained-betas", PNDM, {**FEW_BETAS, "skip_prk_steps": True}, 5),
    ("pndm-1-step", PNDM, SD15, 1),
    ("pndm-2-steps", PNDM, SD15, 2),
    ("pndm-from-4", PNDM, SD15, STEPS, {"first": 4}),
    ("euler-beta", EULER, {**SD, **BETA}, STEPS),
    ("euler-beta-bounds", EULER, {**SD, **BETA, **BOUNDS}, STEPS),
    ("euler-exponential-bounds", EULER, {**SD, **EXPONENTIAL, **BOUNDS}, STEPS),
    ("euler-log-linear-karras", EULER, {**SD, **KARRAS, "interpolation_type": "log_linear"}, STEPS),
    ("euler-log-linear-continuous", EULER, {**SVD, "interpolation_type": "log_linear", "use_karras_sigmas": False}, STEPS),
    ("euler-svd", EULER, SVD, STEPS),
    ("euler-cosine", EULER, {**SD, "beta_schedule": "squaredcos_cap_v2"}, STEPS),
    ("euler-trained-betas", EULER, FEW_BETAS, 5),
    ("euler-own-timesteps", EULER, SD, STEPS, {"timesteps": OWN_TIMESTEPS}),
    ("euler-own-timesteps-log-linear", EULER, {**SD, "interpolation_type": "log_linear"}, 4, {"timesteps": [900, 600, 300, 100]}),
    ("euler-own-sigmas", EULER, SD, STEPS, {"sigmas": OWN_SIGMAS}),
    ("euler-own-sigmas-karras", EULER, {**SDXL, **KARRAS}, STEPS, {"sigmas": OWN_SIGMAS}),
    ("euler-own-sigmas-continuous", EULER, SVD, STEPS, {"sigmas": OWN_SIGMAS}),
    ("euler-from-4", EULER, SDXL, STEPS, {"first": 4}),
    ("euler-a-linear", EULER_A, C1, STEPS),
    ("euler-a-v", EULER_A, {**SD, "prediction_type": "v_prediction"}, STEPS),
    ("euler-a-cosine", EULER_A, {**SD, "beta_schedule": "squaredcos_cap_v2"}, STEPS),
    ("euler-a-trained-betas", EULER_A, FEW_BETAS, 5),
    ("euler-a-others-fields", EULER_A, {**SD, **KARRAS, **BOUNDS, "final_sigmas_type": "sigma_min"}, STEPS),
    ("euler-a-from-4", EULER_A, SDXL, STEPS, {"first": 4}),
    ("heun-linear", HEUN, {}, STEPS),
    ("heun-v", HEUN, {**SD, "prediction_type": "v_prediction"}, STEPS),
    ("heun-sample", HEUN, {**SD, "prediction_type": "sample"}, STEPS),
    ("heun-clip", HEUN, {**SD, "clip_sample": True}, STEPS),
    ("heun-clip-range", HEUN, {**SD, "clip_sample": True, "clip_sample_range": 0.4}, STEPS),
    ("heun-karras", HEUN, {**SD, **KARRAS}, STEPS),
    ("heun-karras-bounds", HEUN, {**SD, **KARRAS, **BOUNDS}, STEPS),
    ("heun-exponential", HEUN, {**SD, **EXPONENTIAL}, STEPS),
    ("heun-beta-bounds", HEUN, {**SD, **BETA, **BOUNDS}, STEPS),
    ("heun-exp-betas", HEUN, {**SD, "beta_schedule": "exp"}, STEPS),
    ("heun-cosine", HEUN, {**SD, "beta_schedule": "squaredcos_cap_v2"}, STEPS),
    ("heun-trained-betas", HEUN, FEW_BETAS, 5),
    ("heun-own-timesteps", HEUN, SD, STEPS, {"timesteps": OWN_TIMESTEPS}),
    ("heun-from-6", HEUN, SDXL, STEPS, {"first": 6}),
    ("heun-from-7", HEUN, SDXL, STEPS, {"first": 7}),
    ("heun-1-step", HEUN, SD15, 1),
    ("lms-linear", LMS, C1, STEPS),
    ("lms-v", LMS, {**SD, "prediction_type": "v_prediction"}, STEPS),
    ("lms-sample", LMS, {**SD, "prediction_type": "sample"}, STEPS),
    ("lms-karras", LMS, {**SD, **KARRAS}, STEPS),
    ("lms-karras-bounds", LMS, {**SD, **KARRAS, **BOUNDS}, STEPS),
    ("lms-exponential-bounds", LMS, {**SD, **EXPONENTIAL, **BOUNDS}, STEPS),
    ("lms-beta", LMS, {**SD, **BETA}, STEPS),
    ("lms-cosine", LMS, {**SD, "beta_schedule": "squaredcos_cap_v2"}, STEPS),
    ("lms-trained-betas", LMS, FEW_BETAS, 5),
    ("lms-from-4", LMS, SDXL, STEPS, {"first": 4}),
    *(
        (f"{name}-{suffix}", cls, config, STEPS)
        for name, cls in (("kdpm2", KDPM2), ("kdpm2-a", KDPM2_A))
        for suffix, config in (
            ("linear", {}),
            ("v", {**SD, "prediction_type": "v_prediction"}),
            ("karras", {**SD, **KARRAS}),
            ("karras-bounds", {**SD, **KARRAS, **BOUNDS}),
            ("exponential", {**SD, **EXPONENTIAL}),
            ("beta-bounds", {**SD, **BETA, **BOUNDS}),
            ("trained-betas", FEW_BETAS),
        )
    ),
    # Its ancestral form is no number at diffusers under a cosine schedule.
    ("kdpm2-cosine", KDPM2, {**SD, "beta_schedule": "squaredcos_cap_v2"}, STEPS),
    ("kdpm2-from-6", KDPM2, SDXL, STEPS, {"first": 6}),
    ("kdpm2-a-from-6", KDPM2_A, SDXL, STEPS, {"first": 6}),
    ("kdpm2-1-step", KDPM2, SD15, 1),
    ("kdpm2-a-4-steps", KDPM2_A, SD15, 4),
    *(
        (f"{name}-{model}", cls, config, STEPS)
        for name, cls in CLASSES.items()
        for model, config in (("sd15", SD15), ("sd21-v", SD21V), ("sdxl", SDXL))
        if (name, model) != ("ddim", "sd15")
    ),
]


def model(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    t = float(t)
    return 0.7 * x * t / (t + 1) + 0.1 * torch.sin(3 * x + t / 100)


def plan(cls: type, config: dict, steps: int, timesteps: list | None = None, sigmas: list | None = None):
    """A scheduler with its timesteps set. Sigmas of one's own lack the end, which diffusers wants: here it is zero."""
    scheduler = cls.from_config(config)
    if sigmas is not None:
        scheduler.set_timesteps(sigmas=[*sigmas, 0.0])
    elif timesteps is not None:
        scheduler.set_timesteps(timesteps=timesteps)
    else:
        scheduler.set_timesteps(steps)
    return scheduler


def begin(scheduler, index: int) -> None:
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(index)


def pack(rows: list[torch.Tensor]) -> str:
    return base64.b64encode(np.stack([row.numpy().ravel() for row in rows]).astype("<f4").tobytes()).decode()


def walk(name: str, cls: type, config: dict, steps: int, start: torch.Tensor, first: int = 0, **own) -> dict:
    scheduler = plan(cls, config, steps, **own)
    begin(scheduler, first)
    generator = torch.Generator().manual_seed(0)
    draws = {"generator": generator} if "generator" in inspect.signature(cls.step).parameters else {}
    sample = start * scheduler.init_noise_sigma
    path, clean, noised = [], [], []
    whole = name.endswith(("-sd15", "-sd21-v"))
    for index, t in list(enumerate(scheduler.timesteps))[first:]:
        if whole:
            fresh = plan(cls, config, steps, **own)
            begin(fresh, index)
            noised.append(fresh.add_noise(start, start.flip(-1), t[None]))
        out = model(scheduler.scale_model_input(sample, t), t)
        stepped = scheduler.step(out, t, sample, **draws)
        sample = stepped.prev_sample
        path.append(sample)
        clean.append(stepped.get("pred_original_sample"))
    assert all(torch.isfinite(row).all() for row in path), name
    case = {
        "name": name, "scheduler": cls.__name__, "config": config, "steps": steps, "first": first,
        **{f"own_{kind}": values for kind, values in own.items()},
        "timesteps": [float(t) for t in scheduler.timesteps], "init_noise_sigma": float(scheduler.init_noise_sigma),
        "path": pack(path),
    }
    if whole:
        case["noised"] = pack(noised)
        if clean[0] is not None:
            case["clean"] = pack(clean)
    return case


def counts(cls: type, config: dict) -> list:
    rows = []
    for steps in [*range(1, 61), 100]:
        try:
            timesteps = plan(cls, config, steps).timesteps
            rows.append([steps, len(timesteps), round(float(timesteps[0]), 3), round(float(timesteps[-1]), 3)])
        except ValueError:
            rows.append([steps, None])
    return rows


def main() -> None:
    warnings.simplefilter("ignore")
    diffusers.logging.set_verbosity_error()
    start = torch.randn(SHAPE, generator=torch.Generator().manual_seed(7))
    cases = [walk(*case[:4], start, **(case[4] if len(case) > 4 else {})) for case in CASES]
    spaced = [
        {"scheduler": cls.__name__, "config": config, "counts": counts(cls, config)}
        for name, cls in CLASSES.items()
        for spacing in ("linspace", "leading", "trailing")
        for config in [{**SD, "timestep_spacing": spacing, "steps_offset": 1}]
    ]
    spaced.append({"scheduler": "PNDMScheduler", "config": SD15, "counts": counts(PNDM, SD15)})
    fields = {cls.__name__: [name for name in inspect.signature(cls.__init__).parameters if name != "self"] for cls in CLASSES.values()}
    golden = {
        "made_by": "test/goldens/make/schedulers.py", "diffusers": diffusers.__version__, "torch": torch.__version__,
        "model": "0.7 x t/(t+1) + 0.1 sin(3x + t/100)", "start": pack([start]), "fields": fields,
    }
    lists = {"counts": spaced, "cases": cases}
    with open(sys.argv[1], "w") as out:
        # One line a case.
        for name, rows in lists.items():
            golden[name] = [f"{name}-{i}" for i in range(len(rows))]
        text = json.dumps(golden, indent=1)
        for name, rows in lists.items():
            for i, row in enumerate(rows):
                text = text.replace(f'"{name}-{i}"', json.dumps(row), 1)
        out.write(text + "\n")
    print(len(cases), "cases")


main()
