"""Draws 1,000 prompts with an exported pack and lets the independent judge say whether they show what was asked.

`python models/training/evaluate.py --out .evaluation` writes report.json, report.md, rows.json (each prompt with
what was seen) and sheets of successes and of failures, the worst first. Beside each figure stands its ceiling: what
the same judge says of true pictures of the same scenes, through the pack's own autoencoder. Pictures are kept
in --out, so that a run that was broken off goes on, and another judge can look at the same ones.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from adherence import Verdict, figures, share, verdict
from asking import BATCH, Rebuilder, Solver, draw, side_of
from clip import Adherence
from evaluate_report import markdown
from judge import Bench, Seen
from prompts import Prompt, prompts
from reference import Pack
from second_opinion import Rules, tally
from sheets import described, sheet
from world.drawing import draw_scene
from world.sampling import World

SHOWN = 48


@dataclass(frozen=True)
class Settings:
    steps: int
    guidance: float
    solver: Solver
    seed: int


def pictures_of(pack: Pack, asked: list[Prompt], settings: Settings, out: Path) -> np.ndarray:
    """uint8 [N, S, S, 3], drawn in batches and kept under `out`; those of other settings or weights are drawn anew."""
    told = [asdict(settings), [p.text for p in asked], pack.manifest["files"]]
    key, side = hashlib.sha256(json.dumps(told).encode()).hexdigest(), side_of(pack)
    path, progress = out / "pictures.npy", out / "pictures.progress"
    done = progress.read_text().split() if progress.exists() else []
    at = int(done[1]) if done and done[0] == key and path.exists() else 0
    shape = (len(asked), side, side, 3)
    pictures = np.lib.format.open_memmap(path, "r+" if at else "w+", np.uint8, shape)
    for start in range(at, len(asked), BATCH):
        part = asked[start : start + BATCH]
        seeds = [settings.seed * 1_000_000 + start + i for i in range(len(part))]
        pictures[start : start + len(part)] = draw(pack, [p.text for p in part], seeds, settings.steps,
                                                   settings.guidance, settings.solver)
        pictures.flush()
        progress.write_text(f"{key} {start + len(part)}")
        print(f"drawn: {start + len(part)} of {len(asked)}", flush=True)
    return pictures


def seconds_of(pack: Pack, asked: list[Prompt], settings: Settings, times: int = 5) -> float:
    """The median time of one picture asked for alone, after one that is not timed."""
    taken = []
    for i, prompt in enumerate(asked[: times + 1]):
        begun = time.perf_counter()
        draw(pack, [prompt.text], [i], settings.steps, settings.guidance, settings.solver)
        taken.append(time.perf_counter() - begun)
    return float(np.median(taken[1:] or taken))


def truths_of(asked: list[Prompt], rebuilder: Rebuilder, side: int) -> np.ndarray:
    """A true picture of each prompt's scene, as the autoencoder returns it."""
    drawn = [draw_scene(p.scene, Random(f"truth/{i}"), side) for i, p in enumerate(asked)]
    return rebuilder.rebuild(np.stack(drawn))


def clip_scores(adherence: Adherence, pictures: np.ndarray, truths: np.ndarray, texts: list[str]) -> dict[str, Any]:
    """CLIP score (Hessel et al. 2021, a hundred times the cosine, 0 at the least) of what was drawn, of truth, and of what
    was drawn for another prompt; and how many pass the score's threshold."""
    (drawn, read), (true, _) = (adherence.vectors(each, texts) for each in (pictures, truths))

    def mean(seen: np.ndarray, words: np.ndarray) -> float:
        return round(float(np.maximum(100 * (seen * words).sum(1), 0).mean()), 2)

    return {"drawn": mean(drawn, read), "truth": mean(true, read), "another prompt's": mean(drawn, np.roll(read, 1, axis=0)),
            "reach the threshold": share((adherence.score(pictures, texts) >= adherence.threshold).tolist()),
            "truths that do": share((adherence.score(truths, texts) >= adherence.threshold).tolist())}


def order_of_failure(verdicts: list[Verdict], seen: list[Seen]) -> list[int]:
    """The failed ones, those with the smallest share of what was said first, then what the judge is surest of."""
    failed = [i for i, v in enumerate(verdicts) if not v["all"]]

    def badness(i: int) -> tuple[float, float]:
        parts = [right for name, right in verdicts[i].items() if name != "all"]
        return sum(parts) / len(parts), -float(np.mean(list(seen[i].sure.values())))

    return sorted(failed, key=badness)


