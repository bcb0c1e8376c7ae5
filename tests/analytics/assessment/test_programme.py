"""The provincial programme: figures of the plan, energy intensity, evaluation of targets, scenarios, places."""

from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest
from chejian_analytics.assessment import DataFileError
from chejian_analytics.assessment.programme import (
    Basis,
    EnergyYear,
    Evaluation,
    Observation,
    Reason,
    Rules,
    Sector,
    Status,
    Why,
    annual_rate,
    check_figures,
    compound,
    count_scenario,
    energy_cap,
    evaluate,
    intensity,
    intensity_change,
    intensity_scenario,
    load_places,
    load_plan,
    read_plan,
    sector_scenario,
)
from chejian_analytics.assessment.programme.places import read_places
from hypothesis import given
from hypothesis import strategies as st

PLAN = load_plan()
TEXT = Path(__file__).parents[4] / "shared" / "data" / "heilongjiang-plan-2017.txt"
END_2018 = date(2018, 12, 31)


@pytest.mark.parametrize(
    ("check", "value", "places"),
    [
        ("output_growth", 0.7355, 4),
        ("manufacturing_in_output", 0.6978, 4),
        ("manufacturing_in_value_added", 0.4482, 4),
        ("all_firms", 4128, 0),
        ("all_assets", 14426, 0),
        ("light_heavy_before", 1.00, 2),
        ("light_heavy_after", 1.00, 2),
        ("made_mined_before", 0.95, 2),
        ("made_mined_after", 0.91, 2),
        ("projects_share", 0.5871, 4),
        ("research_before", 0.0080, 4),
        ("energy_2010", 5791.6, 1),
        ("value_added_growth", 0.2898, 4),
        ("value_added_rate", 0.0522, 4),
        ("expected_rate", -0.0461, 4),
        ("reached_rate", -0.0781, 4),
        ("target_rate", -0.038913, 6),
        ("energy_cap_2020", 4729, 0),
        ("energy_cap_change", -0.049, 3),
    ],
)
def test_consistency_figures_of_the_plan(check: str, value: float, places: int) -> None:
    found = {each.check.id: each for each in check_figures(PLAN)}
    assert round(found[check].value, places) == value
    assert found[check].agrees is not False


def test_every_check_has_its_published_figure_above_and_a_wrong_one_is_found() -> None:
    assert len(PLAN.checks) == 19
    found = {each.check.id: each.agrees for each in check_figures(PLAN)}
    assert {name for name, agrees in found.items() if agrees} == {
        "output_growth",
        "manufacturing_in_output",
        "manufacturing_in_value_added",
        "light_heavy_before",
        "light_heavy_after",
        "projects_share",
    }
    text = source("heilongjiang-2020.toml").replace("value = 26456", "value = 28456")
    wrong = {each.check.id: each.agrees for each in check_figures(read_plan(text, "changed.toml"))}
    assert wrong["output_growth"] is False


def source(name: str) -> str:
    folder = files("chejian_analytics.assessment.programme") / "plans"
    return (folder / name).read_text(encoding="utf-8")


def squeezed(text: str) -> str:
    """Text without blanks, quotation marks and the differences of colon and percent signs."""
    for old, new in (("％", "%"), ("：", "∶"), (":", "∶"), ("“", ""), ("”", "")):
        text = text.replace(old, new)
    return "".join(text.split())


def test_phrases_are_words_of_the_plan(standards: Path) -> None:
    del standards  # the plan lies beside the published tables
    text = squeezed(TEXT.read_text(encoding="utf-8"))
    phrases = [target.phrase for target in PLAN.targets] + [each.phrase for each in PLAN.figures.values()]
    for phrase in phrases:
        for part in squeezed(phrase).split("…"):
            assert part in text, phrase


def test_all_targets_of_the_plan_are_there() -> None:
    assert {target.id.split(".")[0] for target in PLAN.targets} == {
        *(f"T{n}" for n in range(1, 13)),
        "P1",
        "P2",
    }
    expected = {"T1.workshops": 100, "T1.lines": 1000, "T2": -0.18, "T3": 0.03, "T4": 300, "T5": 1}
    assert {name: PLAN.target(name).value for name in expected} == expected
    assert PLAN.target("T4").baseline == 204
    assert PLAN.target("T1.workshops").baseline is None
    with pytest.raises(KeyError, match=r"no target 'T13'; there are T1\.workshops"):
        PLAN.target("T13")


