"""A tiny random Stable Diffusion, exported by Optimum: the pack test/goldens/tiny-sd and its torch twin.

Run once, offline, on a CPU, in an environment with Optimum's exporter:
    python tiny_sd.py --twin /tmp/tiny-sd-torch --pack ../tiny-sd
Then make the reference pictures with pipeline.py in an environment with current diffusers.
Versions used are written to <pack>/README.md. The weights are random: nothing here draws anything.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import shutil
from pathlib import Path

import diffusers
import numpy as np
import onnx
import optimum.version
import torch
import transformers
from onnx import TensorProto, helper, numpy_helper

# Optimum's exporter speaks to the TorchScript exporter; torch's own default is the newer one.
torch.onnx.export = functools.partial(torch.onnx.export, dynamo=False)

from diffusers import (  # noqa: E402
    AutoencoderKL, DDIMScheduler, StableDiffusionInpaintPipeline, StableDiffusionPipeline, UNet2DConditionModel)
from optimum.exporters.onnx import main_export  # noqa: E402
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizerFast  # noqa: E402

START, END, LENGTH = "<|startoftext|>", "<|endoftext|>", 20
MERGES = ["t h", "th e</w>", "a n", "an d</w>", "r e", "c a", "ca t</w>", "re d</w>", "i n", "in g</w>", "o n</w>", "e r</w>"]


def byte_letters() -> list[str]:
    """GPT-2's byte alphabet, in CLIP's order."""
    bs = list(range(ord("!"), ord("~") + 1)) + list(range(ord("¡"), ord("¬") + 1)) + list(range(ord("®"), ord("ÿ") + 1))
    cs = bs[:]
    n = 0
    for b in range(256):
        if b not in bs:
            bs.append(b)
            cs.append(256 + n)
            n += 1
    return [chr(c) for c in cs]


def write_tokenizer(folder: Path) -> CLIPTokenizerFast:
    folder.mkdir(parents=True)
    letters = byte_letters()
    tokens = [*letters, *[x + "</w>" for x in letters], *["".join(m.split()) for m in MERGES], START, END]
    vocab = {token: i for i, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(MERGES) + "\n")
    return CLIPTokenizerFast(
        vocab_file=str(folder / "vocab.json"), merges_file=str(folder / "merges.txt"), model_max_length=LENGTH,
        unk_token=END, bos_token=START, eos_token=END, pad_token=END)


def new_unet(channels: int) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=8, in_channels=channels, out_channels=4, layers_per_block=1, block_out_channels=(8, 16), norm_num_groups=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=4, cross_attention_dim=16)


def enliven(*modules: torch.nn.Module) -> None:
    """Untrained attention and output layers are close to zero: make every part matter to the result."""
    for module in modules:
        for p in module.parameters():
            if p.dim() > 1:
                p.data.mul_(1.6)


def build(twin: Path) -> None:
    torch.manual_seed(20261123)
    tokenizer = write_tokenizer(twin.with_name(twin.name + "-words"))
    text = CLIPTextModel(CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=LENGTH, bos_token_id=len(tokenizer) - 2, eos_token_id=len(tokenizer) - 1,
        pad_token_id=len(tokenizer) - 1))
    unet = new_unet(4)
    vae = AutoencoderKL(
        block_out_channels=(8, 16), norm_num_groups=4, latent_channels=4, sample_size=16,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, scaling_factor=0.31)
    enliven(text, unet, vae)
    parts = {
        "vae": vae, "text_encoder": text, "tokenizer": tokenizer,
        "scheduler": DDIMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
            set_alpha_to_one=False, steps_offset=1),
        "safety_checker": None, "feature_extractor": None, "requires_safety_checker": False,
    }
    StableDiffusionPipeline(unet=unet, **parts).save_pretrained(twin, safe_serialization=True)
    # The same with a UNet that takes mask and masked latents too; drawn last, so that the others stay what they are.
    inpaints = new_unet(9)
    enliven(inpaints)
    StableDiffusionInpaintPipeline(unet=inpaints, **parts).save_pretrained(beside(twin, "inpaint"), safe_serialization=True)


def beside(folder: Path, what: str) -> Path:
    return folder.with_name(f"{folder.name}-{what}")


def vector_timestep(model: onnx.ModelProto) -> onnx.ModelProto:
    """The scalar timestep made a vector: Unsqueeze(timestep) removed, the input declared ["steps"]."""
    out = onnx.ModelProto()
    out.CopyFrom(model)
    graph = out.graph
    timestep = next(i for i in graph.input if i.name == "timestep")
    users = [n for n in graph.node if "timestep" in n.input]
    assert [n.op_type for n in users] == ["Unsqueeze"], [n.op_type for n in users]
    for node in graph.node:
        for i, name in enumerate(node.input):
            if name == users[0].output[0]:
                node.input[i] = "timestep"
    graph.node.remove(users[0])
    timestep.type.CopyFrom(helper.make_tensor_type_proto(timestep.type.tensor_type.elem_type, ["steps"]))
    return out


def integer_timestep(model: onnx.ModelProto) -> onnx.ModelProto:
    """Optimum's dialect before 2024-11: int64 ["steps"], cast to float inside."""
    out = onnx.ModelProto()
    out.CopyFrom(model)
    for node in out.graph.node:
        for i, name in enumerate(node.input):
            if name == "timestep":
                node.input[i] = "timestep_float"
    out.graph.node.insert(0, helper.make_node("Cast", ["timestep"], ["timestep_float"], to=TensorProto.FLOAT))
    next(i for i in out.graph.input if i.name == "timestep").type.CopyFrom(
        helper.make_tensor_type_proto(TensorProto.INT64, ["steps"]))
    return out


