"""Indicators against a recomputation by hand, and what telemetry says against a declared answer."""

import random
from fractions import Fraction

import pytest
from chejian_analytics.assessment import (
    INDICATORS,
    AnswerError,
    Basis,
    Indicator,
    Month,
    Window,
    assess,
    declare,
    load_standards,
    measure,
    trend,
)
from chejian_analytics.assessment import evidence as e
from chejian_analytics.assessment.answers import Answer, Attachment
from chejian_analytics.assessment.trends import mann_kendall

WINDOW = Window(0, 1000)
WORKSHOP = load_standards().get("gbt37393-2019")


def seen(indicator: Indicator) -> tuple[int, int, int, int]:
    assert indicator.id in INDICATORS
    assert indicator.window == WINDOW
    return indicator.numerator, indicator.denominator, indicator.known, indicator.expected


@pytest.mark.parametrize(
    ("indicator", "expected"),
    [
        # Interface and configured; interface only; none; unknown interface; unknown, but not configured.
        (e.digital_equipment_share(WINDOW, [1, 1, 0, -1, -1], [1, 0, -1, 1, 0]), (1, 5, 4, 5)),
        # Data of the second never came; the fourth is not digital, the fifth unknown.
        (e.networked_equipment_share(WINDOW, [1, 1, 1, 0, -1], [5, 0, 900, 7, 7]), (2, 3, 4, 5)),
        (e.automatic_collection_share(WINDOW, [1, 1, 0, -1], [10, 0, 10, 10]), (1, 4, 3, 4)),
        (e.key_process_nc_share(WINDOW, [1, 1, 1, 0, -1]), (3, 5, 4, 5)),
        (e.data_quality(WINDOW, [90, 80], [5, 0], [5, 20], [900, 500], [1000, 1000]), (170, 200, 1400, 2000)),
        (e.meter_fitting(WINDOW, "unit_entry", [1, 1, 0], [12, 0, 0]), (1, 3, 3, 3)),
        (e.meter_fitting(WINDOW, "sub_unit", [1], [1]), (1, 1, 1, 1)),
        (e.meter_fitting(WINDOW, "main_equipment", [-1], [1]), (0, 1, 0, 1)),
        # Inspected; ended without; neither end nor inspection known; inspected, but nobody told the end.
        (e.inspected_order_share(WINDOW, [1, 1, 0, 0], [2, 0, 0, 1]), (2, 4, 3, 4)),
        (e.inspected_equipment_share(WINDOW, [2, 1, 0], [3, 0, 0]), (1, 3, 2, 3)),
        (e.spc_coverage(WINDOW, [1, 1, 0], [25, 0, 99]), (1, 3, 3, 3)),
        (e.traceability_coverage(WINDOW, [8, 0], [9, 5], [10, 5]), (8, 15, 14, 15)),
    ],
)
def test_indicator(indicator: Indicator, expected: tuple[int, int, int, int]) -> None:
    assert seen(indicator) == expected


def test_shares_equal_a_count_by_hand() -> None:
    """Large registries of random facts, counted with plain loops."""
    rng = random.Random(7)
    interface = [rng.choice((1, 0, -1)) for _ in range(500)]
    configured = [rng.choice((1, 0, -1)) for _ in range(500)]
    pairs = list(zip(interface, configured, strict=True))
    assert seen(e.digital_equipment_share(WINDOW, interface, configured)) == (
        sum(1 for a, b in pairs if a == 1 and b == 1),
        500,
        sum(1 for a, b in pairs if 0 in (a, b) or -1 not in (a, b)),
        500,
    )
    covered = [rng.choice((0, 0, 10)) for _ in range(500)]
    assert seen(e.networked_equipment_share(WINDOW, interface, covered))[:2] == (
        sum(1 for a, c in zip(interface, covered, strict=True) if a == 1 and c),
        interface.count(1),
    )


def test_nothing_known_is_no_value_and_never_zero() -> None:
    assert e.key_process_nc_share(WINDOW, [-1, -1]).value is None
    assert e.networked_equipment_share(WINDOW, [0, 0], [0, 0]).value is None
    assert e.data_quality(WINDOW, [0], [0], [0], [0], [1000]).value is None
    with pytest.raises(ValueError, match="key_process_nc: key_process_nc_share has no value"):
        measure("key_process_nc", e.key_process_nc_share(WINDOW, [-1]))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: e.key_process_nc_share(WINDOW, [2]), "1 .yes., 0 .no. or -1"),
        (lambda: e.spc_coverage(WINDOW, [1], [-1]), "not below 0"),
        (lambda: e.spc_coverage(WINDOW, [1], [0.5]), "whole numbers"),
        (lambda: e.spc_coverage(WINDOW, [1, 0], [1]), r"arrays of one length are needed, not \[2, 1\]"),
        (lambda: e.meter_fitting(WINDOW, "attic", [1], [1]), "meter_class 'attic'; allowed: unit_entry"),
        (lambda: e.data_quality(WINDOW, [1], [0], [0], [11], [10]), "covered_us must not be above due_us"),
        (lambda: e.traceability_coverage(WINDOW, [3], [2], [4]), "traced must not be above told"),
        (lambda: Window(5, 5), "end 5 must be above start 5"),
    ],
)
def test_wrong_input_is_refused(call: object, text: str) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=text):
        call()


