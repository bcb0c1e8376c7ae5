"""Recomputing one meter: which span a change touches, and what the meter shows of that span's hours, shifts and days.

What a meter shows depends on its own readings, and with exactly one machine on what that did. Changes of either come here
by the same marks: the machine's unit of work passes its marks on (`take.pass_on`) in its own transaction. Both are read
from samples, so it does not matter which of the two units is worked off first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from chejian_analytics.energy import Share, Use, add_uses, window_use
from chejian_analytics.kpi import Windows
from sqlalchemy import text

from chejian_cloud.calendar.service import WINDOW_KINDS
from chejian_cloud.clock import from_us, to_us
from chejian_cloud.worker.compute import LONGEST_ADVANCE_US, Span
from chejian_cloud.worker.energy_store import FORMULA_VERSION, NO_FACTOR, EnergyRow, store_energy
from chejian_cloud.worker.meters import MeterReader
from chejian_cloud.worker.partials import Piece, assemble, spans_of
from chejian_cloud.worker.revisions import Revisions

_EARLIER = text("""
SELECT EXISTS (SELECT FROM app.energy_value WHERE equipment_id = :equipment_id AND window_kind = 'hour' AND start < :start)
""")
_HOURS = text("""
SELECT start, "end", amount, covered_us, output, shares, flags FROM app.energy_value
 WHERE equipment_id = :equipment_id AND window_kind = 'hour' AND start >= :lo AND start < :hi
   AND NOT provisional AND formula_version = :version
""")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a meter.

    Attributes:
        first_us: its first reading; windows that end by then have no row.
        cut_us: end of the elapsed part of open windows: the last reading while readings come, else the present.
        now_us: the present.
    """

    first_us: int
    cut_us: int
    now_us: int

    def elapsed(self, windows: Windows, floor_us: int) -> Windows:
        """Windows that get a row, ended ones whole and open ones up to the cut; none begins before `floor_us`."""
        end = np.where(windows.end_us <= self.now_us, windows.end_us, self.cut_us)
        kept = (windows.start_us >= floor_us) & (windows.start_us < end) & (windows.end_us > self.first_us)
        return Windows(windows.start_us[kept], end[kept])


def recompute_meter(
    reader: MeterReader,
    lo_us: int,
    hi_us: int,
    *,
    until_us: int | None,
    now_us: int,
    floor_us: int,
    revisions: Revisions,
) -> Span | None:
    """Recompute what a change in [lo_us, hi_us] touches, of the meter or of its machine, and store what differs.

    Args:
        reader: of the meter.
        lo_us: first changed time.
        hi_us: last changed time.
        until_us: end of what is known so far; None: nothing is.
        now_us: the present.
        floor_us: windows that begin earlier stay as they are, see `retention`.
        revisions: told of changes of ended windows.

    Returns:
        The span, None when there is nothing in it.
    """
    span = _span(reader, max(lo_us, floor_us), hi_us, until_us, now_us, floor_us)
    if span is None:
        return None
    first = _first_us(reader, span.start_us)
    if first is None:
        return span
    known = Known(first, _cut_us(reader, now_us), now_us)
    uses = _uses(reader, span, known, floor_us)
    store_energy(reader, [_row(reader, *found, now_us) for found in uses], revisions, from_us(now_us))
    return span


def _span(
    reader: MeterReader, lo_us: int, hi_us: int, until_us: int | None, now_us: int, floor_us: int
) -> Span | None:
    """From the reading before the change, whole hours, to where it shows, and joined to what is known."""
    since = reader.since_us(lo_us)
    if until_us is not None:
        since = min(since, until_us)
    since = max(since, floor_us)
    if since >= now_us:
        return None
    start = int(reader.setup.calendar.windows("hour", since, since + 1).start_us[0])
    reach = reader.reach_us(hi_us, now_us if until_us is None else until_us)
    to_the_end = until_us is None or reach >= until_us
    end = max(reach, start + LONGEST_ADVANCE_US) if to_the_end else reach
    return Span(start, min(max(end, start + 1), now_us))


