"""Every panel, variable and annotation gives what its panel needs, over every range, without reading raw samples whole."""

from datetime import timedelta

import psycopg
import pytest
from chejian.boards import Statement, boards, statements

from tests.cloud.boards.reading import Readers
from tests.deploy.boards.asking import SPANS, all_statements, asked, choices
from tests.deploy.boards.conftest import SMALL, Read

TIMESTAMPTZ = 1184
NUMBERS = {20, 21, 23, 700, 701, 1700}
TEXTS = {25, 1043, 19}
SPARSE = {("chejian-bearing", "annotation"), ("chejian-oee", "annotation"), ("chejian-states", "annotation")}
SPARSE |= {("chejian-data", "annotation")}
"""Births and confirmed defects are events: a short range may hold none."""
FEW = ("chejian-province", "panel 11")
"""Quartiles of five assessments at least; this plant has two: tests/cloud/boards/test_numbers.py has more."""
RARE = {("chejian-states", "panel 4"), ("chejian-data", "panel 8")}
"""A quarter of an hour holds no stop of five minutes and no birth of this plant."""
_SCANS = """
SELECT coalesce(sum(seq_scan), 0) FROM pg_stat_all_tables
 WHERE schemaname = 'telemetry' AND (relname LIKE 'sample%' OR relname LIKE 'text_sample%' OR relname LIKE 'waveform%')
    OR schemaname = '_timescaledb_internal'
"""


def _columns_fit(statement: Statement, columns: list[tuple[str, int]]) -> None:
    names = [name for name, _ in columns]
    kinds = dict(columns)
    assert len(set(names)) == len(names), names
    if statement.where.startswith("variable"):
        assert names == ["__value", "__text"]
    elif statement.where.startswith("annotation"):
        assert kinds["time"] == TIMESTAMPTZ
        assert kinds["text"] in TEXTS
    elif not statement.table:
        assert kinds["time"] == TIMESTAMPTZ, columns
        assert any(kind in NUMBERS for kind in kinds.values()), columns
        texts = [name for name, kind in columns if kind in TEXTS]
        assert texts in ([], ["metric"]), "a text column other than metric becomes a label"
        if texts:
            assert len(columns) == 3, "three columns exactly: then metric names the series"


def every_statement_answers(readers: Readers, read: Read, *, timescale: bool) -> None:
    """Ask everything in every range and choice; shared with the run on TimescaleDB."""
    role = readers.make("e0")
    settings = readers.connect(role)
    settings.close()
    with psycopg.connect(readers.dsn) as admin, readers.connect(role) as reader:
        reader.row_factory = psycopg.rows.tuple_row  # type: ignore[assignment]  # the same session, plain rows
        before = admin.execute(_SCANS).fetchone()
        for choice, variables in choices(0, SMALL.machines, 1):
            for span, length in SPANS.items():
                for statement in all_statements():
                    columns, rows = asked(
                        reader,  # type: ignore[arg-type]
                        statement,
                        read.end,
                        length,
                        variables,
                        timescale=timescale,
                    )
                    _columns_fit(statement, columns)
                    place = (statement.board, statement.where)
                    sparse = (statement.board, statement.where.split()[0]) in SPARSE or place == FEW
                    sparse |= span == "15min" and place in RARE
                    assert rows or sparse, f"{statement.board} {statement.where} is empty: {span}, {choice}"
                    if rows and not statement.table:
                        numbers = [i for i, (_, kind) in enumerate(columns) if kind in NUMBERS]
                        assert any(row[i] is not None for row in rows for i in numbers), (
                            f"{statement.board} {statement.where} has no number: {span}, {choice}"
                        )
        reader.execute("SELECT pg_stat_force_next_flush()")
        reader.rollback()
        admin.rollback()
        assert admin.execute(_SCANS).fetchone() == before, "raw samples were read from end to end"


@pytest.mark.long
def test_every_statement_answers_on_postgresql(month: Read) -> None:
    every_statement_answers(month.readers, month, timescale=False)


def test_a_statement_is_ended_at_the_readers_limit(month: Read) -> None:
    role = month.readers.make("e0")
    heavy = next(
        s for b in boards() for s in statements(b) if (b.uid, s.where) == ("chejian-states", "panel 1")
    )
    variables = next(choices(0, SMALL.machines, 1))[1]
    with month.readers.connect(role) as reader:
        reader.execute("SET statement_timeout = 1")
        with pytest.raises(psycopg.errors.QueryCanceled):
            asked(reader, heavy, month.end, timedelta(days=30), variables)  # type: ignore[arg-type]
