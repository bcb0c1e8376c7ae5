"""Meters of the dairy: a main meter with three below it, one of them silent; a rollover, a replacement, a reset and a gap."""

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import psycopg
from chejian_contract.templates import equipment_types
from psycopg.types.json import Jsonb

from tests.cloud.console.plant_shifts import SHANGHAI, shift_windows

HOUR = timedelta(hours=1)
HOURS = 26
METERS = (
    ("EM-Q01", "P1", "electricity_meter", "乳粉车间总电表", "Main electricity meter"),
    ("EM-Q02", "P1", "electricity_meter", "蒸发器电表", "Evaporator electricity meter"),
    ("EM-Q03", "P1", "electricity_meter", "干燥塔电表", "Dryer electricity meter"),
    ("EM-Q04", "P1", "electricity_meter", "灌装包装电表", "Filling electricity meter"),
    ("SM-Q01", "P1", "steam_meter", "蒸汽总表", "Steam meter"),
    ("AM-Q01", "P1", "compressed_air_meter", "压缩空气表", "Compressed-air meter"),
)
SILENT = "EM-Q04"
"""Has no reading in the last three hours."""
_CARRIER = {
    "electricity_meter": "electricity",
    "steam_meter": "steam",
    "compressed_air_meter": "compressed_air",
}
_PARENT = {"EM-Q02": "EM-Q01", "EM-Q03": "EM-Q01", "EM-Q04": "EM-Q01"}
_MACHINES = {"EM-Q02": ["EVP-01"], "EM-Q03": ["SPD-01"], "EM-Q04": ["FIL-01", "FIL-02", "PCK-01"]}
_HOURLY = {"EM-Q01": 260e3, "EM-Q02": 80e3, "EM-Q03": 100e3, "EM-Q04": 30e3, "SM-Q01": 3.1e6, "AM-Q01": 420e3}
"""Register units an hour: Wh, g, L."""
_FACTOR = {
    "electricity": ("0.1229", "kWh", 1000, "GB/T 2589-2020 Annex A", "A"),
    "steam": ("0.1286", "kg", 1000, "GB/T 2589-2008 Annex A, low-pressure steam", "A"),
    "compressed_air": ("0.0400", "m3", 1000, "GB/T 2589-2020 Annex B", "B"),
}
_FINDINGS = {
    ("EM-Q02", 6): ["meter_rollover"],
    ("EM-Q03", 9): ["meter_replaced"],
    ("SM-Q01", 4): ["meter_reset"],
    ("EM-Q03", 15): ["meter_gap"],
}
"""Meter and hours back -> flags."""
_TOTALS = {"active_energy", "steam_total", "compressed_air_total"}
_RATES = {"active_power": 1.0, "steam_flow": 1.0, "compressed_air_flow": 1.0}


def fill_meters(
    connection: psycopg.Connection, ids: Mapping[str, int], node: int, now: datetime, seed: int
) -> None:
    """Store the meters of `METERS`, which are registered equipment, with readings and values by hour, shift and day."""
    for code, _, type_, _, _ in METERS:
        connection.execute(
            "INSERT INTO app.meter (equipment_id, carrier, parent_id, interval_us, modulus, made_on_site)"
            " VALUES (%s, %s, %s, 60000000, %s, %s)",
            (
                ids[code],
                _CARRIER[type_],
                ids.get(_PARENT.get(code, "")),
                2**32 if code == "EM-Q02" else None,
                type_ == "compressed_air_meter",
            ),
        )
    for code, machines in _MACHINES.items():
        for machine in machines:
            connection.execute("INSERT INTO app.meter_machine VALUES (%s, %s)", (ids[code], ids[machine]))
    for code, _, type_, _, _ in METERS:
        rng = random.Random(f"{seed}/{code}")
        hours = list(_hours(rng, code, now))
        _store_series(connection, node, code, type_, now, rng)
        for kind, start, end in _windows(now):
            _store_value(connection, ids[code], code, _CARRIER[type_], kind, start, end, hours, now)


def _hours(rng: random.Random, code: str, now: datetime) -> Iterator[tuple[datetime, int, float, list[str]]]:
    """Start, amount, completeness and flags of each hour, oldest first."""
    this = now.replace(minute=0, second=0, microsecond=0)
    for back in range(HOURS, -1, -1):
        elapsed = 1.0 if back else (now - this) / HOUR
        known = 0.0 if code == SILENT and back <= 3 else 1.0
        flags = list(_FINDINGS.get((code, back), []))
        if "meter_gap" in flags:
            known = 0.6
        if known == 0.0:
            flags = ["meter_gap"]
        amount = round(_HOURLY[code] * rng.uniform(0.85, 1.1) * elapsed * known)
        yield this - back * HOUR, amount, known, flags


