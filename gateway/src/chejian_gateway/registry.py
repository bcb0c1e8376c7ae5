"""Nodes, devices, series and aliases in the database; the plant in memory follows it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chejian_contract.sparkplug.session import HostSession
from psycopg import Connection

from chejian_gateway.births import DeviceBirth, NodeBirth, Signal
from chejian_gateway.nodes import Device, Node, NodeKey, Series
from chejian_gateway.ranges import from_multirange, to_multirange

_NODE = """
INSERT INTO telemetry.node AS n (group_id, edge_node, ledger_id, contract_version, online, bd_seq, born_at, last_seen)
VALUES (%(group)s, %(node)s, %(ledger)s, %(version)s, true, %(bd)s, %(at)s, %(at)s)
ON CONFLICT (group_id, edge_node) DO UPDATE SET ledger_id = excluded.ledger_id, online = true,
    contract_version = excluded.contract_version, bd_seq = excluded.bd_seq, born_at = excluded.born_at,
    last_seen = excluded.last_seen
RETURNING node_id
"""
_LEDGER = """
INSERT INTO telemetry.ledger AS l (node_id, ledger_id, lost, produced_batches, produced_samples, announced_at)
VALUES (%(node)s, %(ledger)s, %(lost)s, %(batches)s, %(samples)s, now())
ON CONFLICT (node_id, ledger_id) DO UPDATE SET
    produced_batches = greatest(l.produced_batches, excluded.produced_batches),
    produced_samples = greatest(l.produced_samples, excluded.produced_samples),
    lost = l.lost + excluded.lost - l.stored - l.dead, announced_at = now()
RETURNING (stored + dead + lost)::text
"""
_LOST = """
INSERT INTO telemetry.lost (node_id, ledger_id, batches)
SELECT l.node_id, l.ledger_id, r FROM telemetry.ledger l, unnest(%(lost)s::int8multirange - l.stored - l.dead - l.lost) r
WHERE l.node_id = %(node)s AND l.ledger_id = %(ledger)s ON CONFLICT DO NOTHING
"""
_SUPERSEDE = """
WITH held AS MATERIALIZED (
    SELECT ledger_id FROM telemetry.ledger WHERE node_id = %(node)s ORDER BY ledger_id FOR UPDATE
)
UPDATE telemetry.ledger l SET superseded = l.ledger_id IS DISTINCT FROM %(ledger)s FROM held h
WHERE l.node_id = %(node)s AND l.ledger_id = h.ledger_id
  AND l.superseded <> (l.ledger_id IS DISTINCT FROM %(ledger)s)
"""
_BIRTH = """
INSERT INTO telemetry.birth (node_id, device, kind, bd_seq, sent, received)
VALUES (%s, %s, %s, %s, to_timestamp(%s / 1000.0), to_timestamp(%s / 1000.0))
"""
_TOUCH = """
WITH held AS MATERIALIZED (
    SELECT n.node_id FROM telemetry.node n JOIN unnest(%(nodes)s::int[]) AS k(node_id) USING (node_id)
    ORDER BY n.node_id FOR NO KEY UPDATE OF n
)
UPDATE telemetry.node n SET last_seen = greatest(n.last_seen, to_timestamp(k.seen / 1000.0)),
    sequence_gaps = n.sequence_gaps + k.gaps, rebirths_asked = n.rebirths_asked + k.rebirths
FROM unnest(%(nodes)s::int[], %(seen)s::bigint[], %(gaps)s::bigint[], %(rebirths)s::bigint[])
    AS k(node_id, seen, gaps, rebirths), held h
WHERE n.node_id = k.node_id AND h.node_id = k.node_id
"""
_SERIES_COLUMNS = "series_id, device_id, name, datatype, unit, quantity, kind, role, sample_rate, retired"
_SERIES = f"""
INSERT INTO telemetry.series (device_id, name, datatype, unit, quantity, kind, role, sample_rate, retired)
SELECT %s, * FROM unnest(%s::text[], %s::smallint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::float8[],
                         %s::boolean[])
ON CONFLICT (device_id, name, datatype, unit) DO UPDATE SET quantity = excluded.quantity, kind = excluded.kind,
    role = excluded.role, sample_rate = excluded.sample_rate, retired = excluded.retired
RETURNING {_SERIES_COLUMNS}
"""  # noqa: S608 - composed of constants
_OLDEST_SENT_MS = 0
_NEWEST_SENT_MS = 4_102_444_800_000
"""2100-01-01 UTC; a payload's clock beyond it is recorded as unknown."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the journal of births and deaths; `device` is "" where it is about the node itself."""

    key: NodeKey
    device: str
    kind: str


def last_entry(connection: Connection) -> int:
    """Number of the newest line of the journal; 0 for none."""
    row = connection.execute("SELECT coalesce(max(birth_id), 0) FROM telemetry.birth").fetchone()
    return int(row[0]) if row else 0


