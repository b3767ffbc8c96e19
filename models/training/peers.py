"""Data-parallel training on a CPU that others use too: one single-threaded process a core.

Threads of one process wait for each other at every operator, and lose half their speed when
somebody else takes a core; processes wait once a step. Gradients are averaged over gloo; on a GPU
there is one peer and nothing happens here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import torch
import torch.distributed as dist
from torch import Tensor, nn


class Peers:
    """The processes that train together; `rank` 0 writes checkpoints and logs."""

    def __init__(self, rank: int, size: int, meeting: Path | None = None) -> None:
        self.rank, self.size = rank, size
        if size > 1:
            torch.set_num_threads(1)
            dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=size)

    def average_gradients(self, module: nn.Module) -> None:
        """Replace each gradient by its mean over peers."""
        if self.size == 1:
            return
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        flat = torch.cat([g.reshape(-1) for g in gradients])
        dist.all_reduce(flat)
        flat /= self.size
        torch._foreach_copy_(gradients, [f.view_as(g) for f, g in zip(flat.split([g.numel() for g in gradients]), gradients)])

    def agree(self, *values: float) -> list[float]:
        """Everybody gets rank 0's values (clocks differ, decisions must not)."""
        if self.size == 1:
            return list(values)
        shared: Tensor = torch.tensor(values, dtype=torch.float64)
        dist.broadcast(shared, 0)
        return shared.tolist()

    def in_turn(self, work: Callable[[], object]) -> None:
        """Rank 0 first, then the next: what compiles once is then found in the cache."""
        for rank in range(self.size):
            if rank == self.rank:
                work()
            self.agree(0.0)

    def copy_from_first(self, module: nn.Module) -> None:
        """Start from rank 0's parameters."""
        if self.size > 1:
            for parameter in module.parameters():
                dist.broadcast(parameter.data, 0)
