"""The ledger in PostgreSQL: claims, what is handled, the identity per node.

For each node, always: produced = stored + dead letters + declared lost + in flight.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from chejian_contract.ledger import Range, merge
from psycopg import Connection

from chejian_gateway.errors import ShortClaimError
from chejian_gateway.nodes import LedgerKey
from chejian_gateway.pending import Announcement, Batch, Pending
from chejian_gateway.ranges import contains, count, from_multirange, numbers, to_multirange

Handled = dict[LedgerKey, list[Range]]

_ENTRIES = """
    SELECT node_id, ledger_id, stored::int8multirange, dead::int8multirange, lost::int8multirange,
           stored_samples, dead_samples, batches, samples
    FROM unnest(%(nodes)s::int[], %(ledgers)s::bigint[], %(stored)s::text[], %(dead)s::text[], %(lost)s::text[],
                %(stored_samples)s::bigint[], %(dead_samples)s::bigint[], %(batches)s::bigint[],
                %(samples)s::bigint[])
         AS n(node_id, ledger_id, stored, dead, lost, stored_samples, dead_samples, batches, samples)
"""

_CLAIM = f"""
WITH new AS MATERIALIZED ({_ENTRIES}),
held AS MATERIALIZED (
    SELECT l.node_id, l.ledger_id FROM telemetry.ledger l JOIN new USING (node_id, ledger_id)
    ORDER BY l.node_id, l.ledger_id FOR UPDATE OF l
)
UPDATE telemetry.ledger l
SET stored = l.stored + n.stored,
    dead = l.dead + n.dead,
    lost = l.lost + n.lost - l.stored - l.dead - n.stored - n.dead,
    stored_samples = l.stored_samples + n.stored_samples,
    dead_samples = l.dead_samples + n.dead_samples,
    produced_batches = greatest(l.produced_batches, n.batches),
    produced_samples = greatest(l.produced_samples, n.samples),
    announced_at = CASE WHEN n.batches > 0 THEN now() ELSE l.announced_at END
FROM new n JOIN held h USING (node_id, ledger_id)
WHERE l.node_id = n.node_id AND l.ledger_id = n.ledger_id
  AND NOT (l.stored && (n.stored + n.dead)) AND NOT (l.dead && (n.stored + n.dead))
RETURNING l.node_id, l.ledger_id, (l.stored + l.dead + l.lost)::text
"""  # noqa: S608 - composed of constants
_LOST = f"""
WITH new AS MATERIALIZED ({_ENTRIES})
INSERT INTO telemetry.lost (node_id, ledger_id, batches)
SELECT n.node_id, n.ledger_id, r
FROM new n JOIN telemetry.ledger l USING (node_id, ledger_id),
     unnest(n.lost - l.lost - l.stored - l.dead) AS r
