"""The simulated province: the same from a seed, lines that add up, whole months, and stories in its numbers."""

from datetime import date

import numpy as np
import pytest
from chejian_simulators.province import Province, make_province, truth_of

LAST = date(2024, 2, 29)


@pytest.fixture(scope="module")
def province() -> Province:
    return make_province(3, LAST, workshops=97, months=6, lines=991)


def test_a_seed_makes_one_province(province: Province) -> None:
    again = make_province(3, LAST, workshops=97, months=6, lines=991)
    other = make_province(4, LAST, workshops=97, months=6, lines=991)
    assert truth_of(again) == truth_of(province) != truth_of(other)


def test_lines_cities_and_months_are_as_asked(province: Province) -> None:
    truth = truth_of(province)
    assert sum(each.lines for each in province.workshops) == truth["lines"] == 991
    assert min(each.lines for each in province.workshops) >= 1
    assert len(truth["by_city"]) == 13
    assert sum(truth["by_city"].values()) == len(set(truth["codes"])) == 97
    assert (province.first, province.days) == (date(2023, 8, 1), 213)
    assert len(truth["stories"]["improves"]["oee"]["months"]) == 7


def test_days_add_up(province: Province) -> None:
    for machine in (machine for workshop in province.workshops for machine in workshop.machines):
        d = machine.days
        total = d.busy_us + d.no_data_us
        assert np.all(total == 86_400_000_000)
        assert np.all((d.good >= 0) & (d.good <= d.produced))


def test_the_stories_are_in_the_numbers(province: Province) -> None:
    stories = truth_of(province)["stories"]
    over = stories["over_declares"]
    assert (over["declared"], over["measured"]) == (1.0, 0.4)
    assert stories["improves"]["oee"]["recent"] - stories["improves"]["oee"]["baseline"] > 0.1
    used = stories["energy_falls"]["wh_per_item"]
    assert used["recent"] / used["baseline"] < 0.85
    silent = province.of_story("outage")
    days = stories["outage"]["silent_days"]
    assert all(np.all(m.days.no_data_us[-days:] == 86_400_000_000) for m in silent.machines)
    assert all(m.days.no_data_us[-days - 1] < 86_400_000_000 for m in silent.machines)


@pytest.mark.parametrize(("workshops", "months", "lines"), [(3, 6, 30), (6, 1, 60), (6, 6, 5)])
def test_too_little_is_refused(workshops: int, months: int, lines: int) -> None:
    with pytest.raises(ValueError, match="allowed"):
        make_province(1, LAST, workshops=workshops, months=months, lines=lines)
