"""Trained weights between machines: what a work folder learnt, small enough to be kept beside the code.

`keep` writes a safetensors file for each checkpoint that is there, without what only a running training needs (optimisers,
weights that were not averaged) and with float16 where a pack would have it; `restore` puts them back into a work folder,
where every stage takes them for its own result. So a later stage needs no earlier one to run again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

NAMES = ("pca", "autoencoder", "unet", "student", "judge", "clip", "eye")
RUNNING = {"optimiser", "reader", "models", "student", "config"}
EXACT = 64  # a vector, a tensor with fewer numbers, and all of the PCA stay float32


def keep(work: Path, folder: Path, names: Collection[str] = NAMES) -> list[str]:
    """The names of the checkpoints that were written. ValueError where one is asked for that no stage makes."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise ValueError(f"no such checkpoints: {', '.join(unknown)}; there are {', '.join(NAMES)}")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(work / "tokenizer", folder / "tokenizer", dirs_exist_ok=True)
    kept = [name for name in NAMES if name in names and (work / f"{name}.pt").exists()]
    for name in kept:
        found = torch.load(work / f"{name}.pt", map_location="cpu", weights_only=True)
        tensors, rest = split({key: value for key, value in found.items() if key not in RUNNING})
        halved = {key: half(value) if name != "pca" else own(value) for key, value in tensors.items()}
        save_file(halved, folder / f"{name}.safetensors", {"rest": json.dumps(rest)})
        report = work / f"{name}.json"
        if report.exists():
            shutil.copy(report, folder / report.name)
    return kept


def restore(folder: Path, work: Path) -> list[str]:
    """The names of the checkpoints that were put back; one that the work folder has already is left alone.
    FileNotFoundError where nothing was kept."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: nothing is kept for this configuration")
    work.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder / "tokenizer", work / "tokenizer", dirs_exist_ok=True)
    back = [name for name in NAMES if (folder / f"{name}.safetensors").exists() and not (work / f"{name}.pt").exists()]
    for name in back:
        with safe_open(folder / f"{name}.safetensors", "pt") as file:
            found = json.loads(file.metadata()["rest"])
            for key in file.keys():
                tensor = file.get_tensor(key)
                join(found, key, tensor.float() if tensor.dtype == torch.float16 else tensor)
        torch.save(found, work / f"{name}.pt")
        report = folder / f"{name}.json"
        if report.exists():
            shutil.copy(report, work / report.name)
    return back


def half(tensor: Tensor) -> Tensor:
    halves = tensor.dtype == torch.float32 and tensor.ndim >= 2 and tensor.numel() >= EXACT
    return own(tensor.half() if halves else tensor)


def own(tensor: Tensor) -> Tensor:
    """In memory of its own: modules share some of theirs, which the file's format refuses."""
    return tensor.contiguous().clone()


def split(state: dict[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors by their path ("ema/unet.conv_in.weight"), and what is no tensor in its place."""
    tensors: dict[str, Tensor] = {}
    rest: dict[str, Any] = {}
    for key, value in state.items():
        if isinstance(value, Tensor):
            tensors[key] = value
        elif isinstance(value, dict) and any(isinstance(v, (Tensor, dict)) for v in value.values()):
            inner, left = split(value)
            tensors |= {f"{key}/{path}": tensor for path, tensor in inner.items()}
            rest[key] = left
        else:
            rest[key] = value
    return tensors, rest


def join(state: dict[str, Any], path: str, tensor: Tensor) -> None:
    *folders, name = path.split("/")
    for folder in folders:
        state = state[folder]
    state[name] = tensor
