"""Arrays to and from PostgreSQL: every value comes through unchanged, samples come in their order."""

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import psycopg
import pytest
from chejian_cloud.clock import from_us
from chejian_cloud.db.arrays import read_by_series, read_samples
from chejian_cloud.db.literals import array_literal

T0 = 1_772_380_800_000_000
SECOND = 1_000_000
MOMENT = datetime(2026, 3, 1, 23, 59, 59, 999_999, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", []),
        ("text", ["", "NULL", "None", "a,b", "{}", " x ", "车间", "line\nbreak"]),
        ("text", ['"', '","', "\\", '\\"', '{"a": [1, "\\\\"]}']),
        ("text", ["plain", None, 'quo"ted', "None"]),
        ("float8", [0.1 + 0.2, -0.0, 5e-324, 1.7976931348623157e308, math.inf, None, 1 / 3]),
        ("float8", [2**63, 10**22, None]),
        ("int8", [None, -(2**63), 2**63 - 1]),
        ("bool", [True, None, False]),
        ("timestamptz", [MOMENT, None, datetime(1, 1, 1, tzinfo=UTC), MOMENT.astimezone(UTC)]),
        ("text", [None, None]),
    ],
)
def test_a_literal_is_read_as_what_was_written(untouched: str, kind: str, values: list[Any]) -> None:
    with psycopg.connect(untouched, options="-c timezone=UTC") as connection:
        row = connection.execute(f"SELECT %s::{kind}[]", (array_literal(values),)).fetchone()
    assert row is not None
    assert row[0] == values
    assert [math.copysign(1, v) for v in row[0] if v == 0] == [math.copysign(1, v) for v in values if v == 0]


ROWS = [
    *((5, T0 + i * SECOND, float(i), 192) for i in range(9, 0, -1)),  # stored in the wrong order
    (5, T0 + 4 * SECOND, math.nan, 192),
    (5, T0 + 4 * SECOND, -1.0, 192),
    (5, T0 + 4 * SECOND, 4.0, 0),
    (7, T0 + 86_400 * SECOND, 2.0, 192),
    (7, T0 + 2 * SECOND, 1.0, 500),
    (8, T0 + 99 * SECOND, 1.0, 192),
    (9, T0 + SECOND, 1.0, 192),
]
"""Series, time [us], value, quality."""


def test_samples_come_by_time_then_value_however_they_were_stored(untouched: str) -> None:
    with psycopg.connect(untouched) as connection:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO telemetry.sample (series_id, time, value, quality) VALUES (%s, %s, %s, %s)",
                [(series, from_us(time), value, quality) for series, time, value, quality in ROWS],
            )
        found = read_by_series(connection, [5, 7, 8], T0, T0 + 90_000 * SECOND)
        nothing = read_by_series(connection, [5], T0 + 10 * SECOND, T0 + 10 * SECOND)
        copied = read_samples(connection, [5], T0, T0 + 90_000 * SECOND)
        connection.rollback()
    assert nothing == {}
    assert sorted(found) == [5, 7, 8]
    seconds = [1, 2, 3, 4, 4, 4, 4, 5, 6, 7, 8, 9]
    assert ((found[5].times_us - T0) // SECOND).tolist() == seconds
    np.testing.assert_array_equal(found[5].values, [1, 2, 3, -1, 4, 4, np.nan, 5, 6, 7, 8, 9])
    assert found[5].quality.tolist()[3:7] == [192, 0, 192, 192]
    assert found[7].values.tolist() == [1.0, 2.0]
    assert found[7].quality.tolist() == [500, 192]
    np.testing.assert_array_equal(copied.times_us, found[5].times_us)
    np.testing.assert_array_equal(copied.values, found[5].values)
