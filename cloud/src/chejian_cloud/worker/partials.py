"""Shifts and days from their hours: ended hours are read from `kpi_value`, only what is missing comes from samples.

The terms of OEE add up exactly (`chejian_analytics.kpi.rollup`), so this gives the bits that the samples of the whole
window would give; a property test compares the two.
"""

import json
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import fields
from itertools import pairwise
from typing import TypeVar

import numpy as np
from chejian_analytics.kpi import OEE, OeeResult, OeeTerms, Windows, oee, rollup, window_oee
from sqlalchemy import text

from chejian_cloud.calendar.service import WorkCalendar
from chejian_cloud.clock import HOUR_US, from_us, to_us
from chejian_cloud.db.engine import raw_connection
from chejian_cloud.worker.inputs import Reader

R = TypeVar("R")
Piece = tuple[int, int]
"""Half-open piece of time [us since 1970]."""

_TERMS = tuple(f.name for f in fields(OeeTerms))
_HOURS = """
SELECT start, "end", flags, inputs::text FROM app.kpi_value
 WHERE equipment_id = %s AND kpi = 'oee' AND window_kind = 'hour' AND start >= %s AND start < %s
   AND NOT provisional AND formula_version = %s
"""
_PENDING = text("""
SELECT lo, hi FROM telemetry.dirty WHERE device_id = ANY(:devices) AND hour >= :first AND hour < :hi
UNION ALL
SELECT lo, hi FROM app.dirty WHERE equipment_id = :equipment_id AND hour >= :first AND hour < :hi
""")


def window_results(
    reader: Reader, kinds: Sequence[Windows], fresh: Mapping[Piece, OeeResult], now_us: int
) -> list[list[OeeResult]]:
    """OEE of windows that are longer than an hour, up to the present.

    Args:
        reader: of the equipment.
        kinds: for each kind its adjoining windows; each starts before `now_us`.
        fresh: results of hours that were computed from samples in this transaction, by start and end.
        now_us: the present.

    Returns:
        For each kind its windows' results.
    """

    def known(lo: int, hi: int) -> dict[Piece, OeeResult]:
        return {**_stored(reader, lo, hi, fresh), **fresh}

    def computed(run: Sequence[Piece]) -> list[OeeResult]:
        starts, ends = np.array(run, np.int64).T
        return window_oee(reader.oee_inputs(run[0][0], run[-1][1]), Windows(starts, ends))

    cut = [[(a, min(b, now_us)) for a, b in spans_of(windows)] for windows in kinds]
    return assemble(cut, reader.setup.calendar, known, computed, rollup)


def assemble(
    cut: Sequence[Sequence[Piece]],
    calendar: WorkCalendar,
    known: Callable[[int, int], Mapping[Piece, R]],
    computed: Callable[[Sequence[Piece]], Sequence[R]],
    add: Callable[[Sequence[R]], R],
) -> list[list[R]]:
    """Results of long windows from those of their hours.

    Args:
        cut: for each kind its windows, up to the present.
        calendar: whose hours they are made of.
        known: gives the results that need no samples, of pieces in a range.
        computed: gives those of adjoining pieces from samples.
        add: gives the result of adjoining pieces' union.

    Returns:
        For each kind its windows' results.
    """
    wanted = [span for spans in cut for span in spans]
    if not wanted:
        return [[] for _ in cut]
    lo, hi = min(a for a, _ in wanted), max(b for _, b in wanted)
    pieces = _pieces(calendar, wanted, lo, hi)
    found = dict(known(lo, hi))
    for run in _runs([p for p in pieces if p not in found]):
        found |= zip(run, computed(run), strict=True)
    starts = [a for a, _ in pieces]
    return [[_sum(pieces, starts, found, span, add) for span in spans] for spans in cut]


def spans_of(windows: Windows) -> list[Piece]:
    """Start and end of each window."""
    return list(zip(windows.start_us.tolist(), windows.end_us.tolist(), strict=True))


def _pieces(calendar: WorkCalendar, wanted: Iterable[Piece], lo: int, hi: int) -> list[Piece]:
    """The hours of [lo, hi), cut where a window begins or ends inside one."""
    hours = calendar.windows("hour", lo, hi).clip(lo, hi)
    edges = {edge for span in (*spans_of(hours), *wanted) for edge in span}
    return list(pairwise(sorted(edges)))


def _stored(reader: Reader, lo: int, hi: int, fresh: Container[Piece]) -> dict[Piece, OeeResult]:
    """Ended hours whose rows are up to date: not those that a mark still waits for, nor those of `fresh`."""
    equipment_id, margin = reader.setup.equipment_id, reader.rules.margin_us
    pending = reader.session.execute(
        _PENDING,
        {
            "devices": reader.setup.devices,
            "equipment_id": equipment_id,
            "first": from_us(
                lo - margin - 2 * HOUR_US
            ),  # a mark reaches forward from the UTC hour that holds it
            "hi": from_us(hi + margin),
        },
    ).all()
    dirty = [(to_us(first) - margin, to_us(last) + reader.hold_us + margin) for first, last in pending]
    with raw_connection(reader.session).cursor(binary=True) as cursor:
        rows = cursor.execute(
            _HOURS, [equipment_id, from_us(lo), from_us(hi), OEE.formula_version]
        ).fetchall()
    found = {}
    for began, ended, flags, inputs in rows:
        start, end = to_us(began), to_us(ended)
        if (start, end) in fresh or any(first < end and last >= start for first, last in dirty):
            continue
        terms = json.loads(inputs)
        found[start, end] = oee(OeeTerms(**{name: terms[name] for name in _TERMS}), flags)
    return found


def _runs(pieces: Sequence[Piece]) -> list[list[Piece]]:
    runs: list[list[Piece]] = []
    for piece in pieces:
        if runs and runs[-1][-1][1] == piece[0]:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return runs


def _sum(
    pieces: Sequence[Piece],
    starts: Sequence[int],
    known: Mapping[Piece, R],
    span: Piece,
    add: Callable[[Sequence[R]], R],
) -> R:
    first, last = np.searchsorted(starts, span)
    return add([known[p] for p in pieces[first:last]])
