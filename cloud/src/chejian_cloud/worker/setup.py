"""What the registry says about one equipment, as a unit of work needs it."""

from dataclasses import dataclass

from chejian_analytics.kpi import IdealCycle
from chejian_contract.signals import Role
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from chejian_cloud.calendar.service import WorkCalendar, load_calendar
from chejian_cloud.clock import to_us
from chejian_cloud.db import app as db

_SERIES = text("""
SELECT s.series_id, s.name, s.role
  FROM app.equipment_feed g
  JOIN telemetry.node n ON n.group_id = g.group_id AND n.edge_node = g.edge_node
  JOIN telemetry.device v ON v.node_id = n.node_id AND v.name = g.device
  JOIN telemetry.series s ON s.device_id = v.device_id
 WHERE g.equipment_id = :equipment_id AND s.role <> ''
 ORDER BY s.role, s.name, s.series_id
""")


@dataclass(frozen=True, slots=True)
class Setup:
    """An equipment's calendar, ideal cycles, bearings and series.

    Attributes:
        equipment_id: of the equipment.
        calendar: that it works by.
        cycles: its ideal cycles.
        bearings: its monitored bearings.
        series: for each role its series ids. Where several signals have a role the first name counts; its series
            (a change of type or unit makes a new one) are read as one.
        waveforms: for each waveform signal its series ids.
    """

    equipment_id: int
    calendar: WorkCalendar
    cycles: tuple[IdealCycle, ...]
    bearings: tuple[db.Bearing, ...]
    series: dict[str, list[int]]
    waveforms: dict[str, list[int]]

    def of(self, role: Role) -> list[int]:
        """Series ids of a role; empty when the equipment has no such signal."""
        return self.series.get(role.value, [])


def load_setup(session: Session, equipment_id: int) -> Setup:
    """Read an equipment's set-up."""
    equipment = session.get_one(db.Equipment, equipment_id)
    workshop = session.get_one(db.Workshop, equipment.workshop_id)
    series, waveforms = _series(session, equipment_id)
    bearings = session.scalars(
        select(db.Bearing).where(db.Bearing.equipment_id == equipment_id).order_by(db.Bearing.position)
    )
    return Setup(
        equipment_id,
        load_calendar(session, workshop.calendar_id),
        _cycles(session, equipment_id),
        tuple(bearings),
        series,
        waveforms,
    )


def _cycles(session: Session, equipment_id: int) -> tuple[IdealCycle, ...]:
    statement = (
        select(db.Product.code, db.IdealCycle.cycle_us, db.IdealCycle.valid_from)
        .join(db.Product, db.Product.product_id == db.IdealCycle.product_id)
        .where(db.IdealCycle.equipment_id == equipment_id)
        .order_by(db.Product.code, db.IdealCycle.valid_from)
    )
    return tuple(IdealCycle(code, cycle, to_us(start)) for code, cycle, start in session.execute(statement))


def _series(session: Session, equipment_id: int) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    names: dict[str, str] = {}
    series: dict[str, list[int]] = {}
    waveforms: dict[str, list[int]] = {}
    for row in session.execute(_SERIES, {"equipment_id": equipment_id}):
        if row.role == Role.VIBRATION_WAVEFORM:
            waveforms.setdefault(row.name, []).append(row.series_id)
        if names.setdefault(row.role, row.name) == row.name:
            series.setdefault(row.role, []).append(row.series_id)
    return series, waveforms
