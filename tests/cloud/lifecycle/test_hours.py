"""Run hours against a naive sum over intervals."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise

import psycopg
import pytest
from chejian_cloud.db.engine import make_engine
from chejian_cloud.lifecycle.hours import RunTime, Span, first_known, run_times
from chejian_contract.states import MachineState
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from tests.cloud.lifecycle.conftest import Interval, store
from tests.cloud.plant_rows import PlantRows

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
_US = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def session(plant: PlantRows) -> Iterator[Session]:
    engine = make_engine(plant.dsn, application="test")
    with Session(engine) as session:
        yield session
    engine.dispose()


def naive(intervals: Sequence[Interval], span: Span) -> RunTime:
    """Each interval cut to the span, one after the other."""
    sums = {"producing": 0, "powered": 0, "known": 0}
    for start, end, state in intervals:
        inside = max(timedelta(0), min(end, span.hi) - max(start, span.lo)) // _US
        sums["producing"] += inside if state == MachineState.PRODUCING else 0
        sums["powered"] += inside if state not in (0, MachineState.OFF) else 0
        sums["known"] += inside if state != 0 else 0
    length = max(timedelta(0), span.hi - span.lo) // _US
    return RunTime(sums["producing"], sums["powered"], sums["known"], length)


def moment(us: int) -> datetime:
    return BEGIN + us * _US


LENGTHS = st.integers(1, 40 * 3_600_000_000)
STATES = st.integers(0, len(MachineState))
MOMENTS = st.integers(-50 * 3_600_000_000, 400 * 3_600_000_000)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # each example stores its own intervals
@given(
    runs=st.lists(st.tuples(LENGTHS, STATES), max_size=30),
    spans=st.lists(st.tuples(MOMENTS, MOMENTS), max_size=8),
)
def test_spans_are_the_sums_of_their_intervals(
    plant: PlantRows, session: Session, runs: list[tuple[int, int]], spans: list[tuple[int, int]]
) -> None:
    edges = accumulate((length for length, _ in runs), initial=0)
    intervals = [
        (moment(lo), moment(hi), state) for (lo, hi), (_, state) in zip(pairwise(edges), runs, strict=True)
    ]
    asked = [Span(moment(lo), moment(hi)) for lo, hi in spans]
    asked += [Span(lo, hi) for lo, hi, _ in intervals[:3]]  # edges that meet
    with psycopg.connect(plant.dsn) as connection:
        connection.execute("DELETE FROM app.state_interval")
        store(connection, intervals)
    session.rollback()
    assert run_times(session, 1, asked) == [naive(intervals, span) for span in asked]
    assert first_known(session, 1) == (intervals[0][0] if intervals else None)


def test_another_machine_and_another_time_count_nothing(plant: PlantRows, session: Session) -> None:
    hours = [BEGIN + i * HOUR for i in range(4)]
    with psycopg.connect(plant.dsn) as connection:
        store(connection, [(hours[0], hours[2], MachineState.PRODUCING)])
        store(connection, [(hours[0], hours[3], MachineState.SETUP)], equipment_id=2)
    ran = run_times(
        session, 1, [Span(hours[1], hours[3]), Span(hours[2], hours[3]), Span(hours[3], hours[0])]
    )
    assert [(r.producing_hours, r.powered_hours, r.completeness) for r in ran] == [
        (1.0, 1.0, 0.5),
        (0.0, 0.0, 0.0),
        (0.0, 0.0, None),
    ]


def test_off_is_known_and_not_powered_and_set_up_is_powered_and_not_producing(
    plant: PlantRows, session: Session
) -> None:
    edges = [BEGIN + i * HOUR for i in range(5)]
    states = (MachineState.PRODUCING, MachineState.SETUP, MachineState.OFF, 0)
    with psycopg.connect(plant.dsn) as connection:
        store(connection, [(lo, hi, state) for (lo, hi), state in zip(pairwise(edges), states, strict=True)])
    (ran,) = run_times(session, 1, [Span(edges[0], edges[-1])])
    assert (ran.producing_hours, ran.powered_hours, ran.completeness) == (1.0, 2.0, 0.75)
