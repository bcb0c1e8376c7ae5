"""Charts against the numbers that R's qcc 3.0 printed, rules against their words, run lengths against the table."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chejian_analytics.diagnosis.process.control_charts import (
    Chart,
    average_run_length,
    defects_chart,
    deviation_chart,
    ewma_chart,
    individuals_chart,
    mean_chart,
    number_chart,
    range_chart,
    range_constants,
    share_chart,
    unbiasing,
)
from chejian_analytics.diagnosis.process.run_rules import NELSON, WESTERN_ELECTRIC, violations
from hypothesis import given
from hypothesis import strategies as st

Columns = dict[str, np.ndarray]


def read(recordings: Path, name: str) -> Columns:
    header, *lines = (recordings / "spc_qcc" / f"{name}.txt").read_text().splitlines()
    rows = [line.split() for line in lines if line.strip()]
    return {
        key: np.array([row[i] == "TRUE" if key == "trial" else float(row[i]) for row in rows])
        for i, key in enumerate(header.split())
    }


def whole(values: np.ndarray) -> np.ndarray:
    return values.astype(np.int64)


def trial(columns: Columns, key: str, without: tuple[int, ...] = ()) -> np.ndarray:
    """The trial part without some of its points, numbered from 1."""
    values = columns[key][columns["trial"]]
    return np.delete(values, [number - 1 for number in without])


def charts(recordings: Path) -> dict[str, Chart]:
    rings = read(recordings, "pistonrings")["diameter"].reshape(-1, 5)
    juice, juice2 = read(recordings, "orangejuice"), read(recordings, "orangejuice2")
    circuit, computers, viscosity = (read(recordings, n) for n in ("circuit", "pcmanufact", "viscosity"))
    some = (6, 20)
    return {
        "pistonrings_xbar": mean_chart(rings[:25]),
        "pistonrings_R": range_chart(rings[:25]),
        "pistonrings_S": deviation_chart(rings[:25]),
        "orangejuice_p_trial": share_chart(whole(trial(juice, "D")), whole(trial(juice, "size"))),
        "orangejuice_np_trial": number_chart(whole(trial(juice, "D")), 50),
        "orangejuice_p_without_15_23": share_chart(
            whole(trial(juice, "D", (15, 23))), whole(trial(juice, "size", (15, 23)))
        ),
        "orangejuice2_p_trial": share_chart(whole(trial(juice2, "D")), whole(trial(juice2, "size"))),
        "circuit_c_trial": defects_chart(whole(trial(circuit, "x"))),
        "circuit_c_without_6_20": defects_chart(whole(trial(circuit, "x", some))),
        "circuit_u_without_6_20": defects_chart(
            whole(trial(circuit, "x", some)), whole(trial(circuit, "size", some))
        ),
        "pcmanufact_u": defects_chart(whole(computers["x"]), whole(computers["size"])),
        "viscosity_individuals_MR_trial": individuals_chart(trial(viscosity, "viscosity")),
        "viscosity_individuals_SD_trial": individuals_chart(
            trial(viscosity, "viscosity"), moving_range=False
        ),
        "viscosity_MR_without_batch4": individuals_chart(trial(viscosity, "viscosity", (4,))),
    }


def same_digits(value: float, printed: float) -> bool:
    """Equal to the seven digits that R prints."""
    return float(f"{value:.7g}") == pytest.approx(printed, rel=2e-7, abs=5e-8)


def test_every_printed_number_of_qcc(recordings: Path) -> None:
    expected: dict[str, Any] = json.loads((recordings / "spc_qcc" / "expected.json").read_text())
    found = charts(recordings)
    wanted = {name for name in expected if not name.startswith(("ewma", "cusum", "arl"))}
    assert set(found) == wanted
    for name, chart in found.items():
        ours = {"center": chart.centre, "std": chart.sigma, "lcl": chart.low[0], "ucl": chart.high[0]}
        for key, printed in expected[name].items():
            if key == "groups":
                continue
            if (name, key) == ("pistonrings_R", "ucl"):
                # qcc's table has d3 = 0.8640855 for groups of 5; the integral gives 0.8640819.
                assert ours[key] == pytest.approx(printed, rel=3e-6)
            else:
                assert same_digits(ours[key], printed), (name, key, ours[key], printed)


def test_ewma_limits_of_qcc(recordings: Path) -> None:
    expected = json.loads((recordings / "spc_qcc" / "expected.json").read_text())
    rings = read(recordings, "pistonrings")["diameter"].reshape(-1, 5)
    sound = mean_chart(rings[:25])
    error = sound.sigma / np.sqrt(5)
    viscosity = read(recordings, "viscosity")
    single = individuals_chart(trial(viscosity, "viscosity"))
    found = {
        "ewma_pistonrings_lambda02_L3": ewma_chart(rings[:25].mean(axis=1), sound.centre, error),
        "ewma_pistonrings_L27_40groups": ewma_chart(rings.mean(axis=1), sound.centre, error, width=2.7),
        "ewma_viscosity_L27": ewma_chart(viscosity["viscosity"], single.centre, single.sigma, width=2.7),
    }
    for name, chart in found.items():
        for key, (low, high) in expected[name].items():
            point = int(key.split("_")[1]) - 1
            assert same_digits(chart.low[point], low)
            assert same_digits(chart.high[point], high)


def test_run_lengths(recordings: Path) -> None:
    table = json.loads((recordings / "spc_qcc" / "expected.json").read_text())["arl_xbar_n5_shift"]
    assert {key: round(average_run_length(float(key), 5)) for key in table} == table


def test_constants_against_the_textbook() -> None:
    """Montgomery, appendix VI."""
    assert [round(range_constants(n)[0], 3) for n in (2, 5, 10, 25)] == [1.128, 2.326, 3.078, 3.931]
    assert [round(range_constants(n)[1], 3) for n in (2, 5, 10, 25)] == [0.853, 0.864, 0.797, 0.708]
    assert [round(unbiasing(n), 4) for n in (2, 5, 25)] == [0.7979, 0.9400, 0.9896]


def naive_rule(rule: str, z: list[float], i: int) -> bool:
    def last(n: int) -> list[float]:
        return z[max(0, i - n + 1) : i + 1]

    def side(n: int, least: int, beyond: float) -> bool:
        up, down = [v > beyond for v in last(n)], [v < -beyond for v in last(n)]
        return (sum(up) >= least and up[-1]) or (sum(down) >= least and down[-1])

    def pairs(n: int) -> list[float]:
        part = last(n)
        return [b - a for a, b in itertools.pairwise(part)] if len(part) == n else []

    steps = pairs(6)
    turns = pairs(14)
    return {
        "W1": abs(z[i]) > 3,
        "W2": side(3, 2, 2),
        "W3": side(5, 4, 1),
        "W4": side(8, 8, 0),
        "N1": abs(z[i]) > 3,
        "N2": side(9, 9, 0),
        "N3": bool(steps) and (all(s > 0 for s in steps) or all(s < 0 for s in steps)),
        "N4": bool(turns) and all(a * b < 0 for a, b in itertools.pairwise(turns)),
        "N5": side(3, 2, 2),
        "N6": side(5, 4, 1),
        "N7": len(last(15)) == 15 and all(abs(v) < 1 for v in last(15)),
        "N8": len(last(8)) == 8 and all(abs(v) > 1 for v in last(8)),
    }[rule]


@given(st.lists(st.sampled_from([-3.5, -2.5, -1.5, -0.5, 0.0, 0.5, 1.5, 2.5, 3.5]), max_size=40))
def test_rules_are_their_words(z: list[float]) -> None:
    for letter, rules in (("W", WESTERN_ELECTRIC), ("N", NELSON)):
        found = violations(np.array(z, dtype=np.float64), rules)
        for number in rules:
            expected = tuple(i for i in range(len(z)) if naive_rule(f"{letter}{number}", z, i))
            assert found.get(number, ()) == expected


@pytest.mark.parametrize(
    ("rule", "z"),
    [
        (3, [0, 1, 2, 3, 4, 5]),
        (4, [1, -1] * 7),
        (7, [0.5, -0.5, 0.2] * 5),
        (8, [1.5, -1.5] * 4),
        (2, [0.5] * 9),
    ],
)
def test_each_pattern_of_nelson_completes_at_its_last_point(rule: int, z: list[float]) -> None:
    assert violations(np.array(z, dtype=np.float64), NELSON)[rule] == (len(z) - 1,)


def test_a_chart_shows_its_points_in_standard_errors(recordings: Path) -> None:
    rings = read(recordings, "pistonrings")["diameter"].reshape(-1, 5)
    sound = mean_chart(rings[:25])
    later = (rings[25:].mean(axis=1) - sound.centre) / (sound.sigma / np.sqrt(5))
    assert sound.standard == pytest.approx((sound.values - sound.centre) / (sound.sigma / np.sqrt(5)))
    assert violations(sound.standard) == {}
    assert violations(later)[1] == (11, 12, 13)


def test_bad_input_is_refused() -> None:
    for bad in (np.zeros((3, 1)), np.zeros(5), np.array([[1.0, np.nan]])):
        with pytest.raises(ValueError, match="groups"):
            mean_chart(bad)
    with pytest.raises(ValueError, match="at most"):
        share_chart(np.array([3]), np.array([2]))
    with pytest.raises(ValueError, match="sizes >= 1"):
        defects_chart(np.array([3]), np.array([0]))
    with pytest.raises(ValueError, match="weight"):
        ewma_chart(np.zeros(3), 0.0, 1.0, weight=0.0)