def int32_ids(model: onnx.ModelProto) -> onnx.ModelProto:
    """The diffusers script's dialect: int32 token ids."""
    out = onnx.ModelProto()
    out.CopyFrom(model)
    for node in out.graph.node:
        for i, name in enumerate(node.input):
            if name == "input_ids":
                node.input[i] = "input_ids_64"
    out.graph.node.insert(0, helper.make_node("Cast", ["input_ids"], ["input_ids_64"], to=TensorProto.INT64))
    shape = [d.dim_param or d.dim_value for d in out.graph.input[0].type.tensor_type.shape.dim]
    out.graph.input[0].type.CopyFrom(helper.make_tensor_type_proto(TensorProto.INT32, shape))
    return out


def broken(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same UNet whose output is not a number wherever the timestep is below 400."""
    out = onnx.ModelProto()
    out.CopyFrom(model)
    name = out.graph.output[0].name
    for node in out.graph.node:
        for i, o in enumerate(node.output):
            if o == name:
                node.output[i] = "clean"
    for key, value in {"limit": np.float32(400), "nan": np.float32(np.nan), "zero": np.float32(0)}.items():
        out.graph.initializer.append(numpy_helper.from_array(np.array(value, dtype=np.float32), key))
    out.graph.initializer.append(numpy_helper.from_array(np.array([-1, 1, 1, 1], dtype=np.int64), "four"))
    out.graph.node.extend([
        helper.make_node("Less", ["timestep", "limit"], ["late"]),
        helper.make_node("Where", ["late", "nan", "zero"], ["poison"]),
        helper.make_node("Reshape", ["poison", "four"], ["poison4"]),
        helper.make_node("Add", ["clean", "poison4"], [name]),
    ])
    return out


def save(model: onnx.ModelProto, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def list_files(pack: Path) -> list[dict]:
    files = []
    for path in sorted(p for p in pack.rglob("*") if p.is_file() and p.name not in ("pack.json", "README.md")):
        body = path.read_bytes()
        files.append({"path": path.relative_to(pack).as_posix(), "sha256": hashlib.sha256(body).hexdigest(), "size_bytes": len(body)})
    return files


def manifest(pack: Path) -> None:
    (pack / "pack.json").write_text(json.dumps({
        "format": "darkroom-pack/1", "id": "tiny-sd", "version": "1.0.0", "kind": "text-to-image", "family": "sd",
        "licence": "Apache-2.0", "card": "README.md",
        "sizes": {"default": "16x16", "supported": ["16x16", "24x16"], "factor": 2},
        "quality": {"low": {"steps": 4}, "medium": {"steps": 6}, "high": {"steps": 10}},
        "guidance_scale": 5, "scheduler": "DDIMScheduler", "prompt_tokens": LENGTH, "classifiers": [], "files": list_files(pack),
    }, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--twin", type=Path, required=True)
    parser.add_argument("--pack", type=Path, required=True)
    args = parser.parse_args()
    for folder in (args.twin, *(beside(args.twin, what) for what in ("words", "onnx", "inpaint", "inpaint-onnx"))):
        shutil.rmtree(folder, ignore_errors=True)
    build(args.twin)
    exported, inpaint = beside(args.twin, "onnx"), beside(args.twin, "inpaint-onnx")
    main_export(str(args.twin), output=exported, task="text-to-image", opset=18, do_validation=True)
    main_export(str(beside(args.twin, "inpaint")), output=inpaint, task="inpainting", opset=18, do_validation=True)

    pack = args.pack
    dialects = pack.with_name("tiny-sd-dialects")
    shutil.rmtree(pack, ignore_errors=True)
    shutil.rmtree(dialects, ignore_errors=True)
    for part in ("text_encoder", "unet", "vae_decoder", "vae_encoder"):
        save(onnx.load(exported / part / "model.onnx"), pack / part / "model.onnx")
        config = json.loads((exported / part / "config.json").read_text())
        config.pop("_name_or_path", None)
        (pack / part / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    shutil.copytree(exported / "tokenizer", pack / "tokenizer")
    shutil.copytree(exported / "scheduler", pack / "scheduler")
    index = json.loads((exported / "model_index.json").read_text())
    index.pop("_name_or_path", None)
    (pack / "model_index.json").write_text(json.dumps(index, indent=1) + "\n")
    # As exported: the scalar dialect. The pack itself takes the vector one, the dialect that batches.
    scalar = onnx.load(pack / "unet" / "model.onnx")
    vector = vector_timestep(scalar)
    save(vector, pack / "unet" / "model.onnx")
    save(scalar, dialects / "unet-scalar.onnx")
    save(vector_timestep(onnx.load(inpaint / "unet" / "model.onnx")), dialects / "unet-inpaint.onnx")
    save(integer_timestep(vector), dialects / "unet-int64.onnx")
    save(broken(vector), dialects / "unet-nan.onnx")
    save(int32_ids(onnx.load(pack / "text_encoder" / "model.onnx")), dialects / "text-int32.onnx")
    manifest(pack)
    (pack / "README.md").write_text(
        "# tiny-sd\n\nA random Stable Diffusion for parity tests: it draws nothing. Made by `test/goldens/make/tiny_sd.py` "
        f"(torch {torch.__version__}, diffusers {diffusers.__version__}, transformers {transformers.__version__}, "
        f"optimum {optimum.version.__version__}, onnx {onnx.__version__}), exported by Optimum; `unet` then had its scalar timestep made "
        "a vector. `../tiny-sd-dialects` holds the UNet as Optimum exported it and in the other exporters' dialects, one that "
        "fails late, and one of 9 channels that inpaints. Apache-2.0.\n")
    print(sum(p.stat().st_size for p in [*pack.rglob("*"), *dialects.rglob("*")] if p.is_file()), "bytes")


if __name__ == "__main__":
    main()
