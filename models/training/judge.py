"""The judge: says what a picture shows, and never saw a generator's picture.

A `View` is what can be seen in a picture, whoever looks: up to two groups, the left or upper one first, how they
stand, place, time, style and size. `view_of` is the truth of a scene; `Judge` a network that looks; `see` its answers
with probabilities. Things that are nothing whole are "none of these", kinds that a run does not know "another kind".
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from world.names import COLOURED
from world.scene import ALLOWED, COLOUR_RGB, PLACES, SIZES, STYLES, TIMES, Scene

NOTHING, ANOTHER, NONE = "nothing", "another kind", "none of these"
COUNTS = ("1", "2", "3", "4", "more")
UNKNOWN = 255
CELLS = 16  # cells of the map a side


@dataclass(frozen=True)
class View:
    """What a picture shows; "" where it is not known. `relation` is the first group's to the second: left, or on."""

    kind: str
    colour: str = ""
    count: str = ""
    second_kind: str = NOTHING
    second_colour: str = ""
    second_count: str = ""
    relation: str = "none"
    place: str = ""
    time: str = ""
    style: str = ""
    size: str = ""

    def groups(self) -> list[tuple[str, str, str]]:
        """(kind, colour, count) of the groups that are there."""
        both = [(self.kind, self.colour, self.count), (self.second_kind, self.second_colour, self.second_count)]
        return [group for group in both if group[0] != NOTHING]


def answers(kinds: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """What may be answered to each field of a view by a judge of these kinds."""
    named, colours = (NOTHING, *kinds, ANOTHER, NONE), (*COLOUR_RGB, NONE)
    every = (named, colours, COUNTS, named, colours, COUNTS, ("none", "left", "on"), tuple(PLACES), tuple(TIMES[1:]),
             tuple(STYLES[1:]), tuple(SIZES[1:]))
    return {field.name: values for field, values in zip(fields(View), every)}


def view_of(scene: Scene, kinds: tuple[str, ...]) -> View:
    """What a good picture of a whole scene shows. The size is told of things that stand alone."""
    def group(thing: str, colour: str, count: int) -> tuple[str, str, str]:
        if thing in ("", "nothing"):
            return NOTHING, "", ""
        coloured = thing in ALLOWED or thing in COLOURED
        return thing if thing in kinds else ANOTHER, colour if coloured else "", str(count)

    main, other = group(scene.thing, scene.colour, scene.count), group(scene.other_thing, scene.other_colour, 1)
    first, second = (other, main) if scene.relation in ("right", "under") else (main, other)
    relation = {"left": "left", "right": "left", "on": "on", "under": "on"}.get(scene.relation, "none")
    alone = scene.thing != "nothing" and not scene.relation
    return View(*first, *second, relation, scene.place, scene.time, scene.style, scene.size if alone else "")


def codes_of(view: View, table: dict[str, tuple[str, ...]]) -> np.ndarray:
    """uint8 [fields]: the index of each answer, `UNKNOWN` for ""."""
    return np.array([values.index(said) if said else UNKNOWN for said, values in zip(astuple(view), table.values())],
                    np.uint8)


def conv(before: int, width: int, side: int, stride: int) -> nn.Sequential:
    """A convolution, normalised over the batch, and its nonlinearity."""
    made = nn.Conv2d(before, width, side, stride, side // 2, bias=False)
    return nn.Sequential(made, nn.BatchNorm2d(width), nn.SiLU())


class Residual(nn.Module):
    """Two 3x3 convolutions beside what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = conv(width, width, 3, 1), conv(width, width, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(self.first(x))


class Judge(nn.Module):
    """Pictures float [B, 3, S, S] in [-1, 1], S a multiple of 128, to logits by field, and a map of kinds.

    The trunk keeps where things are: the heads read an 8x8 grid by place, not its mean alone. The map
    [B, kinds, 16, 16] says which kind stands in each cell; its peaks, in all and by quarter, are read too.
    """

    def __init__(self, kinds: tuple[str, ...], widths: tuple[int, ...] = (24, 48, 96, 144), hidden: int = 160) -> None:
        super().__init__()
        self.table = answers(kinds)
        self.kinds = kinds
        a, b, c, d = widths
        self.early = nn.Sequential(conv(3, a, 5, 2), conv(a, b, 3, 2), Residual(b), conv(b, c, 3, 2), Residual(c),
                                   Residual(c))
        self.map = nn.Conv2d(c, len(self.table["kind"]), 1)
        self.late = nn.Sequential(conv(c, d, 3, 2), Residual(d))
        self.narrow = nn.Conv2d(d, 32, 1)
        self.hidden = nn.Linear(32 * 64 + 2 * d + 5 * self.map.out_channels, hidden)
        self.heads = nn.ModuleDict({name: nn.Linear(hidden, len(v)) for name, v in self.table.items()})

    def forward(self, pictures: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        if pictures.shape[-1] != 128:
            pictures = F.avg_pool2d(pictures, pictures.shape[-1] // 128)
        early = self.early(pictures)
        late, cells = self.late(early), self.map(early)
        peaks = torch.cat([F.adaptive_max_pool2d(cells, side).flatten(1) for side in (1, 2)], 1)
        read = torch.cat([self.narrow(late).flatten(1), late.mean((2, 3)), late.amax((2, 3)), peaks], 1)
        h = F.dropout(F.silu(self.hidden(read)), 0.1, self.training)
        return {name: head(h) for name, head in self.heads.items()}, cells


@dataclass(frozen=True)
class Seen:
    """What the judge saw in one picture, and how sure it is of each answer."""

    view: View
    sure: dict[str, float]


class Bench:
    """A trained judge with its temperatures: pictures uint8 [B, S, S, 3] to what is seen in each."""

    def __init__(self, judge: Judge, temperatures: dict[str, float]) -> None:
        self.judge, self.temperatures = judge.eval(), temperatures

    @staticmethod
    def load(path: Path) -> Bench:
        found = torch.load(path, map_location="cpu", weights_only=True)
        judge = Judge(tuple(found["kinds"]))
        judge.load_state_dict(found["model"])
        return Bench(judge, found["temperatures"])

    @torch.no_grad()
    def see(self, pictures: np.ndarray) -> list[Seen]:
        seen: list[Seen] = []
        for start in range(0, len(pictures), 64):
            x = torch.from_numpy(pictures[start : start + 64]).permute(0, 3, 1, 2).float() / 127.5 - 1
            logits, _ = self.judge(x)
            found = {name: torch.softmax(v / self.temperatures[name], 1).max(1) for name, v in logits.items()}
            for row in range(len(x)):
                said = {name: self.judge.table[name][int(best.indices[row])] for name, best in found.items()}
                sure = {name: round(float(best.values[row]), 4) for name, best in found.items()}
                seen.append(Seen(View(**said), sure))
        return seen


def temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """The divisor of logits [N, answers] that makes the truth [N] likeliest; by search, in [0.25, 8]."""
    def loss(value: float) -> float:
        z = logits / value
        z = z - z.max(1, keepdims=True)
        return float((np.log(np.exp(z).sum(1)) - z[np.arange(len(z)), truth]).mean())

    tried = np.geomspace(0.25, 8, 61)
    return float(tried[int(np.argmin([loss(value) for value in tried]))])