def _first_us(reader: MeterReader, start_us: int) -> int | None:
    """Time of the first reading [us], None when there is none; 0 for one that lies before the span.

    A row of an earlier hour proves the latter, while a search for the first sample looks at every partition.
    """
    values = {"equipment_id": reader.setup.equipment_id, "start": from_us(start_us)}
    return 0 if reader.own.session.scalar(_EARLIER, values) else reader.first_us()


def _cut_us(reader: MeterReader, now_us: int) -> int:
    last = reader.last_us(now_us + 1)
    return last if last is not None and now_us - last <= reader.max_gap_us else now_us


def _uses(
    reader: MeterReader, span: Span, known: Known, floor_us: int
) -> Iterator[tuple[str, Piece, int, Use]]:
    """Kind, elapsed part, end and use of each window; hours from readings, longer windows from hours."""
    found = {k: reader.setup.calendar.windows(k, span.start_us, span.end_us) for k in WINDOW_KINDS}
    ends = {kind: dict(spans_of(windows)) for kind, windows in found.items()}
    spans = {kind: spans_of(known.elapsed(windows, floor_us)) for kind, windows in found.items()}
    hours = spans["hour"]
    fresh = dict(zip(hours, _computed(reader, hours), strict=True)) if hours else {}

    def stored(lo: int, hi: int) -> dict[Piece, Use]:
        return {**_stored(reader, lo, hi), **fresh}

    longer = [spans[kind] for kind in WINDOW_KINDS if kind != "hour"]
    calendar = reader.setup.calendar
    uses = assemble(longer, calendar, stored, lambda run: _computed(reader, run), add_uses)
    columns = {"hour": list(fresh.values())} | dict(zip(WINDOW_KINDS[1:], uses, strict=True))
    for kind in WINDOW_KINDS:
        for piece, use in zip(spans[kind], columns[kind], strict=True):
            yield kind, piece, ends[kind][piece[0]], use


def _computed(reader: MeterReader, pieces: Sequence[Piece]) -> list[Use]:
    """Uses of adjoining pieces from samples."""
    starts, ends = np.array(pieces, np.int64).T
    lo, hi = int(starts[0]), int(ends[-1])
    return window_use(reader.meter(lo, hi), Windows(starts, ends), reader.work(lo, hi))


def _stored(reader: MeterReader, lo: int, hi: int) -> dict[Piece, Use]:
    """Ended hours as they are stored. One that a mark still waits for is computed again with its shift and day then."""
    rows = reader.own.session.execute(
        _HOURS,
        {
            "equipment_id": reader.setup.equipment_id,
            "lo": from_us(lo),
            "hi": from_us(hi),
            "version": FORMULA_VERSION,
        },
    )
    found = {}
    for row in rows:
        start, end = to_us(row.start), to_us(row.end)
        flags = tuple(f for f in row.flags if f != NO_FACTOR)
        found[start, end] = Use(
            end - start, row.covered_us, row.amount, row.output, _shares_from(row.shares), flags
        )
    return found


def _shares_from(shares: Mapping[str, Mapping[str, Mapping[str, int]]]) -> dict[str, dict[str, Share]]:
    return {
        by: {label: Share(own["amount"], own["us"], own.get("output", 0)) for label, own in labels.items()}
        for by, labels in shares.items()
    }


def _shares_to(use: Use) -> dict[str, dict[str, dict[str, int]]]:
    return {
        by: {
            label: {"amount": s.amount, "us": s.us} | ({} if by == "state" else {"output": s.output})
            for label, s in labels.items()
        }
        for by, labels in use.shares.items()
    }


def _row(reader: MeterReader, kind: str, piece: Piece, end: int, use: Use, now_us: int) -> EnergyRow:
    start, cut = piece
    kgce, factor = reader.kgce(use.amount, start)
    return EnergyRow(
        window_kind=kind,
        start=from_us(start),
        end=from_us(end),
        amount=use.amount,
        covered_us=use.covered_us,
        output=use.output,
        completeness=use.covered_us / (cut - start),
        kgce=kgce,
        factor=factor,
        shares=_shares_to(use),
        flags=sorted({*use.flags, *([] if factor else [NO_FACTOR])}),
        formula_version=FORMULA_VERSION,
        provisional=end > now_us,
    )
