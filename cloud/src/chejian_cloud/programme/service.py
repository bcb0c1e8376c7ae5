"""What people see of entries: lists, one with everything that it stands on, cities, and who reports."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from chejian_analytics.assessment import Month, Standard
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from chejian_cloud.assessment import forms
from chejian_cloud.errors import NotFoundError
from chejian_cloud.paging import Part
from chejian_cloud.programme import figures, moved, ranking, repository
from chejian_cloud.programme import schemas as out
from chejian_cloud.programme.plans import Programme

STALE: Final = timedelta(days=3)
"""Silence after which a workshop counts as one that does not report; project default."""
_DAY: Final = timedelta(days=1)
_RECENT: Final = 6
"""[months] Enough for the recent window of an indicator and as long a baseline before it."""
_LIVE: Final = frozenset({"running", "recognised"})
"""Statuses in which a workshop is to report."""


def entries(session: Session, on: date, part: Part, **filters: str | None) -> list[out.EntryOut]:
    """Entries with their milestones, by id."""
    rows = repository.entries(session, part=part, **filters)  # type: ignore[arg-type] # names of filters
    steps = _milestones(session, [row["programme_entry_id"] for row in rows], on)
    return [_entry(row, steps) for row in rows]


def _entry(row: RowMapping, steps: Mapping[int, list[out.MilestoneOut]]) -> out.EntryOut:
    return out.EntryOut(**dict(row), milestones=steps.get(row["programme_entry_id"], []))


def _milestones(session: Session, entry_ids: Sequence[int], on: date) -> dict[int, list[out.MilestoneOut]]:
    found: dict[int, list[out.MilestoneOut]] = defaultdict(list)
    for each in repository.milestones(session, entry_ids):
        late = each.reached_on is None and each.due_on is not None and each.due_on < on
        found[each.programme_entry_id].append(
            out.MilestoneOut(kind=each.kind, due_on=each.due_on, reached_on=each.reached_on, overdue=late)
        )
    for steps in found.values():
        steps.sort(key=lambda step: (step.reached_on or step.due_on or date.max, step.kind))
    return found


def entry_of(session: Session, entry_id: int, on: date) -> out.EntryOut:
    """One entry.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    rows = repository.entries(session, entry_id=entry_id)
    if not rows:
        raise NotFoundError("entry", "entry_id", entry_id)
    return _entry(rows[0], _milestones(session, [entry_id], on))


def detail_of(session: Session, entry_id: int, on: date, now: datetime) -> out.EntryDetailOut:
    """One entry with everything that it stands on.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    entry, where = entry_of(session, entry_id, on), figures.narrowed(entry=entry_id)
    heard = reporting(session, now, where)
    assessed = _forms(session, entry)
    concerns = [
        out.ConcernOut(kind="overdue", milestone=each.kind, value=None)
        for each in entry.milestones
        if each.overdue
    ]
    concerns += [
        out.ConcernOut(kind="stale", milestone=None, value=each.silent_days) for each in heard if each.stale
    ]
    wrong = sum(len(form.contradictions) for form in assessed)
    concerns += [out.ConcernOut(kind="contradicted", milestone=None, value=wrong)] if wrong else []
    trends = {name: moved.asked(session, name, on, where).get(entry_id, []) for name in figures.INDICATORS}
    return out.EntryDetailOut(
        **entry.model_dump(),
        standing="at risk" if concerns else "on track",
        concerns=concerns,
        reporting=heard[0] if heard else None,
        oee=moved.moved("oee", trends["oee"]) if trends["oee"] else None,
        energy=moved.moved("energy", trends["energy"]) if trends["energy"] else None,
        assessments=assessed,
    )


def _forms(session: Session, entry: out.EntryOut) -> list[out.FormBriefOut]:
    rows = figures.forms_of(session, entry.enterprise_id, entry.workshop_id)
    wrong = [(row["assessment_id"], row["revision"]) for row in rows if row["contradictions"]]
    kept = figures.documents(session, wrong)
    return [_brief(row, forms.standard_of(row["standard_id"]), kept) for row in rows]


def _brief(row: RowMapping, standard: Standard, kept: Mapping[tuple[int, int], bytes]) -> out.FormBriefOut:
    content = kept.get((row["assessment_id"], row["revision"]))
    zh, en = ranking.level_words(standard, row["level"])
    names = (
        "assessment_id",
        "standard_id",
        "state",
        "submitted_at",
        "total",
        "measured",
        "attached",
        "declared",
    )
    return out.FormBriefOut(
        **{name: row[name] for name in names},
        revision=row["revision"] or row["open_revision"],
        standard_zh=standard.name_zh,
        standard_en=standard.name_en,
        level_zh=zh,
        level_en=en,
        contradictions=ranking.contradictions_of(standard, content) if content else [],
    )


def reporting(session: Session, now: datetime, where: Mapping[str, Any]) -> list[out.ReportingOut]:
    """Registered workshops with when they were heard last, the longest silent first; one that is not running is not stale."""
    return [_heard(row, now) for row in figures.heard(session, dict(where))]


def _heard(row: RowMapping, now: datetime) -> out.ReportingOut:
    last = row["last_seen"]
    silent = None if last is None else max(now - last, timedelta(0))
    return out.ReportingOut(
        **dict(row),
        silent_days=None if silent is None else silent / _DAY,
        stale=row["status"] in _LIVE and (silent is None or silent > STALE),
    )


def cities(
    session: Session,
    programme: Programme,
    on: date,
    now: datetime,
    heard: Sequence[out.ReportingOut] | None = None,
    months: Mapping[int, list[Month]] | None = None,
) -> list[out.CityCountsOut]:
    """What each city has in the programme; `heard` as `reporting` and `months` as `moved.asked` tell them, where known already."""
    rows = repository.entries(session)
    heard = reporting(session, now, figures.narrowed()) if heard is None else heard
    wrong = [row["city_code"] for row in figures.contradicted(session)]
    if months is None:
        months = moved.asked(session, "oee", on, figures.narrowed(), _RECENT)
    oee = moved.recent(months, on, _RECENT)
    return [
        _city(each.code, [r for r in rows if r["city_code"] == each.code], on, oee).model_copy(
            update={
                "reporting": sum(h.city_code == each.code and not h.stale for h in heard),
                "stale": sum(h.city_code == each.code and h.stale for h in heard),
                "contradicted": wrong.count(each.code),
            }
        )
        for each in programme.places.cities
    ]


def _city(
    code: str, rows: Sequence[RowMapping], on: date, months: Mapping[int, list[Month]]
) -> out.CityCountsOut:
    def count(kind: str, *, recognised: bool = False) -> int:
        return sum(
            r["kind"] == kind
            and r["status"] != "withdrawn"
            and (
                not recognised
                or (r["status"] == "recognised" and r["counts_from"] is not None and r["counts_from"] <= on)
            )
            for r in rows
        )

    own = [months[key] for r in rows if (key := r["programme_entry_id"]) in months]
    oee = moved.as_one("oee", own) if count("workshop") else None
    return out.CityCountsOut(
        code=code,
        workshops=count("workshop"),
        recognised=count("workshop", recognised=True),
        lines=count("line"),
        lines_recognised=count("line", recognised=True),
        enterprises=len({r["enterprise_id"] for r in rows}),
        investment=sum(r["investment"] for r in rows if r["status"] != "withdrawn"),
        reporting=0,
        stale=0,
        contradicted=0,
        oee=oee.recent if oee else None,
        oee_completeness=oee.completeness if oee else None,
    )
