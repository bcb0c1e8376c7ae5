"""Recomputing one unit: which span it touches, and the states, KPIs and rollups of that span."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from chejian_analytics.kpi import OeeInputs, OeeResult, Windows, time_intervals, window_oee
from chejian_contract.signals import Role
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chejian_cloud.calendar.service import WINDOW_KINDS
from chejian_cloud.clock import HOUR_US, from_us, to_us
from chejian_cloud.db.app import StateInterval
from chejian_cloud.worker.inputs import Reader
from chejian_cloud.worker.interval_store import Interval, merged, store_intervals
from chejian_cloud.worker.kpi_rows import WindowResult
from chejian_cloud.worker.partials import window_results
from chejian_cloud.worker.revisions import Revisions
from chejian_cloud.worker.store import store_kpis

LONGEST_ADVANCE_US = 7 * 24 * HOUR_US
"""[us] By how much one transaction moves the end of what is known beyond the changed data: after months of silence the
windows in between are made week by week."""


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range to recompute [us since 1970]."""

    start_us: int
    end_us: int


def recompute_unit(
    reader: Reader,
    lo_us: int,
    hi_us: int,
    *,
    now_us: int,
    floor_us: int,
    revisions: Revisions,
    samples: bool = True,
) -> Span | None:
    """Recompute states and KPIs that a change in [lo_us, hi_us] touches, and store what differs.

    The hours of the span are computed from samples, longer windows from hours (`partials`).

    Args:
        reader: of the equipment.
        lo_us: first changed time.
        hi_us: last changed time.
        now_us: the present; nothing later is computed, and windows that end later are provisional.
        floor_us: windows that begin earlier stay as they are, see `retention`.
        revisions: told of changes of ended windows.
        samples: whether samples changed, which may show later than `hi_us`; what people say of a time does not.

    Returns:
        The span, None when there is nothing in it.
    """
    span = _span(reader, max(lo_us, floor_us), hi_us, now_us, floor_us, samples=samples)
    if span is None:
        return None
    kinds = {kind: _windows(reader, kind, span, floor_us) for kind in WINDOW_KINDS}
    hours = kinds["hour"].clip(int(kinds["hour"].start_us[0]), now_us)
    inputs = reader.oee_inputs(int(hours.start_us[0]), int(hours.end_us[-1]))
    session, equipment_id = reader.session, reader.setup.equipment_id
    store_intervals(session, equipment_id, _intervals(inputs, span), span.start_us, span.end_us)
    results = {"hour": window_oee(inputs, hours)}
    fresh = dict(
        zip(zip(hours.start_us.tolist(), hours.end_us.tolist(), strict=True), results["hour"], strict=True)
    )
    longer = [kind for kind in WINDOW_KINDS if kind != "hour"]
    found = window_results(reader, [kinds[kind] for kind in longer], fresh, now_us)
    results |= dict(zip(longer, found, strict=True))
    computed = [w for kind in WINDOW_KINDS for w in _results(kind, kinds[kind], results[kind], now_us)]
    store_kpis(
        session,
        equipment_id,
        computed,
        revisions,
        from_us(now_us),
        span=(from_us(span.start_us), from_us(span.end_us)),
        floor=from_us(floor_us),
    )
    return span


def _span(
    reader: Reader, lo_us: int, hi_us: int, now_us: int, floor_us: int, *, samples: bool
) -> Span | None:
    """Whole hours back, as far forward as the change shows, and joined to what is known so that no gap is left.

    The end of what is known moves on to the present, in pieces: the clock asks for the rest.
    """
    known = _known_range(reader.session, reader.setup.equipment_id)
    if known is not None:
        first = min(lo_us, known[0])  # the margin reaches into what is known, not before it
        lo_us = max(min(lo_us, known[1]) - reader.rules.margin_us, first, floor_us)
    if lo_us >= now_us:
        return None
    start = int(reader.setup.calendar.windows("hour", lo_us, lo_us + 1).start_us[0])
    texts = (Role.PRODUCT, Role.ORDER) if reader.orders_decide else (Role.PRODUCT,)
    if known is None or hi_us + reader.hold_us + reader.rules.margin_us >= known[1]:
        reach = reader.reach_us(hi_us, hi_us, texts=texts) if now_us - start > LONGEST_ADVANCE_US else now_us
        end = max(reach, start + LONGEST_ADVANCE_US, known[1] if known is not None else start)
    else:
        shown = hi_us + reader.rules.margin_us
        reach = reader.reach_us(hi_us, known[1], texts=texts) if samples else shown
        advanced = max(known[1], start + LONGEST_ADVANCE_US) if reach >= known[1] else known[0]
        end = max(reach, advanced)
    return Span(start, min(end, now_us))


def _known_range(session: Session, equipment_id: int) -> tuple[int, int] | None:
    statement = select(func.min(StateInterval.start), func.max(StateInterval.end)).where(
        StateInterval.equipment_id == equipment_id
    )
    first: datetime | None
    last: datetime | None
    first, last = session.execute(statement).one()
    return (to_us(first), to_us(last)) if first is not None and last is not None else None


def _windows(reader: Reader, kind: str, span: Span, floor_us: int) -> Windows:
    found = reader.setup.calendar.windows(kind, span.start_us, span.end_us)
    kept = found.start_us >= floor_us
    return Windows(found.start_us[kept], found.end_us[kept])


def _intervals(inputs: OeeInputs, span: Span) -> list[Interval]:
    found = time_intervals(inputs, span.start_us, span.end_us)
    losses = [loss.value for loss in found.losses()]
    columns = (found.start_us.tolist(), found.end_us.tolist(), found.state.tolist(), found.names(), losses)
    return merged([Interval(*row) for row in zip(*columns, strict=True)])


def _results(kind: str, windows: Windows, results: list[OeeResult], now_us: int) -> Iterator[WindowResult]:
    spans = zip(windows.start_us.tolist(), windows.end_us.tolist(), strict=True)
    for (start, end), result in zip(spans, results, strict=True):
        yield WindowResult(kind, from_us(start), from_us(end), result, provisional=end > now_us)
