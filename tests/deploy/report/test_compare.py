"""The report must fail when the database differs from the truth: each planted difference is found by its own check."""

from collections.abc import Iterable
from typing import Any

import pytest
from chejian.report.checks import Check, Report
from chejian.report.compare import (
    compare_counters,
    compare_diagnoses,
    compare_hours,
    compare_ledger,
    compare_states,
)
from chejian.report.render import render
from chejian.report.truth import HOUR_MS, EquipmentTruth, clip, merge_states

HOUR = {
    "start_ms": 0,
    "end_ms": HOUR_MS,
    "apt_us": 2_700_000_000,
    "aust_us": 300_000_000,
    "adet_us": 500_000_000,
    "adot_us": 100_000_000,
    "ideal_us": 2_400_000_000,
    "produced": 24,
    "good": 21,
    "scrap": 3,
    "oee": 2_400_000_000 / 3_600_000_000 * 21 / 24,
}
STATES = ((0, 2_700_000, 1), (2_700_000, 3_000_000, 2), (3_000_000, 3_500_000, 3), (3_500_000, HOUR_MS, 7))
WAVEFORMS = (
    {"time_ms": 10, "part": "inner_race", "grade": "Y2", "source": "cwru:105"},
    {"time_ms": 20, "part": "rolling_element", "grade": "N1", "source": "cwru:118"},
    {"time_ms": 30, "part": None, "grade": None, "source": "cwru:97"},
    {"time_ms": 40, "part": "outer_race", "grade": None, "source": "model"},
)
TRUTH = EquipmentTruth(
    "M-1",
    STATES,
    {"produced": list(range(24)), "good": list(range(21)), "scrap": [1, 2, 3]},
    (HOUR,),
    WAVEFORMS,
)


def failed(checks: Iterable[Check]) -> list[str]:
    return [c.name for c in checks if not c.ok]


def row(**changes: Any) -> dict[str, Any]:
    return {
        "value": HOUR["oee"],
        "completeness": 1.0,
        "inputs": {**HOUR, **changes.pop("inputs", {})},
        **changes,
    }


def test_equal_states_pass_even_when_cut_at_hours() -> None:
    cut = [(0, 1_000_000, 1), (1_000_000, 2_700_400, 1), (2_700_400, 3_000_000, 2), *STATES[2:]]
    assert failed(compare_states(TRUTH, cut, 0, HOUR_MS)) == []


@pytest.mark.parametrize(
    ("found", "names"),
    [
        (STATES[:-1], {"states cover the time [ms]", "sequence of states", "time in state 7 [ms]"}),
        ([*STATES[:3], (3_500_000, HOUR_MS, 0)], {"no data [ms]", "sequence of states"}),
        ([(0, 2_702_000, 1), (2_702_000, 3_000_000, 2), *STATES[2:]], {"largest transition error [ms]"}),
        (
            [(0, 2_700_000, 1), (2_700_000, 3_500_000, 3), STATES[3]],
            {"sequence of states", "time in state 2 [ms]"},
        ),
    ],
)
def test_wrong_states_fail(found: list[tuple[int, int, int]], names: set[str]) -> None:
    assert names <= set(failed(compare_states(TRUTH, found, 0, HOUR_MS)))


def test_equal_hours_pass() -> None:
    assert failed(compare_hours(TRUTH, {0: row()}, HOUR_MS)) == []


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        ({}, "closed hours computed"),
        ({0: row(inputs={"good": 20})}, "hours whose counts differ"),
        ({0: row(value=HOUR["oee"] + 0.0011)}, "largest OEE error of an hour"),
        ({0: row(value=None)}, "largest OEE error of an hour"),
        ({0: row(completeness=0.999)}, "hours not complete"),
        ({0: row(inputs={"ideal_us": 2_410_000_000})}, "OEE over all closed hours"),
    ],
)
def test_wrong_hours_fail(rows: dict[int, dict[str, Any]], name: str) -> None:
    assert name in failed(compare_hours(TRUTH, rows, HOUR_MS))


def test_counters_are_compared_with_every_increment() -> None:
    right = {"produced_count": 24, "good_count": 21, "scrap_count": 3}
    assert failed(compare_counters(TRUTH, right)) == []
    assert failed(compare_counters(TRUTH, {**right, "good_count": 22})) == ["counter good"]
    assert failed(compare_counters(TRUTH, {})) == ["counter produced", "counter good", "counter scrap"]


def test_only_gradable_records_are_judged() -> None:
    right: dict[int, dict[str, Any]] = {int(str(w["time_ms"])): {"part": w["part"]} for w in WAVEFORMS}
    assert failed(compare_diagnoses(TRUTH, right)) == []
    assert failed(compare_diagnoses(TRUTH, {**right, 20: {"part": "outer_race"}})) == []
    assert failed(compare_diagnoses(TRUTH, {**right, 10: {"part": None}})) == [
        "diagnosis of cwru:105, grade Y2"
    ]
    assert failed(compare_diagnoses(TRUTH, {**right, 30: {"part": "cage"}})) == ["diagnosis of cwru:97"]
    assert failed(compare_diagnoses(TRUTH, {**right, 40: {"part": "cage"}})) == [
        "diagnosis of model, outer_race"
    ]
    del right[10]
    assert "vibration blocks without a diagnosis" in failed(compare_diagnoses(TRUTH, right))


EDGE = {
    "node": "N",
    "ledger_id": 7,
    "produced_batches": 5,
    "produced_samples": 50,
    "lost": [],
    "in_flight_batches": 0,
}
LEDGER = {"ledger_id": 7, "stored_batches": 5, "stored_samples": 50, "lost_batches": 0, "dead_batches": 0}


@pytest.mark.parametrize(
    ("edge", "ledger", "rows", "name"),
    [
        ({}, {"stored_batches": 4}, (50, 50), "batches stored"),
        ({}, {"stored_samples": 49}, (50, 50), "samples stored by the ledger"),
        ({}, {}, (49, 49), "rows in the database"),
        ({}, {}, (50, 49), "rows doubled"),
        ({"lost": [[1, 2]]}, {}, (50, 50), "batches lost"),
        ({}, {"dead_batches": 1}, (50, 50), "batches in dead letters"),
        ({"in_flight_batches": 1}, {}, (50, 50), "batches in flight"),
        ({"ledger_id": 8}, {}, (50, 50), "batches stored"),
    ],
)
def test_a_broken_identity_fails(
    edge: dict[str, Any], ledger: dict[str, Any], rows: tuple[int, int], name: str
) -> None:
    assert failed(compare_ledger(EDGE, [LEDGER], {"sample": (50, 50)})) == []
    assert name in failed(compare_ledger({**EDGE, **edge}, [{**LEDGER, **ledger}], {"sample": rows}))


def test_a_report_without_checks_is_no_pass() -> None:
    report = Report({})
    assert not report.ok
    report.checks.append(Check("M-1", "counts", ok=False, measured=1, expected=2))
    assert "FAIL" in render(report)
    assert "1 of 1 checks fail" in render(report)


def test_runs_are_merged_and_clipped() -> None:
    assert merge_states([(0, 5, 1), (5, 5, 2), (5, 9, 1), (9, 12, 3)]) == ((0, 9, 1), (9, 12, 3))
    assert clip(((0, 9, 1), (9, 12, 3)), 4, 10) == ((4, 9, 1), (9, 10, 3))
