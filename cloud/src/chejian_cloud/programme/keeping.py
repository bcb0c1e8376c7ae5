"""What the province writes: entries, milestones, observations, years of energy."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from chejian_cloud.db.programme import (
    MILESTONES,
    ProgrammeEnergy,
    ProgrammeEntry,
    ProgrammeMilestone,
    ProgrammeObservation,
)
from chejian_cloud.errors import ConflictError, ForbiddenError, InvalidValueError, NotFoundError
from chejian_cloud.programme import repository, targets
from chejian_cloud.programme import schemas as out
from chejian_cloud.programme.plans import Programme


def add(session: Session, programme: Programme, asked: out.EntryIn, user: str, now: datetime) -> int:
    """A new entry; answers its id.

    Raises:
        NotFoundError: enterprise, workshop or line are not there, or are somebody else's.
        InvalidValueError: the plan does not know city or sector, or places do not fit.
        ConflictError: there is one of that enterprise, kind and code.
    """
    if repository.enterprise(session, asked.enterprise_id) is None:
        raise NotFoundError("enterprise", "enterprise_id", asked.enterprise_id)
    if repository.same(session, asked.enterprise_id, asked.kind, asked.code) is not None:
        raise ConflictError(
            f"there is a {asked.kind} {asked.code} of this enterprise in the programme already"
        )
    _check(session, programme, asked, asked.enterprise_id, asked.kind)
    row = ProgrammeEntry(**asked.model_dump(), changed_by=user, changed_at=now)
    session.add(row)
    session.flush()
    return row.programme_entry_id


def change(
    session: Session, programme: Programme, entry_id: int, asked: out.EntryChange, user: str, now: datetime
) -> None:
    """Change an entry as a whole.

    Raises:
        NotFoundError: it, or what it names, is not there, or is somebody else's.
        InvalidValueError: the plan does not know city or sector, or places do not fit.
    """
    row = require(session, entry_id)
    _check(session, programme, asked, row.enterprise_id, row.kind)
    for name, value in asked.model_dump().items():
        setattr(row, name, value)
    row.changed_by, row.changed_at = user, now
    session.flush()


def require(session: Session, entry_id: int) -> ProgrammeEntry:
    """An entry, locked against other edits.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    row = repository.find(session, entry_id, lock=True)
    if row is None:
        raise NotFoundError("entry", "entry_id", entry_id)
    return row


def _check(
    session: Session, programme: Programme, asked: out.EntryChange, enterprise_id: int, kind: str
) -> None:
    programme.check_place(asked.city_code, asked.sector)
    if (asked.counts_from is not None) != (asked.status == "recognised"):
        raise InvalidValueError(
            "counts_from", asked.counts_from, "a day where status is recognised, else none"
        )
    if asked.workshop_id is not None:
        workshop = repository.workshop(session, asked.workshop_id)
        if workshop is None or workshop.enterprise_id != enterprise_id:
            raise NotFoundError("workshop", "workshop_id", asked.workshop_id)
    if kind == "enterprise" and asked.workshop_id is not None:
        raise InvalidValueError("workshop_id", asked.workshop_id, "none: the entry is an enterprise")
    if asked.line_id is not None:
        line = repository.line(session, asked.line_id)
        if kind != "line" or line is None or line.workshop_id != asked.workshop_id:
            raise InvalidValueError(
                "line_id", asked.line_id, "a line of workshop_id, where the entry is a line"
            )


def set_milestone(
    session: Session, entry_id: int, kind: str, asked: out.MilestoneIn, user: str, now: datetime
) -> None:
    """Say when a step of an entry is due and was reached; neither takes it away.

    Raises:
        NotFoundError: the entry is not there, or is somebody else's.
        InvalidValueError: there is no such step.
    """
    if kind not in MILESTONES:
        raise InvalidValueError("kind", kind, ", ".join(MILESTONES))
    row = require(session, entry_id)
    repository.drop_milestone(session, entry_id, kind)
    if asked.due_on is not None or asked.reached_on is not None:
        keys = {"programme_entry_id": entry_id, "enterprise_id": row.enterprise_id, "kind": kind}
        session.add(ProgrammeMilestone(**keys, **asked.model_dump()))
    row.changed_by, row.changed_at = user, now
    session.flush()


def observe(
    session: Session,
    programme: Programme,
    name: str,
    day: date,
    asked: out.ObservationIn,
    user: str,
    now: datetime,
) -> None:
    """Keep what was observed of a target on a day, in place of what was kept of it.

    Raises:
        NotFoundError: there is no such target.
        ConflictError: it is counted in the registry.
        ForbiddenError: the caller does not see the whole region.
    """
    target = programme.target(name)
    if targets.counts(target.id):
        raise ConflictError(
            f"{target.id} is counted from the entries of the programme; nothing is entered for it"
        )
    keys = _keys(session, programme)
    session.merge(
        ProgrammeObservation(
            **keys, target=target.id, day=day, **asked.model_dump(), changed_by=user, changed_at=now
        )
    )
    session.flush()


def energy(
    session: Session, programme: Programme, year: int, asked: out.EnergyYearIn, user: str, now: datetime
) -> None:
    """Keep energy and growth of a year.

    Raises:
        ConflictError: the years could not be chained with it: a gap, or another basis.
        ForbiddenError: the caller does not see the whole region.
    """
    keys = _keys(session, programme)
    session.merge(ProgrammeEnergy(**keys, year=year, **asked.model_dump(), changed_by=user, changed_at=now))
    session.flush()
    targets.chain(repository.energy_years(session, programme.plan.id, date.max.year))


def _keys(session: Session, programme: Programme) -> dict[str, str]:
    if not repository.keeps(session, programme.plan.region):
        raise ForbiddenError(f"only who sees all of region {programme.plan.region} may say what holds for it")
    return {"plan": programme.plan.id, "region": programme.plan.region}
