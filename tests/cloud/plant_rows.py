"""Writes nodes, devices, series and samples as the gateway does: rows and dirty marks in one transaction."""

from collections.abc import Iterable
from datetime import UTC, datetime

import psycopg
from chejian_contract.signals import Role, SignalKind
from chejian_contract.templates import equipment_types

HOUR_MS = 3_600_000
GOOD = 192
_DATATYPE = {
    SignalKind.STATE: 3,
    SignalKind.TOTAL_INCREASING: 4,
    SignalKind.MEASUREMENT: 10,
    SignalKind.EVENT: 12,
    SignalKind.WAVEFORM: 30,
}
_TYPE_OF = {"CNC-01": "cnc_machining_centre", "MTS-01": "motor_test_stand"}
_MARK = """
INSERT INTO telemetry.dirty AS d (device_id, hour, lo, hi) VALUES (%s, %s, %s, %s)
ON CONFLICT (device_id, hour) DO UPDATE
   SET gen = d.gen + 1, lo = least(d.lo, excluded.lo), hi = greatest(d.hi, excluded.hi)
"""

Row = tuple[str, int, object]
"""Signal name, time [ms since 1970], value (text for events, bytes for waveforms)."""


def moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


class PlantRows:
    """One node `hlj-demo/HRB-W1` with the devices of the registry file, and any others that are asked for.

    Args:
        dsn: PostgreSQL URL.
        foreign: whether the node keeps no ledger, so that its values hold until the next ones or its death.
        modes: whether the machines tell their operation mode.
    """

    def __init__(self, dsn: str, *, foreign: bool = False, modes: bool = False) -> None:
        self.dsn = dsn
        self._modes = modes
        self._series: dict[tuple[str, str], int] = {}
        self._devices: dict[str, int] = {}
        with psycopg.connect(dsn) as connection:
            row = connection.execute(
                "INSERT INTO telemetry.node (group_id, edge_node, ledger_id, online)"
                " VALUES ('hlj-demo', 'HRB-W1', %s, true) RETURNING node_id",
                (None if foreign else 4711,),
            ).fetchone()
            assert row is not None
            self.node_id: int = row[0]
            for device, kind in _TYPE_OF.items():
                self._add_device(connection, device, kind)

    def add_device(self, device: str, kind: str) -> None:
        with psycopg.connect(self.dsn) as connection:
            self._add_device(connection, device, kind)

    def series(self, device: str, signal: str) -> int:
        return self._series[device, signal]

    def write(self, device: str, rows: Iterable[Row], *, quality: int = GOOD) -> None:
        """One commit of the gateway: the samples of one device, and its marks."""
        with psycopg.connect(self.dsn) as connection:
            with connection.pipeline():
                times = [self._insert(connection, device, row, quality) for row in rows]
            for hour in sorted({t - t % HOUR_MS for t in times}):
                inside = [t for t in times if hour <= t < hour + HOUR_MS]
                connection.execute(
                    _MARK, (self._devices[device], moment(hour), moment(min(inside)), moment(max(inside)))
                )

    def _insert(self, connection: psycopg.Connection, device: str, row: Row, quality: int) -> int:
        signal, ms, value = row
        series = self._series[device, signal]
        if isinstance(value, bytes):
            sql = "INSERT INTO telemetry.waveform (time, series_id, quality, data, sample_rate) VALUES (%s, %s, %s, %s, 12000)"
        elif isinstance(value, str):
            sql = (
                "INSERT INTO telemetry.text_sample (time, series_id, quality, value) VALUES (%s, %s, %s, %s)"
            )
        else:
            sql = "INSERT INTO telemetry.sample (time, series_id, quality, value) VALUES (%s, %s, %s, %s)"
        connection.execute(sql, (moment(ms), series, quality, value))
        return ms

    def _add_device(self, connection: psycopg.Connection, device: str, kind: str) -> None:
        row = connection.execute(
            "INSERT INTO telemetry.device (node_id, name, online) VALUES (%s, %s, true) RETURNING device_id",
            (self.node_id, device),
        ).fetchone()
        assert row is not None
        self._devices[device] = row[0]
        for signal in equipment_types()[kind].signals.values():
            if signal.role is Role.OPERATION_MODE and not self._modes:
                continue
            found = connection.execute(
                "INSERT INTO telemetry.series (device_id, name, datatype, unit, quantity, kind, role)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING series_id",
                (
                    row[0],
                    signal.name,
                    _DATATYPE[signal.kind],
                    signal.unit,
                    signal.quantity,
                    signal.kind,
                    signal.role,
                ),
            ).fetchone()
            assert found is not None
            self._series[device, signal.name] = found[0]