def journal(connection: Connection, seen: int) -> list[Entry]:
    """The lines behind number `seen`, in order. Only the host writes there, one line after the other."""
    rows = connection.execute(
        "SELECT n.group_id, n.edge_node, b.device, b.kind FROM telemetry.birth b JOIN telemetry.node n USING (node_id)"
        " WHERE b.birth_id > %s ORDER BY b.birth_id",
        (seen,),
    ).fetchall()
    return [Entry((row[0], row[1]), row[2], row[3]) for row in rows]


def foreign_nodes(connection: Connection) -> list[Node]:
    """All nodes without a ledger."""
    rows = connection.execute(
        "SELECT group_id, edge_node FROM telemetry.node WHERE ledger_id IS NULL ORDER BY node_id"
    ).fetchall()
    loaded = (load(connection, (group, node)) for group, node in rows)
    return [node for node in loaded if node is not None]


def online_ledger_nodes(connection: Connection) -> list[NodeKey]:
    """Nodes with a ledger that are held for alive."""
    rows = connection.execute(
        "SELECT group_id, edge_node FROM telemetry.node WHERE online AND ledger_id IS NOT NULL ORDER BY node_id"
    ).fetchall()
    return [(group, node) for group, node in rows]


def load(connection: Connection, key: NodeKey) -> Node | None:
    """Read a node with its devices, series and permanent aliases; None where it was never born."""
    row = connection.execute(
        "SELECT node_id, ledger_id, bd_seq, online, coalesce(extract(epoch FROM died_at) * 1000, 0)::bigint"
        " FROM telemetry.node WHERE group_id = %s AND edge_node = %s",
        key,
    ).fetchone()
    if row is None:
        return None
    node = Node(key, row[0], row[1], session=HostSession(bd_seq=row[2]), dead=not row[3], died_ms=row[4])
    devices = connection.execute(
        "SELECT device_id, name, online FROM telemetry.device WHERE node_id = %s", (node.node_id,)
    )
    for device in devices.fetchall():
        node.devices[device[1]] = Device(*device)
    if node.ledger_id is not None:
        read_ledger(connection, node)
    return node


def read_ledger(connection: Connection, node: Node) -> None:
    """Read aliases and handled batches of the node's present buffer."""
    rows = connection.execute(
        f"SELECT a.alias, {_SERIES_COLUMNS} FROM telemetry.alias a JOIN telemetry.series s USING (series_id)"  # noqa: S608 - constants
        " WHERE a.node_id = %s AND a.ledger_id = %s",
        node.ledger_key,
    ).fetchall()
    node.aliases = {row[0]: Series(*row[1:]) for row in rows}
    ledgers = connection.execute(
        "SELECT ledger_id, CASE WHEN ledger_id = %s THEN (stored + dead + lost)::text END FROM telemetry.ledger"
        " WHERE node_id = %s",
        (node.ledger_id, node.node_id),
    ).fetchall()
    node.former = frozenset(row[0] for row in ledgers if row[0] != node.ledger_id)
    node.handled = next((from_multirange(row[1]) for row in ledgers if row[1] is not None), [])


def node_born(connection: Connection, key: NodeKey, birth: NodeBirth, sent_ms: int, received_ms: int) -> Node:
    """Enter an NBIRTH: node, ledger row with totals and losses, birth; returns the node as it now stands.

    Of a ledger node the devices are offline until their births come: one whose source is away has none. (Of a foreign
    node they stay as they were: its death has to find those whose values it ends.)
    """
    with connection.transaction():
        row = connection.execute(
            _NODE.replace("%(at)s", "to_timestamp(%(at)s / 1000.0)"),
            {
                "group": key[0],
                "node": key[1],
                "ledger": birth.ledger_id,
                "version": birth.contract_version,
                "bd": birth.bd_seq,
                "at": received_ms,
            },
        ).fetchone()
        node_id = row[0] if row else 0
        connection.execute(_SUPERSEDE, {"node": node_id, "ledger": birth.ledger_id})
        if birth.ledger_id is not None:
            connection.execute(
                "UPDATE telemetry.device SET online = false WHERE node_id = %s AND online", (node_id,)
            )
            values = {
                "node": node_id,
                "ledger": birth.ledger_id,
                "lost": to_multirange(birth.status.lost),
                "batches": birth.status.batches,
                "samples": birth.status.samples,
            }
            connection.execute(
                "INSERT INTO telemetry.ledger (node_id, ledger_id) VALUES (%(node)s, %(ledger)s) ON CONFLICT DO NOTHING",
                values,
            )
            connection.execute(_LOST, values)
            connection.execute(_LEDGER, values)
        record(connection, node_id, "", "NBIRTH", birth.bd_seq, sent_ms, received_ms)
        node = load(connection, key)
    if node is None:
        raise RuntimeError(f"node {key} vanished inside its own transaction")
    return node


