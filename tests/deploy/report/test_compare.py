"""The report must fail when the database differs from the truth: each planted difference is found by its own check."""

from collections.abc import Iterable
from typing import Any

import pytest
from chejian.report.checks import Check, Report, WindowFigures
from chejian.report.diagnoses import compare_diagnoses
from chejian.report.ledger import compare_ledger
from chejian.report.render import render
from chejian.report.states import compare_states
from chejian.report.truth import HOUR_MS, EquipmentTruth, clip, merge_states
from chejian.report.windows import PARTS, compare_counts, compare_windows, window_figures

HOUR: dict[str, Any] = {
    "start_ms": 0,
    "end_ms": HOUR_MS,
    "not_scheduled_us": 0,
    "planned_stop_us": 0,
    "no_data_us": 0,
    "apt_us": 2_700_000_000,
    "aust_us": 300_000_000,
    "adet_us": 500_000_000,
    "adot_us": 100_000_000,
    "ideal_us": 2_400_000_000,
    "produced": 24,
    "good": 21,
    "scrap": 3,
    "by_product": {"P": {"produced": 24, "good": 21, "scrap": 3}},
    "availability": 0.75,
    "effectiveness": 2_400_000_000 / 2_700_000_000,
    "quality_ratio": 21 / 24,
    "oee": 2_400_000_000 / 3_600_000_000 * 21 / 24,
}
SHIFT: dict[str, Any] = {**HOUR, "code": "A", "end_ms": 2 * HOUR_MS, "no_data_us": HOUR_MS * 1000}
"""Half of it lies before the plant's epoch."""
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
    {"hour": (HOUR,), "shift": (SHIFT,)},
    WAVEFORMS,
    by_product={"P": {"produced": 24, "good": 21, "scrap": 3}, "Q": {"produced": 0, "good": 0, "scrap": 0}},
)


def failed(checks: Iterable[Check]) -> list[str]:
    return [c.name for c in checks if not c.ok]


def row(kind: str = "hour", **changes: Any) -> dict[str, Any]:
    want = HOUR if kind == "hour" else SHIFT
    return {
        "values": {name: want[name] for name in PARTS} | changes.pop("values", {}),
        "completeness": 1.0 if kind == "hour" else 0.5,
        "flags": [],
        "provisional": False,
        "inputs": {**want, **changes.pop("inputs", {})},
        **changes,
    }


def figures(kind: str, rows: dict[int, dict[str, Any]]) -> list[WindowFigures]:
    return window_figures(TRUTH, kind, rows, 2 * HOUR_MS)


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


@pytest.mark.parametrize("kind", ["hour", "shift"])
def test_equal_windows_pass(kind: str) -> None:
    assert failed(compare_windows("M-1", kind, figures(kind, {0: row(kind)}), 3)) == []


@pytest.mark.parametrize(
    ("kind", "changes", "name"),
    [
        ("hour", {"provisional": True}, "closed hours computed"),
        ("hour", {"inputs": {"good": 20}}, "hours whose counts differ"),
        ("hour", {"inputs": {"adet_us": 504_000_000}}, "largest error of a hour's state times [ms]"),
        ("hour", {"values": {"oee": HOUR["oee"] + 0.0011}}, "largest oee error of a hour"),
        ("hour", {"values": {"oee": None}}, "largest oee error of a hour"),
        ("shift", {"values": {"availability": 0.752}}, "largest availability error of a shift"),
        ("hour", {"completeness": 0.9999}, "hours whose completeness differs"),
        ("shift", {"completeness": 0.6}, "shifts whose completeness differs"),
        ("hour", {"flags": ["performance_above_100"]}, "hours flagged as faster than ideal"),
    ],
)
def test_wrong_windows_fail(kind: str, changes: dict[str, Any], name: str) -> None:
    assert failed(compare_windows("M-1", kind, figures(kind, {0: row(kind, **changes)}), 3)) == [name]


def test_a_missing_window_fails_and_an_open_one_is_not_asked_for() -> None:
    assert failed(compare_windows("M-1", "hour", figures("hour", {}), 3)) == ["closed hours computed"]
    assert window_figures(TRUTH, "shift", {}, HOUR_MS) == []


def test_counts_are_compared_with_every_increment_and_product() -> None:
    right = {"produced_count": {"P": 24}, "good_count": {"P": 21}, "scrap_count": {"P": 3}}
    assert failed(compare_counts(TRUTH, right)) == []
    assert failed(compare_counts(TRUTH, {**right, "good_count": {"P": 22}})) == [
        "counter good",
        "good by product",
    ]
    assert failed(compare_counts(TRUTH, {**right, "scrap_count": {"P": 2, "Q": 1}})) == ["scrap by product"]
    assert len(failed(compare_counts(TRUTH, {}))) == 6


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


def test_the_tables_show_truth_where_it_differs() -> None:
    report = Report({"seed": 1}, windows=figures("shift", {0: row("shift", values={"oee": 0.5})}))
    report.checks += compare_windows("M-1", "shift", report.windows, 3)
    assert "0.5000 (true 0.5833)" in render(report)
    assert f"{len(report.checks)} checks over 1 windows: 1 of {len(report.checks)} checks fail" in render(
        report
    )


def test_a_report_without_checks_is_no_pass() -> None:
    report = Report({})
    assert not report.ok
    report.checks.append(Check("M-1", "counts", ok=False, measured=1, expected=2))
    assert "FAIL" in render(report)
    assert "1 of 1 checks fail" in render(report)


def test_runs_are_merged_and_clipped() -> None:
    assert merge_states([(0, 5, 1), (5, 5, 2), (5, 9, 1), (9, 12, 3)]) == ((0, 9, 1), (9, 12, 3))
    assert clip(((0, 9, 1), (9, 12, 3)), 4, 10) == ((4, 9, 1), (9, 10, 3))
