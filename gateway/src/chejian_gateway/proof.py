"""The proof that the accounts add up: `chejian-gateway ledger --verify`. Reads only, in one snapshot."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg import Connection
from psycopg.rows import dict_row

from chejian_gateway import ledger

DUPLICATES = """
SELECT n.group_id AS "group", n.edge_node AS node, n.ledger_id IS NULL AS "foreign",
       sum(t.rows)::bigint AS rows, sum(t.duplicates)::bigint AS duplicates
FROM telemetry.node n JOIN telemetry.device d USING (node_id) JOIN telemetry.series s USING (device_id), LATERAL (
    SELECT count(*) AS rows, count(*) FILTER (WHERE time = before) AS duplicates
    FROM (SELECT time, lag(time) OVER (ORDER BY time) AS before FROM telemetry.sample WHERE series_id = s.series_id) AS a
    UNION ALL
    SELECT count(*), count(*) FILTER (WHERE time = before)
    FROM (SELECT time, lag(time) OVER (ORDER BY time) AS before FROM telemetry.text_sample WHERE series_id = s.series_id) AS b
    UNION ALL
    SELECT count(*), count(*) FILTER (WHERE time = before)
    FROM (SELECT time, lag(time) OVER (ORDER BY time) AS before FROM telemetry.waveform WHERE series_id = s.series_id) AS c
) AS t
GROUP BY n.node_id ORDER BY n.group_id, n.edge_node
"""
"""Rows, and rows that share series and time with another, per node. One series at a time along its index: the server's
memory stays bounded however many rows there are."""

Account = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Proof:
    """What was read, and what does not add up.

    Attributes:
        accounts: as of `ledger.identity`.
        rows: one record for each row of `DUPLICATES`.
        faults: a sentence each; empty where everything adds up.
    """

    accounts: Sequence[Account]
    rows: Sequence[Account]
    faults: Sequence[str]


def verify(connection: Connection) -> Proof:
    """Check every account against the rows themselves.

    Checked are, for each buffer: stored, dead and lost are disjoint; every dead batch has its dead letter; and where
    nothing is lost or in flight, the samples produced are those stored and dead. For each node with a ledger: rows =
    samples stored over all its buffers, and no two rows of a series have one time. Rows of foreign nodes are counted only.

    Args:
        connection: in autocommit mode, with no transaction open.
    """
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        accounts = ledger.identity(connection)
        with connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(DUPLICATES).fetchall()
    faults = [fault for account in accounts for fault in _faults_of_buffer(account)]
    return Proof(accounts, rows, [*faults, *_faults_of_nodes(accounts, rows)])


def _number(account: Account, key: str) -> int:
    return int(str(account[key]))


def _faults_of_buffer(account: Account) -> list[str]:
    def of(key: str) -> int:
        return _number(account, key)

    faults = []
    parts = of("stored_batches") + of("dead_batches") + of("lost_batches")
    if parts + of("in_flight_batches") != of("produced_batches"):
        faults.append(
            f"{of('produced_batches')} batches produced, but stored + dead + lost + in flight are"
            f" {parts + of('in_flight_batches')}: a batch is in two of them"
        )
    if (of("dead_batches"), of("dead_samples")) != (of("letters"), of("letter_samples")):
        faults.append(
            f"{of('dead_batches')} dead batches of {of('dead_samples')} samples, but {of('letters')} dead letters"
            f" of {of('letter_samples')}"
        )
    handled = of("stored_samples") + of("dead_samples")
    settled = not account["superseded"] and of("announced") >= parts == of("produced_batches") - of(
        "lost_batches"
    )
    if settled and handled != of("produced_samples"):
        faults.append(f"{of('produced_samples')} samples produced, but stored + dead are {handled}")
    label = f"{account['group']}/{account['node']} ledger {account['ledger_id']}"
    return [f"{label}: {fault}" for fault in faults]


def _faults_of_nodes(accounts: Sequence[Account], rows: Sequence[Account]) -> list[str]:
    stored: dict[tuple[object, object], int] = defaultdict(int)
    for account in accounts:
        stored[account["group"], account["node"]] += _number(account, "stored_samples")
    found = {(r["group"], r["node"]): r for r in rows}
    faults = []
    for key, samples in stored.items():
        row = found.get(key)
        counted = _number(row, "rows") if row else 0
        doubled = _number(row, "duplicates") if row else 0
        if counted != samples:
            faults.append(f"{key[0]}/{key[1]}: {samples} samples stored by the ledger, but {counted} rows")
        if doubled:
            faults.append(f"{key[0]}/{key[1]}: {doubled} rows have series and time of another row")
    return faults
