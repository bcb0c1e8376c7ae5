"""Reads cases of assessments: plain JSON in `cases`, checked against `cases/case.schema.json`."""

import json
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from chejian_analytics.assessment import (
    NORMALISERS,
    Answer,
    Assessment,
    Indicator,
    Scale,
    Standard,
    Window,
    assess,
    declare,
    load_standards,
)

FOLDER = Path(__file__).parent / "cases"
SCHEMA = FOLDER / "case.schema.json"
YEAR = Window(1_735_660_800_000_000, 1_767_196_800_000_000)
"""2025 in Shanghai."""


def names() -> list[str]:
    return sorted(p.stem for p in FOLDER.glob("*.json") if p != SCHEMA)


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


def under(standard: Standard, node: str) -> set[str]:
    """A node's id and those of all nodes below it; "" is the root."""
    found = {node}
    for each in standard.nodes:
        if each.parent in found:
            found.add(each.id)
    return found


def filled(standard: Standard, entry: Mapping[str, Any]) -> Iterator[Answer]:
    inside = under(standard, entry["under"])
    for item in standard.items:
        if item.node in inside and entry.get("level", item.level) == item.level:
            scale = 100 if item.scale is Scale.SCORE else 1
            yield declare(item.id, *(Fraction(value) * scale for value in entry["values"]))


def answers_of(case: Mapping[str, Any]) -> list[Answer]:
    standard = load_standards().get(case["standard"])
    found = [answer for entry in case.get("fill", []) for answer in filled(standard, entry)]
    for given in case.get("answers", []):
        base = Fraction(given["base"]) if "base" in given else None
        found.append(Answer(item=given["item"], values=tuple(map(Fraction, given["values"])), base=base))
    return found


def run(case: Mapping[str, Any]) -> Assessment:
    standard = load_standards().get(case["standard"], case.get("version", ""))
    name = case.get("normaliser")
    return assess(
        standard,
        answers_of(case),
        industry=case["industry"],
        not_applicable=case.get("not_applicable", ()),
        measured=[Indicator(window=YEAR, unit="sets", **each) for each in case.get("measured", [])],
        normaliser=(name, NORMALISERS[name]) if name else None,
    )
