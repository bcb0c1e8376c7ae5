import csv
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path

import pytest
from chejian_analytics.kpi import KPIS, Flag, OeeTerms, oee
from hypothesis import given
from hypothesis import strategies as st

from tests.analytics.kpi import naive

MINUTE = 60_000_000
NAMES = [f.name for f in fields(OeeTerms)]
TIMES = ("not_scheduled_us", "planned_stop_us", "no_data_us", "adot_us", "adet_us", "aust_us", "apt_us")
NOTHING = OeeTerms(**dict.fromkeys(NAMES, 0))


def terms(**values: int) -> OeeTerms:
    return OeeTerms(
        **{**dict.fromkeys(NAMES, 0), "calendar_us": sum(values.get(t, 0) for t in TIMES), **values}
    )


SHIFT = terms(
    planned_stop_us=30 * MINUTE,
    apt_us=360 * MINUTE,
    aust_us=40 * MINUTE,
    adet_us=20 * MINUTE,
    adot_us=30 * MINUTE,
    ideal_us=700 * MINUTE // 2,
    effective_us=679 * MINUTE // 2,
    produced=700,
    good=679,
    scrap=21,
)
"""The constructed vector: planned operation time 480 min, PRI 0.5 min."""


def test_constructed_vector() -> None:
    got = oee(SHIFT)
    assert got.busy_us == 450 * MINUTE
    assert got.availability == 0.8
    assert got.effectiveness == pytest.approx(0.972222, abs=1e-6)
    assert got.quality_ratio == 0.97
    assert got.oee == pytest.approx(0.754444, abs=1e-6)
    assert got.nee == pytest.approx(0.838272, abs=1e-6)
    assert got.completeness == 1.0
    assert got.flags == ()


ROUNDED = {("E3", "OEE"): 5e-3}
"""Tolerance of figures that the source prints coarser than 0.001: the book gives this OEE as "50 %"."""


