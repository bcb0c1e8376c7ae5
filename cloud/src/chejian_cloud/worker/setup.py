"""What the registry says about one equipment, as a unit of work needs it; one statement reads it all."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

from chejian_analytics.kpi import DayException, IdealCycle, Shift, SpanException, SpanKind
from chejian_contract.signals import Role, SignalKind
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from chejian_cloud.calendar.plan import version_of
from chejian_cloud.calendar.service import WorkCalendar
from chejian_cloud.db import app as db
from chejian_cloud.db.rollups import has_hours, has_minutes
from chejian_cloud.errors import NotFoundError

_SETUP = text("""
SELECT e.equipment_id, e.type, c.calendar_id, c.timezone,
       (SELECT json_agg(json_build_array(s.code, s.start, s."end") ORDER BY s.start, s.shift_id)
          FROM app.shift s WHERE s.calendar_id = c.calendar_id) AS shifts,
       (SELECT json_agg(json_build_array(p.start, p."end") ORDER BY p.start, p.planned_stop_id)
          FROM app.planned_stop p WHERE p.calendar_id = c.calendar_id) AS stops,
       (SELECT json_agg(json_build_array(v.valid_from, v.definition) ORDER BY v.valid_from)
          FROM app.calendar_version v WHERE v.calendar_id = c.calendar_id) AS versions,
       (SELECT json_agg(json_build_array(y.day, y.shifts) ORDER BY y.day)
          FROM app.calendar_day y WHERE y.calendar_id = c.calendar_id) AS days,
       (SELECT json_agg(json_build_array((extract(epoch FROM x.start) * 1000000)::bigint,
                                         (extract(epoch FROM x."end") * 1000000)::bigint, x.kind)
                        ORDER BY x.start, x.calendar_span_id)
          FROM app.calendar_span x WHERE x.calendar_id = c.calendar_id) AS spans,
       (SELECT json_agg(json_build_array(p.code, i.cycle_us, (extract(epoch FROM i.valid_from) * 1000000)::bigint)
                        ORDER BY p.code, i.valid_from)
          FROM app.ideal_cycle i JOIN app.product p USING (product_id) WHERE i.equipment_id = e.equipment_id) AS cycles,
       (SELECT json_agg(to_json(b) ORDER BY b.position)
          FROM app.bearing b WHERE b.equipment_id = e.equipment_id) AS bearings,
       (SELECT json_agg(json_build_array(s.series_id, s.name, s.role, s.kind, s.quantity, s.datatype, v.device_id,
                                         n.ledger_id IS NULL, s.unit) ORDER BY s.role, s.name, s.series_id)
          FROM app.equipment_feed g -- OFFSET 0: as a join, requests would read whole tables behind their security barrier
         CROSS JOIN LATERAL (SELECT x.node_id, x.ledger_id FROM telemetry.node x
                              WHERE x.group_id = g.group_id AND x.edge_node = g.edge_node OFFSET 0) n
         CROSS JOIN LATERAL (SELECT x.device_id FROM telemetry.device x
                              WHERE x.node_id = n.node_id AND x.name = g.device OFFSET 0) v
         CROSS JOIN LATERAL (SELECT * FROM telemetry.series x WHERE x.device_id = v.device_id OFFSET 0) s
         WHERE g.equipment_id = e.equipment_id) AS series,
       (SELECT json_agg(json_build_array(u.role, u.modulus, u.least_cycle_us))
          FROM app.counter_rule u WHERE u.equipment_id = e.equipment_id) AS counter_rules,
       (SELECT json_agg(json_build_array(u.role, (extract(epoch FROM u.time) * 1000000)::bigint) ORDER BY u.time)
          FROM app.counter_replacement u WHERE u.equipment_id = e.equipment_id) AS replacements,
       -- not EXISTS: of several machines the server would read these tables whole
       (SELECT true FROM app.stop_reason r WHERE r.equipment_id = e.equipment_id LIMIT 1) IS NOT NULL AS explained,
       (SELECT true FROM app.inspection_result r WHERE r.equipment_id = e.equipment_id LIMIT 1) IS NOT NULL AS inspected,
       (SELECT true FROM app.production_order o
         WHERE o.equipment_id = e.equipment_id AND o.started_at IS NOT NULL LIMIT 1) IS NOT NULL AS ordered
  FROM app.equipment e JOIN app.workshop w USING (workshop_id) JOIN app.calendar c USING (calendar_id)
 WHERE e.equipment_id = ANY(:equipment_ids)
