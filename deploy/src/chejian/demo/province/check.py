"""Whether the platform shows what was simulated: answers of its API beside the truth that was written down first."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from chejian.report.checks import Check

Ask = Callable[[str, Mapping[str, Any]], Any]
"""Answers GET of a path below the API's base with parameters, as JSON."""
Truth = Mapping[str, Any]

_ALL = {"limit": 2000}
_SAME = 1e-9
"""Largest relative difference of two computations of a quotient."""


def check_province(ask: Ask, truth: Truth) -> Iterator[Check]:
    """Counts of the programme and the four stories.

    Args:
        ask: as somebody who sees the whole province.
        truth: what `fill` wrote.
    """
    entries = ask("/programme/entries", {**_ALL, "kind": "workshop"})
    lines = ask("/programme/entries", {**_ALL, "kind": "line"})
    simulated = set(truth["codes"])
    others = [each["city_code"] for each in entries if each["code"] not in simulated]
    yield from _counts(ask, truth, others, len(lines))
    ids = {each["code"]: each["programme_entry_id"] for each in entries}
    stories = truth["stories"]
    details = {
        name: ask(f"/programme/entries/{ids[story['workshop']]}/evidence", {})
        for name, story in stories.items()
    }
    yield from _over_declares(ask, stories["over_declares"], details["over_declares"])
    yield from _outage(ask, stories["outage"], details["outage"])
    for name, indicator in (("improves", "oee"), ("energy_falls", "energy")):
        story, figure = stories[name], "oee" if indicator == "oee" else "wh_per_item"
        yield from _moved(story["workshop"], indicator, details[name][indicator], story[figure])
        first = ask(f"/programme/trends/{indicator}/workshops", {})[0]["code"]
        yield _equal(story["workshop"], f"moved most in {indicator}", first, story["workshop"])


def _equal(subject: str, name: str, measured: object, expected: object) -> Check:
    return Check(subject, name, measured == expected, measured, expected)


def _near(subject: str, name: str, measured: float | None, expected: float) -> Check:
    ok = measured is not None and abs(measured - expected) <= _SAME * abs(expected)
    return Check(subject, name, ok, measured, expected)


def _counts(ask: Ask, truth: Truth, others: Sequence[str], lines: int) -> Iterator[Check]:
    for city in ask("/programme/cities", {}):
        expected = truth["by_city"].get(city["code"], 0) + others.count(city["code"])
        yield _equal(city["code"], "workshops of the city", city["workshops"], expected)
    yield _equal("", "lines of the programme", lines, truth["lines"] + truth["lines_of_others"])
    targets = {each["id"]: each for each in ask("/programme/targets", {})}
    for target, key in (("T1.workshops", "recognised"), ("T1.lines", "lines_recognised")):
        yield _equal(target, "recognised, against the plan", targets[target]["observed"], truth[key])
    ranked = ask("/programme/ranking", _ALL)
    placed = sum(each["rank"] is not None for each in ranked)
    yield _equal("", "workshops with a rank", placed, truth["workshops"])


def _over_declares(ask: Ask, story: Truth, detail: Mapping[str, Any]) -> Iterator[Check]:
    code = story["workshop"]
    found = {
        each["item"]: (each["declared"], each["measured"])
        for form in reversed(detail["assessments"])
        for each in form["contradictions"]
    }
    both = (story["declared"], story["measured"])
    yield _equal(code, "declared and measured", found.get("connected_equipment"), both)
    flagged = [each["code"] for each in ask("/programme/ranking", _ALL) if each["contradictions"]]
    yield _equal(code, "contradicted in the ranking", flagged, [code])
    yield _equal(code, "standing", detail["standing"], "at risk")


def _outage(ask: Ask, story: Truth, detail: Mapping[str, Any]) -> Iterator[Check]:
    code = story["workshop"]
    stale = [each for each in ask("/programme/reporting", {}) if each["stale"]]
    yield _equal(code, "does not report", [each["code"] for each in stale], [code])
    days = int(stale[0]["silent_days"]) if stale else None
    yield _equal(code, "days of silence", days, story["silent_days"])
    kinds = [each["kind"] for each in detail["concerns"]]
    yield Check(code, "concern", "stale" in kinds, kinds, "stale")


def _moved(code: str, indicator: str, shown: Mapping[str, Any], truth: Truth) -> Iterator[Check]:
    for name in ("baseline", "recent"):
        yield _near(code, f"{indicator}, {name}", shown[name], truth[name])
    months = [each["value"] for each in shown["months"]]
    yield _equal(code, f"{indicator}, months", len(months), len(truth["months"]))
    for value, expected in zip(months, truth["months"], strict=False):
        yield _near(code, f"{indicator} of a month", value, expected)