def test_published_examples(standards: Path) -> None:
    with Path(standards / "oee_worked_examples.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    checked = [_check_example(row) for row in rows]
    assert sum(checked) >= 3, "examples with minutes and counts"
    assert len(checked) >= 8


def _check_example(row: dict[str, str]) -> bool:
    """Whether the example went through `oee`; those that print factors only check the oracle's product."""
    if not row["planned_min"]:
        product = naive.oee_product(*(Fraction(row[k]) for k in ("A_pub", "P_pub", "Q_pub")))
        assert float(product) == pytest.approx(float(row["OEE_pub"]), abs=1e-3), row["id"]
        return False
    planned, uptime = (round(float(row[k]) * MINUTE) for k in ("planned_min", "uptime_min"))
    cycle, made, good = round(float(row["ideal_cycle_min"]) * MINUTE), int(row["total"]), int(row["good"])
    got = oee(
        terms(
            apt_us=uptime,
            adet_us=planned - uptime,
            ideal_us=cycle * made,
            effective_us=cycle * good,
            produced=made,
            good=good,
            scrap=made - good,
        )
    )
    values = {"A": got.availability, "P": got.effectiveness, "Q": got.quality_ratio, "OEE": got.oee}
    for name, value in values.items():
        assert value == pytest.approx(float(row[f"{name}_calc"]), abs=1e-6), (row["id"], name)
        assert value == pytest.approx(float(row[f"{name}_pub"]), abs=ROUNDED.get((row["id"], name), 1e-3))
    return True


long_times = st.integers(0, 10**15)


@given(
    times=st.tuples(*[long_times] * len(TIMES)),
    pri=st.integers(1, 10**9),
    good=st.integers(0, 10**6),
    scrap=st.integers(0, 10**5),
)
def test_identities(times: tuple[int, ...], pri: int, good: int, scrap: int) -> None:
    made = good + scrap
    given_terms = terms(
        **dict(zip(TIMES, times, strict=True)),
        ideal_us=pri * made,
        effective_us=pri * good,
        produced=made,
        good=good,
        scrap=scrap,
    )
    got = oee(given_terms)
    losses = sum(getattr(got, name) for name in TIMES if name != "apt_us")
    assert losses + got.speed_loss_us + got.quality_loss_us + got.effective_us == got.calendar_us
    busy = Fraction(got.apt_us + got.aust_us + got.adet_us + got.adot_us)
    if not (got.apt_us and made):
        assert got.quality_ratio is None or got.effectiveness is None
        return
    ratios = Fraction(got.apt_us) / busy, Fraction(pri * made, got.apt_us), Fraction(good, made)
    assert [got.availability, got.effectiveness, got.quality_ratio] == [float(r) for r in ratios]
    assert got.oee == float(naive.oee_product(*ratios)) == float(pri * good / busy)
    assert got.nee == float(naive.oee_product(*ratios) * (got.apt_us + got.aust_us) / got.apt_us)
    assert (Flag.PERFORMANCE_ABOVE_100 in got.flags) == (ratios[1] > 1)


@pytest.mark.parametrize(
    ("change", "given", "undefined", "flag"),
    [
        ({}, Flag.NO_COUNTS, {"effectiveness", "quality_ratio", "oee", "nee"}, Flag.NO_COUNTS),
        ({}, Flag.NO_QUALITY_COUNTS, {"quality_ratio", "oee", "nee"}, Flag.NO_QUALITY_COUNTS),
        ({}, Flag.NO_IDEAL_CYCLE, {"effectiveness", "oee", "nee"}, Flag.NO_IDEAL_CYCLE),
        ({}, Flag.COUNTER_RESET, set(), Flag.COUNTER_RESET),
        ({"apt_us": 0, "adot_us": 390 * MINUTE}, None, {"effectiveness", "nee"}, Flag.NO_PRODUCTION_TIME),
        (
            {"produced": 0, "good": 0, "scrap": 0, "ideal_us": 0, "effective_us": 0},
            None,
            {"quality_ratio"},
            Flag.NOTHING_PRODUCED,
        ),
        ({"ideal_us": 361 * MINUTE}, None, set(), Flag.PERFORMANCE_ABOVE_100),
        ({"good": 701}, None, set(), Flag.GOOD_ABOVE_PRODUCED),
        ({"effective_us": 678 * MINUTE // 2}, None, set(), Flag.MIXED_PRODUCTS),
    ],
)
def test_what_is_undefined_is_none_and_flagged(
    change: dict[str, int], given: Flag | None, undefined: set[str], flag: Flag
) -> None:
    got = oee(replace(SHIFT, **change), [given] if given else [])
    assert {kpi.id for kpi in KPIS if kpi.function(got) is None} == undefined
    assert flag in got.flags
    assert all(type(f) is str for f in got.flags)


def test_a_window_without_planned_time_has_no_ratio_at_all() -> None:
    got = oee(replace(NOTHING, calendar_us=MINUTE, not_scheduled_us=MINUTE))
    assert [kpi.function(got) for kpi in KPIS] == [None] * len(KPIS)
    assert got.completeness is None
    assert Flag.NO_PLANNED_TIME in got.flags


def test_missing_data_lowers_completeness_and_no_ratio() -> None:
    half = replace(SHIFT, no_data_us=450 * MINUTE, calendar_us=SHIFT.calendar_us + 450 * MINUTE)
    got = oee(half)
    assert got.completeness == 0.5
    assert [kpi.function(got) for kpi in KPIS] == [kpi.function(oee(SHIFT)) for kpi in KPIS]


def test_flags_that_follow_from_the_numbers_are_not_taken_over() -> None:
    assert oee(SHIFT, ["performance_above_100", "counter_reset"]).flags == ("counter_reset",)
    with pytest.raises(ValueError, match="no_such_flag"):
        oee(SHIFT, ["no_such_flag"])


def test_times_that_do_not_sum_are_refused() -> None:
    with pytest.raises(ValueError, match=r"sum to calendar_us = 28800000000; 1 us are left"):
        replace(SHIFT, apt_us=SHIFT.apt_us - 1)


def test_terms_name_what_is_stored_beside_a_value() -> None:
    got = oee(SHIFT).terms()
    assert set(got) == {*NAMES, "speed_loss_us", "quality_loss_us"}
    assert got["speed_loss_us"] == 10 * MINUTE
    assert got["quality_loss_us"] == 21 * MINUTE // 2


def test_each_kpi_is_the_quotient_of_its_parts_and_registered_once() -> None:
    got = oee(SHIFT)
    for kpi in KPIS:
        numerator, denominator = kpi.numerator(got), kpi.denominator(got)
        assert numerator is not None
        assert denominator is not None
        assert kpi.function(got) == pytest.approx(numerator / denominator, rel=1e-9), kpi.id
        assert max(numerator, denominator) < 2**63
        assert kpi.name_zh != kpi.name_en
