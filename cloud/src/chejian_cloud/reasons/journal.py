"""The journal of reasons: what people said about which time, and what holds of it now.

The journal only grows; what holds is the fold of its lines in their order, a later one covering an earlier one, lines
that were undone left out. So the same lines give the same answer, whenever the worker reads them.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us, to_us

_LINES = text("""
SELECT r.equipment_id, r.stop_reason_id, r.change_id, c.kind, r.start, r."end", n.code AS reason, r.comment, c.user_name, c.made_at
  FROM app.stop_reason r JOIN app.stop_reason_change c USING (change_id) LEFT JOIN app.reason n USING (reason_id)
 WHERE r.equipment_id = ANY(:equipment_ids) AND r.start < :hi AND (r."end" IS NULL OR r."end" > :lo)
   AND NOT EXISTS (SELECT FROM app.stop_reason_change u WHERE u.undoes = r.change_id)
 ORDER BY r.stop_reason_id
""")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the journal that holds.

    Attributes:
        change_id: of the change that it belongs to.
        kind: of the change: assign, split or comment.
        start_us: start of the time that it is about [us since 1970].
        end_us: its end; None: until the machine produces again.
        reason: code; None clears the reason, or says nothing about it (kind comment).
        comment: may be empty.
        user_name: who said it.
        made_at_us: when.
    """

    change_id: int
    kind: str
    start_us: int
    end_us: int | None
    reason: str | None
    comment: str
    user_name: str
    made_at_us: int


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of time of which one thing holds: the reason with who gave it, and the comment.

    Attributes:
        start_us: start [us since 1970].
        end_us: end, later.
        reason: code; None: not explained.
        comment: newest comment on it; "" for none.
        user_name: who gave the reason, or else the comment.
        change_id: of the line that gave the reason, or else the comment.
    """

    start_us: int
    end_us: int
    reason: str | None
    comment: str
    user_name: str
    change_id: int


def read_lines(
    session: Session, equipment_ids: Collection[int], lo_us: int, hi_us: int
) -> dict[int, list[Line]]:
    """Lines about [lo, hi) of some machines that nobody has undone, in the order of the journal; machines without any are left out."""
    span = {"equipment_ids": list(equipment_ids), "lo": from_us(lo_us), "hi": from_us(hi_us)}
    out: dict[int, list[Line]] = {}
    for row in session.execute(_LINES, span):
        line = Line(
            row.change_id,
            row.kind,
            to_us(row.start),
            None if row.end is None else to_us(row.end),
            row.reason,
            row.comment,
            row.user_name,
            to_us(row.made_at),
        )
        out.setdefault(row.equipment_id, []).append(line)
    return out


def fold(lines: Sequence[Line], lo_us: int, hi_us: int, open_end: Callable[[int], int]) -> list[Said]:
    """What holds of [lo, hi): adjoining pieces of equal saying are one, time of which nothing is said is left out.

    Args:
        lines: in the order of the journal.
        lo_us: start [us since 1970].
        hi_us: end, excluded.
        open_end: for the start of a line without end, when the machine produces again [us].
    """
    spans = [(line, line.start_us, _end(line, open_end)) for line in lines]
    spans = [(line, max(a, lo_us), min(b, hi_us)) for line, a, b in spans if a < hi_us and b > lo_us]
    if not spans:
        return []
    edges = np.unique(np.array([(a, b) for _, a, b in spans], np.int64))
    reason = np.full(len(edges), -1)
    comment = np.full(len(edges), -1)
    for i, (line, a, b) in enumerate(spans):
        first, last = np.searchsorted(edges, (a, b))
        if line.kind != "comment":
            reason[first:last] = i
        if line.comment:
            comment[first:last] = i
    out: list[Said] = []
    columns = (edges[:-1].tolist(), edges[1:].tolist(), reason[:-1].tolist(), comment[:-1].tolist())
    for start, end, by_reason, by_comment in zip(*columns, strict=True):
        said = _said(
            start,
            end,
            spans[by_reason][0] if by_reason >= 0 else None,
            spans[by_comment][0] if by_comment >= 0 else None,
        )
        if said is None:
            continue
        if out and out[-1].end_us == start and _same(out[-1], said):
            said = Said(out.pop().start_us, end, said.reason, said.comment, said.user_name, said.change_id)
        out.append(said)
    return out


def _end(line: Line, open_end: Callable[[int], int]) -> int:
    return line.end_us if line.end_us is not None else max(open_end(line.start_us), line.start_us)


def _said(start: int, end: int, by_reason: Line | None, by_comment: Line | None) -> Said | None:
    reason = by_reason.reason if by_reason is not None else None
    words = by_comment.comment if by_comment is not None else ""
    source = by_reason if reason is not None else by_comment
    if source is None or (reason is None and not words):
        return None
    return Said(start, end, reason, words, source.user_name, source.change_id)


def _same(a: Said, b: Said) -> bool:
    return (a.reason, a.comment, a.user_name, a.change_id) == (b.reason, b.comment, b.user_name, b.change_id)
