"""Exports the trained networks as ONNX packs in the layout of diffusers' ONNX pipelines.

Weights are float16 initialisers followed by a Cast to float32, which ONNX Runtime folds when it
loads: half the file, the same speed; inputs and outputs stay float32. Names as Optimum's; the
denoiser's timestep is an int64 vector ["batch"].
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from data import load_autoencoder
from diffusion import SCHEDULER_CONFIG
from text_encoder import TextEncoder, transformers_config
from text_tokens import LENGTH, Captions
from train_unet import Models
from unet import UNet, diffusers_config
from vae import Decoder, Encoder

OPSET = 17
# What diffusers' DDIMScheduler knows of the shared configuration.
DDIM_FIELDS = {"num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "prediction_type", "timestep_spacing",
               "rescale_betas_zero_snr", "set_alpha_to_one", "clip_sample", "steps_offset", "trained_betas",
               "thresholding"}
VERSION = "2.0.0"


def to_onnx(model: nn.Module, path: Path, inputs: dict[str, Tensor], outputs: list[str], free: dict[str, list[str]]) -> None:
    """Export with dynamic axes (`free`: name -> axis names, "" for fixed), then halve the weights."""
    path.parent.mkdir(parents=True, exist_ok=True)
    axes = {name: {i: axis for i, axis in enumerate(names) if axis} for name, names in free.items()}
    model.eval()
    with torch.no_grad():
        torch.onnx.export(model, tuple(inputs.values()), str(path), input_names=list(inputs), output_names=outputs,
                          dynamic_axes=axes, opset_version=OPSET, do_constant_folding=True, dynamo=False)
    halve(path)


def halve(path: Path) -> None:
    """Store float32 initialisers of 64 numbers or more as float16 and cast them back in the graph."""
    model = onnx.load(str(path))
    graph, casts = model.graph, []
    kept = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < 64:
            kept.append(tensor)
            continue
        name = tensor.name + ".f16"
        kept.append(numpy_helper.from_array(values.astype(np.float16), name))
        casts.append(helper.make_node("Cast", [name], [tensor.name], name="cast." + tensor.name, to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    del graph.node[:]
    graph.node.extend(nodes)
    model.producer_name = "darkroom"
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def file_entries(pack: Path) -> list[dict[str, Any]]:
    """Path, digest and size of every file of a pack but its manifest."""
    entries = []
    for path in sorted(p for p in pack.rglob("*") if p.is_file() and p.name != "pack.json"):
        body = path.read_bytes()
        entries.append({"path": path.relative_to(pack).as_posix(), "sha256": hashlib.sha256(body).hexdigest(),
                        "size_bytes": len(body)})
    return entries


def load_models(config: dict[str, Any], work: Path) -> tuple[Models, int]:
    """The averaged weights, or untrained ones where no checkpoint exists yet; and the end token's id."""
    captions = Captions(work / "tokenizer")
    models = Models(config, captions.tok.get_vocab_size())
    if (work / "unet.pt").exists():
        models.load_state_dict(torch.load(work / "unet.pt", map_location="cpu", weights_only=True)["ema"])
    return models.eval(), captions.end


def load_vae(config: dict[str, Any], work: Path) -> tuple[Encoder, Decoder]:
    model = load_autoencoder(config, work)
    return model.encoder, model.decoder


def export_text(model: TextEncoder, config: dict[str, Any], end: int, pack: Path) -> None:
    text = config["text"]
    ids = torch.full((2, LENGTH), end)
    to_onnx(model, pack / "text_encoder/model.onnx", {"input_ids": ids}, ["last_hidden_state"],
            {"input_ids": ["batch", "sequence"], "last_hidden_state": ["batch", "sequence", ""]})
    vocabulary = model.embeddings.token_embedding.num_embeddings
    write_json(pack / "text_encoder/config.json",
               transformers_config(vocabulary, text["width"], text["layers"], text["heads"], end))


def export_unet(model: UNet, config: dict[str, Any], pack: Path) -> None:
    unet, width, side = config["unet"], config["text"]["width"], config["size"] // 8
    inputs = {"sample": torch.randn(2, 16, side, side), "timestep": torch.tensor([999, 3]),
              "encoder_hidden_states": torch.randn(2, LENGTH, width)}
    free = {"sample": ["batch", "", "height", "width"], "timestep": ["batch"],
            "encoder_hidden_states": ["batch", "sequence", ""], "out_sample": ["batch", "", "height", "width"]}
    to_onnx(model.to(memory_format=torch.contiguous_format), pack / "unet/model.onnx", inputs, ["out_sample"], free)
    write_json(pack / "unet/config.json", diffusers_config(unet["widths"], unet["layers"], unet["heads"], width, side))


