"""Which edition of the store the database server is: the one place of the cloud that asks."""

from enum import StrEnum

from sqlalchemy import Connection, text


class Edition(StrEnum):
    """What the database server can do; the words are those of the gateway's `/readyz`."""

    PLAIN = "postgresql"
    """PostgreSQL alone: tables are partitioned by range."""
    APACHE = "timescaledb-apache"
    """TimescaleDB under the Apache licence: hypertables, no compression, no policies."""
    COMMUNITY = "timescaledb-community"
    """TimescaleDB under its own licence: hypertables with everything."""


_DETECT = text("""
SELECT current_setting('timescaledb.license', true) FROM pg_extension WHERE extname = 'timescaledb'
""")


def detect_edition(connection: Connection) -> Edition:
    """Look for the extension `timescaledb` in this database, and for its licence."""
    row = connection.execute(_DETECT).one_or_none()
    if row is None:
        return Edition.PLAIN
    return Edition.COMMUNITY if row[0] == "timescale" else Edition.APACHE
