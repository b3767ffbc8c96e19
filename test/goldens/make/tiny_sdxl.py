"""Tiny random SDXL (base, refiner, inpainting, LCM) and an LCM of Stable Diffusion, exported by Optimum, and their torch twins.

Run once, offline, on a CPU, in an environment with Optimum's exporter, after tiny_sd.py:
    python tiny_sdxl.py --sd-twin /tmp/tiny-sd-torch --twins /tmp/tiny-sdxl --goldens ..
Writes <goldens>/tiny-sdxl (a pack), tiny-sdxl-parts (what a refiner, an inpainting model and an LCM have of their own) and
tiny-lcm (the UNet that makes tiny-sd an LCM); reference pictures come from pipeline_sdxl.py.
Weights are random and exact in float16, as which the graphs keep them: nothing here draws anything.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import diffusers
import numpy as np
import onnx
import optimum.version
import torch
import transformers
from diffusers import (
    AutoencoderKL, DDIMScheduler, EulerDiscreteScheduler, LatentConsistencyModelPipeline, LCMScheduler, StableDiffusionPipeline,
    StableDiffusionXLImg2ImgPipeline, StableDiffusionXLInpaintPipeline, StableDiffusionXLPipeline, UNet2DConditionModel)
from onnx import TensorProto, helper, numpy_helper
from optimum.exporters.onnx import main_export
from tiny_sd import END, LENGTH, START, enliven, list_files, save, vector_timestep, write_tokenizer
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizerFast

WIDTH, WIDTH_2, POOLED, TIME = 8, 12, 8, 4
EULER = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "timestep_spacing": "leading", "steps_offset": 1}
LCM = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "clip_sample": False, "set_alpha_to_one": True}


def clip(cls, width: int, layers: int, size: int):
    return cls(CLIPTextConfig(
        vocab_size=size, hidden_size=width, intermediate_size=2 * width, num_hidden_layers=layers, num_attention_heads=2,
        projection_dim=POOLED, max_position_embeddings=LENGTH, bos_token_id=size - 2, eos_token_id=size - 1, pad_token_id=0))


def new_unet(time_ids: int, context: int, channels: int = 4, guidance: int | None = None) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=8, in_channels=channels, out_channels=4, layers_per_block=1, block_out_channels=(8, 12), norm_num_groups=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=(2, 2), use_linear_projection=True, cross_attention_dim=context, time_cond_proj_dim=guidance,
        addition_embed_type="text_time", addition_time_embed_dim=TIME, projection_class_embeddings_input_dim=TIME * time_ids + POOLED)


def exact(*modules: torch.nn.Module) -> None:
    enliven(*modules)
    for module in modules:
        for p in module.parameters():
            p.data = p.data.half().float()


def build(twins: Path, sd_twin: Path) -> dict[str, Path]:
    torch.manual_seed(20261201)
    tokenizer = write_tokenizer(twins / "words")
    # The second tokenizer pads with "!", which is its token 0 and thereby a special one.
    tokenizer_2 = CLIPTokenizerFast(
        vocab_file=str(twins / "words/vocab.json"), merges_file=str(twins / "words/merges.txt"), model_max_length=LENGTH,
        unk_token=END, bos_token=START, eos_token=END, pad_token="!")
    text = clip(CLIPTextModel, WIDTH, 2, len(tokenizer))
    text_2 = clip(CLIPTextModelWithProjection, WIDTH_2, 3, len(tokenizer))
    vae = AutoencoderKL(
        block_out_channels=(8, 8), norm_num_groups=4, latent_channels=4, sample_size=16,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, scaling_factor=0.42)
    base, refiner = new_unet(6, WIDTH + WIDTH_2), new_unet(5, WIDTH_2)
    inpaint, lcm = new_unet(6, WIDTH + WIDTH_2, channels=9), new_unet(6, WIDTH + WIDTH_2, guidance=16)
    exact(text, text_2, vae, base, refiner, inpaint, lcm)
    euler = EulerDiscreteScheduler(**EULER)
    second = {"vae": vae, "text_encoder_2": text_2, "tokenizer_2": tokenizer_2}
    both = {**second, "text_encoder": text, "tokenizer": tokenizer}
    pipes = {
        "base": StableDiffusionXLPipeline(unet=base, scheduler=euler, **both),
        "refiner": StableDiffusionXLImg2ImgPipeline(
            unet=refiner, scheduler=euler, text_encoder=None, tokenizer=None, requires_aesthetics_score=True,
            force_zeros_for_empty_prompt=False, **second),
        "inpaint": StableDiffusionXLInpaintPipeline(unet=inpaint, scheduler=euler, **both),
        "lcm": StableDiffusionXLPipeline(unet=lcm, scheduler=LCMScheduler(**LCM), **both),
    }
    sd = StableDiffusionPipeline.from_pretrained(sd_twin, safety_checker=None)
    config = dict(sd.unet.config)
    sd_lcm = UNet2DConditionModel.from_config({**config, "time_cond_proj_dim": 16})
    exact(sd_lcm)
    pipes["sd-lcm"] = LatentConsistencyModelPipeline(
        vae=sd.vae, text_encoder=sd.text_encoder, tokenizer=sd.tokenizer, unet=sd_lcm, scheduler=LCMScheduler(**LCM),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False)
    for name, pipe in pipes.items():
        pipe.save_pretrained(twins / name, safe_serialization=True)
    return {name: twins / name for name in pipes}


def small(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with short names inside, and weights as the float16 values that they are, cast at load."""
    out = onnx.ModelProto()
    out.CopyFrom(model)
    graph = out.graph
    outside = {x.name for x in [*graph.input, *graph.output]}
    names: dict[str, str] = {}

    def short(name: str) -> str:
        return name if name == "" or name in outside else names.setdefault(name, f"v{len(names)}")

    for node in graph.node:
        node.name = ""
        node.doc_string = ""
        node.input[:] = [short(x) for x in node.input]
        node.output[:] = [short(x) for x in node.output]
    del graph.value_info[:]
    casts = []
    for weight in graph.initializer:
        weight.name = short(weight.name)
        values = numpy_helper.to_array(weight)
        half = values.astype(np.float16) if values.dtype == np.float32 else values
        if values.dtype == np.float32 and values.size > 32 and np.array_equal(half.astype(np.float32), values):
            casts.append(helper.make_node("Cast", [f"{weight.name}h"], [weight.name], to=TensorProto.FLOAT))
            weight.CopyFrom(numpy_helper.from_array(half, f"{weight.name}h"))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return out


