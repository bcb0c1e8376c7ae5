"""The monthly bulletin: counts against the plan, moves of the ranking, who is at risk and why, who does not report."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from chejian_analytics.assessment import Month
from sqlalchemy.orm import Session

from chejian_cloud.clock import utc_now
from chejian_cloud.errors import InvalidValueError
from chejian_cloud.programme import bulletin_schemas as sheet
from chejian_cloud.programme import figures, moved, plans, ranking, repository, service
from chejian_cloud.programme import schemas as out
from chejian_cloud.programme.plans import Programme
from chejian_cloud.programme.targets import targets_on

_DAY: Final = timedelta(days=1)
_LIVE: Final = frozenset({"planned", "building", "running", "recognised"})


def bulletin(
    session: Session, programme: Programme, month: str | None, now: datetime | None = None
) -> sheet.BulletinOut:
    """The bulletin of a month, as far as the caller sees the programme.

    Args:
        session: of the caller.
        programme: the plan in force.
        month: "2026-10"; None: the last one that has ended.
        now: the present, aware; None: by the clock.

    Raises:
        InvalidValueError: the month has not begun.
    """
    now = now or utc_now()
    today = plans.today(now)
    first = date.fromisoformat(f"{month}-01") if month else _before(today.replace(day=1)).replace(day=1)
    if first > today:
        raise InvalidValueError("month", month, f"{today:%Y-%m} or earlier")
    end = _before((first + 31 * _DAY).replace(day=1))
    last, earlier = min(end, today), _before(first)
    everywhere, standard = figures.narrowed(), ranking.standard_of(ranking.DEFAULT)
    ranked = ranking.ranking(session, standard, last, earlier, everywhere)
    heard = service.reporting(session, now, everywhere)
    plan = programme.plan
    months = {name: moved.asked(session, name, last, everywhere) for name in figures.INDICATORS}
    return sheet.BulletinOut(
        month=f"{first:%Y-%m}",
        first=first,
        last=last,
        provisional=end >= today,
        plan=plan.id,
        plan_zh=plan.name_zh,
        plan_en=plan.name_en,
        standard=standard.id,
        standard_zh=standard.name_zh,
        standard_en=standard.name_en,
        workshops=len(ranked),
        ranked=sum(each.rank is not None for each in ranked),
        targets=_targets(session, programme, last, earlier),
        cities=service.cities(session, programme, last, now, heard, months["oee"]),
        indicators=[_monthly(name, first, found) for name, found in months.items()],
        moves=_moves(ranked),
        at_risk=_at_risk(session, last, heard),
        stale=[each for each in heard if each.stale],
        looked_at=now,
    )


def _before(day: date) -> date:
    return day - _DAY


def _targets(
    session: Session, programme: Programme, last: date, earlier: date
) -> list[sheet.BulletinTargetOut]:
    old, new = targets_on(session, programme, [earlier, last])
    before = {each.id: each.observed for each in old}
    names = ("id", "name_zh", "name_en", "unit", "kind", "planned", "due_year", "status", "reasons")
    return [
        sheet.BulletinTargetOut(
            **{name: getattr(each, name) for name in names},
            value=each.observed,
            before=before[each.id],
            goal=each.value,
        )
        for each in new
    ]


def _monthly(indicator: str, first: date, workshops: Mapping[int, list[Month]]) -> sheet.MonthlyOut:
    found = moved.as_one(indicator, workshops.values())
    by_month = {plans.today(each.start): each for each in found.months}
    own, before = by_month.get(first), by_month.get(_before(first).replace(day=1))
    return sheet.MonthlyOut(
        indicator=indicator,
        unit=found.unit,
        value=own.value if own else None,
        before=before.value if before else None,
        baseline=found.baseline,
        completeness=own.completeness if own else None,
    )


def _moves(ranked: Sequence[out.RankedOut]) -> list[sheet.MoveOut]:
    changed = [
        each
        for each in ranked
        if each.rank is not None and (each.rank, each.total) != (each.rank_before, each.total_before)
    ]

    def order(each: out.RankedOut) -> tuple[bool, int, int]:
        gained = 0 if each.rank_before is None or each.rank is None else each.rank_before - each.rank
        return each.rank_before is None, -abs(gained), each.place

    return [
        sheet.MoveOut(**{name: getattr(each, name) for name in sheet.MoveOut.model_fields})
        for each in sorted(changed, key=order)
    ]


def _at_risk(session: Session, on: date, heard: Sequence[out.ReportingOut]) -> list[sheet.AtRiskOut]:
    entries = {
        each.programme_entry_id: each
        for each in service.entries(session, on, repository.ALL, kind="workshop")
        if each.status in _LIVE
    }
    concerns: defaultdict[int, list[out.ConcernOut]] = defaultdict(list)
    for key, entry in entries.items():
        late = [each.kind for each in entry.milestones if each.overdue]
        concerns[key] += [out.ConcernOut(kind="overdue", milestone=kind, value=None) for kind in late]
    for each in heard:
        if each.stale:
            found = out.ConcernOut(kind="stale", milestone=None, value=each.silent_days)
            concerns[each.programme_entry_id].append(found)
    for row in figures.contradicted(session):
        found = out.ConcernOut(kind="contradicted", milestone=None, value=None)
        concerns[row["programme_entry_id"]].append(found)
    told = [(key, found) for key, found in concerns.items() if found and key in entries]
    names = ("programme_entry_id", "code", "name_zh", "name_en", "city_code")
    return [
        sheet.AtRiskOut(**{name: getattr(entries[key], name) for name in names}, concerns=found)
        for key, found in sorted(told, key=lambda each: (-len(each[1]), each[0]))
    ]
