"""The ledger in PostgreSQL: claims, what is handled, the identity per node.

For each node, always: produced = stored + dead letters + declared lost + in flight.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from chejian_contract.ledger import MAX_BATCH, Range
from psycopg import Connection
from psycopg.rows import dict_row

from chejian_gateway.errors import ShortClaimError
from chejian_gateway.nodes import LedgerKey
from chejian_gateway.pending import Announcement, Batch, Pending
from chejian_gateway.ranges import contains, from_multirange, numbers, to_multirange

Handled = dict[LedgerKey, list[Range]]
EVERYTHING = [(1, MAX_BATCH)]
"""What counts as handled of a buffer that has made itself a new identity: what was open has other numbers now."""

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
WHERE l.node_id = n.node_id AND l.ledger_id = n.ledger_id AND (NOT l.superseded OR %(former)s OR isempty(n.stored + n.dead))
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
SELECT node_id, ledger_id, (stored + dead)::text, (stored + dead + lost)::text, superseded FROM telemetry.ledger
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


def claim(connection: Connection, pending: Pending, *, former: bool = False) -> Handled:
    """Claim all batches of a commit and enter the announcements; the last statement before COMMIT.

    Args:
        connection: in a transaction.
        pending: the commit.
        former: whether a buffer may have another identity now; only for what was a dead letter under the former one.

    Returns:
        for each ledger row all that is now handled: stored, dead and lost.

    Raises:
        ShortClaimError: when a batch is handled already or a ledger row is missing; roll back and redo without.
    """
    entries = _entries(pending)
    if not entries:
        return {}
    parameters = _parameters(entries) | {"former": former}
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
    """What is handled by the database's word, for each existing row.

    Returns:
        (stored and dead, or `EVERYTHING` where the buffer has another identity now; stored, dead and lost).
    """
    wanted = sorted(keys)
    rows = connection.execute(_HANDLED, ([n for n, _ in wanted], [i for _, i in wanted])).fetchall()
    claimed = {
        (node, ledger): EVERYTHING if old else from_multirange(text) for node, ledger, text, _, old in rows
    }
    return claimed, {(node, ledger): from_multirange(text) for node, ledger, _, text, _ in rows}


def fresh(pending: Pending, claimed: Handled) -> list[int]:
    """Indices of the batches of `pending` that are not claimed yet."""
    return [
        i
        for i, b in enumerate(pending.batches)
        if not contains(claimed.get((b.node.node_id, b.ledger_id), ()), b.number)
    ]


IDENTITY = """
WITH counted AS (
    SELECT series_id, count(*) AS n FROM telemetry.sample GROUP BY series_id
    UNION ALL SELECT series_id, count(*) FROM telemetry.text_sample GROUP BY series_id
    UNION ALL SELECT series_id, count(*) FROM telemetry.waveform GROUP BY series_id
), present AS (
    SELECT d.node_id, sum(c.n)::bigint AS n
    FROM counted c JOIN telemetry.series s USING (series_id) JOIN telemetry.device d USING (device_id) GROUP BY d.node_id
), letters AS (
    SELECT node_id, ledger_id, count(*) AS n, sum(samples)::bigint AS samples
    FROM telemetry.dead_letter WHERE batch IS NOT NULL GROUP BY node_id, ledger_id
), sized AS (
    SELECT l.*, l.stored + l.dead + l.lost AS handled,
           (SELECT coalesce(sum(upper(r) - lower(r)), 0)::bigint FROM unnest(l.stored) AS r) AS stored_batches,
           (SELECT coalesce(sum(upper(r) - lower(r)), 0)::bigint FROM unnest(l.dead) AS r) AS dead_batches,
           (SELECT coalesce(sum(upper(r) - lower(r)), 0)::bigint FROM unnest(l.lost) AS r) AS lost_batches,
           (SELECT coalesce(sum(upper(r) - lower(r)), 0)::bigint FROM unnest(l.stored + l.dead + l.lost) AS r) AS done
    FROM telemetry.ledger l
)
SELECT n.group_id AS "group", n.edge_node AS node, l.ledger_id,
       l.ledger_id IS NOT DISTINCT FROM n.ledger_id AS current,
       CASE WHEN l.superseded THEN l.done ELSE greatest(l.produced_batches, upper(l.handled) - 1) END AS produced_batches,
       l.produced_batches AS announced,
       CASE WHEN l.superseded THEN l.stored_samples + l.dead_samples ELSE l.produced_samples END AS produced_samples,
       l.stored_batches, l.stored_samples, l.dead_batches, l.dead_samples, l.lost_batches,
       CASE WHEN l.superseded THEN 0 ELSE greatest(l.produced_batches, upper(l.handled) - 1) - l.done END AS in_flight_batches,
       (SELECT count(*) FROM unnest(l.handled) AS r) AS ranges,
       coalesce(p.n, 0) AS rows_counted,
       coalesce(d.n, 0) AS letters, coalesce(d.samples, 0) AS letter_samples, l.superseded
FROM sized l JOIN telemetry.node n USING (node_id)
LEFT JOIN present p ON p.node_id = l.node_id
LEFT JOIN letters d ON d.node_id = l.node_id AND d.ledger_id = l.ledger_id
ORDER BY n.group_id, n.edge_node, l.ledger_id
"""
"""Each buffer's account. `produced_batches` is the edge's last word, or the highest handled batch where that is ahead of
it; in flight is what is neither stored, dead nor lost up to there; `rows_counted` counts the rows of the node (of all its
buffers) in the three tables; `letters` counts `telemetry.dead_letter`. Of a superseded buffer nothing is in flight: what was
open is produced under the new identity."""


def identity(connection: Connection) -> list[dict[str, object]]:
    """The account of each buffer, one record for each row of `IDENTITY`, by its column names."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(IDENTITY).fetchall()
