"""Explaining stops: assign, split, comment, undo. Each edit marks exactly the time that it is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from chejian_cloud.db.production import StopReason, StopReasonChange
from chejian_cloud.errors import InvalidValueError, NotFoundError
from chejian_cloud.jsontypes import TimeRange
from chejian_cloud.marks import mark
from chejian_cloud.paging import Part
from chejian_cloud.reasons import repository
from chejian_cloud.reasons.schemas import AssignIn, ChangeOut, CommentIn, ReasonOut, SplitIn, UndoIn
from chejian_cloud.reasons.tree import ReasonNode, load_tree
from chejian_cloud.registry.service import require_equipment

LONGEST_SPAN = timedelta(days=31)
"""Longest span of one edit; a longer one is a slip of the hand."""


@dataclass(frozen=True, slots=True)
class _Piece:
    start: datetime
    end: datetime | None
    reason: str | None
    comment: str


def reasons(session: Session) -> list[ReasonOut]:
    """The reason tree, parents before children."""
    return [ReasonOut.model_validate(node) for node in load_tree(session).values()]


def journal(session: Session, equipment_id: int, period: TimeRange, part: Part) -> list[ChangeOut]:
    """Changes about a range, newest first.

    Raises:
        NotFoundError: when the equipment is not registered.
    """
    require_equipment(session, equipment_id)
    found = repository.journal(session, equipment_id, period.start, period.end, part)
    return [ChangeOut.model_validate(row) for row in found]


def assign(session: Session, equipment_id: int, body: AssignIn) -> int:
    """Give a reason to a span, or clear it.

    Returns:
        Id of the change.

    Raises:
        NotFoundError: when the equipment is not registered.
        InvalidValueError: for a reason that can't be given, or a wrong span.
    """
    piece = _Piece(body.start, body.end, body.reason, body.comment)
    return _write(session, equipment_id, "assign", [piece], body.user_name)


def split(session: Session, equipment_id: int, body: SplitIn) -> int:
    """Cut a span into parts, see `assign`."""
    pieces = []
    start = body.start
    for part in body.parts:
        pieces.append(_Piece(start, part.end, part.reason, part.comment))
        start = part.end
    return _write(session, equipment_id, "split", pieces, body.user_name)


def comment(session: Session, equipment_id: int, body: CommentIn) -> int:
    """Say something about a span, see `assign`."""
    piece = _Piece(body.start, body.end, None, body.comment)
    return _write(session, equipment_id, "comment", [piece], body.user_name)


def undo(session: Session, equipment_id: int, body: UndoIn) -> int:
    """Take a change back; the line stays in the journal.

    Raises:
        NotFoundError: when the equipment is not registered or has no such change.
        InvalidValueError: for an undoing or what is undone already.
    """
    require_equipment(session, equipment_id)
    target = body.change_id
    if target is None:
        target = repository.newest_change(session, equipment_id)
    found = repository.change(session, equipment_id, target) if target is not None else None
    if found is None:
        raise NotFoundError("change", "change_id", target)
    if found.kind == "undo":
        raise InvalidValueError(
            "change_id", target, "a change that is no undoing itself; assign the reason again"
        )
    if repository.is_undone(session, found.change_id):
        raise InvalidValueError("change_id", target, "a change that is not undone already")
    change = StopReasonChange(
        equipment_id=equipment_id, kind="undo", undoes=found.change_id, user_name=body.user_name
    )
    session.add(change)
    session.flush()
    lo, hi = repository.span(session, found.change_id)
    _mark(session, equipment_id, lo, hi, f"stop reason {found.change_id} undone by {body.user_name}")
    return change.change_id


def _write(session: Session, equipment_id: int, kind: str, pieces: Sequence[_Piece], user: str) -> int:
    require_equipment(session, equipment_id)
    tree = load_tree(session)
    for i, piece in enumerate(pieces):
        _check(piece, f"parts.{i}." if kind == "split" else "", tree)
    change = StopReasonChange(equipment_id=equipment_id, kind=kind, user_name=user)
    session.add(change)
    session.flush()
    for piece in pieces:
        session.add(
            StopReason(
                change_id=change.change_id,
                equipment_id=equipment_id,
                start=piece.start.astimezone(UTC),
                end=None if piece.end is None else piece.end.astimezone(UTC),
                reason_id=None if piece.reason is None else tree[piece.reason].reason_id,
                comment=piece.comment,
            )
        )
    session.flush()
    ends = [p.end for p in pieces if p.end is not None]
    hi = max(ends) if len(ends) == len(pieces) else None
    _mark(session, equipment_id, pieces[0].start, hi, f"stop reason {change.change_id} by {user}")
    return change.change_id


def _check(piece: _Piece, prefix: str, tree: dict[str, ReasonNode]) -> None:
    now = datetime.now(UTC)
    if piece.start > now:
        raise InvalidValueError(
            prefix + "start", piece.start.isoformat(), f"not later than now ({now.isoformat()})"
        )
    if piece.end is not None:
        if piece.end <= piece.start:
            allowed = f"later than the start {piece.start.isoformat()}"
            raise InvalidValueError(prefix + "end", piece.end.isoformat(), allowed)
        if piece.end - piece.start > LONGEST_SPAN:
            allowed = f"at most {LONGEST_SPAN.days} days before the end"
            raise InvalidValueError(prefix + "start", piece.start.isoformat(), allowed)
    if piece.reason is None:
        return
    node = tree.get(piece.reason)
    if node is None or not node.leaf or not node.active:
        leaves = ", ".join(n.code for n in tree.values() if n.leaf and n.active)
        raise InvalidValueError(prefix + "reason", piece.reason, leaves)


def _mark(session: Session, equipment_id: int, lo: datetime, hi: datetime | None, reason: str) -> None:
    until = None if hi is None else hi - timedelta(microseconds=1)
    mark(session, reason=reason, lo=lo, hi=until, equipment_ids=[equipment_id], samples=False)
