"""What is known about the counters of an equipment: where they wrap, how fast they can rise, when they were replaced."""

from datetime import UTC, datetime
from enum import StrEnum

from chejian_contract.signals import Role
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from chejian_cloud.db.production import CounterReplacement, CounterRule
from chejian_cloud.errors import InvalidValueError, NotFoundError
from chejian_cloud.jsontypes import Moment, Out, Time
from chejian_cloud.marks import mark
from chejian_cloud.reasons.schemas import Comment, In, UserName
from chejian_cloud.registry.cycles import lock
from chejian_cloud.registry.service import require_equipment


class CounterRole(StrEnum):
    """A counter of an equipment, by the role of its signal."""

    PRODUCED = Role.PRODUCED_COUNT.value
    GOOD = Role.GOOD_COUNT.value
    SCRAP = Role.SCRAP_COUNT.value
    REWORK = Role.REWORK_COUNT.value


class RuleIn(In):
    """How readings of a counter are to be taken, at all times."""

    modulus: int | None = Field(
        default=None,
        ge=2,
        le=2**62,
        examples=[65536],
        description="Where it starts again at 0; null: never, a fall is a reset.",
    )
    least_cycle_seconds: float = Field(
        default=0,
        ge=0,
        lt=1e9,
        description="Shortest time that an item can take [s]; a faster rise is not counted. 0: no bound.",
    )
    user_name: UserName


class ReplacementIn(In):
    """A counter was replaced, or set by hand."""

    time: Time = Field(description="The first reading at or after it is a new baseline and counts nothing.")
    comment: Comment = ""
    user_name: UserName


class ReplacementOut(Out):
    """A replacement of a counter."""

    replacement_id: int = Field(validation_alias="counter_replacement_id")
    time: Moment
    user_name: str
    comment: str
    made_at: Moment


class CounterOut(Out):
    """A counter; one that nobody said anything about never wraps and has no bound."""

    role: str = Field(examples=[CounterRole.PRODUCED.value])
    modulus: int | None
    least_cycle_seconds: float
    replacements: list[ReplacementOut]


def counters_of(session: Session, equipment_id: int) -> list[CounterOut]:
    """The counters of an equipment with their replacements, oldest first.

    Raises:
        NotFoundError: when it is not registered.
    """
    require_equipment(session, equipment_id)
    rules = {r.role: r for r in session.scalars(select(CounterRule).filter_by(equipment_id=equipment_id))}
    replaced: dict[str, list[ReplacementOut]] = {}
    statement = select(CounterReplacement).filter_by(equipment_id=equipment_id)
    for row in session.scalars(statement.order_by(CounterReplacement.time)):
        replaced.setdefault(row.role, []).append(ReplacementOut.model_validate(row))
    return [
        CounterOut(
            role=role.value,
            modulus=rule.modulus if (rule := rules.get(role.value)) else None,
            least_cycle_seconds=rule.least_cycle_us / 1_000_000 if rule else 0,
            replacements=replaced.get(role.value, []),
        )
        for role in CounterRole
    ]


def put_rule(session: Session, equipment_id: int, role: CounterRole, body: RuleIn) -> int:
    """Say how the readings of a counter are to be taken.

    Returns:
        Number of hours that are computed anew: all known ones, when it says something new.

    Raises:
        NotFoundError: when the equipment is not registered.
    """
    lock(session, equipment_id)
    least_us = round(body.least_cycle_seconds * 1_000_000)
    row = session.get(CounterRule, (equipment_id, role.value))
    before = (row.modulus, row.least_cycle_us) if row else (None, 0)
    if before == (body.modulus, least_us):
        return 0
    if row is None:
        row = CounterRule(equipment_id=equipment_id, role=role.value)
        session.add(row)
    row.modulus, row.least_cycle_us = body.modulus, least_us
    session.flush()
    reason = f"{role.value} taken otherwise by {body.user_name}"
    return mark(session, reason=reason, equipment_ids=[equipment_id], samples=False)


def replace(session: Session, equipment_id: int, role: CounterRole, body: ReplacementIn) -> int:
    """Record that a counter was replaced; the hours around are computed anew.

    Returns:
        Id of the replacement.

    Raises:
        NotFoundError: when the equipment is not registered.
        InvalidValueError: when it lies in the future, or is known.
    """
    lock(session, equipment_id)
    time = body.time.astimezone(UTC)
    if time > datetime.now(UTC):
        raise InvalidValueError("time", time.isoformat(), "not later than now")
    key = {"equipment_id": equipment_id, "role": role.value, "time": time}
    if session.scalars(select(CounterReplacement).filter_by(**key)).one_or_none() is not None:
        raise InvalidValueError("time", time.isoformat(), "a time at which no replacement is known")
    row = CounterReplacement(**key, user_name=body.user_name, comment=body.comment)
    session.add(row)
    session.flush()
    _mark(session, row, f"{role.value} replaced, by {body.user_name}")
    return row.counter_replacement_id


def delete_replacement(session: Session, replacement_id: int, user: str) -> None:
    """Take a replacement back.

    Raises:
        NotFoundError: when there is none.
    """
    row = session.get(CounterReplacement, replacement_id)
    if row is None:
        raise NotFoundError("counter replacement", "replacement_id", replacement_id)
    session.delete(row)
    session.flush()
    _mark(session, row, f"replacement of {row.role} taken back by {user}")


def _mark(session: Session, row: CounterReplacement, reason: str) -> None:
    """Mark the hour of a replacement; a recomputation reaches to the next reading by itself."""
    mark(
        session,
        reason=reason,
        lo=row.time,
        hi=row.time,
        equipment_ids=[row.equipment_id],
        samples=False,
    )
