import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chejian_analytics.kpi import (
    INDICATORS,
    KPIS,
    MISSING,
    WINDOW_KPIS,
    Characteristic,
    EnergyTerms,
    InspectionTerms,
    Order,
    Scope,
    StepTerms,
    Trend,
    Windows,
    indicators,
    oee,
    order_result,
    rollup,
    window_oee,
)
from chejian_analytics.kpi.capability import c4
from hypothesis import given

from tests.analytics.kpi.strategies import RANGE, Plant, plants
from tests.analytics.kpi.test_aggregate import HOUR, shift
from tests.analytics.kpi.test_oee import MINUTE, terms

BY_ID = {kpi.id: kpi for kpi in INDICATORS}
# standards vector: POT 480 min, planned downtime 30, APT 360, AUST 40, ADET 20, ADOT 30; PRI 0.5 min; PQ 700; GQ 679.
VECTOR = terms(
    planned_stop_us=30 * MINUTE,
    planned_maintenance_us=10 * MINUTE,
    apt_us=360 * MINUTE,
    aust_us=40 * MINUTE,
    adet_us=20 * MINUTE,
    adot_us=30 * MINUTE,
    fault_us=8 * MINUTE,
    maintenance_us=5 * MINUTE,
    failures=2,
    ideal_us=350 * MINUTE,
    effective_us=679 * MINUTE // 2,
    produced=700,
    good=679,
    scrap=14,
    rework=7,
)


def test_every_file_is_registered_once() -> None:
    folder = Path(indicators.__file__).parent
    files = {p.stem for p in folder.glob("*.py")} - {"__init__", "missing"}
    assert files == set(BY_ID)
    assert len(BY_ID) == len(INDICATORS)
    assert not set(BY_ID) & {m.id for m in MISSING}


def test_the_34_kpis_of_the_standard_are_either_computed_or_listed_with_what_they_need() -> None:
    standard = {k.id for k in INDICATORS if "ISO 22400-2" in k.clause and not k.clause.startswith("not in")}
    variants = {f"{name}_iso22400" for name in ("mtbf", "mttf", "mttr")}
    assert len((standard - variants) | {m.id for m in MISSING}) == 34
    assert variants < standard
    assert all(m.needs for m in MISSING)


def test_words_and_ranges_are_complete() -> None:
    for kpi in INDICATORS:
        assert kpi.name_zh != kpi.name_en
        assert kpi.formula
        assert kpi.clause
        assert kpi.confidence in "ABCD"
        assert kpi.upper is None or kpi.lower is None or kpi.lower < kpi.upper
    assert [k.id for k in KPIS] == ["oee", "availability", "effectiveness", "quality_ratio", "nee"]
    assert BY_ID["scrap_ratio"].trend is Trend.DOWN


@pytest.mark.parametrize(
    ("kpi", "value"),
    [
        ("availability", 0.8),
        ("effectiveness", 0.972222),
        ("quality_ratio", 0.97),
        ("oee", 0.754444),
        ("nee", 0.838272),
        ("teep", 679 / 2 / 480),
        ("allocation_efficiency", 0.933333),
        ("utilization_efficiency", 0.857143),
        ("technical_efficiency", 0.947368),
        ("setup_ratio", 0.1),
        ("scrap_ratio", 0.02),
        ("rework_ratio", 0.01),
        ("mtbf", 400 / 60 / 2),
        ("mtbf_iso22400", 400 / 60 / 3),
        ("mttf", (450 - 13) / 60 / 2),
        ("mttf_iso22400", (450 - 13) / 60 / 3),
        ("mttr", 13 / 60 / 2),
        ("mttr_iso22400", 13 / 60 / 3),
        ("corrective_maintenance_ratio", 5 / 15),
    ],
)
def test_window_kpis_of_the_standards_vector(kpi: str, value: float) -> None:
    assert BY_ID[kpi].scope is Scope.WINDOW
    assert BY_ID[kpi].function(oee(VECTOR)) == pytest.approx(value, abs=5e-7)


def test_no_failure_leaves_the_classical_means_undefined() -> None:
    none = oee(replace(VECTOR, failures=0, fault_us=0, maintenance_us=0))
    assert [BY_ID[k].function(none) for k in ("mtbf", "mttf", "mttr")] == [None] * 3
    assert BY_ID["mtbf_iso22400"].function(none) == pytest.approx(400 / 60)
    assert BY_ID["mttr_iso22400"].function(none) == 0.0


@given(plant=plants)
def test_window_kpis_of_any_plant_keep_their_range(plant: Plant) -> None:
    inputs = replace(plant.inputs(), good=None)
    for result in window_oee(inputs, Windows.of([0, 100], [100, RANGE])):
        for kpi in WINDOW_KPIS:
            value = kpi.function(result)
            if value is not None:
                assert math.isfinite(value)
                assert kpi.lower is None or value >= kpi.lower, kpi.id
                assert kpi.upper is None or value <= kpi.upper, kpi.id