ON CONFLICT DO NOTHING
"""  # noqa: S608 - as above
_HANDLED = """
SELECT node_id, ledger_id, (stored + dead)::text, (stored + dead + lost)::text FROM telemetry.ledger
JOIN unnest(%s::int[], %s::bigint[]) AS k(node_id, ledger_id) USING (node_id, ledger_id)
"""


@dataclass(slots=True)
class _Entry:
    stored: list[int] = field(default_factory=list)
    dead: list[int] = field(default_factory=list)
    stored_samples: int = 0
    dead_samples: int = 0
    announced: Announcement | None = None

    def add(self, batch: Batch) -> None:
        if batch.dead is None:
            self.stored.append(batch.number)
            self.stored_samples += batch.samples
        else:
            self.dead.append(batch.number)
            self.dead_samples += batch.samples


def _entries(pending: Pending) -> dict[LedgerKey, _Entry]:
    entries: defaultdict[LedgerKey, _Entry] = defaultdict(_Entry)
    for batch in pending.batches:
        entries[batch.node.node_id, batch.ledger_id].add(batch)
    for key, announcement in pending.announcements.items():
        entries[key].announced = announcement
    return dict(sorted(entries.items()))


def _parameters(entries: dict[LedgerKey, _Entry]) -> dict[str, object]:
    values = list(entries.values())
    announced = [e.announced or Announcement(0, 0, ()) for e in values]
    return {
        "nodes": [node for node, _ in entries],
        "ledgers": [ledger for _, ledger in entries],
        "stored": [to_multirange(numbers(e.stored)) for e in values],
        "dead": [to_multirange(numbers(e.dead)) for e in values],
        "lost": [to_multirange(a.lost) for a in announced],
        "stored_samples": [e.stored_samples for e in values],
        "dead_samples": [e.dead_samples for e in values],
        "batches": [a.batches for a in announced],
        "samples": [a.samples for a in announced],
    }


def claim(connection: Connection, pending: Pending) -> Handled:
    """Claim all batches of a commit and enter the announcements; the last statement before COMMIT.

    Returns:
        for each ledger row all that is now handled: stored, dead and lost.

    Raises:
        ShortClaimError: when a batch is handled already or a ledger row is missing; roll back and redo without.
    """
    entries = _entries(pending)
    if not entries:
        return {}
    parameters = _parameters(entries)
    if any(e.announced and e.announced.lost for e in entries.values()):
        connection.execute(_LOST, parameters)
    rows = connection.execute(_CLAIM, parameters).fetchall()
    if len(rows) != len(entries):
        raise ShortClaimError(f"{len(entries) - len(rows)} of {len(entries)} claims came back short")
    return {(node, ledger): from_multirange(text) for node, ledger, text in rows}


def open_row(connection: Connection, keys: Iterable[LedgerKey]) -> None:
    """Make missing ledger rows; in key order, so that two gateways do not wait for each other in a circle."""
    ordered = sorted(keys)
    connection.execute(
        "INSERT INTO telemetry.ledger (node_id, ledger_id)"
        " SELECT * FROM unnest(%s::int[], %s::bigint[]) ORDER BY 1, 2 ON CONFLICT DO NOTHING",
        ([n for n, _ in ordered], [i for _, i in ordered]),
    )


def handled(connection: Connection, keys: Iterable[LedgerKey]) -> tuple[Handled, Handled]:
    """What is handled by the database's word: (stored and dead, the same and lost), for each existing row."""
    wanted = sorted(keys)
    rows = connection.execute(_HANDLED, ([n for n, _ in wanted], [i for _, i in wanted])).fetchall()
    claimed = {(node, ledger): from_multirange(text) for node, ledger, text, _ in rows}
    return claimed, {(node, ledger): from_multirange(text) for node, ledger, _, text in rows}


def fresh(pending: Pending, claimed: Handled) -> list[int]:
    """Indices of the batches of `pending` that are not claimed yet."""
    return [
        i
        for i, b in enumerate(pending.batches)
        if not contains(claimed.get((b.node.node_id, b.ledger_id), ()), b.number)
    ]


_ROWS = """
WITH wanted AS MATERIALIZED (
    SELECT s.series_id, d.node_id FROM telemetry.series s JOIN telemetry.device d USING (device_id)
)
SELECT node_id, count(*) FROM (
    SELECT series_id FROM telemetry.sample UNION ALL SELECT series_id FROM telemetry.text_sample
    UNION ALL SELECT series_id FROM telemetry.waveform
) AS rows JOIN wanted USING (series_id) GROUP BY node_id
"""
_IDENTITY = """
SELECT n.group_id, n.edge_node, l.node_id, l.ledger_id, l.produced_batches, l.produced_samples, l.stored::text,
       l.stored_samples, l.dead::text, l.dead_samples, l.lost::text, l.ledger_id IS NOT DISTINCT FROM n.ledger_id
FROM telemetry.ledger l JOIN telemetry.node n USING (node_id) ORDER BY n.group_id, n.edge_node, l.ledger_id
"""


def identity(connection: Connection) -> list[dict[str, object]]:
    """The identity of each buffer, from one snapshot.

    `produced_batches` is the edge's last word, or the highest handled batch where that is ahead of it;
    `rows_counted` counts the rows of the node (of all its buffers) in the three tables.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        rows: dict[int, int] = dict(connection.execute(_ROWS).fetchall())
        return [_identity_of(row, rows) for row in connection.execute(_IDENTITY).fetchall()]


def _identity_of(row: tuple[object, ...], rows: dict[int, int]) -> dict[str, object]:
    stored, dead, lost = (from_multirange(str(row[i])) for i in (6, 8, 10))
    everything = merge((*stored, *dead, *lost))
    produced = max(int(str(row[4])), everything[-1][1] if everything else 0)
    return {
        "group": row[0],
        "node": row[1],
        "ledger_id": row[3],
        "current": row[11],
        "produced_batches": produced,
        "produced_samples": row[5],
        "stored_batches": count(stored),
        "stored_samples": row[7],
        "dead_batches": count(dead),
        "dead_samples": row[9],
        "lost_batches": count(lost),
        "in_flight_batches": produced - count(everything),
        "ranges": len(everything),
        "rows_counted": rows.get(int(str(row[2])), 0),
    }