def test_a_broken_plan_is_refused_with_every_problem() -> None:
    text = source("heilongjiang-2020.toml")
    for old, new in (
        ('kind = "rate"', 'kind = "guess"'),
        ("value = 300", 'value = "many"'),
        ('of = ["energy_2015", "energy_change"]', 'of = ["energy_2015"]'),
        ("due_year = 2020", "due_year = 2015"),
        ('id = "T9.mes"', 'id = "T9.erp"'),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    with pytest.raises(DataFileError) as refused:
        read_plan(text, "own.toml")
    said = str(refused.value)
    for part in (
        "'guess'",
        "'many'",
        "2 figures for before_change",
        "a year after 2015",
        "'T9.erp'; allowed: each",
    ):
        assert part in said


# Energy per unit of value added


def test_one_year() -> None:
    """Energy -2 %, value added +5 %."""
    assert intensity_change(-0.02, 0.05) == pytest.approx(-0.066667, abs=5e-7)


def test_five_years_at_3_89_percent_reach_18() -> None:
    assert compound([-0.0389] * 5) == pytest.approx(-0.1799, abs=5e-5)
    assert annual_rate(-0.18, 5) == pytest.approx(-0.038913, abs=5e-7)
    assert compound([annual_rate(-0.18, 5)] * 5) == pytest.approx(-0.18, abs=1e-12)


def years(*rows: tuple[int, float, float], basis: Basis = Basis.EQUIVALENT) -> list[EnergyYear]:
    return [EnergyYear(year=y, energy=e, growth=g, basis=basis) for y, e, g in rows]


def test_the_chain_keeps_base_prices_and_basis() -> None:
    path = intensity(years((2017, 96.04, 0.05), (2015, 100, 0.9), (2016, 98, 0.05)))
    assert path.years == (2015, 2016, 2017)
    assert path.value_added == pytest.approx((1, 1.05, 1.1025))
    assert path.yearly == pytest.approx((-0.066667, -0.066667), abs=5e-7)
    assert path.total == pytest.approx(0.9604 / 1.1025 - 1)
    assert path.mean == pytest.approx(-0.066667, abs=5e-7)
    assert path.basis is Basis.EQUIVALENT


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (years((2015, 1, 0)), "1 years; allowed: two or more"),
        (years((2015, 1, 0), (2017, 1, 0)), "year 2017 after 2015"),
        (years((2015, 1, 0), (2016, 0, 0)), "2016: energy 0"),
        (
            [*years((2015, 1, 0)), *years((2016, 1, 0), basis=Basis.EQUAL)],
            "2016: basis equal, while 2015 has equivalent",
        ),
    ],
)
def test_years_that_cannot_be_chained_are_refused(given: list[EnergyYear], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        intensity(given)


@given(st.lists(st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)), min_size=1, max_size=8))
def test_a_chain_is_the_quotient_of_both_chains(changes: list[tuple[float, float]]) -> None:
    rows = [EnergyYear(year=2015, energy=100, growth=0, basis=Basis.EQUAL)]
    for i, (ge, gva) in enumerate(changes):
        energy = rows[-1].energy * (1 + ge)
        rows.append(EnergyYear(year=2016 + i, energy=energy, growth=gva, basis=Basis.EQUAL))
    path = intensity(rows)
    expected = (1 + compound(ge for ge, _ in changes)) / (1 + compound(gva for _, gva in changes))
    assert path.intensity[-1] == pytest.approx(expected)
    assert (1 + path.mean) ** len(changes) == pytest.approx(1 + path.total)


# Evaluation


def seen(
    target: str, *values: tuple[date, float], on: date = END_2018, rules: Rules | None = None
) -> Evaluation:
    observations = [Observation(day=day, value=value) for day, value in values]
    return evaluate(PLAN.target(target), observations, on=on, rules=rules or Rules())


def test_a_count_on_its_line() -> None:
    """204 to 300 in five years: 261.6 after three."""
    found = seen("T4", (END_2018, 262))
    assert (found.status, found.reasons) == (Status.ON_TRACK, ())
    assert found.planned == pytest.approx(261.6)
    assert found.progress == pytest.approx(58 / 96)
    assert found.projected == pytest.approx(204 + 58 * 5 / 3)
    assert found.required == pytest.approx(19)


