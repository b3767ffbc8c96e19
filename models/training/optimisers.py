"""What moves weights: AdamW, and Muon for the denoiser's matrices.

Muon (Jordan 2024, "Muon: an optimizer for hidden layers in neural networks") replaces the momentum of a matrix by its
nearest orthogonal matrix, so that every direction moves equally far. Updates are scaled to AdamW's usual size (Liu et al.
2025, "Muon is scalable for LLM training"), so one rate and one decay serve both. A convolution counts as the matrix
[out, in * kernel]. Peers share the matrices among them, since the orthogonal part costs more than its exchange.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import torch
from torch import Tensor, nn

from peers import Peers

BETAS, WEIGHT_DECAY = (0.9, 0.99), 0.01
ENDS = ("conv_in.", "conv_out.")
MOMENTUM, NEWTON_SCHULZ = 0.95, (3.4445, -4.7750, 2.0315)


def adam(parameters: list[nn.Parameter], rate: float) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, rate, betas=BETAS, weight_decay=WEIGHT_DECAY, fused=True)


def set_rate(optimisers: list[torch.optim.Optimizer], rate: float) -> None:
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = rate


def orthogonal(matrices: Tensor, steps: int = 5) -> Tensor:
    """Nearly orthogonal matrices [N, rows, cols] by Newton-Schulz in bfloat16: singular values come to .7-1.2."""
    a, b, c = NEWTON_SCHULZ
    x = matrices.to(torch.bfloat16)
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return (x.mT if tall else x).to(matrices.dtype)


class Muon(torch.optim.Optimizer):
    """For parameters of two dimensions or more; `step` must be called by all peers with the same gradients."""

    def __init__(self, parameters: list[nn.Parameter], rate: float, peers: Peers) -> None:
        super().__init__(parameters, {"lr": rate})
        self.peers = peers
        for p in parameters:
            self.state[p]["momentum"] = torch.zeros_like(p)
        shapes: dict[tuple[int, int], list[int]] = defaultdict(list)
        for i, p in enumerate(parameters):
            shapes[len(p), p.numel() // len(p)].append(i)
        self.mine: list[tuple[tuple[int, int], list[int]]] = []
        load = [0.0] * peers.size
        for (rows, cols), indices in sorted(shapes.items(), key=lambda item: -item[0][0] * item[0][1]):
            for index in indices:
                rank = load.index(min(load))
                load[rank] += min(rows, cols) * rows * cols
                if rank == peers.rank:
                    if not self.mine or self.mine[-1][0] != (rows, cols):
                        self.mine.append(((rows, cols), []))
                    self.mine[-1][1].append(index)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        group = self.param_groups[0]
        parameters = group["params"]
        moments = [self.state[p]["momentum"] for p in parameters]
        gradients = [p.grad for p in parameters]
        torch._foreach_lerp_(moments, gradients, 1 - MOMENTUM)
        updates = [torch.zeros(len(p), p.numel() // len(p)) if self.peers.size > 1 else torch.empty(0) for p in parameters]
        for shape, indices in self.mine:
            ahead = torch.stack([gradients[i].lerp(moments[i], MOMENTUM).reshape(shape) for i in indices])
            for i, update in zip(indices, orthogonal(ahead)):
                updates[i] = update
        updates = self.peers.sum(updates)
        torch._foreach_mul_(parameters, 1 - group["lr"] * WEIGHT_DECAY)
        for p, update in zip(parameters, updates):
            p.add_(update.reshape(p.shape), alpha=-group["lr"] * 0.2 * max(update.shape) ** 0.5)


def denoiser_optimisers(unet: nn.Module, rate: float, peers: Peers) -> list[torch.optim.Optimizer]:
    """Muon for the matrices within, AdamW for the denoiser's ends, its norms and its biases."""
    inner = {name: p for name, p in unet.named_parameters() if p.ndim >= 2 and len(p) > 1 and not name.startswith(ENDS)}
    rest = [p for name, p in unet.named_parameters() if name not in inner]
    return [Muon(list(inner.values()), rate, peers), adam(rest, rate)]
