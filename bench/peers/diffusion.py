"""Peers of bench/runtime.ts: one guided picture after another by Optimum's pipeline or by PyTorch, asked over lines of JSON.

    python diffusion.py make FOLDER TOKENIZER SIZE    a random Stable Diffusion: FOLDER/torch, and FOLDER/onnx by Optimum
    python diffusion.py optimum|torch|torch-bf16 FOLDER THREADS

A question is {"seed", "count", "steps", "guidance", "prompt"}; the answer {"seconds", "peak_bytes", "pixels"}, the last the first
picture's bytes in base64. The environment is test/goldens/make/requirements-export.txt.
"""

from __future__ import annotations

import base64
import functools
import json
import sys
import time
from pathlib import Path
from typing import Any, Callable

import torch

SIDE, LENGTH = 256, 32
# "sd15" has the widths, depths and heads of Stable Diffusion 1.5: 860 million parameters in the UNet. "small" has 40.
TEXTS: dict[str, dict[str, Any]] = {
    "small": dict(hidden_size=256, intermediate_size=1024, num_hidden_layers=6, num_attention_heads=8),
    "sd15": dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12)}
UNETS: dict[str, dict[str, Any]] = {
    "small": dict(
        block_out_channels=(96, 192, 384), down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"), attention_head_dim=6),
    "sd15": dict(
        block_out_channels=(320, 640, 1280, 1280), down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3, attention_head_dim=8)}
VAES: dict[str, dict[str, Any]] = {
    "small": dict(block_out_channels=(32, 64, 96, 128), layers_per_block=1),
    "sd15": dict(block_out_channels=(128, 256, 512, 512), layers_per_block=2)}


def make(folder: Path, words: Path, size: str) -> None:
    torch.onnx.export = functools.partial(torch.onnx.export, dynamo=False)
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from optimum.exporters.onnx import main_export
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizerFast

    torch.manual_seed(20261129)
    tokenizer = CLIPTokenizerFast.from_pretrained(str(words), model_max_length=LENGTH)
    end = tokenizer.eos_token_id
    text = CLIPTextModel(CLIPTextConfig(
        vocab_size=len(tokenizer), max_position_embeddings=LENGTH, bos_token_id=end - 1, eos_token_id=end, pad_token_id=end,
        **TEXTS[size]))
    unet = UNet2DConditionModel(sample_size=SIDE // 8, in_channels=4, out_channels=4, layers_per_block=2,
                                cross_attention_dim=TEXTS[size]["hidden_size"], **UNETS[size])
    vae = AutoencoderKL(
        latent_channels=4, sample_size=SIDE, down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4, **VAES[size])
    scheduler = DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
                              set_alpha_to_one=False, steps_offset=1)
    StableDiffusionPipeline(
        unet=unet, vae=vae, text_encoder=text, tokenizer=tokenizer, scheduler=scheduler, safety_checker=None,
        feature_extractor=None, requires_safety_checker=False).save_pretrained(folder / "torch")
    main_export(str(folder / "torch"), folder / "onnx", task="text-to-image", library_name="diffusers", opset=17,
                do_validation=False, no_post_process=True)
    print(sum(p.numel() for p in unet.parameters()), "parameters in the UNet", flush=True)


def open_optimum(folder: Path, threads: int) -> Any:
    import onnxruntime as ort
    from optimum.onnxruntime import ORTStableDiffusionPipeline

    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    return ORTStableDiffusionPipeline.from_pretrained(
        folder / "onnx", provider="CPUExecutionProvider", session_options=options)


def open_torch(folder: Path, kind: torch.dtype) -> Any:
    from diffusers import StableDiffusionPipeline

    return StableDiffusionPipeline.from_pretrained(folder / "torch", safety_checker=None, torch_dtype=kind)


def peak_bytes() -> int:
    """The most memory that this process has held."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def serve(pipe: Any) -> None:
    pipe.set_progress_bar_config(disable=True)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        generators = [torch.Generator("cpu").manual_seed(asked["seed"] + i) for i in range(asked["count"])]
        begun = time.perf_counter()
        with torch.no_grad():
            images = pipe([asked["prompt"]] * asked["count"], height=SIDE, width=SIDE, num_inference_steps=asked["steps"],
                          guidance_scale=asked["guidance"], generator=generators, output_type="np").images
        seconds = time.perf_counter() - begun
        pixels = base64.b64encode((images[0] * 255).round().astype("uint8").tobytes()).decode()
        print(json.dumps({"seconds": seconds, "peak_bytes": peak_bytes(), "pixels": pixels}), flush=True)


def main() -> None:
    what, folder = sys.argv[1], Path(sys.argv[2])
    if what == "make":
        make(folder, Path(sys.argv[3]), sys.argv[4])
        return
    threads = int(sys.argv[3])
    torch.set_num_threads(threads)
    opened: dict[str, Callable[[], Any]] = {
        "optimum": lambda: open_optimum(folder, threads), "torch": lambda: open_torch(folder, torch.float32),
        "torch-bf16": lambda: open_torch(folder, torch.bfloat16)}
    serve(opened[what]())


main()