def write_sheets(out: Path, asked: list[Prompt], pictures: np.ndarray, seen: list[Seen],
                 verdicts: list[Verdict]) -> None:
    """Successes in the order of the prompts, which is by chance; failures the worst first, and by chance."""
    good, bad = [i for i, v in enumerate(verdicts) if v["all"]], order_of_failure(verdicts, seen)
    any_bad = sorted(Random(1).sample(bad, min(SHOWN, len(bad))))
    for name, rows in (("successes", good), ("failures-worst", bad), ("failures-by-chance", any_bad)):
        shown = rows[:SHOWN]
        words = [(asked[i].text, f"seen: {described(seen[i].view)}") for i in shown]
        sheet(out / "sheets" / f"{name}.webp", [pictures[i] for i in shown], words)


def rows_of(asked: list[Prompt], seen: list[Seen], verdicts: list[Verdict]) -> list[dict[str, Any]]:
    return [{"prompt": p.text, "stratum": p.stratum, "partial": p.partial, "said": asdict(p.said),
             "seen": asdict(s.view), "sure": s.sure, "right": v} for p, s, v in zip(asked, seen, verdicts)]


def evaluate(folder: Path, config: dict[str, Any], work: Path, out: Path, count: int, settings: Settings,
             threads: int = 1) -> dict[str, Any]:
    """Everything; writes under `out` and returns the report."""
    out.mkdir(parents=True, exist_ok=True)
    world, pack, bench = World.of(config), Pack(folder, threads), Bench.load(work / "judge.pt")
    kinds, asked = bench.judge.kinds, prompts(count, world)
    pictures = pictures_of(pack, asked, settings, out)
    truths = truths_of(asked, Rebuilder(pack, folder, threads), side_of(pack))
    seen, seen_truths = bench.see(pictures), bench.see(truths)
    verdicts, judged_truths = ([verdict(p.said, s.view, kinds) for p, s in zip(asked, each)]
                               for each in (seen, seen_truths))
    rules = Rules(world, side_of(pack))
    by_rule, truths_by_rule = ([rules.verdict(x, p.said) for x, p in zip(each, asked)] for each in (pictures, truths))
    trained = work / "judge.json"
    report = {
        "pack": pack.manifest["id"], "version": pack.manifest["version"],
        "size_bytes": sum(entry["size_bytes"] for entry in pack.manifest["files"]),
        "seconds_a_picture": round(seconds_of(pack, asked, settings), 3), "threads": threads, **asdict(settings),
        "prompts": len(asked),
        **figures(asked, [s.view for s in seen], [s.view for s in seen_truths], kinds),
        "rules": {"drawn": tally(by_rule, verdicts), "ceiling": tally(truths_by_rule, judged_truths)},
        "judge": json.loads(trained.read_text()) if trained.exists() else {}}
    if (work / "clip.pt").exists():
        report["clip"] = clip_scores(Adherence(work), pictures, truths, [p.text for p in asked])
    (out / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    (out / "report.md").write_text(markdown(report))
    (out / "rows.json").write_text(json.dumps(rows_of(asked, seen, verdicts), indent=0) + "\n")
    write_sheets(out, asked, pictures, seen, verdicts)
    return report


def main() -> None:
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, default=here.parent / "packs/storybook")
    parser.add_argument("--config", type=Path, default=here / "storybook-128.json")
    parser.add_argument("--work", type=Path, default=Path(".training"), help="where judge.pt is")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--prompts", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=0, help="0: 20, or 4 of a student")
    parser.add_argument("--guidance", type=float, default=-1, help="-1: the pack's own, or none of a student")
    parser.add_argument("--solver", choices=("dpm", "ddim"), default="dpm")
    parser.add_argument("--student", action="store_true", help="the pack is a student: 4 DDIM steps without guidance")
    parser.add_argument("--seed", type=int, default=99)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    manifest = json.loads((args.pack / "pack.json").read_text())
    guidance = args.guidance if args.guidance >= 0 else 1.0 if args.student else manifest["guidance_scale"]
    settings = Settings(args.steps or (4 if args.student else 20), guidance, "ddim" if args.student else args.solver,
                        args.seed)
    config = json.loads(args.config.read_text())
    evaluate(args.pack, config, args.work, args.out, args.prompts, settings, args.threads)
    print((args.out / "report.md").read_text())


if __name__ == "__main__":
    main()
