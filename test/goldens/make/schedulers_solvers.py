"""Full sample paths of diffusers' solvers of higher order, few-step and flow schedulers: test/goldens/schedulers-solvers.json.

Run on a CPU in an environment with current diffusers and scipy:  python schedulers_solvers.py ../schedulers-solvers.json
The model is a small non-linear function, so that an error in any step shows in all later ones. Schedulers are made by
`from_config`, as pipelines make them, so that fields of other classes are carried along as there.
`path` is base64 of float32 [steps, n], `noised` of the weights of picture and noise before each step, [steps, 2]. `fields` holds every field of every class set to another value than its default;
`plans` how many timesteps each plan has, with the first and the last, for steps 1 to 60 and 100.
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
    DEISMultistepScheduler,
    DPMSolverMultistepScheduler,
    DPMSolverSinglestepScheduler,
    FlowMatchEulerDiscreteScheduler,
    FlowMatchHeunDiscreteScheduler,
    FlowMatchLCMScheduler,
    LCMScheduler,
    TCDScheduler,
    UniPCMultistepScheduler,
)
from diffusers.pipelines.flux.pipeline_flux import calculate_shift

warnings.filterwarnings("ignore")
diffusers.logging.set_verbosity_error()
SHAPE = (1, 4, 4, 3)
SD = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
SD15 = {**SD, "clip_sample": False, "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1, "timestep_spacing": "leading"}
SDXL = {**SD15, "interpolation_type": "linear", "sample_max_value": 1.0, "use_karras_sigmas": False}
SD21V = {**SD, "prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing", "steps_offset": 1}
V = {"prediction_type": "v_prediction"}
SD35 = {"num_train_timesteps": 1000, "shift": 3.0}
FLUX = {"num_train_timesteps": 1000, "shift": 3.0, "use_dynamic_shifting": True, "base_shift": 0.5, "max_shift": 1.15,
        "base_image_seq_len": 256, "max_image_seq_len": 4096}
SCHNELL = {**FLUX, "shift": 1.0, "use_dynamic_shifting": False}
FLOW = {"use_flow_sigmas": True, "prediction_type": "flow_prediction"}
MIN = {"final_sigmas_type": "sigma_min"}
MULTI, SINGLE, UNIPC, DEIS = DPMSolverMultistepScheduler, DPMSolverSinglestepScheduler, UniPCMultistepScheduler, DEISMultistepScheduler
LCM, TCD = LCMScheduler, TCDScheduler
EULER, HEUN, FLCM = FlowMatchEulerDiscreteScheduler, FlowMatchHeunDiscreteScheduler, FlowMatchLCMScheduler
CLASSES = [MULTI, SINGLE, UNIPC, DEIS, LCM, TCD, EULER, HEUN, FLCM]


def even(n: int) -> list[float]:
    return np.linspace(1.0, 1 / n, n).tolist()


# name, class, configuration, steps, and what else is asked for: timesteps, sigmas, tokens, eta, the first step.
CASES = [
    ("multi-sd15", MULTI, SD15, 20, {}),
    ("multi-sdxl-sde", MULTI, {**SDXL, "algorithm_type": "sde-dpmsolver++"}, 12, {}),
    ("multi-sde-v-zero-snr", MULTI, {**SD21V, "algorithm_type": "sde-dpmsolver++"}, 10, {}),
    ("multi-sde-heun", MULTI, {**SD, **MIN, "algorithm_type": "sde-dpmsolver++", "solver_type": "heun"}, 10, {}),
    ("multi-sde-order-3", MULTI, {**SD, "algorithm_type": "sde-dpmsolver++", "solver_order": 3}, 17, {}),
    ("multi-sde-plain", MULTI, {**SD, **MIN, "algorithm_type": "sde-dpmsolver"}, 10, {}),
    ("multi-sde-plain-heun", MULTI, {**SD, **MIN, "algorithm_type": "sde-dpmsolver", "solver_type": "heun"}, 16, {}),
    ("multi-sde-karras", MULTI, {**SD, "algorithm_type": "sde-dpmsolver++", "use_karras_sigmas": True}, 10, {}),
    ("multi-beta", MULTI, {**SD, "use_beta_sigmas": True}, 10, {}),
    ("multi-beta-bounds", MULTI, {**SD, "use_beta_sigmas": True, "sigma_min": 0.1, "sigma_max": 9.0}, 8, {}),
    ("multi-flow-prediction", MULTI, {**SD, "prediction_type": "flow_prediction"}, 8, {}),
    ("multi-karras-bounds", MULTI, {**SD, "use_karras_sigmas": True, "sigma_min": 0.1, "sigma_max": 9.0}, 10, {}),
    ("multi-exponential-bounds", MULTI, {**SD, "use_exponential_sigmas": True, "sigma_min": 0.1, "sigma_max": 9.0}, 8, {}),
    ("multi-lu-over-exponential", MULTI, {**SD, "use_lu_lambdas": True, "use_exponential_sigmas": True}, 8, {}),
    ("multi-lu-over-beta", MULTI, {**SD, "use_lu_lambdas": True, "use_beta_sigmas": True}, 8, {}),
    ("multi-karras-over-lu", MULTI, {**SD, "use_lu_lambdas": True, "use_karras_sigmas": True}, 8, {}),
    ("multi-lu-cosine", MULTI, {"beta_schedule": "squaredcos_cap_v2", "use_lu_lambdas": True, "lambda_min_clipped": -5.1}, 8, {}),
    ("multi-flow", MULTI, {**FLOW, "flow_shift": 3.0}, 20, {}),
    ("multi-flow-sde", MULTI, {**FLOW, "flow_shift": 3.0, "algorithm_type": "sde-dpmsolver++"}, 10, {}),
    ("multi-flow-dynamic", MULTI, {**FLOW, "use_dynamic_shifting": True}, 10, {"tokens": 4096}),
    ("multi-flow-sigma-min", MULTI, {**FLOW, **MIN}, 10, {}),
    ("multi-timesteps", MULTI, SD, 5, {"timesteps": [999, 700, 420, 180, 33]}),
    ("multi-from-the-middle", MULTI, {**SD15, "solver_order": 3}, 20, {"first": 9}),
    ("multi-sde-from-the-middle", MULTI, {**SD15, "algorithm_type": "sde-dpmsolver++"}, 10, {"first": 4}),
    ("multi-deis-configuration", MULTI, {**SD, **MIN, "algorithm_type": "deis", "solver_type": "logrho"}, 8, {}),
    ("single-sd15", SINGLE, SD15, 20, {}),
    ("single-sd21-v", SINGLE, SD21V, 12, {}),
    ("single-order-1", SINGLE, {**SD, "solver_order": 1}, 8, {}),
    ("single-order-3-a", SINGLE, {**SD, "solver_order": 3}, 9, {}),
    ("single-order-3-b", SINGLE, {**SD, "solver_order": 3}, 10, {}),
    ("single-order-3-c", SINGLE, {**SD, "solver_order": 3, "lower_order_final": True, **MIN}, 11, {}),
    ("single-order-3-d", SINGLE, {**SD, "solver_order": 3}, 11, {}),
    ("single-order-3-lower", SINGLE, {**SD, "solver_order": 3, "lower_order_final": True, **MIN}, 9, {}),
    ("single-order-2-lower", SINGLE, {**SD, "lower_order_final": True, **MIN}, 10, {}),
    ("single-others-fields", SINGLE, {**SD, "use_lu_lambdas": True, "euler_at_final": True}, 8, {}),
    ("single-order-3-full", SINGLE, {**SD, "solver_order": 3, **MIN}, 9, {}),
    ("single-order-3-heun", SINGLE, {**SD, "solver_order": 3, **MIN, "solver_type": "heun"}, 9, {}),
    ("single-order-2-full", SINGLE, {**SD, **MIN}, 10, {}),
    ("single-order-2-odd", SINGLE, {**SD, **MIN}, 9, {}),
    ("single-heun", SINGLE, {**SD, "solver_type": "heun"}, 10, {}),
    ("single-plain", SINGLE, {**SD, **MIN, "algorithm_type": "dpmsolver"}, 10, {}),
    ("single-plain-3", SINGLE, {**SD, **MIN, "algorithm_type": "dpmsolver", "solver_order": 3}, 9, {}),
    ("single-plain-3-heun", SINGLE, {**SD, **MIN, "algorithm_type": "dpmsolver", "solver_order": 3, "solver_type": "heun"}, 9, {}),
    ("single-sde", SINGLE, {**SD, "algorithm_type": "sde-dpmsolver++"}, 10, {}),
    ("single-sde-3", SINGLE, {**SD, "algorithm_type": "sde-dpmsolver++", "solver_order": 3, **MIN}, 9, {}),
    ("single-sde-3-heun", SINGLE, {**SD, "algorithm_type": "sde-dpmsolver++", "solver_order": 3, "solver_type": "heun", **MIN}, 9, {}),
    ("single-karras-cosine", SINGLE, {"beta_schedule": "squaredcos_cap_v2", "use_karras_sigmas": True}, 8, {}),
    ("single-beta", SINGLE, {**SD, "use_beta_sigmas": True}, 8, {}),
    ("single-exponential", SINGLE, {**SD, "use_exponential_sigmas": True}, 8, {}),
    ("single-clipped", SINGLE, {"beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped": -5.1}, 8, {}),
    ("single-flow", SINGLE, {**FLOW, "flow_shift": 3.0}, 10, {}),
    ("single-timesteps", SINGLE, SD, 5, {"timesteps": [999, 700, 420, 180, 33]}),
    ("single-from-the-middle", SINGLE, {**SD, "solver_order": 3}, 12, {"first": 4}),
    ("single-from-a-group's-end", SINGLE, {**SD, "solver_order": 3}, 12, {"first": 5}),
    ("unipc-sd15", UNIPC, SD15, 20, {}),
    ("unipc-sd21-v", UNIPC, SD21V, 10, {}),
    ("unipc-sdxl-order-3", UNIPC, {**SDXL, "solver_order": 3}, 12, {}),
    ("unipc-order-1", UNIPC, {**SD, "solver_order": 1}, 8, {}),
    ("unipc-bh1", UNIPC, {**SD, **MIN, "solver_type": "bh1"}, 10, {}),
    ("unipc-bh1-order-3", UNIPC, {**SD, **MIN, "solver_type": "bh1", "solver_order": 3}, 10, {}),
    ("unipc-noise", UNIPC, {**SD, **MIN, "predict_x0": False, "solver_order": 3}, 10, {}),
    ("unipc-noise-bh1-v", UNIPC, {**SD, **V, **MIN, "predict_x0": False, "solver_type": "bh1"}, 10, {}),
    ("unipc-full-order", UNIPC, {**SD, **MIN, "lower_order_final": False, "solver_order": 3}, 8, {}),
    ("unipc-uncorrected", UNIPC, {**SD, "disable_corrector": [0, 1, 4]}, 10, {}),
    ("unipc-others-fields", UNIPC, {**SD, "use_lu_lambdas": True, "lambda_min_clipped": -1.5, "algorithm_type": "sde-dpmsolver++"}, 8, {}),
    ("unipc-karras", UNIPC, {**SD, "use_karras_sigmas": True}, 10, {}),
    ("unipc-karras-sigma-min", UNIPC, {**SD, **MIN, "use_karras_sigmas": True, "sigma_min": 0.1}, 10, {}),
    ("unipc-exponential", UNIPC, {**SD, "use_exponential_sigmas": True}, 10, {}),
    ("unipc-beta", UNIPC, {**SD, "use_beta_sigmas": True}, 10, {}),
    ("unipc-threshold", UNIPC, {**SD, "thresholding": True, "dynamic_thresholding_ratio": 0.87, "sample_max_value": 1.5}, 10, {}),
    ("unipc-flow", UNIPC, {**FLOW, "flow_shift": 3.0}, 20, {}),
    ("unipc-flow-dynamic", UNIPC, {**FLOW, "use_dynamic_shifting": True}, 10, {"tokens": 1024}),
    ("unipc-flow-linear", UNIPC, {**FLOW, "use_dynamic_shifting": True, "time_shift_type": "linear"}, 10, {"tokens": 4096}),
    ("unipc-flow-terminal", UNIPC, {**FLOW, "flow_shift": 2.0, "shift_terminal": 0.1}, 10, {}),
    ("unipc-flow-karras", UNIPC, {**FLOW, "use_karras_sigmas": True, "sigma_max": 200.0, "sigma_min": 0.01}, 10, {}),
    ("unipc-flow-sigmas", UNIPC, {**FLOW, "flow_shift": 3.0}, 6, {"sigmas": even(6)}),
    ("unipc-from-the-middle", UNIPC, {**SD15, "solver_order": 3}, 20, {"first": 9}),
    ("deis-sd15", DEIS, SD15, 20, {}),
    ("deis-sd21-v", DEIS, SD21V, 10, {}),
    ("deis-sdxl-order-3", DEIS, {**SDXL, "solver_order": 3}, 17, {}),
    ("deis-order-3-few", DEIS, {**SD, "solver_order": 3}, 9, {}),
    ("deis-full-order", DEIS, {**SD, "solver_order": 3, "lower_order_final": False}, 9, {}),
    ("deis-others-fields", DEIS, {**SD, **MIN, "use_lu_lambdas": True, "lambda_min_clipped": -1.5, "predict_x0": False}, 8, {}),
    ("deis-karras", DEIS, {**SD, "use_karras_sigmas": True}, 10, {}),
    ("deis-exponential", DEIS, {**SD, "use_exponential_sigmas": True}, 16, {}),
    ("deis-beta", DEIS, {**SD, "use_beta_sigmas": True}, 10, {}),
    ("deis-flow", DEIS, {**FLOW, "flow_shift": 3.0}, 16, {}),
    ("deis-from-the-middle", DEIS, {**SD15, "solver_order": 3}, 20, {"first": 9}),
    ("lcm-4", LCM, SD, 4, {}),
    ("lcm-8", LCM, SD, 8, {}),
    ("lcm-lora-sd15-4", LCM, SD15, 4, {}),
    ("lcm-lora-sdxl-8", LCM, SDXL, 8, {}),
    ("lcm-v", LCM, {**SD, **V, "rescale_betas_zero_snr": True}, 4, {}),
    ("lcm-timesteps", LCM, SD, 4, {"timesteps": [999, 700, 420, 19]}),
    ("lcm-low-timesteps", LCM, SD, 4, {"timesteps": [999, 500, 2, 1]}),
    ("lcm-from-the-middle", LCM, SD, 8, {"first": 3}),
    ("lcm-1", LCM, SD, 1, {}),
    ("tcd-4", TCD, SDXL, 4, {"eta": 0.0}),
    ("tcd-4-eta", TCD, SDXL, 4, {"eta": 0.3}),
    ("tcd-4-full", TCD, SDXL, 4, {"eta": 1.0}),
    ("tcd-8-v", TCD, {**SD, **V, "rescale_betas_zero_snr": True}, 8, {"eta": 0.3}),
    ("tcd-sample", TCD, {**SD, "prediction_type": "sample"}, 4, {"eta": 0.3}),
    ("tcd-timesteps", TCD, SD, 4, {"timesteps": [999, 700, 420, 19], "eta": 0.5}),
    ("tcd-from-the-middle", TCD, SD, 8, {"first": 3, "eta": 0.3}),
    ("flow-sd35", EULER, SD35, 28, {}),
    ("flow-flux-dev-1024", EULER, FLUX, 28, {"tokens": 4096, "sigmas": even(28)}),
    ("flow-flux-dev-512", EULER, FLUX, 28, {"tokens": 1024, "sigmas": even(28)}),
    ("flow-flux-schnell-1024", EULER, SCHNELL, 4, {"tokens": 4096, "sigmas": even(4)}),
    ("flow-flux-schnell-512", EULER, SCHNELL, 4, {"tokens": 1024, "sigmas": even(4)}),
    ("flow-dynamic", EULER, FLUX, 10, {"tokens": 2000}),
    ("flow-linear", EULER, {**FLUX, "time_shift_type": "linear"}, 10, {"tokens": 2000}),
    ("flow-terminal", EULER, {**FLUX, "shift_terminal": 0.1}, 10, {"tokens": 4096}),
    ("flow-inverted", EULER, {**SD35, "invert_sigmas": True}, 8, {}),
    ("flow-inverted-timesteps", EULER, {**SD35, "invert_sigmas": True}, 3, {"timesteps": [980.0, 600.5, 200.0]}),
    ("flow-karras", EULER, {**SD35, "use_karras_sigmas": True}, 8, {}),
    ("flow-exponential", EULER, {**SD35, "use_exponential_sigmas": True}, 8, {}),
    ("flow-beta", EULER, {**SD35, "use_beta_sigmas": True}, 8, {}),
    ("flow-stochastic", EULER, {**SD35, "stochastic_sampling": True}, 8, {}),
    ("flow-sigmas", EULER, SD35, 3, {"sigmas": [0.95, 0.6, 0.2]}),
    ("flow-timesteps", EULER, SD35, 3, {"timesteps": [980.0, 600.5, 200.0]}),
    ("flow-both", EULER, SD35, 3, {"timesteps": [980.0, 600.5, 200.0], "sigmas": [0.95, 0.6, 0.2]}),
    ("flow-from-the-middle", EULER, SD35, 28, {"first": 12}),
    ("flow-heun-sd35", HEUN, SD35, 28, {}),
    ("flow-heun-from-the-middle", HEUN, SD35, 10, {"first": 8}),
    ("flow-lcm-sd35", FLCM, SD35, 4, {}),
    ("flow-lcm-flux", FLCM, FLUX, 4, {"tokens": 4096, "sigmas": even(4)}),
]

# A value that is not the default, and what must be set beside it for diffusers to look at the field at all.
BASE = {MULTI: SD, SINGLE: SD, UNIPC: SD, DEIS: SD, LCM: {}, TCD: {}, EULER: {}, HEUN: {}, FLCM: {}}
TOKENS = 2000
DYNAMIC = {"use_dynamic_shifting": True}
FIELDS = {
    "num_train_timesteps": (800, {}),
    "beta_start": (0.002, {}),
    "beta_end": (0.015, {}),
    "beta_schedule": ("squaredcos_cap_v2", {}),
    "trained_betas": ([round(0.001 + 0.003 * i, 4) for i in range(60)], {"num_train_timesteps": 60}),
    "solver_order": (3, {}),
    "prediction_type": ("v_prediction", {}),
    "thresholding": (True, {}),
    "dynamic_thresholding_ratio": (0.8, {"thresholding": True, "sample_max_value": 3.0}),
    "sample_max_value": (1.2, {"thresholding": True}),
    "algorithm_type": ("sde-dpmsolver++", {}),
    "solver_type": ("heun", MIN),
    "lower_order_final": (False, {**MIN, "solver_order": 3}),
    "euler_at_final": (True, {**MIN, "lower_order_final": False}),
    "use_karras_sigmas": (True, {}),
    "use_exponential_sigmas": (True, {}),
    "use_beta_sigmas": (True, {}),
    "use_lu_lambdas": (True, {}),
    "use_flow_sigmas": (True, {"prediction_type": "flow_prediction"}),
    "flow_shift": (3.0, FLOW),
    "final_sigmas_type": ("sigma_min", {}),
    "lambda_min_clipped": (-1.5, {}),
    "variance_type": ("learned_range", {}),
    "timestep_spacing": ("trailing", {}),
    "steps_offset": (7, {"timestep_spacing": "leading"}),
    "rescale_betas_zero_snr": (True, V),
    "use_dynamic_shifting": (True, FLOW),
    "time_shift_type": ("linear", {**FLOW, **DYNAMIC}),
    "predict_x0": (False, MIN),
    "disable_corrector": ([1], {}),
    "solver_p": ("DPMSolverMultistepScheduler", {}),
    "sigma_min": (0.2, {"use_karras_sigmas": True}),
    "sigma_max": (5.0, {"use_karras_sigmas": True}),
    "shift_terminal": (0.2, {**FLOW}),
    "original_inference_steps": (25, {}),
    "clip_sample": (True, {}),
    "clip_sample_range": (0.5, {"clip_sample": True}),
    "set_alpha_to_one": (False, {}),
    "timestep_scaling": (0.002, {}),
    "shift": (3.0, {}),
    "base_shift": (0.2, DYNAMIC),
    "max_shift": (2.0, DYNAMIC),
    "base_image_seq_len": (64, DYNAMIC),
    "max_image_seq_len": (3000, DYNAMIC),
    "invert_sigmas": (True, {}),
    "stochastic_sampling": (True, {}),
    "scale_factors": ([1.0] * 5, {}),
    "upscale_mode": ("nearest", {}),
}
OF_CLASS = {
    # Closer to σ = 1 float32 costs DEIS' own path 1.6e-4 of its deviation.
    ("flow_shift", DEIS): (0.05, FLOW),
    ("use_dynamic_shifting", DEIS): (True, {**FLOW, "base_shift": -2.0, "max_shift": -1.5}),
    ("algorithm_type", DEIS): ("dpmsolver++", {}),
    ("solver_type", UNIPC): ("bh1", MIN),
    ("lower_order_final", SINGLE): (True, {**MIN, "solver_order": 3}),
    ("lower_order_final", DEIS): (False, {"solver_order": 3}),
    ("use_dynamic_shifting", EULER): (True, {}),
    ("use_dynamic_shifting", FLCM): (True, {}),
    ("time_shift_type", EULER): ("linear", DYNAMIC),
    ("time_shift_type", FLCM): ("linear", DYNAMIC),
    ("shift_terminal", EULER): (0.2, {}),
    ("shift_terminal", FLCM): (0.2, {}),
    ("clip_sample_range", TCD): (0.5, {}),
    ("dynamic_thresholding_ratio", TCD): (0.8, {}),
    ("sample_max_value", TCD): (1.2, {}),
}
PLANS = [
    (MULTI, SD15), (MULTI, {**SD, "timestep_spacing": "linspace"}), (MULTI, SD21V), (MULTI, {**SD, "use_karras_sigmas": True}),
    (MULTI, {**SD, "use_lu_lambdas": True}), (MULTI, {**SD, "use_exponential_sigmas": True}), (MULTI, {**SD, "use_beta_sigmas": True}),
    (MULTI, {**FLOW, "flow_shift": 3.0}), (SINGLE, SD), (SINGLE, {**SD, "solver_order": 3, "use_karras_sigmas": True}),
    (UNIPC, SD15), (UNIPC, SD), (UNIPC, SD21V), (UNIPC, {**SD, "use_karras_sigmas": True}), (UNIPC, {**FLOW, "flow_shift": 3.0}),
    (DEIS, SD15), (DEIS, SD), (DEIS, {**SD, "timestep_spacing": "trailing"}), (DEIS, {**SD, "use_karras_sigmas": True}),
    (LCM, SD), (TCD, SDXL), (EULER, SD35), (EULER, FLUX), (HEUN, SD35), (FLCM, SD35),
]


def model(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    t = float(t)
    return 0.7 * x * t / (t + 1) + 0.1 * torch.sin(3 * x + t / 100)


def encode(values: np.ndarray) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode()


def make(cls, config: dict, steps: int, asked: dict):
    scheduler = cls.from_config({"_class_name": cls.__name__, **config})
    takes = inspect.signature(scheduler.set_timesteps).parameters
    kwargs = {name: asked[name] for name in ("timesteps", "sigmas") if name in asked}
    if "sigmas" in kwargs and cls is UNIPC:
        kwargs["sigmas"] = np.array(kwargs["sigmas"])
    if "tokens" in asked and "mu" in takes and (scheduler.config.use_dynamic_shifting or cls in (EULER, FLCM)):
        known = scheduler.config.get
        kwargs["mu"] = calculate_shift(asked["tokens"], known("base_image_seq_len", 256), known("max_image_seq_len", 4096),
                                       known("base_shift", 0.5), known("max_shift", 1.15))
    if "timesteps" not in asked and "sigmas" not in asked:
        kwargs["num_inference_steps"] = steps
    scheduler.set_timesteps(**kwargs)
    return scheduler


def walk(cls, config: dict, steps: int, asked: dict, start: torch.Tensor):
    scheduler = make(cls, config, steps, asked)
    first = asked.get("first", 0)
    scheduler.set_begin_index(first)
    takes = inspect.signature(scheduler.step).parameters
    kwargs = {"generator": torch.Generator().manual_seed(0)} if "generator" in takes else {}
    if "eta" in takes:
        kwargs["eta"] = asked.get("eta", 0.0)
    sample = start * getattr(scheduler, "init_noise_sigma", 1.0)
    path = []
    for t in scheduler.timesteps[first:]:
        sample = scheduler.step(model(sample, t), t, sample, **kwargs).prev_sample
        path.append(sample.numpy().ravel())
    return scheduler, np.stack(path).astype("<f4")


def noised(scheduler) -> np.ndarray:
    rows = []
    one, none = torch.ones(1, 1), torch.zeros(1, 1)
    for i, t in enumerate(scheduler.timesteps):
        row = []
        for clean, noise in ((one, none), (none, one)):
            scheduler._step_index, scheduler._begin_index = None, i
            if hasattr(scheduler, "scale_noise"):
                row.append(float(scheduler.scale_noise(clean, t[None], noise)))
            else:
                row.append(float(scheduler.add_noise(clean, noise, t[None])))
        rows.append(row)
    return np.array(rows)


def one_field(cls, field: str, start: torch.Tensor) -> dict:
    value, beside = OF_CLASS.get((field, cls), FIELDS[field])
    names = inspect.signature(cls.__init__).parameters
    known = {*names, "base_shift", "max_shift"}
    config = {**BASE[cls], **{k: v for k, v in beside.items() if k in known}}
    default = names[field].default
    assert value != default, field
    entry = {"scheduler": cls.__name__, "field": field, "config": {**config, field: value}}
    asked = {"tokens": TOKENS}
    try:
        _, without = walk(cls, config, 6, asked, start)
        _, path = walk(cls, entry["config"], 6, asked, start)
    except Exception as error:
        return {**entry, "raises": type(error).__name__}
    if not np.isfinite(path[-1]).all():
        return {**entry, "raises": "not finite"}
    return {**entry, "effect": not np.array_equal(without, path), "end": encode(path[-1])}


def counts(cls, config: dict) -> list:
    out = []
    for steps in [*range(1, 61), 100]:
        try:
            timesteps = make(cls, config, steps, {"tokens": 4096}).timesteps
            out.append([len(timesteps), round(float(timesteps[0]), 3), round(float(timesteps[-1]), 3)])
        except Exception:
            out.append(None)
    return out


def main() -> None:
    torch.set_num_threads(1)
    start = torch.randn(SHAPE, generator=torch.Generator().manual_seed(7))
    cases = []
    for name, cls, config, steps, asked in CASES:
        scheduler, body = walk(cls, config, steps, asked, start)
        assert np.isfinite(body).all(), name
        cases.append({"name": name, "scheduler": cls.__name__, "config": config, "steps": steps, "asked": asked,
                      "timesteps": [float(t) for t in scheduler.timesteps], "path": encode(body),
                      "noised": encode(noised(scheduler))})
        print(name, len(scheduler.timesteps), float(np.abs(body[-1]).mean()))
    fields = []
    for cls in CLASSES:
        for field in inspect.signature(cls.__init__).parameters:
            if field != "self":
                fields.append(one_field(cls, field, start))
                print(cls.__name__, field, fields[-1].get("effect", fields[-1].get("raises")))
    golden = {
        "made_by": "test/goldens/make/schedulers_solvers.py", "diffusers": diffusers.__version__, "torch": torch.__version__,
        "model": "0.7 x t/(t+1) + 0.1 sin(3x + t/100)", "start": encode(start.numpy()), "tokens": TOKENS, "cases": cases,
        "fields": fields,
        "plans": [{"scheduler": cls.__name__, "config": config, "counts": counts(cls, config)} for cls, config in PLANS],
    }
    lists = {key: golden.pop(key) for key in ("cases", "fields", "plans")}
    with open(sys.argv[1], "w") as out:
        head = json.dumps(golden, indent=1)[:-2]
        out.write(head + "".join(f',\n "{key}": [\n  ' + ",\n  ".join(map(json.dumps, rows)) + "\n ]" for key, rows in lists.items()) + "\n}\n")


main()