def int32_ids_early_names(model: onnx.ModelProto) -> onnx.ModelProto:
    """Another exporter's text encoder: int32 token ids, and of the hidden states only the last but one."""
    out = onnx.ModelProto()
    out.CopyFrom(model)
    for node in out.graph.node:
        for i, name in enumerate(node.input):
            if name == "input_ids":
                node.input[i] = "input_ids_64"
    out.graph.node.insert(0, helper.make_node("Cast", ["input_ids"], ["input_ids_64"], to=TensorProto.INT64))
    shape = [d.dim_param or d.dim_value for d in out.graph.input[0].type.tensor_type.shape.dim]
    out.graph.input[0].type.CopyFrom(helper.make_tensor_type_proto(TensorProto.INT32, shape))
    hidden = sorted(o.name for o in out.graph.output if o.name.startswith("hidden_states."))
    kept = [o for o in out.graph.output if o.name in (hidden[-2], "text_embeds")]
    del out.graph.output[:]
    out.graph.output.extend(kept)
    return out


def float16_outside(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph as an export in float16 looks from outside."""
    out = onnx.ModelProto()
    out.CopyFrom(model)
    graph = out.graph
    (given,), (made,) = graph.input, graph.output
    for node in graph.node:
        node.input[:] = ["float_in" if x == given.name else x for x in node.input]
        node.output[:] = ["float_out" if x == made.name else x for x in node.output]
    graph.node.insert(0, helper.make_node("Cast", [given.name], ["float_in"], to=TensorProto.FLOAT))
    graph.node.append(helper.make_node("Cast", ["float_out"], [made.name], to=TensorProto.FLOAT16))
    for value in (given, made):
        value.type.tensor_type.elem_type = TensorProto.FLOAT16
    return out


def configure(exported: Path, part: str, to: Path) -> None:
    config = json.loads((exported / part / "config.json").read_text())
    config.pop("_name_or_path", None)
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")


def index(exported: Path, to: Path) -> None:
    value = json.loads((exported / "model_index.json").read_text())
    value.pop("_name_or_path", None)
    to.write_text(json.dumps(value, indent=1) + "\n")


def manifest(pack: Path) -> None:
    (pack / "pack.json").write_text(json.dumps({
        "format": "darkroom-pack/1", "id": "tiny-sdxl", "version": "1.0.0", "kind": "text-to-image", "family": "sdxl",
        "licence": "Apache-2.0", "card": "README.md",
        "sizes": {"default": "16x16", "supported": ["16x16", "24x16"], "factor": 2},
        "quality": {"low": {"steps": 4}, "medium": {"steps": 6}, "high": {"steps": 10}},
        "guidance_scale": 5, "scheduler": "EulerDiscreteScheduler", "prompt_tokens": LENGTH, "classifiers": [], "files": list_files(pack),
    }, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sd-twin", type=Path, required=True)
    parser.add_argument("--twins", type=Path, required=True)
    parser.add_argument("--goldens", type=Path, required=True)
    args = parser.parse_args()
    shutil.rmtree(args.twins, ignore_errors=True)
    twins = build(args.twins, args.sd_twin)
    exported = {}
    for name, twin in twins.items():
        exported[name] = args.twins / f"{name}-onnx"
        main_export(str(twin), output=exported[name], task="text-to-image", opset=18, do_validation=name == "base")

    pack, parts, lcm = (args.goldens / name for name in ("tiny-sdxl", "tiny-sdxl-parts", "tiny-lcm"))
    for folder in (pack, parts, lcm):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    base = exported["base"]
    for part in ("text_encoder", "text_encoder_2", "vae_decoder", "vae_encoder"):
        save(small(onnx.load(base / part / "model.onnx")), pack / part / "model.onnx")
        configure(base, part, pack / part / "config.json")
    for part in ("tokenizer", "tokenizer_2", "scheduler"):
        shutil.copytree(base / part, pack / part)
    index(base, pack / "model_index.json")
    # The pack takes the timestep as a vector, the dialect that batches; one of its parts keeps the scalar as exported.
    unets = {name: small(onnx.load(folder / "unet/model.onnx")) for name, folder in exported.items()}
    save(vector_timestep(unets["base"]), pack / "unet/model.onnx")
    configure(base, "unet", pack / "unet/config.json")
    save(unets["base"], parts / "unet-scalar.onnx")
    for name in ("refiner", "inpaint", "lcm"):
        save(vector_timestep(unets[name]), parts / f"unet-{name}.onnx")
        configure(exported[name], "unet", parts / f"unet-{name}.json")
    index(exported["refiner"], parts / "refiner-index.json")
    for part in ("text_encoder", "text_encoder_2"):
        save(int32_ids_early_names(onnx.load(pack / part / "model.onnx")), parts / f"{part}-int32.onnx")
    for part in ("vae_decoder", "vae_encoder"):
        save(float16_outside(onnx.load(pack / part / "model.onnx")), parts / f"{part}-float16.onnx")
    save(vector_timestep(unets["sd-lcm"]), lcm / "unet.onnx")
    configure(exported["sd-lcm"], "unet", lcm / "unet.json")
    versions = (
        f"(torch {torch.__version__}, diffusers {diffusers.__version__}, transformers {transformers.__version__}, "
        f"optimum {optimum.version.__version__}, onnx {onnx.__version__}), exported by Optimum")
    manifest(pack)
    (pack / "README.md").write_text(
        f"# tiny-sdxl\n\nA random SDXL for parity tests: it draws nothing. Made by `test/goldens/make/tiny_sdxl.py` {versions}; names "
        "inside the graphs were then made short, weights kept as the float16 values that they are, and the UNet's scalar timestep made "
        "a vector. `../tiny-sdxl-parts` holds the UNets that make it a refiner, an inpainting model (9 channels) and an LCM "
        "(`timestep_cond`), the UNet with the scalar timestep, text encoders with int32 ids that return only the hidden states "
        "which SDXL reads, and the autoencoder's graphs as float16 makes them look. Apache-2.0.\n")
    (lcm / "README.md").write_text(
        f"# tiny-lcm\n\nThe UNet that makes `../tiny-sd` a latent consistency model: random, for parity tests. Made by "
        f"`test/goldens/make/tiny_sdxl.py` {versions}. Apache-2.0.\n")
    for path in sorted(p for folder in (pack, parts, lcm) for p in folder.rglob("*") if p.is_file()):
        print(path.stat().st_size, path)


if __name__ == "__main__":
    main()
