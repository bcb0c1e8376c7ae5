"""The budget holds for what is uncertain, never for what is confirmed or grows, and forgets after a week."""

from chejian_analytics.diagnosis.process.alarm_budget import WEEK_US, Alarm, Candidate, enforce
from hypothesis import given
from hypothesis import strategies as st

HOUR_US = 3_600_000_000


def probable(part: str, score: float = 1.2, time_us: int = 0, machine: str = "M1") -> Candidate:
    return Candidate(machine, part, time_us, score, confirmed=False)


def outcomes(
    state: tuple[Alarm, ...], *candidates: Candidate, now: int = 0
) -> tuple[tuple[Alarm, ...], dict[str, str]]:
    state, decisions = enforce(state, candidates, now)
    return state, {d.candidate.part: d.reason for d in decisions}


def test_the_strongest_are_raised_and_the_rest_waits_visibly() -> None:
    state, found = outcomes(
        (), probable("a", 1.1), probable("b", 1.4), probable("c", 1.3), probable("d", 1.0)
    )
    assert found == {
        "b": "within_budget",
        "c": "within_budget",
        "a": "budget_spent",
        "d": "budget_spent",
    }
    assert [a.part for a in state if a.raised_us is None] == ["a", "d"]


def test_confirmed_and_growing_alarms_are_never_held_back() -> None:
    state, _ = outcomes((), probable("a"), probable("b"), probable("c", 1.0))
    state, found = outcomes(state, Candidate("M1", "d", HOUR_US, 1.0, confirmed=True), now=HOUR_US)
    assert found == {"d": "confirmed"}
    state, found = outcomes(state, probable("c", 1.4, 2 * HOUR_US), now=2 * HOUR_US)
    assert found == {"c": "budget_spent"}
    _, found = outcomes(state, probable("c", 1.5, 3 * HOUR_US), now=3 * HOUR_US)
    assert found == {"c": "growing"}


def test_a_raised_alarm_is_not_raised_again_and_costs_once() -> None:
    state, _ = outcomes((), probable("a"))
    for hour in range(1, 20):
        state, found = outcomes(state, probable("a", 1.2, hour * HOUR_US), now=hour * HOUR_US)
        assert found == {"a": "already_raised"}
    _, found = outcomes(state, probable("b"), now=20 * HOUR_US)
    assert found == {"b": "within_budget"}


def test_the_budget_is_each_machines_own_and_comes_back_after_a_week() -> None:
    state, _ = outcomes((), probable("a"), probable("b"))
    state, found = outcomes(state, probable("c", machine="M2"), probable("d"))
    assert found == {"c": "within_budget", "d": "budget_spent"}
    later = WEEK_US + HOUR_US
    state, found = outcomes(state, probable("d", time_us=later), now=later)
    assert found == {"d": "within_budget"}
    assert [a.part for a in state] == ["d"]


candidates = st.builds(
    Candidate,
    st.sampled_from(["M1", "M2"]),
    st.sampled_from("abcdef"),
    st.integers(0, 10),
    st.floats(1.0, 9.0),
    st.booleans(),
)


@given(st.lists(st.lists(candidates, max_size=8), max_size=12), st.integers(0, 3), st.randoms())
def test_rules_that_always_hold(moments: list[list[Candidate]], budget: int, random: object) -> None:
    state: tuple[Alarm, ...] = ()
    charged: dict[str, int] = {}
    for step, found in enumerate(moments):
        now = step * HOUR_US
        shuffled = sorted(found, key=lambda _: random.random())  # type: ignore[attr-defined]
        assert enforce(state, found, now, budget) == enforce(state, shuffled, now, budget)
        state, decisions = enforce(state, found, now, budget)
        assert {(d.candidate.machine, d.candidate.part) for d in decisions} == {
            (c.machine, c.part) for c in found
        }
        for decision in decisions:
            machine = decision.candidate.machine
            charged[machine] = charged.get(machine, 0) + (decision.reason == "within_budget")
            assert not (decision.candidate.confirmed and decision.outcome == "held_back")
    assert all(count <= budget for count in charged.values())
    waiting = [a for a in state if a.raised_us is None]
    assert all(a.last_score < 1.5 * a.first_score for a in waiting)
