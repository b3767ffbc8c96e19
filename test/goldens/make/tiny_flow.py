"""Tiny random models of the flow families, exported by Optimum: the packs tiny-sd3, tiny-flux and their torch twins.

Run once, offline, on a CPU, in an environment with Optimum's exporter:
    python tiny_flow.py --twins /tmp/tiny-flow --goldens ..
Then make the reference latents with pipeline_flow.py in an environment with current diffusers.
SD3 is of 3.5's kind (normalised queries, one block of dual attention); FLUX comes distilled for guidance (dev) and without
(schnell: the transformer in tiny-flux-dialects). Versions used are written to each README.md. Nothing here draws anything.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import diffusers
import onnx
import optimum.version
import torch
import transformers
from diffusers import (
    AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel, SD3Transformer2DModel,
    StableDiffusion3Pipeline)
from onnx import TensorProto, helper
from tiny_sd import LENGTH, beside, enliven, list_files, main_export, save, write_tokenizer
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, T5Config, T5EncoderModel, T5TokenizerFast)

PIECES = "▁the ▁a ▁red ▁blue ▁cat ▁dog ▁ring ▁and ▁in ▁on ▁of ▁with ing th er an".split()
LETTERS = "▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?'-:;()"
T5_LENGTH = 24


def new_t5_tokenizer() -> T5TokenizerFast:
    """A unigram of letters and a few words: the form of T5's tokenizer.json, without its table of characters."""
    vocab = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    vocab += [(piece, -3.0 - 0.1 * i) for i, piece in enumerate(PIECES)]
    vocab += [(letter, -6.0 - 0.01 * i) for i, letter in enumerate(LETTERS)]
    tokenizer = Tokenizer(models.Unigram(vocab, unk_id=2, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return T5TokenizerFast(
        tokenizer_object=tokenizer, model_max_length=512, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", extra_ids=0,
        additional_special_tokens=[])


def new_clip(tokenizer, kind, hidden: int):
    return kind(CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=hidden, projection_dim=hidden, intermediate_size=32, num_hidden_layers=3,
        num_attention_heads=2, max_position_embeddings=LENGTH, bos_token_id=len(tokenizer) - 2,
        eos_token_id=len(tokenizer) - 1, pad_token_id=len(tokenizer) - 1))


def new_t5(tokenizer, width: int) -> T5EncoderModel:
    return T5EncoderModel(T5Config(
        vocab_size=len(tokenizer), d_model=width, d_kv=8, d_ff=40, num_layers=2, num_heads=2, feed_forward_proj="gated-gelu",
        relative_attention_num_buckets=8, dropout_rate=0.0))


def new_vae(channels: int) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 16), norm_num_groups=4, latent_channels=channels, sample_size=16, scaling_factor=0.71,
        shift_factor=0.29, use_quant_conv=False, use_post_quant_conv=False,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2)


def build_sd3(twin: Path) -> None:
    torch.manual_seed(20261124)
    tokenizer = write_tokenizer(beside(twin, "words"))
    second = write_tokenizer(beside(twin, "words2"))
    second.pad_token = "!"
    third = new_t5_tokenizer()
    text = new_clip(tokenizer, CLIPTextModelWithProjection, 16)
    text_2 = new_clip(tokenizer, CLIPTextModelWithProjection, 24)
    text_3 = new_t5(third, 48)
    transformer = SD3Transformer2DModel(
        sample_size=8, patch_size=2, in_channels=16, out_channels=16, num_layers=2, attention_head_dim=8, num_attention_heads=2,
        joint_attention_dim=48, caption_projection_dim=16, pooled_projection_dim=40, pos_embed_max_size=16,
        dual_attention_layers=(0,), qk_norm="rms_norm")
    vae = new_vae(16)
    enliven(text, text_2, text_3, transformer, vae)
    StableDiffusion3Pipeline(
        transformer=transformer, vae=vae, text_encoder=text, tokenizer=tokenizer, text_encoder_2=text_2, tokenizer_2=second,
        text_encoder_3=text_3, tokenizer_3=third, scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
    ).save_pretrained(twin, safe_serialization=True)


def build_flux(twin: Path) -> None:
    torch.manual_seed(20261125)
    tokenizer = write_tokenizer(beside(twin, "words"))
    second = new_t5_tokenizer()
    text, text_2, vae = new_clip(tokenizer, CLIPTextModel, 16), new_t5(second, 32), new_vae(4)
    enliven(text, text_2, vae)
    parts = {
        "vae": vae, "text_encoder": text, "tokenizer": tokenizer, "text_encoder_2": text_2, "tokenizer_2": second,
        "scheduler": FlowMatchEulerDiscreteScheduler(
            shift=3.0, use_dynamic_shifting=True, base_shift=0.5, max_shift=1.15, base_image_seq_len=256,
            max_image_seq_len=4096),
    }
    for folder, guidance in ((twin, True), (beside(twin, "schnell"), False)):
        transformer = FluxTransformer2DModel(
            patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=8, num_attention_heads=2,
            joint_attention_dim=32, pooled_projection_dim=16, guidance_embeds=guidance, axes_dims_rope=(2, 2, 4))
        enliven(transformer)
        FluxPipeline(transformer=transformer, **parts).save_pretrained(folder, safe_serialization=True)


