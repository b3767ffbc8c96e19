"""Full sample paths of diffusers' schedulers over ten steps: test/goldens/schedulers.json.

Run on a CPU in an environment with current diffusers:  python schedulers.py ../schedulers.json
The model is a small non-linear function, so that an error in any step shows in all later ones.
`path` is base64 of float32 [steps, n]; `timesteps` are what the model was called with.
"""

from __future__ import annotations

import base64
import json
import sys

import diffusers
import numpy as np
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler

SHAPE = (1, 4, 4, 3)
STEPS = 10
SD = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
C1 = {"num_train_timesteps": 1000, "beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "linear"}
V = {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
DDIM, EULER, DPM = DDIMScheduler, EulerDiscreteScheduler, DPMSolverMultistepScheduler

CASES = [
    ("ddim-linear-clip", DDIM, {**C1, "clip_sample": True}, STEPS),
    ("ddim-clip-range", DDIM, {**SD, "clip_sample": True, "clip_sample_range": 0.6}, STEPS),
    ("ddim-sd15", DDIM, {**SD, "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}, STEPS),
    ("ddim-sample", DDIM, {**SD, "clip_sample": False, "prediction_type": "sample"}, STEPS),
    ("ddim-threshold", DDIM, {**SD, "thresholding": True, "dynamic_thresholding_ratio": 0.9, "sample_max_value": 1.5}, STEPS),
    ("ddim-linspace", DDIM, {**SD, "clip_sample": False, "timestep_spacing": "linspace"}, STEPS),
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
]


def model(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    t = float(t)
    return 0.7 * x * t / (t + 1) + 0.1 * torch.sin(3 * x + t / 100)


def main() -> None:
    start = torch.randn(SHAPE, generator=torch.Generator().manual_seed(7))
    cases = []
    for name, cls, config, steps in CASES:
        scheduler = cls(**config)
        scheduler.set_timesteps(steps)
        sample = start * scheduler.init_noise_sigma
        path = []
        for t in scheduler.timesteps:
            out = model(scheduler.scale_model_input(sample, t), t)
            sample = scheduler.step(out, t, sample).prev_sample
            path.append(sample.numpy().ravel())
        body = np.stack(path).astype("<f4")
        assert np.isfinite(body).all(), name
        cases.append({
            "name": name, "scheduler": cls.__name__, "config": config, "steps": steps,
            "timesteps": [float(t) for t in scheduler.timesteps], "init_noise_sigma": float(scheduler.init_noise_sigma),
            "path": base64.b64encode(body.tobytes()).decode(),
        })
        print(name, len(scheduler.timesteps), float(np.abs(body[-1]).mean()))
    golden = {
        "made_by": "test/goldens/make/schedulers.py", "diffusers": diffusers.__version__, "torch": torch.__version__,
        "model": "0.7 x t/(t+1) + 0.1 sin(3x + t/100)",
        "start": base64.b64encode(start.numpy().astype("<f4").tobytes()).decode(), "cases": cases,
    }
    with open(sys.argv[1], "w") as out:
        json.dump(golden, out, indent=1)
        out.write("\n")


main()
