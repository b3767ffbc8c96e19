"""The one command: `python models/training/train.py --config models/training/storybook-128.json`.

Stages, in order: pictures, vae, latents, decoder, unet, student, judge, clip, generated, eye, export. Each resumes or does
nothing when its output is there. Two more stand apart: `keep` writes what was trained to `checkpoints/`, `restore` puts it back
into an empty work folder. Training needs torch, numpy, pillow, tokenizers and safetensors; export also onnx.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import torch

STAGES = ("pictures", "vae", "latents", "decoder", "unet", "student", "judge", "clip", "generated", "eye", "export")
APART = ("keep", "restore")
HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=HERE / "storybook-128.json")
    parser.add_argument("--stage", choices=("all", *STAGES, *APART), default="all")
    parser.add_argument("--work", type=Path, default=Path(".training"), help="where data and checkpoints are kept")
    parser.add_argument("--packs", type=Path, default=HERE.parent / "packs", help="where export writes")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--processes", type=int, default=1, help="peers that train the denoiser on a CPU, one a core")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 leaves torch's choice")
    parser.add_argument("--minutes", type=float, default=math.inf, help="end the run of denoiser or student then, to be resumed")
    parser.add_argument("--only", default="", help="what `keep` keeps, as judge,clip; everything unless said")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    config = json.loads(args.config.read_text())
    args.work.mkdir(parents=True, exist_ok=True)
    device = torch.device(args.device)
    for stage in STAGES if args.stage == "all" else (args.stage,):
        run(stage, config, args, device)


def run(stage: str, config: dict, args: argparse.Namespace, device: torch.device) -> None:
    from data import default_workers

    work = args.work
    if stage == "pictures":
        from data import paint
        from text_tokens import train_tokenizer
        from world.sampling import World

        if not (work / "tokenizer" / "tokenizer.json").exists():
            train_tokenizer(work / "tokenizer", config["vocabulary"], config["seed"], World.of(config))
        paint(config, work, default_workers())
    elif stage == "vae":
        from train_vae import train_vae

        train_vae(config, work, device)
    elif stage == "decoder":
        from train_vae import train_decoder

        train_decoder(config, work, device)
    elif stage == "latents":
        from data import prepare

        prepare(config, work, default_workers())
    elif stage == "unet":
        from train_unet import train_unet

        train_unet(config, work, device, args.processes, args.minutes)
    elif stage == "student":
        from train_student import train_student

        train_student(config, work, device, args.processes, args.minutes)
    elif stage == "generated":
        from make_generated import make_generated

        make_generated(config, work, default_workers())
    elif stage == "eye":
        from train_eye import train_eye

        train_eye(config, work, device)
    elif stage == "clip":
        from train_clip import train_clip

        train_clip(config, work, device)
    elif stage == "judge":
        from train_judge import train_judge

        train_judge(config, work, device)
    elif stage in APART:
        import checkpoints

        kept = HERE / "checkpoints" / args.config.stem
        only = args.only.split(",") if args.only else checkpoints.NAMES
        names = checkpoints.keep(work, kept, only) if stage == "keep" else checkpoints.restore(kept, work)
        print(f"{stage}: {', '.join(names) or 'nothing'}")
    else:
        from export import export

        export(config, work, args.packs)


if __name__ == "__main__":
    main()