""")


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    """A series of an equipment.

    Attributes:
        series_id: of it.
        name: of its signal.
        role: what analytics use it as; "" for none.
        kind: of `SignalKind`; "" when its node did not tell.
        quantity: what it measures; "" when its node did not tell.
        datatype: Sparkplug data type number.
        device_id: that sends it.
        foreign: whether its node keeps no ledger, and so sends no heartbeats: a value holds until the next one or the
            node's death.
        unit: of its values; "" when its node did not tell.
    """

    series_id: int
    name: str
    role: str
    kind: str
    quantity: str
    datatype: int
    device_id: int
    foreign: bool
    unit: str = ""

    @property
    def rolled(self) -> bool:
        """Whether it has rollups by the hour."""
        return has_hours(self.datatype, self.kind)

    @property
    def by_minute(self) -> bool:
        """Whether it has rollups by the minute too."""
        return has_minutes(self.datatype, self.kind, self.role)

    @property
    def counts(self) -> bool:
        """Whether it is a total-increasing counter."""
        return self.kind == SignalKind.TOTAL_INCREASING


@dataclass(frozen=True, slots=True)
class CounterFacts:
    """What is known about a counter.

    Attributes:
        modulus: where it starts again at 0; None: never.
        least_cycle_us: shortest time that an item can take [us]; 0: no bound.
        replaced_us: times of its replacements, sorted [us since 1970].
    """

    modulus: int | None = None
    least_cycle_us: int = 0
    replaced_us: tuple[int, ...] = ()


@dataclass(frozen=True)
class Setup:
    """An equipment's calendar, ideal cycles, bearings and series.

    Attributes:
        equipment_id: of the equipment.
        calendar: that it works by.
        cycles: its ideal cycles.
        bearings: its monitored bearings.
        all_series: its series, by role, name and id.
        type: id of its equipment type.
        explained: whether anybody ever gave a reason for a stop of it.
        inspected: whether inspections moved items of it.
        ordered: whether orders with actual times are known from another system.
        counters: what is known about its counters, by role.
    """

    equipment_id: int
    calendar: WorkCalendar
    cycles: tuple[IdealCycle, ...]
    bearings: tuple[db.Bearing, ...]
    all_series: tuple[SeriesInfo, ...] = field(default=())
    type: str = ""
    explained: bool = False
    inspected: bool = False
    ordered: bool = False
    counters: Mapping[str, CounterFacts] = field(default_factory=dict)

    @cached_property
    def by_role(self) -> dict[str, list[SeriesInfo]]:
        """The series of each role.

        Where several signals have one the first name counts; its series (a change of type or unit makes a new one) are
        read as one.
        """
        out: dict[str, list[SeriesInfo]] = {}
        for series in self.all_series:
            own = out.setdefault(series.role, [])
            if not own or own[0].name == series.name:
                own.append(series)
        return out

    @cached_property
    def waveforms(self) -> dict[str, list[int]]:
        """For each waveform signal its series ids."""
        out: dict[str, list[int]] = {}
        for series in self.all_series:
            if series.role == Role.VIBRATION_WAVEFORM:
                out.setdefault(series.name, []).append(series.series_id)
        return out

    @cached_property
    def rolled(self) -> tuple[SeriesInfo, ...]:
        """The series that have rollups, by id."""
        return tuple(sorted((s for s in self.all_series if s.rolled), key=lambda s: s.series_id))

    @property
    def devices(self) -> list[int]:
        """Ids of the devices that feed it and have series."""
        return sorted({s.device_id for s in self.all_series})

    def of(self, role: Role) -> list[int]:
        """Series ids of a role; empty when the equipment has no such signal."""
        return [s.series_id for s in self.by_role.get(role.value, ())]

    def foreign(self, role: Role) -> list[int]:
        """Device ids of a role whose series all come from nodes without a ledger; else empty."""
        own = self.by_role.get(role.value, [])
        return sorted({s.device_id for s in own}) if own and all(s.foreign for s in own) else []


def load_setup(session: Session, equipment_id: int) -> Setup:
    """Read an equipment's set-up.

    Raises:
        NotFoundError: when the equipment is not registered.
    """
    found = load_setups(session, [equipment_id])
    if not found:
        raise NotFoundError("equipment", "equipment_id", equipment_id)
    return found[equipment_id]


def load_setups(session: Session, equipment_ids: Collection[int]) -> dict[int, Setup]:
    """Read the set-ups of some equipment at once; what is not registered is left out."""
    rows = session.execute(_SETUP, {"equipment_ids": list(equipment_ids)}).all()
    calendars = {row.calendar_id: row for row in rows}
    shared = {key: _calendar(row) for key, row in calendars.items()}
    return {row.equipment_id: _setup(row, shared[row.calendar_id]) for row in rows}


def _calendar(row: Row[Any]) -> WorkCalendar:
    return WorkCalendar(
        row.timezone,
        tuple(Shift(*shift) for shift in row.shifts or ()),
        tuple((start, end) for start, end in row.stops or ()),
        tuple(version_of(date.fromisoformat(day), plan) for day, plan in row.versions or ()),
        tuple(DayException(date.fromisoformat(day), tuple(shifts)) for day, shifts in row.days or ()),
        tuple(SpanException(start, end, SpanKind(kind)) for start, end, kind in row.spans or ()),
    )


def _setup(row: Row[Any], calendar: WorkCalendar) -> Setup:
    return Setup(
        row.equipment_id,
        calendar,
        tuple(IdealCycle(*cycle) for cycle in row.cycles or ()),
        tuple(_bearing(b) for b in row.bearings or ()),
        tuple(SeriesInfo(*s) for s in row.series or ()),
        row.type,
        explained=row.explained,
        inspected=row.inspected,
        ordered=row.ordered,
        counters=_counters(row.counter_rules or (), row.replacements or ()),
    )


def _counters(rules: Iterable[list[Any]], replacements: Iterable[list[Any]]) -> dict[str, CounterFacts]:
    """Facts by role, from rows of (role, modulus, least cycle) and of (role, time), these by time."""
    out = {role: CounterFacts(modulus, least_us) for role, modulus, least_us in rules}
    for role, time_us in replacements:
        known = out.get(role, CounterFacts())
        out[role] = replace(known, replaced_us=(*known.replaced_us, time_us))
    return out


def _bearing(columns: dict[str, Any]) -> db.Bearing:
    return db.Bearing(**columns)
