"""A small province, and a day that the worker has computed, with readers on them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from benchmarks.board_plant import Province, fill
from tests.cloud.boards.reading import Readers
from tests.cloud.console.computed import fill as compute
from tests.fixtures.fix_postgres import DatabaseServer

SMALL = Province(workshops=11, machines=2, meters=2, days=4, minutes=9, raw=1)
"""Two organisations: ten workshops of `e0`, one of `e1`."""


def _province(dsn: str) -> None:
    fill(dsn, SMALL, datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def province(postgres_server: DatabaseServer, make_database: Callable[..., str]) -> Iterator[Readers]:
    """Readers of a small province of made-up numbers."""
    readers = Readers(make_database(template=postgres_server.template("small province", _province)))
    yield readers
    readers.drop()


@pytest.fixture
def computed(make_seeded: Callable[[], str]) -> Iterator[Readers]:
    """Readers of a day of two machines that the worker has computed from samples."""
    dsn = make_seeded()
    compute(dsn)
    readers = Readers(dsn)
    yield readers
    readers.drop()
