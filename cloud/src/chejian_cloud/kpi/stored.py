"""Stored results as the analytics take them: terms of windows, and intervals with the reasons that people gave."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from operator import itemgetter
from typing import Any

import numpy as np
from chejian_analytics.kpi import (
    LOSSES,
    NO_REASON,
    TERMS,
    Loss,
    OeeResult,
    OeeTerms,
    ReasonSpan,
    TimeIntervals,
    Windows,
    oee,
)
from chejian_contract.signals import Role
from sqlalchemy import Row, Text, cast, select, text
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us, to_us
from chejian_cloud.db.app import KpiValue
from chejian_cloud.reasons.stops import Journal, journals
from chejian_cloud.worker.setup import Setup

_TERMS = frozenset(TERMS)
_DEFAULTS = {f.name: f.default for f in fields(OeeTerms) if f.default is not MISSING}
_in_order = itemgetter(*TERMS)
_NOT_EXPLAINED = np.isin(
    np.arange(len(LOSSES)),
    [LOSSES.index(loss) for loss in (Loss.PRODUCTION, Loss.NO_DATA, Loss.NOT_SCHEDULED)],
)
"""Whether no reason explains a class, by its index."""
_NONE = np.empty(0, np.int64)
_INTERVALS = text("""
SELECT equipment_id, max("end") AS until, array_agg((extract(epoch FROM start) * 1000000)::bigint ORDER BY start) AS starts_us,
       array_agg(state ORDER BY start) AS states,
       array_agg(array_position(CAST(:losses AS text[]), loss) - 1 ORDER BY start) AS losses
  FROM app.state_interval
 WHERE equipment_id = ANY(:equipment_ids) AND "end" > :lo AND start < :hi AND loss <> ''
 GROUP BY equipment_id ORDER BY equipment_id
""")
"""A row for each machine: thousands of intervals take Python longer by themselves than as arrays."""


@dataclass(frozen=True, slots=True)
class Classified:
    """Stored intervals of one equipment.

    Attributes:
        intervals: contiguous, classified; `reason` is an index into `spans`.
        spans: reasons in the order of time.
    """

    intervals: TimeIntervals
    spans: tuple[ReasonSpan, ...]


@dataclass(frozen=True, slots=True)
class Hour:
    """A stored hour of OEE.

    Attributes:
        start: start.
        end: end.
        flags: of it.
        inputs: its terms by name.
    """

    start: datetime
    end: datetime
    flags: Sequence[str]
    inputs: Mapping[str, int | None]

    def terms(self) -> tuple[int | None, ...]:
        """Its terms, in the order of `TERMS`."""
        return terms_of(self.inputs)

    def result(self) -> OeeResult:
        """Its OEE."""
        return result_of(self.inputs, self.flags)


def hours_of(
    session: Session, equipment_ids: Collection[int], lo: datetime, hi: datetime
) -> dict[int, list[Hour]]:
    """The stored hours in [lo, hi) of some equipment, by start; provisional ones too."""
    v = KpiValue.__table__.c
    statement = (
        select(v.equipment_id, v.start, v.end, v.flags, cast(v.inputs, Text))
        .where(
            v.equipment_id.in_(equipment_ids),
            v.kpi == "oee",
            v.window_kind == "hour",
            v.start >= lo,
            v.end <= hi,
        )
        .order_by(v.equipment_id, v.start)
    )
    out: dict[int, list[Hour]] = {}
    for equipment_id, start, end, flags, inputs in session.execute(statement):
        out.setdefault(equipment_id, []).append(Hour(start, end, flags, json.loads(inputs)))
    return out


def terms_of(inputs: Mapping[str, int | None]) -> tuple[int | None, ...]:
    """The terms that a row of OEE holds, in the order of `TERMS`."""
    told: tuple[int | None, ...] = _in_order({**_DEFAULTS, **inputs})
    return told


def result_of(inputs: Mapping[str, int | None], flags: Sequence[str]) -> OeeResult:
    """The result whose terms and flags a row of OEE holds; ratios are derived anew, to the same bits."""
    terms = {name: value for name, value in inputs.items() if name in _TERMS}
    return oee(OeeTerms(**terms), flags)  # type: ignore[arg-type]  # times are never None in a row


def classified(
    session: Session, setups: Mapping[int, Setup], lo_us: int, hi_us: int
) -> dict[int, Classified]:
    """Stored intervals of [lo, hi) of some equipment, cut at the reasons that people gave; that of which nothing is known is left out."""
    values = {
        "equipment_ids": list(setups),
        "lo": from_us(lo_us),
        "hi": from_us(hi_us),
        "losses": [loss.value for loss in LOSSES],
    }
    known = {row.equipment_id: row for row in session.execute(_INTERVALS, values)}
    said = journals(
        session, known, lo_us, hi_us, lambda keys: {key: setups[key].of(Role.MACHINE_STATE) for key in keys}
    )
    return {key: _classified(setups[key], own, said[key], lo_us, hi_us) for key, own in known.items()}


def _classified(setup: Setup, known: Row[Any], journal: Journal, lo_us: int, hi_us: int) -> Classified:
    starts = np.maximum(np.array(known.starts_us, np.int64), lo_us)
    first, last = int(starts[0]), min(hi_us, to_us(known.until))
    planned = _planned(setup, first, last)
    said = journal.said(first, last)
    spans = tuple(ReasonSpan(s.start_us, s.end_us, s.reason) for s in said if s.reason is not None)
    edges = [edge for s in spans for edge in (s.start_us, s.end_us)]
    cuts = np.array([*edges, *planned.start_us.tolist(), *planned.end_us.tolist()], np.int64)
    at = np.union1d(starts, cuts[(cuts > first) & (cuts < last)])
    i = np.searchsorted(starts, at, side="right") - 1
    loss = np.array(known.losses, np.int8)[i]
    state = np.array(known.states, np.int16)[i]
    return Classified(
        TimeIntervals(
            at, np.append(at[1:], last), state, loss, _reasons(at, loss, spans, planned), _NONE, _NONE, _NONE
        ),
        spans,
    )


def _planned(setup: Setup, lo_us: int, hi_us: int) -> Windows:
    calendar = setup.calendar
    return calendar.planned_stops(lo_us, hi_us).union(calendar.planned_maintenance(lo_us, hi_us))


def _reasons(
    at: np.ndarray[tuple[int], np.dtype[np.int64]],
    loss: np.ndarray[tuple[int], np.dtype[np.int8]],
    spans: Sequence[ReasonSpan],
    planned: Windows,
) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Index of the reason of each piece; none where a reason explains nothing: production, no data, the calendar."""
    reason = np.full(len(at), NO_REASON, np.int32)
    for number, span in enumerate(spans):
        lo, hi = np.searchsorted(at, (span.start_us, span.end_us))
        reason[lo:hi] = number
    reason[_NOT_EXPLAINED[loss] | planned.contains(at)] = NO_REASON
    return reason
