"""Month sums equal the sums of the closed days, whatever is written in whatever order, and on whichever day it is asked."""

import random
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from chejian_cloud.db.engine import make_engine
from chejian_cloud.programme import figures
from psycopg.rows import dict_row
from sqlalchemy.orm import Session

from tests.cloud.programme.conftest import People

SEED = 20261201
ZONE = ZoneInfo(figures.ZONE)
FIRST = datetime(2026, 1, 29, tzinfo=ZONE)
SPAN = 40
"""[days] from the first one: parts of January and March, and all of February."""
_UPSERT_OEE = """
INSERT INTO app.kpi_value (equipment_id, kpi, window_kind, start, "end", flags, formula_version, provisional, inputs, computed_at)
VALUES (%(equipment)s, %(kpi)s, %(kind)s, %(start)s, %(end)s, '{}', '1', %(provisional)s, %(inputs)s, now())
ON CONFLICT (equipment_id, kpi, window_kind, start) DO UPDATE
   SET provisional = excluded.provisional, inputs = excluded.inputs"""
_UPSERT_ENERGY = """
INSERT INTO app.energy_value (equipment_id, window_kind, start, "end", amount, covered_us, output, completeness, shares, flags,
                              formula_version, provisional, computed_at)
VALUES (%(equipment)s, %(kind)s, %(start)s, %(end)s, %(amount)s, %(covered)s, %(output)s, 1, '{}', '{}', '1', %(provisional)s, now())
ON CONFLICT (equipment_id, window_kind, start) DO UPDATE
   SET provisional = excluded.provisional, amount = excluded.amount, covered_us = excluded.covered_us, output = excluded.output"""
_METERS = """
INSERT INTO app.equipment (enterprise_id, workshop_id, line_id, code, name_zh, name_en, type)
VALUES (1, 1, 1, 'M1', '表', 'Meter', 'energy_meter'), (2, 2, 2, 'M2', '表', 'Meter', 'energy_meter'),
       (1, 1, 1, 'G1', '表', 'Meter', 'energy_meter');
INSERT INTO app.meter (equipment_id, carrier, interval_us, made_on_site)
SELECT equipment_id, CASE WHEN code = 'G1' THEN 'gas' ELSE 'electricity' END, 60000000, false
  FROM app.equipment WHERE type = 'energy_meter'
"""
_OEE_DAYS = """
SELECT k.equipment_id, e.workshop_id, k.start, (k.inputs ->> 'effective_us')::bigint AS numerator,
       ((k.inputs ->> 'apt_us')::bigint + (k.inputs ->> 'aust_us')::bigint + (k.inputs ->> 'adet_us')::bigint
        + (k.inputs ->> 'adot_us')::bigint) AS denominator, (k.inputs ->> 'no_data_us')::bigint AS missing
  FROM app.kpi_value k JOIN app.equipment e USING (equipment_id)
 WHERE k.kpi = 'oee' AND k.window_kind = 'day' AND NOT k.provisional AND k.inputs ? 'effective_us'
"""
_ENERGY_DAYS = """
SELECT v.equipment_id, e.workshop_id, m.carrier, v.start, v."end", v.amount, v.output, v.covered_us
  FROM app.energy_value v JOIN app.meter m USING (equipment_id) JOIN app.equipment e USING (equipment_id)
 WHERE v.window_kind = 'day' AND NOT v.provisional AND v.output IS NOT NULL
"""
Sums = Mapping[tuple[str, int, date], tuple[int, ...]]


@pytest.fixture
def meters(people: People) -> dict[str, int]:
    """Ids by code: two of electricity, one of gas."""
    with psycopg.connect(people.dsn) as connection:
        connection.execute(_METERS)
        rows = connection.execute("SELECT code, equipment_id FROM app.equipment WHERE type = 'energy_meter'")
        return dict(rows.fetchall())


