"""Nodes, devices and series as the gateway makes them at births, and the last values that a node sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from chejian_cloud.clock import to_us
from chejian_contract.signals import SignalKind
from chejian_contract.templates import equipment_types
from chejian_gateway.store import Partitions, day_of, detect_edition
from chejian_simulators.province import Province, Workshop

from chejian.demo.province.registry import METER_TYPE
from chejian.demo.province.times import assessed_at, heard_at

GOOD = 192
"""Quality of a good sample."""
_DATATYPE = {
    SignalKind.STATE: 3,
    SignalKind.TOTAL_INCREASING: 4,
    SignalKind.MEASUREMENT: 10,
    SignalKind.EVENT: 12,
}
_METER_SIGNALS = frozenset({"Energy/ActiveEnergyImport", "Energy/ActivePower"})
"""Of the many that a meter may have, those that simulated ones announce."""
_NODE = """
INSERT INTO telemetry.node (group_id, edge_node, online, born_at, last_seen, contract_version, ledger_id)
VALUES (%s, %s, %s, %s, %s, '1', %s) RETURNING node_id
"""
_DEVICE = """
INSERT INTO telemetry.device (node_id, name, workshop, line, equipment_type, online, born_at)
VALUES (%s, %s, %s, 'L1', %s, %s, %s) RETURNING device_id
"""
_SERIES = """
INSERT INTO telemetry.series (device_id, name, datatype, unit, quantity, kind, role, first_seen)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING series_id
"""
_SAMPLE = "INSERT INTO telemetry.sample (time, value, series_id, quality) VALUES (%s, %s, %s, %s)"
_TEXT = "INSERT INTO telemetry.text_sample (time, value, series_id, quality) VALUES (%s, %s, %s, %s)"
_SHORTLY = timedelta(hours=1)
_TO_2000_US = 946_684_800_000_000


@dataclass(frozen=True, slots=True)
class Series:
    """A series that was announced.

    Attributes:
        series_id: of the database.
        name: of the signal.
        kind: of the signal.
    """

    series_id: int
    name: str
    kind: SignalKind


def announce(
    connection: psycopg.Connection, province: Province, now: datetime
) -> Mapping[str, tuple[Series, ...]]:
    """Store births and what came last; answers the series of each device that sends.

    Args:
        connection: without a transaction.
        province: whose nodes.
        now: the present.
    """
    moments = {each.code: _moments(each, now) for each in province.workshops}
    days = {day_of(to_us(at) - _TO_2000_US) for own in moments.values() for at in own}
    partitions = Partitions(detect_edition(connection))
    for table in ("sample", "text_sample"):
        partitions.ensure(connection, table, days)
    found: dict[str, tuple[Series, ...]] = {}
    with connection.transaction():
        for number, workshop in enumerate(province.workshops, 1):
            found |= _workshop(connection, workshop, moments[workshop.code], province, number)
    return found


def _moments(workshop: Workshop, now: datetime) -> list[datetime]:
    """When states and texts came, in order: shortly before each assessment, and last of all."""
    earlier = [at - _SHORTLY for at in assessed_at(workshop, now).values() if at < now]
    return [*sorted(earlier), heard_at(workshop, now)]


def _workshop(
    connection: psycopg.Connection,
    workshop: Workshop,
    moments: Sequence[datetime],
    province: Province,
    number: int,
) -> dict[str, tuple[Series, ...]]:
    heard = moments[-1]
    born = heard - timedelta(days=province.days)
    online = not workshop.silent_days
    node = _id(
        connection,
        _NODE,
        workshop.enterprise,
        workshop.code,
        online,
        born,
        heard,
        province.seed * 1000 + number,
    )
    found = {}
    for machine in workshop.machines:
        if not machine.sends:
            continue
        for code, kind in ((machine.code, workshop.sector.machine), (machine.meter, METER_TYPE)):
            device = _id(connection, _DEVICE, node, code, workshop.code, kind, online, born)
            found[code] = _series(connection, device, kind, born)
            for at in moments:
                _changes(connection, found[code], at, f"{workshop.code}-P")
    return found


def _id(connection: psycopg.Connection, statement: str, *values: object) -> int:
    row = connection.execute(statement.encode(), values).fetchone()
    if row is None:
        raise RuntimeError(f"no id came back: {statement}")
    return int(row[0])


def _series(connection: psycopg.Connection, device: int, kind: str, born: datetime) -> tuple[Series, ...]:
    signals = [
        signal
        for signal in equipment_types()[kind].signals.values()
        if signal.kind in _DATATYPE and (kind != METER_TYPE or signal.name in _METER_SIGNALS)
    ]
    return tuple(
        Series(
            _id(
                connection,
                _SERIES,
                device,
                s.name,
                _DATATYPE[s.kind],
                s.unit,
                s.quantity,
                s.kind,
                s.role,
                born,
            ),
            s.name,
            s.kind,
        )
        for s in signals
    )


def _changes(connection: psycopg.Connection, series: tuple[Series, ...], at: datetime, product: str) -> None:
    """A state and a text of a device; numbers are in the rollups."""
    for each in series:
        if each.kind is SignalKind.STATE:
            connection.execute(_SAMPLE.encode(), (at, 1.0, each.series_id, GOOD))
        elif each.kind is SignalKind.EVENT:
            connection.execute(_TEXT.encode(), (at, product, each.series_id, GOOD))