def test_a_measured_answer_counts_as_measured_and_is_not_held_against_itself() -> None:
    indicator = e.digital_equipment_share(WINDOW, [1] * 8 + [0] * 2, [1] * 10)
    result = assess(
        WORKSHOP, [measure("digital_share", indicator)], industry="discrete", measured=[indicator]
    )
    assert result.findings.contradictions == ()
    assert result.founded[Basis.MEASURED] == Fraction(1, 11)


def test_an_answer_below_the_measurement_is_told_apart_from_one_above() -> None:
    indicator = e.digital_equipment_share(WINDOW, [1] * 10, [1] * 10)
    low = assess(WORKSHOP, [declare("digital_share", 0.5)], industry="discrete", measured=[indicator])
    (found,) = low.findings.contradictions
    assert (found.over_declared, found.declared, found.measured) == (False, Fraction(1, 2), Fraction(1))


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Answer(item="mes", values=(Fraction(1),), basis=Basis.MEASURED), "mes: measured; allowed: declared"),
        (
            Answer(item="digital_share", values=(Fraction(1),), basis=Basis.MEASURED),
            "digital_share: measured; allowed: the value of the indicator digital_equipment_share",
        ),
        (Answer(item="mes", values=(Fraction(1),), basis=Basis.ATTACHED), "mes: no attachment"),
        (declare("mes", 1, attachments=[Attachment("a.pdf", "ff")]), "hash 'ff'; allowed: 64 hexadecimal"),
        (declare("mes", 0.5), "mes: 0.5; allowed: 1 .yes. or 0 .no."),
        (declare("mes", 1, 1), "mes: 2 values"),
        (declare("wings", 1), "wings: no such item; allowed: an item of gbt37393-2019"),
    ],
)
def test_answers_that_do_not_fit_are_refused(answer: Answer, text: str) -> None:
    with pytest.raises(AnswerError, match=text):
        assess(WORKSHOP, [answer], industry="discrete")


def test_all_refusals_are_told_at_once() -> None:
    answers = [declare("mes", 2), declare("network", 3), declare("base_layer", 1), declare("base_layer", 1)]
    with pytest.raises(AnswerError) as refused:
        assess(WORKSHOP, answers, industry="discrete")
    assert [each.item for each in refused.value.refusals] == ["base_layer", "mes", "network"]


def months(values: list[tuple[int, int]]) -> list[Month]:
    return [
        Month(window=Window(i * 10, i * 10 + 10), numerator=n, denominator=d, covered_us=9, due_us=10)
        for i, (n, d) in enumerate(values)
    ]


def test_a_trend_divides_sums_and_knows_its_direction() -> None:
    rising = trend("oee", "us", months([(50 + i, 100) for i in range(12)]), baseline=3, recent=3)
    assert (rising.baseline.value, rising.recent.value) == (Fraction(51, 100), Fraction(60, 100))
    assert rising.difference == Fraction(9, 100)
    assert rising.relative == Fraction(9, 51)
    assert (rising.rising, rising.falling, rising.direction) == (66, 0, 1)
    assert rising.recent.completeness == Fraction(9, 10)
    assert rising.recent.window == Window(90, 120)
    weighted = trend("oee", "us", months([(10, 100), (90, 100), (0, 1000)]), baseline=2, recent=1)
    assert weighted.baseline.value == Fraction(1, 2)
    noise = trend("oee", "us", months([(5, 10), (6, 10), (4, 10), (5, 10)]), baseline=1, recent=1)
    assert (noise.difference, noise.direction) == (Fraction(0), 0)


def test_months_without_denominator_leave_no_value() -> None:
    found = trend("energy", "kWh", months([(5, 0), (6, 2)]), baseline=1, recent=1)
    assert (found.baseline.value, found.recent.value, found.difference) == (None, Fraction(3), None)
    with pytest.raises(ValueError, match="2 months are too few"):
        trend("energy", "kWh", months([(5, 1), (6, 2)]), baseline=1, recent=2)
    with pytest.raises(ValueError, match="months overlap at 0"):
        trend("energy", "kWh", months([(5, 1)]) * 2, baseline=1, recent=1)


def test_mann_kendall_by_hand() -> None:
    """Four rising values: S = 6, variance 4·3·13 / 18 = 8.667, z = 5 / 2.944 = 1.698, p = 0.0894."""
    rising, falling, probability = mann_kendall([Fraction(n) for n in (1, 2, 3, 4)])
    assert (rising, falling) == (6, 0)
    assert probability == pytest.approx(0.0894, abs=5e-5)
    assert mann_kendall([Fraction(1)] * 5) == (0, 0, 1.0)
