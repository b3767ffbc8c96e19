"""The noise schedule and the training target; DDIM for looking at samples.

Schedule: 1000 steps, scaled_linear betas .00085-.012, rescaled to zero terminal signal (Lin et al.,
"Common Diffusion Noise Schedules and Sample Steps are Flawed"), v-prediction, trailing timesteps.
"""

from __future__ import annotations

from typing import Callable

import numpy as np
import torch
from torch import Tensor

STEPS = 1000
SCHEDULER_CONFIG = {
    "_class_name": "DPMSolverMultistepScheduler", "num_train_timesteps": STEPS, "beta_start": 0.00085, "beta_end": 0.012,
    "beta_schedule": "scaled_linear", "prediction_type": "v_prediction", "timestep_spacing": "trailing",
    "rescale_betas_zero_snr": True, "set_alpha_to_one": True, "clip_sample": False, "steps_offset": 0,
    "trained_betas": None, "solver_order": 2, "algorithm_type": "dpmsolver++", "solver_type": "midpoint",
    "lower_order_final": True, "final_sigmas_type": "zero", "thresholding": False, "use_karras_sigmas": False,
}


def alphas_cumprod() -> np.ndarray:
    """Cumulative products of alphas after the zero-terminal rescale: float32 [1000], the last one 0."""
    betas = np.linspace(0.00085**0.5, 0.012**0.5, STEPS, dtype=np.float32) ** 2
    root = np.sqrt(np.cumprod(1 - betas, dtype=np.float32))
    first, last = root[0], root[-1]
    return (((root - last) * first / (first - last)) ** 2).astype(np.float32)


class Schedule:
    """sqrt(alpha) and sqrt(1 - alpha) on a device."""

    def __init__(self, device: torch.device) -> None:
        cumulative = torch.from_numpy(alphas_cumprod()).to(device)
        self.signal, self.noise = cumulative.sqrt(), (1 - cumulative).sqrt()

    def sample_timesteps(self, count: int) -> Tensor:
        """Logit-normal, leaning to high noise, where content is decided; a tenth uniform. int64 [count]."""
        t = torch.sigmoid(torch.randn(count) * 1.2 + 0.5)
        uniform = torch.rand(count)
        t = torch.where(torch.rand(count) < 0.1, uniform, t)
        return (t * STEPS).long().clamp(0, STEPS - 1).to(self.signal.device)

    def noised(self, x: Tensor, noise: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """Noisy latents and the target v = signal * noise - noise_level * x, both shaped as x."""
        a, b = self.signal[t][:, None, None, None], self.noise[t][:, None, None, None]
        return a * x + b * noise, a * noise - b * x


def trailing_timesteps(steps: int) -> list[int]:
    return [round(STEPS - k * STEPS / steps) - 1 for k in range(steps)]


def ddim(predict: Callable[[Tensor, int], Tensor], noise: Tensor, steps: int) -> Tensor:
    """Deterministic DDIM from pure noise; `predict` gives v (guidance included) at a timestep."""
    cumulative = alphas_cumprod()
    x, times = noise, trailing_timesteps(steps)
    for k, t in enumerate(times):
        a, b = float(cumulative[t] ** 0.5), float((1 - cumulative[t]) ** 0.5)
        after = cumulative[times[k + 1]] if k + 1 < steps else np.float32(1)
        v = predict(x, t)
        clean, eps = a * x - b * v, a * v + b * x
        x = float(after**0.5) * clean + float((1 - after) ** 0.5) * eps
    return x
