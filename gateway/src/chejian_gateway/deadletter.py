"""Dead letters: what could not be stored, with the reason, kept for a person to look at and to replay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg import Connection, Cursor

from chejian_gateway.pending import DeadLetter

_INSERT = """
INSERT INTO telemetry.dead_letter (received, topic, node_id, ledger_id, batch, samples, reason, payload)
VALUES (to_timestamp(%s / 1000.0), %s, %s, %s, %s, %s, %s, %s)
"""
_COLUMNS = "dead_letter_id, received, topic, node_id, ledger_id, batch, samples, reason"


@dataclass(frozen=True, slots=True)
class Stored:
    """A row of `telemetry.dead_letter` without its payload."""

    dead_letter_id: int
    received: datetime
    topic: str
    node_id: int | None
    ledger_id: int | None
    batch: int | None
    samples: int
    reason: str


def insert(cursor: Cursor, letters: Sequence[DeadLetter]) -> None:
    """Add rows inside the caller's transaction."""
    if letters:
        cursor.executemany(
            _INSERT,
            [
                (d.received_ms, d.topic, d.node_id, d.ledger_id, d.batch, d.samples, d.reason, d.payload)
                for d in (_printable(d) for d in letters)
            ],
        )


def _printable(letter: DeadLetter) -> DeadLetter:
    """PostgreSQL's text holds no NUL; topics and names from outside may."""
    if "\0" not in letter.topic + letter.reason:
        return letter
    return DeadLetter(
        letter.topic.replace("\0", "\ufffd"),
        letter.payload,
        letter.reason.replace("\0", "\ufffd"),
        letter.received_ms,
        letter.samples,
        letter.node_id,
        letter.ledger_id,
        letter.batch,
    )


def newest_first(connection: Connection, limit: int, reason: str = "") -> list[Stored]:
    """The last `limit` dead letters whose reason holds the text `reason`, capitals or not."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM telemetry.dead_letter WHERE strpos(lower(reason), lower(%s)) > 0"  # noqa: S608 - constants
        " ORDER BY dead_letter_id DESC LIMIT %s",
        (reason, limit),
    ).fetchall()
    return [Stored(*row) for row in rows]


def totals(connection: Connection) -> tuple[int, int]:
    """Number of dead letters, and samples in them."""
    row = connection.execute(
        "SELECT count(*), coalesce(sum(samples), 0) FROM telemetry.dead_letter"
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def numbers_of(connection: Connection, reason: str) -> list[int]:
    """Numbers of the dead letters whose reason holds the text `reason`, oldest first."""
    rows = connection.execute(
        "SELECT dead_letter_id FROM telemetry.dead_letter WHERE strpos(lower(reason), lower(%s)) > 0 ORDER BY 1",
        (reason,),
    )
    return [row[0] for row in rows.fetchall()]


def load(connection: Connection, number: int) -> tuple[Stored, bytes] | None:
    """One dead letter and its payload; None where there is no such."""
    return _one(connection, number, "")


def take(connection: Connection, number: int) -> tuple[Stored, bytes] | None:
    """As `load`, and remove it inside the caller's transaction; of several callers at once one gets it."""
    found = _one(connection, number, " FOR UPDATE")
    if found is not None:
        connection.execute("DELETE FROM telemetry.dead_letter WHERE dead_letter_id = %s", (number,))
    return found


def _one(connection: Connection, number: int, lock: LiteralString) -> tuple[Stored, bytes] | None:
    row = connection.execute(
        f"SELECT {_COLUMNS}, payload FROM telemetry.dead_letter WHERE dead_letter_id = %s{lock}",  # noqa: S608 - constants
        (number,),
    ).fetchone()
    return None if row is None else (Stored(*row[:-1]), bytes(row[-1]))
