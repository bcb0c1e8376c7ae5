"""Every statement of every board, asked as Grafana would: expanded, by a reader's role, under its time limit."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import psycopg
from chejian.boards import Statement, TimeRange, boards, expand, statements
from psycopg.rows import TupleRow

SPANS = {"15min": timedelta(minutes=15), "8h": timedelta(hours=8), "30d": timedelta(days=30)}
Variables = Mapping[str, str | Sequence[str]]


def all_statements() -> list[Statement]:
    return [statement for board in boards() for statement in statements(board)]


def choices(workshop: int, machines: int, lines: int) -> Iterator[tuple[str, Variables]]:
    """What a reader may choose in a workshop of `benchmarks.board_plant`: one machine, and all of it by shift."""
    base: dict[str, str | Sequence[str]] = {
        "enterprise": f"e{workshop // 10}",
        "workshop": f"W{workshop}",
        "line": [f"L{i}" for i in range(1, lines + 1)],
        "meter": [f"W{workshop}-E1", f"W{workshop}-E2"],
        "demand_kw": "1000",
        "console": "http://console",
    }
    every = [f"W{workshop}-M{i}" for i in range(1, machines + 1)]
    yield "one machine", {**base, "equipment": every[:1], "shift": "raw:NULL"}
    yield "all, by shift", {**base, "equipment": every, "shift": ["08:00-20:00", "20:00-08:00"]}


def asked(
    connection: psycopg.Connection[TupleRow],
    statement: Statement,
    end: datetime,
    span: timedelta,
    variables: Variables,
    *,
    timescale: bool = False,
) -> tuple[list[tuple[str, int]], list[TupleRow]]:
    """Columns (name and type) and rows of a statement."""
    values = dict(variables)
    if statement.board == "chejian-province":
        values["enterprise"] = [str(values["enterprise"])]
    text = expand(statement.sql, TimeRange(end - span, end), values, timescale=timescale)
    cursor = connection.execute(text.encode())
    assert cursor.description is not None
    return [(column.name, column.type_code) for column in cursor.description], cursor.fetchall()
