"""Run hours of a machine and of its parts: summed from stored state intervals, never typed.

An interval is read once, however many parts there are: time is cut where a span begins or ends, the database sums the
intervals that begin in each piece, and what of an interval lies beyond a cut is taken off there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate
from typing import NamedTuple, Self

from chejian_contract.states import MachineState
from sqlalchemy import text
from sqlalchemy.orm import Session

from chejian_cloud.clock import HOUR_US

_SUMS = text("""
SELECT width_bucket(x.start, CAST(:cuts AS timestamptz[])) AS piece, x.state, sum(x."end" - x.start) AS length
  FROM app.state_interval x
 WHERE x.equipment_id = :equipment_id AND x.start < :last
   AND x.start >= coalesce((SELECT max(b.start) FROM app.state_interval b
                             WHERE b.equipment_id = :equipment_id AND b.start < :first), :first)
 GROUP BY 1, 2
""")
_ACROSS = text("""
SELECT c.k, i.state, i."end" - c.cut AS beyond
  FROM unnest(CAST(:cuts AS timestamptz[])) WITH ORDINALITY AS c(cut, k)
 CROSS JOIN LATERAL (SELECT x.state, x."end" FROM app.state_interval x
                      WHERE x.equipment_id = :equipment_id AND x.start < c.cut
                      ORDER BY x.start DESC LIMIT 1) i
 WHERE i."end" > c.cut
""")
_FIRST = text("SELECT min(start) FROM app.state_interval WHERE equipment_id = :equipment_id")


_MICROSECOND = timedelta(microseconds=1)


class Span(NamedTuple):
    """Half-open range [lo, hi) of aware times; empty where hi <= lo."""

    lo: datetime
    hi: datetime


@dataclass(frozen=True, slots=True)
class RunTime:
    """How long a machine ran in a span [us].

    Attributes:
        producing_us: in state producing.
        powered_us: in any known state but off.
        known_us: in any known state.
        span_us: length of the span.
    """

    producing_us: int = 0
    powered_us: int = 0
    known_us: int = 0
    span_us: int = 0

    def __add__(self, other: Self) -> "RunTime":
        return RunTime(
            self.producing_us + other.producing_us,
            self.powered_us + other.powered_us,
            self.known_us + other.known_us,
            self.span_us + other.span_us,
        )

    def __sub__(self, other: Self) -> "RunTime":
        return RunTime(
            self.producing_us - other.producing_us,
            self.powered_us - other.powered_us,
            self.known_us - other.known_us,
            self.span_us - other.span_us,
        )

    @property
    def producing_hours(self) -> float:
        """[h] in state producing."""
        return self.producing_us / HOUR_US

    @property
    def powered_hours(self) -> float:
        """[h] in any known state but off."""
        return self.powered_us / HOUR_US

    @property
    def completeness(self) -> float | None:
        """Share of the span of which a state is known, 0 to 1; None for an empty span."""
        return self.known_us / self.span_us if self.span_us else None


def first_known(session: Session, equipment_id: int) -> datetime | None:
    """When the stored states of a machine begin; None where there are none."""
    found: datetime | None = session.scalar(_FIRST, {"equipment_id": equipment_id})
    return found


def run_times(session: Session, equipment_id: int, spans: Sequence[Span]) -> list[RunTime]:
    """How long a machine ran in each of some spans, which may overlap.

    Args:
        session: that sees the machine.
        equipment_id: of the machine.
        spans: in any order.

    Returns:
        One for each span, in their order.
    """
    cuts = sorted({moment for span in spans if span.lo < span.hi for moment in span})
    if not cuts:
        return [RunTime() for _ in spans]
    values = {"equipment_id": equipment_id, "cuts": cuts, "first": cuts[0], "last": cuts[-1]}
    begun = [RunTime()] * len(cuts)
    for piece, state, length in session.execute(_SUMS, values).all():
        begun[piece] += _in_state(state, length)
    until = list(accumulate(begun))
    for number, state, beyond in session.execute(_ACROSS, values).all():
        until[number - 1] -= _in_state(state, beyond)
    at = dict(zip(cuts, until, strict=True))
    return [_between(at, span) if span.lo < span.hi else RunTime() for span in spans]


def _in_state(state: int, length: timedelta) -> RunTime:
    us = length // _MICROSECOND
    return RunTime(
        producing_us=us if state == MachineState.PRODUCING else 0,
        powered_us=us if state not in (0, MachineState.OFF) else 0,
        known_us=us if state else 0,
    )


def _between(at: Mapping[datetime, RunTime], span: Span) -> RunTime:
    return replace(at[span.hi] - at[span.lo], span_us=(span.hi - span.lo) // _MICROSECOND)
