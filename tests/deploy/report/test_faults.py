"""Planted faults in the truth report: what is found is found with its delay, what is missed or invented fails."""

from typing import Any

import pytest
from chejian.report.checks import FaultVerdict, WindowFigures
from chejian.report.evidence import Evidence
from chejian.report.faults import check_faults, judge_faults
from chejian.report.truth import HOUR_MS

from tests.deploy.report.plant import END_MS, fault, meter, truth

NAMED: dict[str, dict[int, dict[str, Any]]] = {
    "M-1": {HOUR_MS // 2: {"part": None}, HOUR_MS + 60_000: {"part": "outer_race"}}
}


def hours(
    code: str,
    *flags: tuple[str, ...],
    covered_us: int = HOUR_MS * 1000,
    effectiveness: float | None = 1.25,
) -> list[WindowFigures]:
    return [
        WindowFigures(
            code,
            "hour",
            "",
            n * HOUR_MS,
            (n + 1) * HOUR_MS,
            {"effectiveness": effectiveness},
            {"flags": own, "covered_us": covered_us},
        )
        for n, own in enumerate(flags)
    ]


def judged(
    *faults: dict[str, Any],
    windows: list[WindowFigures] | None = None,
    diagnoses: Any = None,
    known: Any = None,
    named: Any = None,
) -> list[FaultVerdict]:
    evidence = Evidence(
        truth(*faults, E=meter()), END_MS, windows or [], diagnoses or NAMED, known or {}, named or {}
    )
    return judge_faults(evidence)


def test_a_bearing_is_found_with_the_first_block_that_names_it() -> None:
    (verdict,) = judged(fault("bearing", "M-1", part="outer_race"))
    assert (verdict.verdict, verdict.delay_s) == ("found", 61.0)
    assert verdict.evidence == "outer_race named in 1 of 1 blocks, the first of them 0.02 h after the onset"


@pytest.mark.parametrize("named", [None, "inner_race"])
def test_another_name_is_a_miss(named: str | None) -> None:
    diagnoses = {"M-1": {HOUR_MS // 2: {"part": None}, HOUR_MS + 60_000: {"part": named}}}
    (verdict,) = judged(fault("bearing", "M-1", part="outer_race"), diagnoses=diagnoses)
    assert verdict.verdict == "missed"


def test_a_name_for_a_sound_bearing_is_false() -> None:
    diagnoses = {"M-1": {HOUR_MS // 2: {"part": "cage"}}}
    (verdict,) = judged(diagnoses=diagnoses)
    assert (verdict.verdict, verdict.evidence) == ("false", "cage in 1 sound blocks")
    assert [c.ok for c in check_faults("p", [verdict])] == [True, False]


@pytest.mark.parametrize(
    ("kind", "code", "flag"),
    [
        ("wrong_ideal_cycle", "M-1", "performance_above_100"),
        ("counter_reset", "M-1", "counter_reset"),
        ("counter_reset", "E", "meter_reset"),
        ("meter_rollover", "E", "meter_rollover"),
    ],
)
def test_flags_find_their_faults(kind: str, code: str, flag: str) -> None:
    (verdict,) = judged(fault(kind, code, onset_ms=HOUR_MS + 1), windows=hours(code, (), (flag,)))
    assert (verdict.verdict, verdict.delay_s) == ("found", (HOUR_MS - 1) / 1000)
    early = judged(fault(kind, code, onset_ms=HOUR_MS + 1), windows=hours(code, (flag,), ()))
    assert early[0].verdict == "missed"


@pytest.mark.parametrize("effectiveness", [None, 0.9, 1.0])
def test_a_wrong_cycle_is_not_reached_while_no_hour_is_faster_than_it(effectiveness: float | None) -> None:
    night = hours("M-1", (), (), effectiveness=effectiveness)
    (verdict,) = judged(fault("wrong_ideal_cycle", "M-1"), windows=night)
    assert verdict.verdict == "not reached"
    (verdict,) = judged(fault("wrong_ideal_cycle", "M-1"), windows=[*night, *hours("M-1", (), ())])
    assert verdict.verdict == "missed"


def test_a_flag_without_a_fault_is_false() -> None:
    (verdict,) = judged(windows=hours("E", (), ("meter_reset",)))
    assert (verdict.kind, verdict.verdict) == ("counter_reset", "false")


@pytest.mark.parametrize(
    ("minutes", "verdict"), [(45, "found"), (46, "found"), (44, "missed"), (48, "missed")]
)
def test_a_silent_meter_shows_as_much_unknown_time(minutes: int, verdict: str) -> None:
    silent = fault("silent_sensor", "E", end_ms=HOUR_MS + 45 * 60_000)
    windows = hours("E", (), ())[:1] + hours("E", (), (), covered_us=(60 - minutes) * 60_000_000)[1:]
    assert judged(silent, windows=windows)[0].verdict == verdict


@pytest.mark.parametrize(
    ("minutes", "verdict"), [(40, "found"), (39, "found"), (38, "missed"), (0, "missed")]
)
def test_a_silent_signal_shows_as_much_unknown_time(minutes: int, verdict: str) -> None:
    silent = fault("silent_sensor", "M-1", signal="S", end_ms=HOUR_MS + 40 * 60_000)
    known = {("M-1", "S"): {HOUR_MS: (60 - minutes) * 60_000_000}}
    assert judged(silent, known=known)[0].verdict == verdict


def test_what_no_method_looks_for_is_not_judged_and_the_future_is_not_reached() -> None:
    found = judged(fault("earthquake", "M-1"), fault("bearing", "M-1", part="cage", onset_ms=END_MS))
    assert [v.verdict for v in found] == ["not judged yet", "not reached"]
    assert all(c.ok for c in check_faults("p", found))


def row(minute: int, part: str, signal: str = "S") -> dict[str, Any]:
    return {"time_ms": HOUR_MS + minute * 60_000, "part": part, "signal": signal}


def test_imbalance_is_found_with_the_first_block_whose_shaft_is_called_so() -> None:
    planted = fault("imbalance", "M-1", onset_ms=HOUR_MS)
    (verdict,) = judged(planted, named={"M-1": [row(1, "imbalance", "V")]})
    assert (verdict.verdict, verdict.delay_s) == ("found", 61.0)
    assert judged(planted)[0].verdict == "missed"
    other = judged(planted, named={"M-1": [row(1, "looseness", "V")]})
    assert [(v.kind, v.verdict) for v in other] == [("imbalance", "missed"), ("looseness", "false")]


@pytest.mark.parametrize("kind", ["filter_clogging", "drifting_sensor"])
def test_a_slow_fault_is_found_by_name_and_signal(kind: str) -> None:
    planted = fault(kind, "M-1", signal="S", onset_ms=HOUR_MS)
    (verdict,) = judged(planted, named={"M-1": [row(30, kind)]})
    assert (verdict.verdict, verdict.delay_s) == ("found", 1800.0)
    assert judged(planted)[0].verdict == "not reached"
    old = fault(kind, "M-1", signal="S", onset_ms=-10 * HOUR_MS)
    assert judged(old)[0].verdict == "missed"
    wrong = judged(old, named={"M-1": [row(30, kind, "T"), row(31, "stuck_sensor")]})
    assert [v.verdict for v in wrong] == ["missed", "false", "false"]


def test_a_name_before_its_fault_or_long_after_it_is_false() -> None:
    planted = fault("silent_sensor", "M-1", signal="S", onset_ms=HOUR_MS, end_ms=HOUR_MS + 60_000)
    known = {("M-1", "S"): {HOUR_MS: 59 * 60_000_000}}
    for minute, verdicts in (
        (1, ["found"]),
        (24 * 60 + 1, ["found"]),
        (-1, ["found", "false"]),
        (24 * 60 + 2, ["found", "false"]),
    ):
        found = judged(planted, known=known, named={"M-1": [row(minute, "silent_sensor")]})
        assert [v.verdict for v in found] == verdicts, minute
