"""Where the time went: terms summed over stored hours, the waterfall, the Pareto of reasons, totals of states."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

import numpy as np
from chejian_analytics.kpi import (
    E10,
    E10_STATES,
    LOSSES,
    Loss,
    OeeResult,
    ParetoRow,
    Reason,
    TimeIntervals,
    Windows,
    e10_summary,
    e10_totals,
    pareto,
    rollup_terms,
    six_big_losses,
    waterfall,
)
from sqlalchemy.orm import Session

from chejian_cloud.clock import to_us
from chejian_cloud.jsontypes import TimeRange
from chejian_cloud.kpi.report_schemas import Amount, Bar, LossesOut, SemiOut
from chejian_cloud.kpi.stored import Classified, Hour, classified, hours_of
from chejian_cloud.reasons.tree import ReasonNode, load_tree
from chejian_cloud.registry.scope import Scope
from chejian_cloud.registry.service import machines_of, require_equipment
from chejian_cloud.states.service import state_name
from chejian_cloud.worker.setup import load_setups

STOPPED = frozenset(
    {Loss.NO_ORDER, Loss.FAULT, Loss.STOP, Loss.MINOR_STOP, Loss.STARVED, Loss.BLOCKED, Loss.MAINTENANCE}
    | {Loss.SETUP, Loss.PLANNED_MAINTENANCE}
)
"""Classes that the Pareto chart counts: all that stops, the calendar's own stops left out."""
UNEXPLAINED_NAMES = ("未说明", "Unexplained")


def losses_of(session: Session, equipment_id: int, period: TimeRange, *, under: str | None) -> LossesOut:
    """Losses of one machine in the stored hours inside a range.

    Args:
        session: any.
        equipment_id: of the machine.
        period: the range.
        under: reason whose children are the bars; None: the top of the tree.

    Raises:
        NotFoundError: when the equipment is not registered.
    """
    require_equipment(session, equipment_id)
    return _losses(session, [equipment_id], period, under)


def losses_in(session: Session, scope: Scope, period: TimeRange, *, under: str | None) -> LossesOut:
    """Losses of all machines of a scope, summed; see `losses_of`."""
    return _losses(session, [m.equipment_id for m in machines_of(session, scope)], period, under)


def _losses(session: Session, machines: Sequence[int], period: TimeRange, under: str | None) -> LossesOut:
    hours = hours_of(session, machines, period.start, period.end)
    parts = [hour for own in hours.values() for hour in own]
    stored = classified(session, load_setups(session, machines), to_us(period.start), to_us(period.end))
    by_machine = {key: stored[key] for key in machines if key in stored}
    found = list(by_machine.values())
    total = rollup_terms([hour.terms() for hour in parts], [hour.flags for hour in parts]) if parts else None
    states, classes = totals([c.intervals for c in found])
    return LossesOut(
        start=period.start,
        end=period.end,
        hours=len(parts),
        completeness=total.completeness if total else None,
        oee=total.oee if total else None,
        availability=total.availability if total else None,
        effectiveness=total.effectiveness if total else None,
        quality_ratio=total.quality_ratio if total else None,
        flags=list(total.flags) if total else [],
        terms=total.terms() if total else {},
        waterfall=steps(total),
        six_big_losses=_six(total),
        semi=_semi(hours, by_machine, total) if total else None,
        pareto=bars(found, load_tree(session), under),
        states=states,
        classes=classes,
    )


def steps(result: OeeResult | None) -> list[Amount]:
    """Steps of the waterfall of a result; none without one."""
    return [] if result is None else [Amount(name=n, us=us) for n, us in waterfall(result).items()]


def _six(result: OeeResult | None) -> list[Amount]:
    if result is None:
        return []
    found = six_big_losses(result)
    named = {name: getattr(found, name) for name in found.__dataclass_fields__}
    return [Amount(name=name, us=us) for name, us in named.items() if us is not None]


_NO_DATA = E10_STATES.index(E10.NO_DATA)


def _semi(hours: Mapping[int, Sequence[Hour]], found: Mapping[int, Classified], total: OeeResult) -> SemiOut:
    """States of SEMI E10 in the stored hours, and the ratios with the counts of the same hours."""
    us = np.zeros(len(E10_STATES), np.int64)
    for key, own in hours.items():
        start = np.array([to_us(hour.start) for hour in own], np.int64)
        length = np.array([hour.inputs["calendar_us"] for hour in own], np.int64)
        known = np.zeros(len(E10_STATES), np.int64)
        if key in found:
            intervals = found[key].intervals
            windows = Windows(start, start + length)
            inside = windows.clip(int(intervals.start_us[0]), int(intervals.end_us[-1]))
            known = e10_totals(intervals, inside).sum(axis=0)
        known[_NO_DATA] += length.sum() - known.sum()
        us += known
    summary = asdict(e10_summary(dict(zip(E10_STATES, us.tolist(), strict=True)), total))
    if total.oee is None:  # items that are not counted, or not weighed, are not none
        summary |= dict.fromkeys(("rate_efficiency", "quality_efficiency", "oee"))
    ratios = {name: summary[name] for name in SemiOut.model_fields if name != "states"}
    states = [Amount(name=e10.value, us=n) for e10, n in zip(E10_STATES, us.tolist(), strict=True)]
    return SemiOut(states=states, **ratios)


def bars(found: Iterable[Classified], tree: Mapping[str, ReasonNode], under: str | None) -> list[Bar]:
    """Stop time by reason, greatest first."""
    nodes = [Reason(n.code, n.parent, None if n.loss is None else Loss(n.loss)) for n in tree.values()]
    rows = pareto(((c.intervals, c.spans) for c in found), nodes, losses=STOPPED, under=under)
    return [_bar(row, tree) for row in rows]


def _bar(row: ParetoRow, tree: Mapping[str, ReasonNode]) -> Bar:
    node = tree.get(row.code)
    names = (node.name_zh, node.name_en) if node is not None else UNEXPLAINED_NAMES
    return Bar(
        code=row.code,
        name_zh=names[0],
        name_en=names[1],
        duration_us=row.duration_us,
        occurrences=row.occurrences,
        share=row.share,
        cumulative=row.cumulative,
    )


def totals(found: Sequence[TimeIntervals]) -> tuple[list[Amount], list[Amount]]:
    """Time of each state and of each class, the greatest first."""
    states: dict[str, int] = {}
    classes: dict[str, int] = {}
    for intervals in found:
        length = intervals.end_us - intervals.start_us
        for state in np.unique(intervals.state).tolist():
            name = state_name(state)
            states[name] = states.get(name, 0) + int(length[intervals.state == state].sum())
        for code in np.unique(intervals.loss).tolist():
            name = LOSSES[code].value
            classes[name] = classes.get(name, 0) + int(length[intervals.loss == code].sum())
    return _amounts(states), _amounts(classes)


def _amounts(sums: Mapping[str, int]) -> list[Amount]:
    return [Amount(name=n, us=us) for n, us in sorted(sums.items(), key=lambda item: (-item[1], item[0]))]