def test_a_count_behind_its_line_says_why() -> None:
    found = seen("T4", (END_2018, 240))
    assert found.status is Status.AT_RISK
    assert [reason.why for reason in found.reasons] == [Why.BEHIND_LINE, Why.TOO_SLOW]
    assert [reason.value for reason in found.reasons] == pytest.approx([240, 264])
    assert [reason.limit for reason in found.reasons] == pytest.approx([261.6, 300])


def test_without_a_baseline_no_line_is_drawn() -> None:
    found = seen("T1.workshops", (END_2018, 60))
    assert (found.status, found.planned, found.progress) == (Status.OPEN, None, None)
    assert found.reasons == (Reason(Why.NO_BASELINE, 0, 100),)
    assert seen("T1.workshops", (END_2018, 100)).status is Status.MET


def test_intensity_runs_at_a_constant_rate() -> None:
    found = seen("T2", (END_2018, -0.113))
    assert found.planned == pytest.approx(0.82 ** (3 / 5) - 1)
    assert found.status is Status.ON_TRACK
    assert found.required == pytest.approx((0.82 / 0.887) ** 0.5 - 1)
    assert seen("T2", (END_2018, -0.10)).status is Status.AT_RISK
    # Past the target before it is due: growth can still undo it.
    assert seen("T2", (END_2018, -0.19)).status is Status.ON_TRACK
    assert seen("T2", (date(2020, 12, 31), -0.19), on=date(2021, 1, 31)).status is Status.MET


def test_on_the_line_is_on_track_to_the_last_bit() -> None:
    planned = seen("T2", (END_2018, 0)).planned
    assert planned is not None
    assert seen("T2", (END_2018, planned)).status is Status.ON_TRACK


def test_a_mean_rate() -> None:
    found = seen("T3", (END_2018, 0.025))
    assert (found.status, found.planned) == (Status.AT_RISK, 0.03)
    assert found.required == pytest.approx((1.03**5 / 1.025**3) ** 0.5 - 1)
    assert seen("T3", (END_2018, 0.031)).status is Status.ON_TRACK


def test_due_and_not_reached_is_missed() -> None:
    after = date(2021, 3, 1)
    assert seen("T4", (date(2020, 12, 31), 299), on=after).status is Status.MISSED
    assert seen("T4", (date(2020, 12, 31), 300), on=after).status is Status.MET


def test_what_was_not_observed_when_due_is_not_called_missed() -> None:
    found = seen("T4", (date(2020, 10, 31), 299), on=date(2021, 1, 31))
    assert found.status is Status.AT_RISK
    assert Reason(Why.NOT_SEEN_WHEN_DUE, 61, 0) in found.reasons


def test_a_count_once_reached_stays_reached() -> None:
    assert seen("T4", (END_2018, 301), on=date(2021, 1, 31)).status is Status.MET
    doubtful = Observation(day=END_2018, value=301, completeness=0.5)
    found = evaluate(PLAN.target("T4"), [doubtful], on=END_2018)
    assert (found.status, found.reasons) == (Status.AT_RISK, (Reason(Why.INCOMPLETE, 0.5, 0.8),))


def test_data_that_does_not_carry_the_statement_is_a_risk() -> None:
    rules = Rules(stale_days=90, completeness=0.8, measured=0.5)
    old = Observation(day=date(2018, 6, 30), value=290, completeness=0.7, measured=0.2)
    found = evaluate(PLAN.target("T4"), [old], on=END_2018, rules=rules)
    assert found.status is Status.AT_RISK
    assert found.reasons == (
        Reason(Why.STALE, 184, 90),
        Reason(Why.INCOMPLETE, 0.7, 0.8),
        Reason(Why.MOSTLY_DECLARED, 0.2, 0.5),
    )


def test_a_trend_needs_no_number() -> None:
    assert seen("T9.certified", (END_2018, 20)).status is Status.ON_TRACK
    worse = seen("T10", (END_2018, 0.44))
    assert (worse.status, worse.reasons) == (Status.AT_RISK, (Reason(Why.WRONG_DIRECTION, 0.44, 0.448),))
    assert seen("T12", (END_2018, 0.9)).status is Status.ON_TRACK
    assert seen("T8", (END_2018, 3)).status is Status.OPEN
    assert seen("T8", (date(2017, 12, 31), 3), (END_2018, 4)).status is Status.ON_TRACK


def test_projects_are_there_or_not() -> None:
    assert seen("P2", (END_2018, 1)).status is Status.OPEN
    assert seen("P2", (END_2018, 10)).status is Status.MET


