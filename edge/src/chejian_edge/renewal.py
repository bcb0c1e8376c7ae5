"""A new identity for a buffer: what is not acknowledged is numbered anew from 1.

An older copy of a buffer file would use numbers that the host knows with other content. So the publisher first brings
home, under the old identity, everything up to the last number at the opening (those batches are the original ones),
and only what was produced since then, and was never sent, gets new numbers here. No batch is ever on the wire under two
identities.
"""

import sqlite3

from chejian_contract.ledger import Range, merge

from chejian_edge.store import new_ledger_id


def renew(db: sqlite3.Connection) -> int:
    """Begin a new identity within a transaction: open batches, and losses since the opening, are numbered from 1.

    Acknowledged batches are deleted: the new identity can't offer them.

    Returns:
        the new ledger id.
    """
    produced, opened_at, opened_samples = db.execute(
        "SELECT produced_samples, coalesce(opened_at, last_number),"
        " coalesce(opened_samples, produced_samples) FROM identity"
    ).fetchone()
    db.execute("DELETE FROM body WHERE number IN (SELECT number FROM batch WHERE acked_ms IS NOT NULL)")
    db.execute("DELETE FROM batch WHERE acked_ms IS NOT NULL")
    rows = db.execute("SELECT number, samples FROM batch ORDER BY number").fetchall()
    known = db.execute("SELECT lo, hi FROM lost ORDER BY lo").fetchall()
    losses = [(max(lo, opened_at + 1), hi) for lo, hi in known if hi > opened_at]
    young = produced - opened_samples - sum(s for n, s in rows if n > opened_at)
    lost_samples = young if losses else 0
    moved, lost, number = _numbered([n for n, _ in rows], losses)
    for table in ("body", "batch"):
        db.executemany(f"UPDATE {table} SET number = ? WHERE number = ?", moved)  # noqa: S608 - one of two constants
    db.execute("DELETE FROM lost")
    db.executemany("INSERT INTO lost VALUES (?, ?)", lost)
    db.execute("UPDATE alias SET last_number = ? WHERE retired = 1", (number,))
    ledger_id, samples = new_ledger_id(), sum(s for _, s in rows) + lost_samples
    db.execute(
        "UPDATE identity SET ledger_id = ?, last_number = ?, produced_samples = ?, acked_batches = 0, acked_samples = 0,"
        " lost_batches = ?, lost_samples = ?, opened_at = ?, opened_samples = ?",
        (ledger_id, number, samples, sum(hi - lo + 1 for lo, hi in lost), lost_samples, number, samples),
    )
    return ledger_id


def _numbered(numbers: list[int], lost: list[Range]) -> tuple[list[Range], list[Range], int]:
    """New numbers for batches and lost ranges in their common order: (new, old) pairs, ranges, the last number."""
    items = sorted([(n, 1, False) for n in numbers] + [(lo, hi - lo + 1, True) for lo, hi in lost])
    moved: list[Range] = []
    ranges: list[Range] = []
    count = 0
    for old, size, gone in items:
        if gone:
            ranges.append((count + 1, count + size))
        else:
            moved.append((count + 1, old))
        count += size
    return moved, merge(ranges), count
