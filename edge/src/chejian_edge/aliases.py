"""Permanent aliases: one for each (device, name, type, unit), for ever; a change of type or unit takes a new one."""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from chejian_edge.series import SeriesState
from chejian_edge.store import transaction


class SeriesKey(NamedTuple):
    """What an alias stands for."""

    device: str
    name: str
    datatype: str
    unit: str


class RetiredAlias(NamedTuple):
    """An alias that no signal has any more; births list it until its last batch is acknowledged."""

    alias: int
    key: SeriesKey


def assign_aliases(db: sqlite3.Connection, keys: Iterable[SeriesKey]) -> dict[SeriesKey, int]:
    """Look the aliases up, make missing ones (from 1), and retire those that no key needs any more."""
    wanted = list(keys)
    with transaction(db):
        known = {
            SeriesKey(*row[1:]): row[0]
            for row in db.execute("SELECT alias, device, name, datatype, unit FROM alias")
        }
        number = max(known.values(), default=0)
        for key in wanted:
            if key not in known:
                number += 1
                known[key] = number
                db.execute(
                    "INSERT INTO alias (alias, device, name, datatype, unit) VALUES (?, ?, ?, ?, ?)",
                    (number, *key),
                )
        last = db.execute("SELECT last_number FROM identity").fetchone()[0]
        gone = [(last, known[key]) for key in known.keys() - set(wanted)]
        db.executemany("UPDATE alias SET retired = 1, last_number = ? WHERE alias = ? AND retired = 0", gone)
        db.executemany("UPDATE alias SET retired = 0 WHERE alias = ?", [(known[key],) for key in wanted])
    return {key: known[key] for key in wanted}


def retired_aliases(db: sqlite3.Connection) -> list[RetiredAlias]:
    """Retired aliases that an unacknowledged batch may still use."""
    rows = db.execute(
        "SELECT alias, device, name, datatype, unit FROM alias WHERE retired = 1 AND EXISTS"
        " (SELECT 1 FROM batch WHERE acked_ms IS NULL AND number <= alias.last_number"
        "  AND batch.device = alias.device)"
    )
    return [RetiredAlias(row[0], SeriesKey(*row[1:])) for row in rows]


def load_states(db: sqlite3.Connection) -> dict[int, SeriesState]:
    """States of all series by alias."""
    rows = db.execute("SELECT alias, last_ms, source_ms, value, quality, ties FROM series")
    return {row[0]: SeriesState(*row) for row in rows}
