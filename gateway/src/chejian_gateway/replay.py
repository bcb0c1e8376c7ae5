"""Replays a dead letter: its message is read again with what is known now, and stored if that succeeds."""

import threading

from chejian_contract.errors import PayloadError
from psycopg import Connection

from chejian_gateway import deadletter
from chejian_gateway.config import GatewayConfig
from chejian_gateway.core import Core
from chejian_gateway.deadletter import Stored
from chejian_gateway.errors import ReplayError
from chejian_gateway.intake import Message
from chejian_gateway.lifecycle import Lifecycle
from chejian_gateway.nodes import Node
from chejian_gateway.pending import Pending
from chejian_gateway.ranges import numbers, to_multirange
from chejian_gateway.rows import BatchReader, Data

_BACK = """
UPDATE telemetry.ledger SET dead = dead - %(batch)s::int8multirange, dead_samples = dead_samples - %(samples)s
WHERE node_id = %(node)s AND ledger_id = %(ledger)s AND dead @> %(batch)s::int8multirange
"""


def replay(config: GatewayConfig, number: int) -> int:
    """Store dead letter `number` and remove it, in one transaction; returns the rows stored.

    A batch moves from "dead" to "stored" in the ledger. Limits on source times hold here too: to accept older
    samples, raise `store.raw_retention` first.

    Raises:
        ReplayError: it can't be stored now either; nothing has changed.
    """
    core = Core(config, lambda _topic, _payload: False, threading.Event())
    try:
        return core.database.run(lambda connection: _replay(connection, core, number))
    finally:
        core.database.close()


def _replay(connection: Connection, core: Core, number: int) -> int:
    found = deadletter.load(connection, number)
    if found is None:
        raise ReplayError(f"there is no dead letter {number}")
    letter, data = found
    message = Message(letter.topic, data, int(letter.received.timestamp() * 1000))
    node = _node_of(core, letter)
    with connection.transaction():
        _forget(connection, letter)
        node.handled = []
        pending = _read(core, node, message)
        if pending.dead or any(b.dead for b in pending.batches) or not pending.count:
            reasons = [d.reason for d in (*pending.dead, *(b.dead for b in pending.batches if b.dead))]
            raise ReplayError(f"dead letter {number} can't be stored: {'; '.join(reasons) or 'no samples'}")
        return core.committer.store_once(pending)


def _node_of(core: Core, letter: Stored) -> Node:
    topic = core.topic(letter.topic)
    node = core.node(topic) if topic is not None else None
    if node is None:
        raise ReplayError(
            f"dead letter {letter.dead_letter_id}: the node of topic {letter.topic!r} was never born"
        )
    if letter.ledger_id is not None and letter.ledger_id != node.ledger_id:
        raise ReplayError(f"dead letter {letter.dead_letter_id} is of an earlier buffer of the node")
    return node


def _forget(connection: Connection, letter: Stored) -> None:
    connection.execute(
        "DELETE FROM telemetry.dead_letter WHERE dead_letter_id = %s", (letter.dead_letter_id,)
    )
    if letter.batch is not None:
        values = {
            "batch": to_multirange(numbers((letter.batch,))),
            "samples": letter.samples,
            "node": letter.node_id,
            "ledger": letter.ledger_id,
        }
        connection.execute(_BACK, values)


def _read(core: Core, node: Node, message: Message) -> Pending:
    if node.ledger_id is not None:
        read = BatchReader(core.plant).read([Data(message, node)], core.pending, core.limits())
        if read.unknown:
            raise ReplayError("an alias that no birth has named")
    else:
        topic = core.topic(message.topic)
        try:
            if topic is not None:
                Lifecycle(core, lambda _: None).handle(message, topic, 1)
        except PayloadError as error:
            raise ReplayError(str(error)) from error
    return core.pending
