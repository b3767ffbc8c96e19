"""Whether pictures show what was said: the arithmetic, for any judge.

`verdict` compares what was said with what is seen, for what was said alone. `figures` counts verdicts; each figure
stands beside the ceiling, which is the same judge's on true pictures of the same scenes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

from judge import ANOTHER, NOTHING, View
from prompts import HELD, SEEN, Prompt
from wilson import wilson
from world.scene import Scene

Verdict = dict[str, bool]
RELATIONS = ("left", "right", "on", "under", "beside")
ATTRIBUTES = ("object", "colour", "place", "time", "count 1-3", "relation", "size", "style", "all")


def asked(said: Scene, kinds: Sequence[str]) -> list[tuple[str, str, str]]:
    """(kind, colour, count) of each group that was asked for, the main one first; "" where nothing was said."""
    groups = [(said.thing, said.colour, str(said.count or ""))] if said.thing != "nothing" else []
    groups += [(said.other_thing, said.other_colour, "1")] if said.other_thing else []
    return [(kind if kind in kinds else ANOTHER, colour, count) for kind, colour, count in groups]


def matched(wanted: list[tuple[str, str, str]], view: View) -> list[int]:
    """Which of the groups seen stands for each asked one: the indices that make most of it right; -1 for none."""
    found = view.groups()
    indices = [*range(len(found)), *[-1] * len(wanted)]

    def score(order: tuple[int, ...]) -> int:
        return sum(4 * (found[i][0] == want[0]) + 2 * (found[i][1] == want[1]) + (found[i][2] == want[2])
                   for i, want in zip(order, wanted) if i >= 0)

    return list(max(permutations(indices, len(wanted)), key=score))


def verdict(said: Scene, view: View, kinds: Sequence[str]) -> Verdict:
    """By attribute whether it is as was said; attributes that were not said are missing.

    object: the kinds asked for are seen and no group beside them. colour: every colour said is on the group
    that stands for its kind. count: of the main group. relation: both kinds are seen, and stand so.
    """
    wanted, found = asked(said, kinds), view.groups()
    order = matched(wanted, view)
    pairs = [(want, found[i] if i >= 0 else (NOTHING, "", "")) for want, i in zip(wanted, order)]
    whole = all(want[0] == got[0] for want, got in pairs)
    out = {"object": whole and len(found) == len(wanted)}
    if any(want[1] for want in wanted):
        out["colour"] = all(want[1] in ("", got[1]) for want, got in pairs)
    if wanted and wanted[0][2]:
        out["count"] = pairs[0][1][2] == wanted[0][2]
    if said.relation:
        first = {"left": 0, "right": 1, "on": 0, "under": 1}.get(said.relation, order[0])
        stands = "on" if said.relation in ("on", "under") else "left"
        out["relation"] = whole and view.relation == stands and order[0] == first
    for name in ("place", "time", "style", "size"):
        if getattr(said, name) and not (name == "size" and said.relation):
            out[name] = getattr(view, name) == getattr(said, name)
    return {**out, "all": all(out.values())}


def share(verdicts: Sequence[bool]) -> dict[str, Any]:
    right, count = sum(verdicts), len(verdicts)
    low, high = wilson(right, count)
    return {"right": right, "asked": count, "share": round(right / max(1, count), 4), "low": round(low, 4),
            "high": round(high, 4)}


def select(prompts: Sequence[Prompt], verdicts: Sequence[Verdict], attribute: str) -> list[bool]:
    """The verdicts on an attribute; "count 1-3" is of prompts that are about a number of things."""
    if not attribute.startswith("count"):
        return [v[attribute] for v in verdicts if attribute in v]
    low, _, high = attribute.removeprefix("count ").partition("-")
    numbers = range(int(low), int(high or low) + 1)
    return [v["count"] for p, v in zip(prompts, verdicts)
            if p.stratum in ("counted", "held-out count") and "count" in v and p.said.count in numbers]


def figures(prompts: Sequence[Prompt], views: Sequence[View], truths: Sequence[View],
            kinds: Sequence[str]) -> dict[str, Any]:
    """By part (all, seen, held out), by stratum, by number and by kind: each with the judge's ceiling on truth."""
    drawn, ceiling = ([verdict(p.said, view, kinds) for p, view in zip(prompts, each)] for each in (views, truths))

    def both(attribute: str, keep: Callable[[Prompt], bool]) -> dict[str, Any]:
        rows = [i for i, p in enumerate(prompts) if keep(p)]
        chosen = [prompts[i] for i in rows]
        of, top = ([v[i] for i in rows] for v in (drawn, ceiling))
        return {**share(select(chosen, of, attribute)), "ceiling": share(select(chosen, top, attribute))}

    parts: dict[str, Callable[[Prompt], bool]] = {
        "all prompts": lambda p: True, "seen": lambda p: not p.held_out, "held out": lambda p: p.held_out}
    numbers = {n: both(f"count {n}", lambda p: True) for n in (1, 2, 3, 4)}
    asked_for = sorted({p.said.thing for p in prompts if p.said.thing in kinds})
    return {
        "parts": {name: {a: both(a, keep) for a in ATTRIBUTES} for name, keep in parts.items()},
        "strata": {s: both("all", lambda p, s=s: p.stratum == s) for s in (*SEEN, *HELD)},
        "partial": both("all", lambda p: p.partial),
        "counts": numbers,
        "relations": {r: both("relation", lambda p, r=r: p.said.relation == r) for r in RELATIONS},
        "kinds": {k: both("object", lambda p, k=k: p.said.thing == k) for k in asked_for},
    }
