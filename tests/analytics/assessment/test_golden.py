"""Every golden case; a new one is a file."""

import json
import re
from fractions import Fraction
from typing import Any

import pytest
from chejian_analytics.assessment import Assessment, load_standards

from tests.analytics.assessment import golden
from tests.analytics.kpi.golden import problems

SCHEMA = json.loads(golden.SCHEMA.read_text(encoding="utf-8"))
CASES = pytest.mark.parametrize("name", golden.names())


def seen(result: Assessment) -> dict[str, Any]:
    """A result in the words of the cases."""
    return {
        "total": result.total,
        "answered": result.answered,
        "levels": {ladder: level and level.id for ladder, level in result.levels.items()},
        "aspects": {node: level.id for node, level in result.aspects.items()},
        "level_scores": list(result.level_scores),
        "shortfalls": [f"{each.level}:{each.subject}" for each in result.shortfalls],
        "contradictions": [
            f"{c.item}: {c.declared} against {c.measured} within {c.tolerance}"
            for c in result.findings.contradictions
        ],
        "too_incomplete": list(result.findings.too_incomplete),
    }


def wanted(key: str, value: Any) -> Any:
    if key in {"total", "answered"}:
        return None if value is None else Fraction(value)
    return [Fraction(each) for each in value] if key == "level_scores" else value


@CASES
def test_the_file_keeps_the_schema(name: str) -> None:
    assert problems(golden.read(name), SCHEMA, SCHEMA) == []


@CASES
def test_case(name: str) -> None:
    case = golden.read(name)
    expected = dict(case["expect"])
    if "error" in expected:
        with pytest.raises(ValueError, match=re.escape(expected["error"])):
            golden.run(case)
        return
    result = seen(golden.run(case))
    assert {key: result[key] for key in expected} == {key: wanted(key, v) for key, v in expected.items()}


def test_results_name_the_content_they_were_computed_with() -> None:
    result = golden.run(golden.read("heilongjiang-factory"))
    standard = load_standards().exactly(result.standard)
    assert (standard.version, len(standard.digest)) == (result.standard.version, 64)


def test_every_standard_with_levels_has_a_case() -> None:
    covered = {golden.read(name)["standard"] for name in golden.names()}
    assert {s.id for s in load_standards() if s.levels} <= covered
