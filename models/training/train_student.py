"""Distils the teacher into a denoiser of four steps without guidance.

It starts at the teacher's weights. At each of its four moments it learns the v that takes DDIM from there, in one step, to
where the teacher stood at the next: progressive distillation (Salimans & Ho 2022) in one go, over trajectories that the
teacher drew once (`trajectories.py`). The text encoder stays as it is. `student.pt` holds progress and averaged weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.multiprocessing as mp
from torch import Tensor

from diffusion import alphas_cumprod, trailing_timesteps
from loop import go_on, keep_average, write_whole
from peers import Peers
from text_tokens import Captions
from train_unet import Models, adam, channel_weights, set_rate
from trajectories import STEPS, draw_trajectories
from unet import UNet


def targets(here: Tensor, after: Tensor, moment: Tensor) -> Tensor:
    """v [B, 16, h, w] with which one step of DDIM goes from `here`, at a moment 0..3, to `after`, at the next."""
    cumulative = torch.from_numpy(alphas_cumprod()).to(here.device)
    times = torch.tensor(trailing_timesteps(STEPS), device=here.device)
    bars = torch.cat([cumulative[times], torch.ones(1, device=here.device)])

    def roots(at: Tensor) -> tuple[Tensor, Tensor]:
        bar = bars[at][:, None, None, None]
        return bar.sqrt(), (1 - bar).sqrt()

    (a, b), (a_next, b_next) = roots(moment), roots(moment + 1)
    clean = (after - b_next / b * here) / (a_next - b_next / b * a)
    return (a * here - clean) / b


class Run:
    """One peer's student, optimiser and progress; from a checkpoint when there is one."""

    def __init__(self, config: dict[str, Any], work: Path, device: torch.device, peers: Peers) -> None:
        self.options, self.device, self.peers = config["student"], device, peers
        self.path = work / "student.pt"
        found = torch.load(self.path, map_location="cpu", weights_only=True) if self.path.exists() else None
        self.progress = found["progress"] if found else {"step": 0, "samples": 0, "seconds": 0.0}
        seed = config["seed"] + self.progress["step"] * 97 + peers.rank
        torch.manual_seed(seed)
        self.rng = np.random.default_rng(seed)
        self.states = np.load(work / "trajectories.npy", mmap_mode="r")
        self.ids = np.load(work / "trajectories-ids.npy", mmap_mode="r")
        self.teacher = Models(config, Captions(work / "tokenizer").tok.get_vocab_size()).to(device).eval()
        self.teacher.load_state_dict(torch.load(work / "unet.pt", map_location="cpu", weights_only=True)["ema"])
        self.student, self.ema = (self._unet(config, self.teacher.unet) for _ in range(2))
        if found:
            self.student.load_state_dict(found.get("student", found["ema"]))
            self.ema.load_state_dict(found["ema"])
        self.student.to(memory_format=torch.channels_last)
        self.optimiser = adam([self.student], self.options["learning_rate"])
        if found and "optimiser" in found:
            self.optimiser.load_state_dict(found["optimiser"])
        self.weights = channel_weights(config, work, config["train"]["channel_power"], device)
        self.times = torch.tensor(trailing_timesteps(STEPS), device=device)
        self.denoise = torch.compile(self.student) if config["train"]["compile"] else self.student
        if config["train"]["compile"]:
            peers.in_turn(lambda: self.loss(self.options["batch"] // peers.size).backward())

    def _unet(self, config: dict[str, Any], like: UNet) -> UNet:
        unet = config["unet"]
        made = UNet(unet["widths"], unet["layers"], unet["heads"], config["text"]["width"]).to(self.device)
        made.load_state_dict(like.state_dict())
        return made

    def loss(self, count: int) -> Tensor:
        """Of a fresh batch: any trajectory, at any of its moments."""
        rows, moments = self.rng.integers(0, len(self.ids), count), self.rng.integers(0, STEPS, count)
        order = np.argsort(rows)
        rows, moments = rows[order], moments[order]
        here, after = (torch.from_numpy(self.states[rows, moments + i].astype(np.float32)).to(self.device) for i in (0, 1))
        moment = torch.from_numpy(moments).to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            with torch.no_grad():
                hidden = self.teacher.text(torch.from_numpy(self.ids[rows].astype(np.int64)).to(self.device))
            output = self.denoise(here.contiguous(memory_format=torch.channels_last), self.times[moment], hidden)
        return ((output.float() - targets(here, after, moment)).square() * self.weights).mean()

    def step(self, factor: float) -> float:
        set_rate(self.optimiser, self.options["learning_rate"] * factor)
        error = self.loss(self.options["batch"] // self.peers.size)
        self.optimiser.zero_grad(set_to_none=True)
        error.backward()
        self.peers.average_gradients(self.student)
        torch.nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        self.optimiser.step()
        if self.peers.rank == 0:
            keep_average(self.ema, self.student, self.options["ema"], self.progress["step"] + 1)
        return error.item()

    def steps(self) -> int:
        return self.options["steps"]

    def save(self) -> None:
        write_whole({"student": self.student.state_dict(), "ema": self.ema.state_dict(),
                     "optimiser": self.optimiser.state_dict(), "progress": dict(self.progress)}, self.path)


def train_peer(rank: int, size: int, config: dict[str, Any], work: Path, device: torch.device, minutes: float) -> None:
    go_on("student", Run(config, work, device, Peers(rank, size, work / "meeting")), minutes)


def train_student(config: dict[str, Any], work: Path, device: torch.device, processes: int, minutes: float) -> None:
    """The teacher's trajectories, then the student; needs a trained denoiser. ValueError where a student is older than it."""
    teacher, student = work / "unet.pt", work / "student.pt"
    if student.exists() and student.stat().st_mtime < teacher.stat().st_mtime:
        raise ValueError(f"{student} was distilled from an older {teacher.name}: remove it, and another is made")
    draw_trajectories(config, work, device, processes)
    if processes == 1 or device.type != "cpu":
        train_peer(0, 1, config, work, device, minutes)
        return
    (work / "meeting").unlink(missing_ok=True)
    mp.spawn(train_peer, (processes, config, work, device, minutes), nprocs=processes)
