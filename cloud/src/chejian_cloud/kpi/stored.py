"""Stored results as the analytics take them: terms of windows, and intervals with the reasons that people gave."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import numpy as np
from chejian_analytics.kpi import (
    LOSSES,
    NO_REASON,
    Loss,
    OeeResult,
    OeeTerms,
    ReasonSpan,
    TimeIntervals,
    Windows,
    oee,
)
from chejian_contract.signals import Role
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us, to_us
from chejian_cloud.db.app import KpiValue, StateInterval
from chejian_cloud.reasons.stops import Journal, journals
from chejian_cloud.worker.setup import Setup

_TERMS = frozenset(f.name for f in fields(OeeTerms))
_NOT_EXPLAINED = frozenset({Loss.PRODUCTION, Loss.NO_DATA, Loss.NOT_SCHEDULED})
_NONE = np.empty(0, np.int64)
_LOSS_CODES = {loss.value: code for code, loss in enumerate(LOSSES)}


@dataclass(frozen=True, slots=True)
class Classified:
    """Stored intervals of one equipment.

    Attributes:
        intervals: contiguous, classified; `reason` is an index into `spans`.
        spans: reasons in the order of time.
    """

    intervals: TimeIntervals
    spans: tuple[ReasonSpan, ...]


def hour_results(
    session: Session, equipment_ids: Collection[int], lo: datetime, hi: datetime
) -> dict[int, list[tuple[datetime, datetime, OeeResult]]]:
    """Start, end and result of the stored hours in [lo, hi) of some equipment, by start; provisional ones too."""
    statement = (
        select(KpiValue.equipment_id, KpiValue.start, KpiValue.end, KpiValue.flags, KpiValue.inputs)
        .where(
            KpiValue.equipment_id.in_(equipment_ids),
            KpiValue.kpi == "oee",
            KpiValue.window_kind == "hour",
            KpiValue.start >= lo,
            KpiValue.end <= hi,
        )
        .order_by(KpiValue.equipment_id, KpiValue.start)
    )
    out: dict[int, list[tuple[datetime, datetime, OeeResult]]] = {}
    for equipment_id, start, end, flags, inputs in session.execute(statement):
        out.setdefault(equipment_id, []).append((start, end, result_of(inputs, flags)))
    return out


def result_of(inputs: Mapping[str, int | None], flags: Sequence[str]) -> OeeResult:
    """The result whose terms and flags a row of OEE holds; ratios are derived anew, to the same bits."""
    terms = {name: value for name, value in inputs.items() if name in _TERMS}
    return oee(OeeTerms(**terms), flags)  # type: ignore[arg-type]  # times are never None in a row


def classified(
    session: Session, setups: Mapping[int, Setup], lo_us: int, hi_us: int
) -> dict[int, Classified]:
    """Stored intervals of [lo, hi) of some equipment, cut at the reasons that people gave; that of which nothing is known is left out."""
    known: dict[int, list[Any]] = {}
    for row in _intervals(session, setups, lo_us, hi_us):
        known.setdefault(row.equipment_id, []).append(row)
    said = journals(
        session, known, lo_us, hi_us, lambda keys: {key: setups[key].of(Role.MACHINE_STATE) for key in keys}
    )
    return {key: _classified(setups[key], own, said[key], lo_us, hi_us) for key, own in known.items()}


def _intervals(
    session: Session, equipment_ids: Collection[int], lo_us: int, hi_us: int
) -> Sequence[Row[int, datetime, datetime, int, str]]:
    """Classified intervals that overlap [lo, hi), by equipment and start."""
    statement = (
        select(
            StateInterval.equipment_id,
            StateInterval.start,
            StateInterval.end,
            StateInterval.state,
            StateInterval.loss,
        )
        .where(
            StateInterval.equipment_id.in_(equipment_ids),
            StateInterval.end > from_us(lo_us),
            StateInterval.start < from_us(hi_us),
            StateInterval.loss != "",
        )
        .order_by(StateInterval.equipment_id, StateInterval.start)
    )
    return session.execute(statement).all()


def _classified(
    setup: Setup, known: Sequence[Row[Any]], journal: Journal, lo_us: int, hi_us: int
) -> Classified:
    first, last = max(lo_us, to_us(known[0].start)), min(hi_us, to_us(known[-1].end))
    starts = np.array([max(to_us(r.start), lo_us) for r in known], np.int64)
    planned = _planned(setup, first, last)
    said = journal.said(first, last)
    spans = tuple(ReasonSpan(s.start_us, s.end_us, s.reason) for s in said if s.reason is not None)
    edges = [edge for s in spans for edge in (s.start_us, s.end_us)]
    cuts = np.array([*edges, *planned.start_us.tolist(), *planned.end_us.tolist()], np.int64)
    at = np.union1d(starts, cuts[(cuts > first) & (cuts < last)])
    i = np.searchsorted(starts, at, side="right") - 1
    loss = np.array([_LOSS_CODES[r.loss] for r in known], np.int8)[i]
    state = np.array([r.state for r in known], np.int16)[i]
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
    reason[np.isin(loss, [LOSSES.index(x) for x in _NOT_EXPLAINED]) | planned.contains(at)] = NO_REASON
    return reason
