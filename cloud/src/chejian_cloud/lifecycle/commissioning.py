"""Name plate and commissioning of an equipment."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from chejian_cloud.conditional import Seen, tag_of
from chejian_cloud.db.lifecycle import NamePlate
from chejian_cloud.errors import InvalidValueError
from chejian_cloud.lifecycle.schemas import CommissioningIn, CommissioningOut
from chejian_cloud.registry.cycles import lock
from chejian_cloud.registry.service import require_equipment


def commissioning_of(session: Session, equipment_id: int) -> CommissioningOut:
    """What is told of an equipment, which is registered; empty where nobody told it."""
    row = session.get(NamePlate, equipment_id)
    if row is None:
        told = CommissioningOut(
            manufacturer="",
            model="",
            serial_number="",
            commissioned_on=None,
            decommissioned_on=None,
            remark="",
            user_name="",
            changed_at=None,
        )
    else:
        told = CommissioningOut.model_validate(row)
    told.etag = tag_of(told)
    return told


def put(
    session: Session, equipment_id: int, body: CommissioningIn, seen: Seen, now: datetime
) -> CommissioningOut:
    """Store name plate and service of an equipment.

    Raises:
        NotFoundError: when it is not registered.
        InvalidValueError: for dates that cannot be.
        ChangedSinceError: they are not what the editor has seen.
    """
    zone = ZoneInfo(require_equipment(session, equipment_id).timezone)
    _check(body, now.astimezone(zone))
    lock(session, equipment_id)
    before = commissioning_of(session, equipment_id)
    seen.check(lambda: before.model_copy(update={"etag": ""}))
    row = session.get(NamePlate, equipment_id) or NamePlate(equipment_id=equipment_id)
    for name, value in body.model_dump().items():
        setattr(row, name, value)
    row.changed_at = now
    session.add(row)
    session.flush()
    return commissioning_of(session, equipment_id)


def _check(body: CommissioningIn, now: datetime) -> None:
    begin, end = body.commissioned_on, body.decommissioned_on
    for key, day in (("commissioned_on", begin), ("decommissioned_on", end)):
        if day is not None and day > now.date():
            raise InvalidValueError(key, day.isoformat(), "not later than today")
    if end is not None and begin is None:
        raise InvalidValueError("decommissioned_on", end.isoformat(), "null without commissioned_on")
    if end is not None and begin is not None and end < begin:
        raise InvalidValueError(
            "decommissioned_on", end.isoformat(), f"not before commissioned_on, {begin.isoformat()}"
        )
