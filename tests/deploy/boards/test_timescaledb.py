"""The same statements on TimescaleDB: hypertables, `time_bucket`, and no chunk read from end to end."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from benchmarks.board_plant import fill
from tests.cloud.boards.reading import Readers
from tests.deploy.boards.conftest import SMALL, Read
from tests.deploy.boards.test_statements import every_statement_answers
from tests.fixtures.fix_postgres import DatabaseServer

pytestmark = pytest.mark.store


@pytest.fixture
def month_on_timescaledb() -> Iterator[Read]:
    """A month of two workshops on the server of `CHEJIAN_TEST_STORE_DSN`."""
    server = DatabaseServer(os.environ["CHEJIAN_TEST_STORE_DSN"])
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(minutes=1)
    url = server.create(template="template0")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    fill(url, SMALL, end)
    readers = Readers(url)
    yield Read(readers, end)
    readers.drop()
    server.drop(url)


@pytest.mark.long
def test_every_statement_answers_on_timescaledb(month_on_timescaledb: Read) -> None:
    every_statement_answers(month_on_timescaledb.readers, month_on_timescaledb, timescale=True)