def export_vae(encoder: Encoder, decoder: Decoder, config: dict[str, Any], pack: Path) -> None:
    side = config["size"] // 8
    to_onnx(decoder, pack / "vae_decoder/model.onnx", {"latent_sample": torch.randn(2, 16, side, side)}, ["sample"],
            {"latent_sample": ["batch", "", "height", "width"], "sample": ["batch", "", "height_out", "width_out"]})
    to_onnx(encoder, pack / "vae_encoder/model.onnx", {"sample": torch.randn(2, 3, side * 8, side * 8)},
            ["latent_parameters"],
            {"sample": ["batch", "", "height", "width"], "latent_parameters": ["batch", "", "height_out", "width_out"]})
    value = {"_class_name": "AutoencoderKL", "in_channels": 3, "out_channels": 3, "latent_channels": 16,
             "block_out_channels": [48, 96, 96, 96], "sample_size": config["size"], "scaling_factor": 1.0,
             "shift_factor": None, "force_upcast": False}
    write_json(pack / "vae_decoder/config.json", value)
    write_json(pack / "vae_encoder/config.json", value)


def load_student(config: dict[str, Any], work: Path) -> UNet | None:
    """The student's averaged weights; None where it was not trained."""
    if not (work / "student.pt").exists():
        return None
    unet = config["unet"]
    student = UNet(unet["widths"], unet["layers"], unet["heads"], config["text"]["width"])
    student.load_state_dict(torch.load(work / "student.pt", map_location="cpu", weights_only=True)["ema"])
    return student.eval()


DRAWS = {"DPMSolverMultistepScheduler": SCHEDULER_CONFIG, "DDIMScheduler": {
    **{k: v for k, v in SCHEDULER_CONFIG.items() if k in DDIM_FIELDS}, "_class_name": "DDIMScheduler"}}


def export_generator(name: str, unet: UNet, config: dict[str, Any], work: Path, packs: Path, steps: dict[str, int],
                     guidance: float, scheduler: str) -> None:
    """A text-to-image pack: the text encoder and the autoencoder are the same in all of them."""
    pack, (models, end) = packs / name, load_models(config, work)
    export_text(models.text, config, end, pack)
    export_unet(unet, config, pack)
    export_vae(*load_vae(config, work), config, pack)
    shutil.copytree(work / "tokenizer", pack / "tokenizer", dirs_exist_ok=True)
    write_json(pack / "scheduler/scheduler_config.json", DRAWS[scheduler])
    onnx_part = ["diffusers", "OnnxRuntimeModel"]
    write_json(pack / "model_index.json", {
        "_class_name": "OnnxStableDiffusionPipeline", "_diffusers_version": "0.35.0", "feature_extractor": [None, None],
        "requires_safety_checker": False, "safety_checker": [None, None], "scheduler": ["diffusers", scheduler],
        "text_encoder": onnx_part, "tokenizer": ["transformers", "CLIPTokenizer"], "unet": onnx_part,
        "vae_decoder": onnx_part, "vae_encoder": onnx_part})
    ensure_card(pack, name)
    size = f"{config['size']}x{config['size']}"
    write_json(pack / "pack.json", {
        "format": "darkroom-pack/1", "id": name, "version": VERSION, "kind": "text-to-image", "family": "sd",
        "licence": "Apache-2.0", "card": "README.md",
        "sizes": {"default": size, "supported": [size], "factor": 8},
        "quality": {quality: {"steps": count} for quality, count in steps.items()},
        "guidance_scale": guidance, "scheduler": scheduler, "prompt_tokens": LENGTH,
        "classifiers": ["storybook-eye"], "files": file_entries(pack)})


def export_generators(config: dict[str, Any], work: Path, packs: Path) -> None:
    """storybook, untrained where there is no checkpoint yet, and storybook-turbo where there is a student."""
    steps, models = config["defaults"]["steps"], load_models(config, work)[0]
    export_generator("storybook", models.unet, config, work, packs, {"low": 8, "medium": steps, "high": 40},
                     config["defaults"]["guidance"], "DPMSolverMultistepScheduler")
    student = load_student(config, work)
    if student is not None:
        export_generator("storybook-turbo", student, config, work, packs, {"low": 4, "medium": 4, "high": 4}, 1.0,
                         "DDIMScheduler")


def export(config: dict[str, Any], work: Path, packs: Path) -> None:
    """Every pack; whatever has no checkpoint yet is exported untrained, and a student only when trained."""
    from export_eye import export_eye

    export_generators(config, work, packs)
    export_eye(config, work, packs / "storybook-eye")


def ensure_card(pack: Path, name: str) -> None:
    """A pack must have a card; the written one is kept."""
    card = pack / "README.md"
    if not card.exists():
        card.write_text(f"# {name}\n")
