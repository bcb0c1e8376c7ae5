"""Queries of diagnoses and waveforms."""

from collections.abc import Sequence
from datetime import datetime

from chejian_contract.signals import Role
from sqlalchemy import Row, RowMapping, Select, func, select, true
from sqlalchemy.orm import Session

from chejian_cloud.db import telemetry as t
from chejian_cloud.db.app import Bearing, EquipmentFeed
from chejian_cloud.db.diagnosis import Diagnosis, DiagnosisLabel, KeptWindow, VibrationWindow
from chejian_cloud.paging import Part
from chejian_cloud.series.repository import fed_series


def _serial() -> Select[tuple[str | None]]:
    """Last text of the equipment's part-id signal at or before the waveform's time."""
    node, device, fed = fed_series()
    last = (
        select(t.text_sample.c.value, t.text_sample.c.time)
        .where(t.text_sample.c.series_id == fed.c.series_id, t.text_sample.c.time <= Diagnosis.time)
        .correlate(fed, Diagnosis)
        .order_by(t.text_sample.c.time.desc())
        .limit(1)
        .lateral("last_text")
    )
    return (
        select(last.c.value)
        .select_from(EquipmentFeed)
        .join(node, true())
        .join(device, true())
        .join(fed, true())
        .join(last, true())
        .where(EquipmentFeed.equipment_id == Diagnosis.equipment_id, fed.c.role == Role.PART_ID.value)
        .order_by(last.c.time.desc())
        .limit(1)
    )


def _answer() -> Select[str]:
    """Newest answer of an engineer; one that took another back counts as none."""
    return (
        select(DiagnosisLabel.answer)
        .where(DiagnosisLabel.diagnosis_id == Diagnosis.diagnosis_id)
        .order_by(DiagnosisLabel.label_id.desc())
        .limit(1)
    )


Told = tuple[Diagnosis, str | None, str | None]
"""A diagnosis with the serial under test and the answer that holds."""


def _told() -> Select[Told]:
    answer = func.nullif(_answer().scalar_subquery(), "withdrawn").label("answer")
    return select(Diagnosis, _serial().scalar_subquery().label("serial"), answer)


def newest(
    session: Session, equipment_id: int, part: Part, before: datetime | None, method: str | None
) -> Sequence[Row[Told]]:
    """Diagnoses of an equipment (by one method), newest first."""
    statement = _told().where(Diagnosis.equipment_id == equipment_id)
    if before is not None:
        statement = statement.where(Diagnosis.time < before)
    if method is not None:
        statement = statement.where(Diagnosis.method == method)
    keys = Diagnosis.time, Diagnosis.diagnosis_id
    return session.execute(part.of(statement, *keys, descending=True)).all()


def one(session: Session, diagnosis_id: int) -> Row[Told] | None:
    """One diagnosis, None when there is none."""
    return session.execute(_told().where(Diagnosis.diagnosis_id == diagnosis_id)).one_or_none()


def waveform(session: Session, series_id: int, time: datetime) -> RowMapping | None:
    """Sample rate and data of a stored or kept waveform, None when retention has removed it."""
    for c in (t.waveform.c, KeptWindow):
        statement = select(c.sample_rate, c.data).where(c.series_id == series_id, c.time == time).limit(1)
        found = session.execute(statement).mappings().one_or_none()
        if found is not None:
            return found
    return None


def bearing(session: Session, equipment_id: int, series_id: int) -> Bearing | None:
    """The bearing that a waveform series hears, None when none is registered."""
    statement = (
        select(Bearing)
        .join(t.series, t.series.c.name == Bearing.signal)
        .where(Bearing.equipment_id == equipment_id, t.series.c.series_id == series_id)
    )
    return session.scalars(statement).one_or_none()


def window(session: Session, series_id: int, time: datetime) -> VibrationWindow | None:
    """What was measured of a window, None before it was read."""
    return session.get(VibrationWindow, (series_id, time))


def unit_of(session: Session, series_id: int) -> str:
    """Unit of a series; empty when it has none."""
    return session.scalar(select(t.series.c.unit).where(t.series.c.series_id == series_id)) or ""