def record(
    connection: Connection,
    node_id: int,
    device: str,
    kind: str,
    bd_seq: int | None,
    sent_ms: int,
    received_ms: int,
) -> None:
    """Add a line to the journal of births and deaths."""
    connection.execute(_BIRTH, (node_id, device, kind, bd_seq, sane(sent_ms), received_ms))


def sane(sent_ms: int) -> int | None:
    """A payload's clock [Unix ms], None where it can't be right."""
    return sent_ms if _OLDEST_SENT_MS < sent_ms < _NEWEST_SENT_MS else None


def device_born(connection: Connection, node: Node, birth: DeviceBirth, received_ms: int) -> list[Series]:
    """Enter device and series of a DBIRTH; returns the series in the order of the birth's signals."""
    row = connection.execute(
        "INSERT INTO telemetry.device AS d"
        " (node_id, name, workshop, line, equipment_type, online, born_at, takes_requests)"
        " VALUES (%s, %s, %s, %s, %s, true, to_timestamp(%s / 1000.0), %s)"
        " ON CONFLICT (node_id, name) DO UPDATE SET workshop = excluded.workshop, line = excluded.line,"
        " equipment_type = excluded.equipment_type, online = true, born_at = excluded.born_at,"
        " takes_requests = excluded.takes_requests RETURNING device_id",
        (
            *(node.node_id, birth.name, birth.workshop, birth.line, birth.equipment_type, received_ms),
            birth.takes_requests and node.ledger_id is not None,
        ),
    ).fetchone()
    device = node.devices.setdefault(birth.name, Device(row[0] if row else 0, birth.name))
    device.online = True
    known = _series_of(connection, device.device_id)
    wanted = {(s.name, s.code, s.unit): s for s in birth.signals}
    missing = [s for k, s in wanted.items() if k not in known or not _same(known[k], s)]
    if missing:
        rows = connection.execute(
            _SERIES,
            (
                device.device_id,
                [s.name for s in missing],
                [s.code for s in missing],
                [s.unit for s in missing],
                [s.quantity for s in missing],
                [s.kind for s in missing],
                [s.role for s in missing],
                [s.sample_rate for s in missing],
                [s.retired for s in missing],
            ),
        ).fetchall()
        known |= {(s.name, s.datatype, s.unit): s for s in (Series(*r) for r in rows)}
    return [known[s.name, s.code, s.unit] for s in birth.signals]


def _series_of(connection: Connection, device_id: int) -> dict[tuple[str, int, str], Series]:
    rows = connection.execute(
        f"SELECT {_SERIES_COLUMNS} FROM telemetry.series WHERE device_id = %s",  # noqa: S608 - constants
        (device_id,),
    ).fetchall()
    return {(s.name, s.datatype, s.unit): s for s in (Series(*row) for row in rows)}


def newest_series(connection: Connection, device_id: int) -> dict[str, Series]:
    """Series of a device by name; of several that differ in type or unit the one that was made last."""
    known = sorted(_series_of(connection, device_id).values(), key=lambda s: s.series_id)
    return {s.name: s for s in known}


def _same(series: Series, signal: Signal) -> bool:
    return (series.quantity, series.kind, series.role, series.sample_rate, series.retired) == (
        signal.quantity,
        signal.kind,
        signal.role,
        signal.sample_rate,
        signal.retired,
    )


def enter_aliases(connection: Connection, node: Node, pairs: Iterable[tuple[int, Series]]) -> list[int]:
    """Enter permanent aliases of a ledger node.

    Returns:
        aliases that stand for another series already; they are taken out of use, for no batch may be re-interpreted.
    """
    wanted = dict(pairs)
    new = {a: s for a, s in wanted.items() if a not in node.aliases}
    if new:
        connection.execute(
            "INSERT INTO telemetry.alias (node_id, ledger_id, alias, series_id)"
            " SELECT %s, %s, * FROM unnest(%s::bigint[], %s::int[]) ON CONFLICT DO NOTHING",
            (*node.ledger_key, list(new), [s.series_id for s in new.values()]),
        )
        read_ledger(connection, node)
    wrong = [a for a, s in wanted.items() if a in node.aliases and node.aliases[a].series_id != s.series_id]
    for alias, series in wanted.items():
        if alias not in wrong:
            node.aliases[alias] = series
    for alias in wrong:
        del node.aliases[alias]
    return wrong


def touch(connection: Connection, nodes: Sequence[Node]) -> None:
    """Write when nodes were last heard, and their counters of gaps and rebirth requests."""
    ordered = sorted(nodes, key=lambda n: n.node_id)
    connection.execute(
        _TOUCH,
        {
            "nodes": [n.node_id for n in ordered],
            "seen": [n.seen_ms for n in ordered],
            "gaps": [n.gaps for n in ordered],
            "rebirths": [n.rebirths for n in ordered],
        },
    )
    for node in ordered:
        node.seen_written_ms, node.gaps, node.rebirths = node.seen_ms, 0, 0
