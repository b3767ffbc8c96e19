"""The report of an evaluation as Markdown tables, for people and for the card."""

from __future__ import annotations

from typing import Any


def cell(figure: dict[str, Any]) -> str:
    """ "91.2 % (88.9-93.1), 456/500" """
    if not figure["asked"]:
        return "-"
    low, high = (f"{100 * figure[k]:.1f}" for k in ("low", "high"))
    return f"{100 * figure['share']:.1f} % ({low}-{high}), {figure['right']}/{figure['asked']}"


def table(title: str, rows: dict[str, dict[str, Any]]) -> list[str]:
    """One figure a row, with its ceiling."""
    lines = [f"| {title} | drawn | ceiling |", "|---|---|---|"]
    return [*lines, *[f"| {name} | {cell(f)} | {cell(f['ceiling'])} |" for name, f in rows.items() if f["asked"]], ""]


def parts_table(parts: dict[str, dict[str, dict[str, Any]]]) -> list[str]:
    lines = ["| | " + " | ".join(f"{name} | ceiling" for name in parts) + " |", "|---" * (2 * len(parts) + 1) + "|"]
    for attribute in next(iter(parts.values())):
        cells = [f"{cell(part[attribute])} | {cell(part[attribute]['ceiling'])}" for part in parts.values()]
        lines.append(f"| {attribute} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def rules_table(rules: dict[str, dict[str, dict[str, int]]]) -> list[str]:
    lines = ["| by rules | drawn | on truth | agrees with the judge |", "|---|---|---|---|"]
    for name, drawn in rules["drawn"].items():
        top, asked = rules["ceiling"][name], max(1, drawn["asked"])
        lines.append(f"| {name} | {100 * drawn['right'] / asked:.1f} %, {drawn['right']}/{drawn['asked']} | "
                     f"{100 * top['right'] / max(1, top['asked']):.1f} %, {top['right']}/{top['asked']} | "
                     f"{100 * drawn['agrees'] / asked:.1f} % |")
    return [*lines, ""]


def clip_lines(found: dict[str, Any] | None) -> list[str]:
    """The dual encoder's word; nothing where there was none."""
    if not found:
        return []
    passed, true = (f"{100 * found[k]['share']:.1f} %" for k in ("reach the threshold", "truths that do"))
    another = found["another prompt's"]
    return [f"CLIP score of this world's dual encoder: {found['drawn']} drawn, {found['truth']} on truth, {another} of what was "
            f"drawn for another prompt; its threshold is reached by {passed} of what was drawn and {true} of truth.", ""]


def markdown(report: dict[str, Any]) -> str:
    """The whole report."""
    guidance = f"guidance {report['guidance']:g}" if report["guidance"] != 1 else "without guidance"
    parts = {name: report["parts"][name] for name in ("seen", "held out")}
    lines = [
        f"# {report['pack']} {report['version']}: what it draws of what it is asked", "",
        f"{report['prompts']} prompts, {report['steps']} steps of {report['solver']}, {guidance}; "
        f"{report['size_bytes'] / 1e6:.1f} MB; {report['seconds_a_picture']:.2f} s a picture on "
        f"{report['threads']} thread{'s' if report['threads'] > 1 else ''}.", "",
        "Share right, 95 % Wilson interval, number. The ceiling is the same judge's word on true pictures of the same",
        "scenes through the autoencoder. object: the kinds asked for and no other group; count 1-3: of the prompts",
        "about numbers; relation: both kinds, standing so; all: everything that was said.", "",
        *parts_table(parts), *table("all that was said, by stratum", report["strata"]),
        *table("partial prompts", {"all that was said": report["partial"]}),
        *clip_lines(report.get("clip")),
        *table("count", report["counts"]), *table("relation", report["relations"]), *table("object", report["kinds"]),
        "A second opinion, by colours and patches; not part of the figures above.", "", *rules_table(report["rules"])]
    return "\n".join(lines)
