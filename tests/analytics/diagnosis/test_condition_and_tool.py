"""Condition of a component from its cycles, and wear of a tool from the spindle's power."""

import numpy as np
import pytest
from chejian_analytics.diagnosis.process.condition import (
    condition_of,
    condition_probabilities,
    train_condition,
)
from chejian_analytics.diagnosis.process.tool_wear import OperationPower, judge_tool, operation_powers


def cycles(number: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Courses of 30 points: oil temperature moves all of them much, the condition two of them a little."""
    random = np.random.default_rng(seed)
    condition = random.integers(0, 3, number)
    heat = random.normal(0, 5, (number, 1)) * np.linspace(1, 2, 30)
    courses = 60 + heat + random.normal(0, 0.1, (number, 30))
    courses[:, 12] += 0.4 * condition
    courses[:, 13] -= 0.4 * condition
    return courses, condition


def test_a_small_change_under_a_large_influence_is_read() -> None:
    model = train_condition(*cycles(300, 1), shrinkage=1e-4)
    courses, condition = cycles(300, 2)
    assert (condition_of(model, courses) == condition).mean() > 0.95
    assert condition_probabilities(model, courses).sum(axis=1) == pytest.approx(1.0)


def test_probabilities_against_the_normal_densities_themselves() -> None:
    courses, condition = cycles(400, 3)
    courses = courses[:, 10:15]
    model = train_condition(courses, condition, shrinkage=1e-9)
    centres = [courses[condition == k].mean(0) for k in range(3)]
    rest = courses - np.array(centres)[condition]
    inverse = np.linalg.inv(rest.T @ rest / len(rest))
    share = [(condition == k).mean() for k in range(3)]
    row = courses[7]
    weight = np.array([
        s * np.exp(-0.5 * (row - c) @ inverse @ (row - c)) for s, c in zip(share, centres, strict=True)
    ])  # fmt: skip
    found = condition_probabilities(model, courses[7:8])[0]
    assert found == pytest.approx(weight / weight.sum(), rel=1e-4, abs=1e-9)


def test_what_cannot_be_learned_from_is_refused() -> None:
    courses, condition = cycles(30, 1)
    with pytest.raises(ValueError, match="2 or more"):
        train_condition(courses, np.zeros(30, dtype=np.int64))
    with pytest.raises(ValueError, match="shrinkage"):
        train_condition(courses, condition, shrinkage=0.0)
    constant = np.hstack([courses, np.full((30, 1), 4.0)])
    assert condition_of(train_condition(constant, condition), constant).shape == (30,)


def run(level: float, feed: float = 6.0) -> tuple[OperationPower, ...]:
    random = np.random.default_rng(1)
    names = np.repeat(["face", "rough", "slot"], 100)
    turning = np.tile(np.r_[np.zeros(20), np.full(80, 53.0)], 3)
    power = np.where(turning > 0, level * (1 + 0.05 * random.normal(size=300)), 0.0)
    return operation_powers(names, np.full(300, feed), turning, power)


def test_power_of_a_worn_edge_rises() -> None:
    sharp = run(2.0)
    assert [(entry.operation, entry.samples) for entry in sharp] == [
        ("face", 80),
        ("rough", 80),
        ("slot", 80),
    ]
    assert judge_tool(run(2.04), sharp).worn is False
    verdict = judge_tool(run(2.4), sharp)
    assert verdict.worn is True
    assert verdict.rise == pytest.approx(np.log(1.2), abs=0.01)


def test_another_feed_is_not_compared() -> None:
    verdict = judge_tool(run(3.0, feed=9.0), run(2.0))
    assert (verdict.worn, verdict.operations) == (None, ())


def test_too_little_cutting_is_left_out() -> None:
    few = operation_powers(np.array(["a"] * 10), np.ones(10), np.ones(10), np.ones(10))
    still = operation_powers(np.array(["a"] * 50), np.ones(50), np.zeros(50), np.ones(50))
    assert few == still == ()
