"""Integrals are exact, however they are asked for, and agree with a naive sum."""

import pytest
from chejian_contract.states import MachineState
from chejian_simulators.energy import HOUR_MS, Carrier, Consumption, Draw, milli
from chejian_simulators.weather import heating_kelvin, outdoor_c
from hypothesis import given
from hypothesis import strategies as st

END_MS = 3 * HOUR_MS
STEPS = st.lists(
    st.tuples(
        st.integers(0, END_MS),
        st.sampled_from([MachineState.PRODUCING, MachineState.IDLE]),
        st.sampled_from(["", "A", "B"]),
        st.integers(0, 10**9),
    ),
    max_size=20,
).map(lambda steps: sorted(steps, key=lambda step: step[0]))


@given(steps=STEPS, cuts=st.lists(st.integers(0, END_MS), max_size=10))
def test_an_integral_is_the_naive_sum_whatever_the_cuts(
    steps: list[tuple[int, MachineState, str, int]], cuts: list[int]
) -> None:
    drawn = Consumption(0)
    for time_ms, state, order, rate in steps:
        drawn.add(Draw(time_ms, state, order, {Carrier.WATER: rate}))
    for cut in [*sorted(cuts), END_MS]:
        drawn.advance(cut)
    naive: dict[tuple[int, MachineState, str], int] = {}
    ends = [*(step[0] for step in steps), END_MS][1:]
    for (start, state, order, rate), end in zip(steps, ends, strict=True):
        for hour in range(0, END_MS, HOUR_MS):
            inside = max(0, min(end, hour + HOUR_MS) - max(start, hour))
            naive[hour, state, order] = naive.get((hour, state, order), 0) + rate * inside
    assert {
        part: amounts[Carrier.WATER] for part, amounts in drawn.parts.items() if amounts.get(Carrier.WATER)
    } == {part: amount for part, amount in naive.items() if amount}
    assert drawn.total.get(Carrier.WATER, 0) == sum(naive.values())
    assert drawn.now_ms == END_MS


def test_an_hour_at_one_kilowatt_is_a_kilowatt_hour() -> None:
    drawn = Consumption(0)
    drawn.add(Draw(0, MachineState.PRODUCING, "", {Carrier.ELECTRICITY: milli(Carrier.ELECTRICITY, 1.0)}))
    drawn.advance(HOUR_MS)
    assert drawn.total[Carrier.ELECTRICITY] == 1000 * 3_600_000_000


@pytest.mark.parametrize(
    ("moment_ms", "heats"),
    [
        (1_768_435_200_000, True),  # 2026-01-15
        (1_784_073_600_000, False),  # 2026-07-15
        (1_760_832_000_000, False),  # 2025-10-19, the day before the season
        (1_760_918_400_000, True),  # 2025-10-20
    ],
)
def test_heating_follows_the_season_and_the_cold(moment_ms: int, heats: bool) -> None:
    assert (heating_kelvin(moment_ms) > 0) is heats
    if heats:
        assert heating_kelvin(moment_ms) == pytest.approx(18.0 - outdoor_c(moment_ms))
