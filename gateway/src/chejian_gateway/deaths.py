"""Deaths of nodes and devices in the database: offline, last values stale, and what that makes dirty."""

from collections.abc import Iterable, Sequence

from psycopg import Connection

from chejian_gateway import lastvalues
from chejian_gateway.nodes import Device, Node
from chejian_gateway.registry import record, sane

_STALE = """
WITH held AS MATERIALIZED (
    SELECT v.series_id FROM telemetry.settled_value v JOIN telemetry.series s USING (series_id) WHERE s.device_id = ANY(%s)
    ORDER BY s.datatype > 11 AND s.datatype <> 13, v.series_id FOR UPDATE OF v
)
UPDATE telemetry.settled_value v SET quality = 500 FROM held h WHERE v.series_id = h.series_id
"""
"""Numbers (and times), then texts and waveforms, each by series, as everywhere."""


def node_died(connection: Connection, node: Node, bd_seq: int | None, received_ms: int) -> None:
    """Enter an NDEATH: node and devices offline, their last values stale, by the gateway's clock."""
    with connection.transaction():
        at = (received_ms, node.node_id)
        connection.execute(
            "UPDATE telemetry.node SET online = false, died_at = to_timestamp(%s / 1000.0) WHERE node_id = %s",
            at,
        )
        connection.execute(
            "UPDATE telemetry.device SET online = false, died_at = to_timestamp(%s / 1000.0)"
            " WHERE node_id = %s AND online",
            at,
        )
        record(connection, node.node_id, "", "NDEATH", bd_seq, received_ms, received_ms)
        _stale(connection, [d.device_id for d in node.devices.values()])
        _mark(connection, node, [d for d in node.devices.values() if d.online], received_ms)
    for device in node.devices.values():
        device.online = False


def device_died(connection: Connection, node: Node, device: Device, sent_ms: int, received_ms: int) -> None:
    """Enter a DDEATH: the device offline, its last values stale, both since the time that the payload names.

    Figures do not ask for it where there is a ledger: there a value holds until the next sample or its hold's end, so
    that what is read from history later fills the gap, and gives the same bits as if it had come in time.
    """
    died_ms = sane(sent_ms) or received_ms
    with connection.transaction():
        connection.execute(
            "UPDATE telemetry.device SET online = false, died_at = to_timestamp(%s / 1000.0) WHERE device_id = %s",
            (died_ms, device.device_id),
        )
        record(connection, node.node_id, device.name, "DDEATH", None, sent_ms, received_ms)
        _stale(connection, [device.device_id])
        _mark(connection, node, [device], died_ms)
    device.online = False


def _stale(connection: Connection, devices: Sequence[int]) -> None:
    lastvalues.settle(
        connection, devices
    )  # or a value stored before the death would be taken for a newer one
    connection.execute(_STALE, (list(devices),))


def _mark(connection: Connection, node: Node, devices: Iterable[Device], at_ms: int) -> None:
    """A value of a foreign node holds until the node's death, so the death makes that hour dirty."""
    if node.ledger_id is not None:
        return
    for device_id in sorted(d.device_id for d in devices):
        connection.execute(
            "INSERT INTO telemetry.dirty AS d (device_id, hour, lo, hi)"
            " SELECT %s, date_trunc('hour', t, 'UTC'), t, t FROM to_timestamp(%s / 1000.0) AS t"
            " ON CONFLICT (device_id, hour) DO UPDATE SET gen = d.gen + 1, lo = least(d.lo, excluded.lo),"
            " hi = greatest(d.hi, excluded.hi)",
            (device_id, at_ms),
        )
