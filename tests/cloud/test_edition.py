"""The store's edition is what the server says of itself, and the rollup tables are built for it."""

from typing import Any

import pytest
from chejian_cloud.db.edition import Edition, detect_edition
from chejian_cloud.db.engine import make_engine
from sqlalchemy import text

from tests.cloud.worker.rounds import rows


class _Answer:
    """A server that has the extension under a licence."""

    def __init__(self, row: tuple[str] | None) -> None:
        self._row = row

    def execute(self, _statement: Any) -> "_Answer":
        return self

    def one_or_none(self) -> tuple[str] | None:
        return self._row


@pytest.mark.parametrize(
    ("row", "edition"),
    [(None, Edition.PLAIN), (("apache",), Edition.APACHE), (("timescale",), Edition.COMMUNITY)],
)
def test_the_licence_decides(row: tuple[str] | None, edition: Edition) -> None:
    assert detect_edition(_Answer(row)) is edition  # type: ignore[arg-type] # the answers are all that is asked of it


def test_the_server_is_asked_and_rollups_are_built_for_it(untouched: str) -> None:
    engine = make_engine(untouched, application="test")
    with engine.connect() as connection:
        edition = detect_edition(connection)
        extension = connection.scalar(text("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'"))
    engine.dispose()
    assert (edition is Edition.PLAIN) == (extension is None)
    kinds = rows(untouched, "SELECT relkind FROM pg_class WHERE oid = 'app.rollup_1m'::regclass")
    assert kinds == [{"relkind": "p" if edition is Edition.PLAIN else "r"}]