def write_something(connection: psycopg.Connection, chance: random.Random, meters: Mapping[str, int]) -> None:
    """A row of a window that is new, changed, opened again, moved or taken away."""
    start = FIRST + timedelta(days=chance.randrange(SPAN))
    values = {
        "kpi": chance.choice(["oee", "oee", "oee", "nee"]),
        "kind": chance.choice(["day", "day", "day", "shift"]),
        "start": start,
        "end": start + timedelta(days=1),
        "provisional": chance.random() < 0.2,
    }
    part = [chance.randrange(10**9) for _ in range(6)]
    if chance.random() < 0.5:
        table, values["equipment"] = "kpi_value", chance.choice([1, 2, 3])
        names = ("apt_us", "aust_us", "adet_us", "adot_us", "no_data_us", "effective_us")
        inputs = dict(zip(names, part, strict=True))
        if chance.random() < 0.3:
            del inputs[chance.choice(["effective_us", "effective_us", "no_data_us", "aust_us"])]
        statement, values["inputs"] = _UPSERT_OEE, psycopg.types.json.Jsonb(inputs)
    else:
        table, values["equipment"] = "energy_value", chance.choice(list(meters.values()))
        values |= {
            "amount": part[0],
            "covered": part[1],
            "output": part[2] if chance.random() < 0.8 else None,
        }
        statement = _UPSERT_ENERGY
    match chance.choice(["write", "write", "write", "delete", "move"]):
        case "write":
            connection.execute(statement, values)
        case "delete":
            connection.execute(
                f"DELETE FROM app.{table} WHERE equipment_id = %(equipment)s AND start = %(start)s".encode(),
                values,
            )
        case "move":
            values["far"] = FIRST + timedelta(days=chance.randrange(SPAN), hours=1 + chance.randrange(22))
            connection.execute(
                f"UPDATE app.{table} SET start = %(far)s WHERE equipment_id = %(equipment)s AND start = %(start)s"
                f" AND NOT EXISTS (SELECT FROM app.{table} x WHERE x.start = %(far)s)".encode(), values
            )  # fmt: skip


def days_of(
    connection: psycopg.Connection,
) -> list[tuple[str, int, int, bool, date, tuple[int, int, int, int]]]:
    """Indicator, equipment, workshop, whether it is of electricity or a machine, day and numbers of each closed day."""
    found = []
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(_OEE_DAYS).fetchall():
            busy, day = row["denominator"], row["start"].astimezone(ZONE).date()
            due = 0 if None in (busy, row["missing"]) else busy + row["missing"]
            told = (row["numerator"], busy or 0, busy or 0, due)
            found.append(("oee", row["equipment_id"], row["workshop_id"], True, day, told))
        for row in cursor.execute(_ENERGY_DAYS).fetchall():
            due = (row["end"] - row["start"]) // timedelta(microseconds=1)  # a moved window keeps its end
            told = (row["amount"], row["output"], row["covered_us"], due)
            day = row["start"].astimezone(ZONE).date()
            found.append(
                (
                    "energy",
                    row["equipment_id"],
                    row["workshop_id"],
                    row["carrier"] == "electricity",
                    day,
                    told,
                )
            )
    return found


def test_stored_sums_follow_every_write(people: People, meters: dict[str, int]) -> None:
    chance = random.Random(SEED)
    with psycopg.connect(people.dsn) as connection:
        for _ in range(40):
            for _ in range(25):
                write_something(connection, chance, meters)
            expected: dict[tuple[str, int, date], list[int]] = defaultdict(lambda: [0] * 5)
            for indicator, equipment, _, _, day, told in days_of(connection):
                sums = expected[indicator, equipment, day.replace(day=1)]
                sums[:] = [a + b for a, b in zip(sums, (1, *told), strict=True)]
            stored = connection.execute(
                "SELECT indicator, equipment_id, month, days, numerator, denominator, covered_us, due_us"
                " FROM app.month_sum WHERE days > 0"
            )
            assert {row[:3]: list(row[3:]) for row in stored} == expected
        assert len(expected) > 10
        assert connection.execute(
            "SELECT count(*) FROM app.month_sum WHERE days = 0"
            " AND (numerator, denominator, covered_us, due_us) <> (0, 0, 0, 0)"
        ).fetchone() == (0,)
        connection.execute("TRUNCATE app.kpi_value")
        assert connection.execute("SELECT DISTINCT indicator FROM app.month_sum").fetchall() == [("energy",)]


def test_each_day_is_answered_as_its_days_say(people: People, meters: dict[str, int]) -> None:
    chance = random.Random(SEED)
    with psycopg.connect(people.dsn) as connection:
        for _ in range(600):
            write_something(connection, chance, meters)
        days = days_of(connection)
    engine = make_engine(people.dsn, application="test")
    asked = [FIRST.date() + timedelta(days=n) for n in (2, 3, 10, 29, 30, 31, SPAN)] + [
        datetime.now(UTC).date()
    ]
    with Session(engine) as session:
        for indicator in figures.INDICATORS:
            for last in asked:
                for first in (date(2026, 1, 1), date(2026, 2, 1)):
                    expected: dict[tuple[int, date], list[int]] = defaultdict(lambda: [0] * 4)
                    for name, _, workshop, counts, day, told in days:
                        if name == indicator and counts and first <= day <= last:
                            sums = expected[
                                workshop, day.replace(day=1)
                            ]  # entries have the ids of their workshops
                            sums[:] = [a + b for a, b in zip(sums, told, strict=True)]
                    found = figures.months(session, indicator, first, last, figures.narrowed())
                    assert {
                        (row["programme_entry_id"], row["start"].astimezone(ZONE).date()): [
                            row[n] for n in ("numerator", "denominator", "covered_us", "due_us")
                        ]
                        for row in found
                    } == expected, (indicator, first, last)
    engine.dispose()
