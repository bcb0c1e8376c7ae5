"""Storing KPIs: equal values stay untouched, changed closed ones leave a revision."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chejian_analytics.kpi import KPIS, Kpi
from sqlalchemy.orm import Session

from chejian_cloud.worker.kpi_rows import (
    Changed,
    Head,
    Numbers,
    Stored,
    Told,
    WindowResult,
    delete_rows,
    read_heads,
    read_rows,
    write_rows,
)
from chejian_cloud.worker.revisions import Change, Revisions

REMOVED = {"removed": True}
"""New inputs of a revision whose window the calendar no longer has."""
_COMPARED = 4
"""Value, numerator, denominator and completeness come first in `Told`: a revision is asked for by these."""
_VERSIONS = ",".join(f"{kpi.id} {kpi.formula_version}" for kpi in sorted(KPIS, key=lambda k: k.id))
"""What the KPIs of a window were computed with when nothing is missing."""


def store_kpis(
    session: Session,
    equipment_id: int,
    found: Sequence[WindowResult],
    revisions: Revisions,
    now: datetime,
    *,
    span: tuple[datetime, datetime],
    floor: datetime,
) -> None:
    """Store the KPIs of windows that adjoin within each kind.

    All KPIs of a window follow from its terms and flags, so a window whose terms, flags and formulas are those that are
    stored is left as it is, time of computation included; so is each equal row of the others. Windows that the calendar
    no longer has are deleted, and leave a revision when they had ended. What an ended window's change leaves behind is
    decided by `revisions`.

    Args:
        session: of the unit's transaction.
        equipment_id: of the equipment.
        found: windows of all kinds that overlap `span` and do not begin before `floor`.
        revisions: told of changes of ended windows.
        now: the present.
        span: range that was computed.
        floor: windows that begin earlier stay as they are.
    """
    heads = read_heads(session, equipment_id, found, span, floor)
    fresh = [w for w in found if not _is_stored(heads.get((w.kind, w.start)), w)]
    gone = heads.keys() - {(w.kind, w.start) for w in found}
    wanted = [*((w.kind, w.start) for w in fresh if (w.kind, w.start) in heads), *sorted(gone)]
    old = read_rows(session, equipment_id, wanted)
    changed = []
    for window in fresh:
        numbers = [kpi.numbers(window.result) for kpi in KPIS]
        chosen = 0
        for i, kpi in enumerate(KPIS):
            before = old.pop((kpi.id, window.kind, window.start), None)
            if before is not None and _is_equal(before, window, kpi, numbers[i]):
                continue
            if before is not None and not before.provisional:
                _revise(revisions, equipment_id, before, _told(window, kpi, numbers[i]))
            chosen += 2**i
        if chosen:
            changed.append(Changed(window, numbers, chosen))
    for before in old.values():
        if not before.provisional:
            _revise(revisions, equipment_id, before, None)
    if gone:
        delete_rows(session, equipment_id, sorted(gone))
    write_rows(session, equipment_id, changed, now)


def _is_equal(before: Stored, window: WindowResult, kpi: Kpi[Any], numbers: Numbers) -> bool:
    result = window.result
    return (
        (before.value, before.numerator, before.denominator) == numbers
        and (before.completeness, before.end) == (result.completeness, window.end)
        and (before.provisional, before.version) == (window.provisional, kpi.formula_version)
        and before.flags == list(result.flags)
        and (kpi.id != "oee" or before.terms() == result.terms())
    )


def _is_stored(head: Head | None, window: WindowResult) -> bool:
    return (
        head is not None
        and head.versions == _VERSIONS
        and (head.end, head.provisional) == (window.end, window.provisional)
        and head.flags == ",".join(window.result.flags)
        and head.terms() == window.result.terms()
    )


def _told(window: WindowResult, kpi: Kpi[Any], numbers: Numbers) -> Told:
    result = window.result
    inputs = result.terms() if kpi.id == "oee" else {}
    return Told(*numbers, result.completeness, list(result.flags), kpi.formula_version, inputs)


def _revise(revisions: Revisions, equipment_id: int, before: Stored, now: Told | None) -> None:
    """Tell `revisions` of another number, or of a window that is no more; flags and loss times alone revise nothing."""
    old = before.told()
    if now is not None and old[:_COMPARED] == now[:_COMPARED]:
        return
    revisions.note(
        Change(
            equipment_id,
            before.kpi,
            before.kind,
            before.start,
            before.end,
            old.value,
            None if now is None else now.value,
            before.computed_at,
            old.inputs_told(),
            REMOVED if now is None else now.inputs_told(),
        )
    )