def test_what_comes_later_is_not_seen() -> None:
    assert seen("T4", (date(2019, 1, 1), 300)).status is Status.NO_DATA
    found = seen("T4", (date(2019, 1, 1), 300), (END_2018, 262))
    assert (found.value, found.status) == (262, Status.ON_TRACK)
    with pytest.raises(ValueError, match="T4: two observations on 2018-12-31"):
        seen("T4", (END_2018, 1), (END_2018, 2))


@given(st.floats(204, 400), st.floats(0, 50), st.dates(date(2016, 1, 1), date(2020, 12, 31)))
def test_more_is_never_worse(value: float, more: float, day: date) -> None:
    order = [Status.MISSED, Status.AT_RISK, Status.ON_TRACK, Status.MET]
    low, high = seen("T4", (day, value), on=day), seen("T4", (day, value + more), on=day)
    assert order.index(high.status) >= order.index(low.status)


# Scenarios


def test_scenario_of_the_plan() -> None:
    """4975 with value added +3 % a year: 4729 at most."""
    found = intensity_scenario(4975, [-0.01] * 5, [0.03] * 5, -0.18)
    assert round(found.cap) == 4729
    # 0.99^5 of 4975 is 4731.2, two more than allowed.
    assert (found.met, round(found.energy, 1)) == (False, 4731.2)
    assert found.saving == pytest.approx(found.energy - found.cap)
    needed = intensity_scenario(4975, [found.needed_rate] * 5, [0.03] * 5, -0.18)
    assert needed.energy == pytest.approx(found.cap)
    assert needed.total == pytest.approx(-0.18)
    assert energy_cap(4975, [0.03] * 5, -0.18) == found.cap
    with pytest.raises(ValueError, match="1 growths of energy and 2 of value added"):
        intensity_scenario(1, [0], [0, 0], -0.1)


def test_pace_of_counts() -> None:
    found = count_scenario(60, 100, 2, 15)
    assert (found.reached, found.met, found.needed) == (90, False, 20)
    assert found.years == pytest.approx(40 / 15)
    assert count_scenario(60, 100, 2, 0).years is None
    assert count_scenario(120, 100, 2, 0).needed == 0
    with pytest.raises(ValueError, match="years 0"):
        count_scenario(1, 2, 0, 1)


def test_structure_and_efficiency_are_told_apart() -> None:
    """Two sectors of equal value added, one ten times as hungry; only the lean one grows, to the double."""
    found = sector_scenario(
        [
            Sector(id="heavy", energy=100, value_added=10, growth=0, saving=0),
            Sector(id="lean", energy=10, value_added=10, growth=1, saving=-0.5),
        ]
    )
    assert found.structure == pytest.approx((120 / 30) / (110 / 20) - 1)
    assert found.efficiency == pytest.approx(110 / 120 - 1)
    assert found.total == pytest.approx((110 / 30) / (110 / 20) - 1)
    assert (found.energy, found.growth) == (110, 0.5)
    with pytest.raises(ValueError, match="no sectors"):
        sector_scenario([])


# Places


def test_thirteen_cities_by_code() -> None:
    places = load_places()
    assert len(places.cities) == 13
    assert len({city.code for city in places.cities}) == 13
    assert all(city.code.startswith("23") for city in places.cities)
    assert places.city("230100").name_zh == "哈尔滨市"
    assert [city.name_en for city in places.cities if city.role == "regional centre"] == [
        "Qiqihar",
        "Daqing",
        "Jiamusi",
        "Mudanjiang",
    ]
    with pytest.raises(KeyError, match="no city '110000'"):
        places.city("110000")


def test_fields_tell_who_says_so() -> None:
    """Seven are named by the plan, ten more are a reading of its subsections, five resource sectors stand apart."""
    fields = [field for field in load_places().fields if field.group == "key"]
    count = {who: sum(field.authority == who for field in fields) for who in ("named", "inferred", "section")}
    assert count == {"named": 7, "inferred": 10, "section": 5}


def test_broken_places_are_refused() -> None:
    text = source("heilongjiang.places.toml").replace('"230200"', '"2302"').replace('"Jixi"', '""')
    with pytest.raises(DataFileError) as refused:
        read_places(text.replace('id = "rail"', 'id = "robots"', 1), "own.toml")
    said = str(refused.value)
    for part in ("city[1].code: '2302'", "city[2].name_en: ''", "field: 'robots'; allowed: each once"):
        assert part in said
