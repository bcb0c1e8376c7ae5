"""A small province of 60 days, shared by the tests that only read it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.board_plant import Province, fill
from tests.cloud.boards.reading import Readers
from tests.fixtures.fix_postgres import DatabaseServer

SMALL = Province(workshops=2, machines=2, meters=2, days=60, minutes=9, raw=1)


@dataclass(frozen=True, slots=True)
class Read:
    """A database, its readers, and the moment at which it stands."""

    readers: Readers
    end: datetime


@pytest.fixture(scope="module")
def month(postgres_server: DatabaseServer) -> Iterator[Read]:
    """Two months of two workshops: a range of 30 days has a past of its own."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(minutes=1)
    url = postgres_server.create()
    fill(url, SMALL, end)
    readers = Readers(url)
    yield Read(readers, end)
    readers.drop()
    postgres_server.drop(url)