def _windows(now: datetime) -> Iterator[tuple[str, datetime, datetime]]:
    local = now.astimezone(SHANGHAI)
    hour = now.replace(minute=0, second=0, microsecond=0)
    for back in range(25):
        yield "hour", hour - back * HOUR, hour - (back - 1) * HOUR
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    yield "day", midnight, midnight + 24 * HOUR
    for start, end in shift_windows(now, HOURS * HOUR):
        yield "shift", start, end


def _store_value(
    connection: psycopg.Connection,
    meter: int,
    code: str,
    carrier: str,
    kind: str,
    start: datetime,
    end: datetime,
    hours: list[tuple[datetime, int, float, list[str]]],
    now: datetime,
) -> None:
    inside = [h for h in hours if start <= h[0] < end]
    if not inside:
        return
    amount = sum(h[1] for h in inside)
    known = sum(h[2] for h in inside) / len(inside)
    kgce, unit, per_unit, source, confidence = _FACTOR[carrier]
    single = len(_MACHINES.get(code, [])) == 1
    output = 24 * len(inside) if single else None
    factor = {
        "value": "equivalent",
        "kgce": kgce,
        "unit": unit,
        "per_unit": per_unit,
        "valid_from": "2009-01-01",
        "valid_to": None,
        "source": source,
        "confidence": confidence,
        "origin": "chejian",
    }
    length = round((min(end, now) - start).total_seconds() * 1_000_000)
    connection.execute(
        'INSERT INTO app.energy_value (equipment_id, window_kind, start, "end", amount, covered_us, output,'
        " completeness, kgce, factor, shares, flags, formula_version, provisional, computed_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '1', %s, %s)",
        (
            *(meter, kind, start, end, amount, round(length * known), output, known),
            amount / per_unit * float(kgce),
            Jsonb(factor),
            Jsonb(_shares(amount, length, output) if single else {}),
            sorted({flag for h in inside for flag in h[3]}),
            end > now,
            now,
        ),
    )


def _shares(amount: int, length: int, output: int | None) -> dict[str, object]:
    states = {"1": 0.7, "3": 0.08, "5": 0.1, "7": 0.12}
    parts = {label: {"amount": round(amount * p), "us": round(length * p)} for label, p in states.items()}
    parts["7"]["amount"] += amount - sum(p["amount"] for p in parts.values())
    half = amount // 2
    return {
        "state": parts,
        "product": {
            "WMP": {"amount": half, "us": length // 2, "output": (output or 0) // 2},
            "SMP": {
                "amount": amount - half,
                "us": length - length // 2,
                "output": (output or 0) - (output or 0) // 2,
            },
        },
        "order": {"M-000130": {"amount": amount, "us": length, "output": output or 0}},
    }


def _store_series(
    connection: psycopg.Connection, node: int, code: str, type_: str, now: datetime, rng: random.Random
) -> None:
    device = connection.execute(
        "INSERT INTO telemetry.device (node_id, name, workshop, line, equipment_type, online, born_at)"
        " VALUES (%s, %s, 'QQR-W1', 'P1', %s, true, %s) RETURNING device_id",
        (node, code, type_, now - HOURS * HOUR),
    ).fetchone()
    assert device is not None
    silent = now - timedelta(hours=3, minutes=20) if code == SILENT else now
    for signal in equipment_types()[type_].signals.values():
        if signal.role.value not in _TOTALS | set(_RATES):
            continue
        row = connection.execute(
            "INSERT INTO telemetry.series (device_id, name, datatype, unit, quantity, kind, role, sample_rate)"
            " VALUES (%s, %s, 10, %s, %s, %s, %s, 0) RETURNING series_id",
            (
                device[0],
                signal.name,
                signal.unit,
                signal.quantity.value,
                signal.kind.value,
                signal.role.value,
            ),
        ).fetchone()
        assert row is not None
        total = 3_000_000_000.0
        with connection.cursor().copy(
            "COPY telemetry.sample (time, value, series_id, quality) FROM STDIN"
        ) as copy:
            for minute in range(HOURS * 60, -1, -1):
                time = now - timedelta(minutes=minute, seconds=3)
                if time > silent:
                    break
                rate = _HOURLY[code] / 1000 * rng.uniform(0.8, 1.15)
                total += round(_HOURLY[code] / 60)
                value = total if signal.role.value in _TOTALS else rate
                copy.write_row((time, value, row[0], 192))
                newest = (time, value)
        connection.execute(
            "INSERT INTO telemetry.settled_value VALUES (%s, %s, %s, NULL, 192)", (row[0], *newest)
        )