def test_an_order_over_two_machines() -> None:
    order = Order(
        id="O-1",
        product="SHAFT-A",
        planned_quantity=40,
        start_us=0,
        end_us=4 * HOUR,
        pri_us=90 * 1_000_000,
        planned_setup_us=MINUTE,
        planned_scrap=4,
    )
    result = order_result(order, [shift(), shift()])
    assert order.planned_execution_us == 61 * MINUTE
    assert (result.aoet_us, result.terms.produced, result.terms.scrap) == (4 * HOUR, 60, 2)
    values = {k.id: k.function(result) for k in INDICATORS if k.scope is Scope.ORDER}
    assert values == {
        "throughput_rate": 15.0,
        "allocation_ratio": 2 * 2.5 / 4,
        "production_process_ratio": 2 * 1.5 / 4,
        "actual_to_planned_scrap_ratio": 0.5,
    }
    assert (
        BY_ID["actual_to_planned_scrap_ratio"].function(
            order_result(replace(order, planned_scrap=None), [shift()])
        )
        is None
    )
    assert replace(order, pri_us=None).planned_execution_us is None
    with pytest.raises(ValueError, match=r"order 'O-1': \[5, 5\) is empty"):
        replace(order, start_us=5, end_us=5)


def test_an_order_is_the_sum_of_its_pieces() -> None:
    whole = window_oee(shift(), Windows.of([0], [4 * HOUR]))[0]
    parts = window_oee(shift(), Windows.of([0, HOUR, 3 * HOUR], [HOUR, 3 * HOUR, 4 * HOUR]))
    assert rollup(parts) == whole


def test_kpis_of_other_records() -> None:
    assert BY_ID["first_pass_yield"].function(InspectionTerms(200, 190)) == 0.95
    assert BY_ID["first_pass_yield"].function(InspectionTerms(0, 0)) is None
    assert BY_ID["fall_off_ratio"].function(StepTerms(3, 60)) == 0.05
    assert BY_ID["fall_off_ratio"].function(StepTerms(None, 60)) is None
    assert BY_ID["comprehensive_energy_consumption"].function(EnergyTerms(5000, 20)) == 250.0
    assert BY_ID["comprehensive_energy_consumption"].function(EnergyTerms(5000, 0)) is None


VALUES = [9.9, 10.1, 10.0, 10.2, 9.8, 10.0, 10.1, 9.9, 10.05, 9.95]


def test_capability_by_hand() -> None:
    study = Characteristic(VALUES, 9.0, 11.5, subgroup=5)
    mean = sum(VALUES) / 10
    s = math.sqrt(sum((v - mean) ** 2 for v in VALUES) / 9)
    groups = [VALUES[:5], VALUES[5:]]
    bars = [sum(g) / 5 for g in groups]
    sd = [math.sqrt(sum((v - m) ** 2 for v in g) / 4) for g, m in zip(groups, bars, strict=True)]
    sigma = sum(sd) / 2 / 0.939986
    assert BY_ID["cm"].function(study) == pytest.approx(2.5 / 6 / s, rel=1e-12)
    assert BY_ID["cmk"].function(study) == pytest.approx((mean - 9.0) / 3 / s, rel=1e-12)
    assert BY_ID["cp"].function(study) == pytest.approx(2.5 / 6 / sigma, rel=1e-5)
    assert BY_ID["cpk"].function(study) == pytest.approx((mean - 9.0) / 3 / sigma, rel=1e-5)
    assert [round(c4(n), 4) for n in (2, 5, 10, 25)] == [0.7979, 0.9400, 0.9727, 0.9896]


def test_capability_of_awkward_values() -> None:
    def values(study: Characteristic) -> list[float | None]:
        return [BY_ID[k].function(study) for k in ("cm", "cmk", "cp", "cpk")]

    assert values(Characteristic([], 0.0, 1.0)) == [None] * 4
    assert values(Characteristic([0.5], 0.0, 1.0)) == [None] * 4
    assert values(Characteristic([0.5] * 20, 0.0, 1.0)) == [None] * 4
    one_sided = values(Characteristic(VALUES, None, 10.5))
    assert [v is None for v in one_sided] == [True, False, True, False]
    outside = BY_ID["cmk"].function(Characteristic(VALUES, 0.0, 9.5))
    assert outside is not None
    assert outside < 0
    assert values(Characteristic([*VALUES, np.nan], 9.0, 11.5)) == values(Characteristic(VALUES, 9.0, 11.5))
    with pytest.raises(ValueError, match="values must be finite"):
        values(Characteristic([1.0, math.inf], 0.0, 2.0))
    with pytest.raises(ValueError, match="at least one tolerance limit"):
        Characteristic(VALUES, None, None)
    with pytest.raises(ValueError, match=r"upper limit 1\.0 must be above lower limit 2\.0"):
        Characteristic(VALUES, 2.0, 1.0)
    with pytest.raises(ValueError, match="subgroup 1 must be 2 to 25"):
        Characteristic(VALUES, 0.0, 1.0, subgroup=1)