def ids_by_row(model: onnx.ModelProto) -> onnx.ModelProto:
    """Optimum's dialect with diffusers before 0.31: txt_ids and img_ids [batch, length, 3]; the first row speaks for all."""
    out = onnx.ModelProto()
    out.CopyFrom(model)
    out.graph.initializer.append(helper.make_tensor("first_row", TensorProto.INT64, [], [0]))
    for name in ("txt_ids", "img_ids"):
        for node in out.graph.node:
            for i, used in enumerate(node.input):
                if used == name:
                    node.input[i] = f"{name}_of_one"
        out.graph.node.insert(0, helper.make_node("Gather", [name, "first_row"], [f"{name}_of_one"], axis=0))
        declared = next(i for i in out.graph.input if i.name == name).type
        length = declared.tensor_type.shape.dim[0].dim_param
        declared.CopyFrom(helper.make_tensor_type_proto(declared.tensor_type.elem_type, ["batch_size", length, 3]))
    return out


def write_pack(exported: Path, pack: Path, manifest: dict) -> None:
    shutil.rmtree(pack, ignore_errors=True)
    for graph in sorted(exported.glob("*/model.onnx")):
        part = graph.parent.name
        save(onnx.load(graph), pack / part / "model.onnx")
        config = json.loads((graph.parent / "config.json").read_text())
        config.pop("_name_or_path", None)
        (pack / part / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")
    for folder in (*exported.glob("tokenizer*"), exported / "scheduler"):
        shutil.copytree(folder, pack / folder.name)
    index = json.loads((exported / "model_index.json").read_text())
    index.pop("_name_or_path", None)
    (pack / "model_index.json").write_text(json.dumps(index, indent=1) + "\n")
    (pack / "pack.json").write_text(json.dumps({
        "format": "darkroom-pack/1", "id": pack.name, "version": "1.0.0", "kind": "text-to-image", **manifest,
        "licence": "Apache-2.0", "card": "README.md",
        "sizes": {"default": "16x16", "supported": ["16x16", "24x16"], "factor": 2},
        "quality": {"low": {"steps": 4}, "medium": {"steps": 6}, "high": {"steps": 10}},
        "scheduler": "FlowMatchEulerDiscreteScheduler", "prompt_tokens": LENGTH, "t5_tokens": T5_LENGTH, "classifiers": [],
        "files": list_files(pack),
    }, indent=1) + "\n")


def readme(pack: Path, what: str) -> None:
    (pack / "README.md").write_text(
        f"# {pack.name}\n\n{what} It draws nothing. Made by `test/goldens/make/tiny_flow.py` (torch {torch.__version__}, "
        f"diffusers {diffusers.__version__}, transformers {transformers.__version__}, optimum "
        f"{optimum.version.__version__}, onnx {onnx.__version__}), exported by Optimum. Apache-2.0.\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--twins", type=Path, required=True)
    parser.add_argument("--goldens", type=Path, required=True)
    args = parser.parse_args()
    shutil.rmtree(args.twins, ignore_errors=True)
    args.twins.mkdir(parents=True)
    sd3, flux = args.twins / "sd3", args.twins / "flux"
    build_sd3(sd3)
    build_flux(flux)
    for twin in (sd3, flux, beside(flux, "schnell")):
        main_export(str(twin), output=beside(twin, "onnx"), task="text-to-image", opset=18, do_validation=True)
    write_pack(beside(sd3, "onnx"), args.goldens / "tiny-sd3", {"family": "sd3", "guidance_scale": 5})
    readme(args.goldens / "tiny-sd3", "A random Stable Diffusion 3.5 for parity tests.")
    write_pack(beside(flux, "onnx"), args.goldens / "tiny-flux", {"family": "flux", "guidance_scale": 3.5})
    readme(args.goldens / "tiny-flux", "A random FLUX, distilled for guidance as dev is, for parity tests. "
           "`../tiny-flux-dialects` holds a transformer without guidance, as schnell's, and dev's with ids for each row.")
    dialects = args.goldens / "tiny-flux-dialects"
    shutil.rmtree(dialects, ignore_errors=True)
    save(onnx.load(beside(beside(flux, "schnell"), "onnx") / "transformer" / "model.onnx"), dialects / "transformer-schnell.onnx")
    save(ids_by_row(onnx.load(args.goldens / "tiny-flux" / "transformer" / "model.onnx")), dialects / "transformer-ids-by-row.onnx")


if __name__ == "__main__":
    main()
