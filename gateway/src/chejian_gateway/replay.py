"""Replays dead letters: a message is read again with what is known now, and stored if that succeeds."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import psycopg
from chejian_contract.errors import PayloadError
from chejian_contract.sparkplug.payload import parse_payload
from chejian_contract.sparkplug.topics import MessageType, Topic
from psycopg import Connection

from chejian_gateway import deadletter, registry
from chejian_gateway.config import GatewayConfig
from chejian_gateway.core import Core
from chejian_gateway.deadletter import Stored
from chejian_gateway.errors import ReplayError
from chejian_gateway.foreign import ForeignReader
from chejian_gateway.intake import Message
from chejian_gateway.nodes import Node
from chejian_gateway.pending import Pending
from chejian_gateway.ranges import numbers, to_multirange
from chejian_gateway.rows import MAX_DEAD_PAYLOAD, BatchReader, Data

_log = logging.getLogger(__name__)

_HELD = """
SELECT superseded FROM telemetry.ledger
WHERE node_id = %(node)s AND ledger_id = %(ledger)s AND dead @> %(batch)s::int8multirange FOR UPDATE
"""
_BACK = """
UPDATE telemetry.ledger SET dead = dead - %(batch)s::int8multirange, dead_samples = dead_samples - %(samples)s,
    superseded = false
WHERE node_id = %(node)s AND ledger_id = %(ledger)s
"""
_AS_BEFORE = (
    "UPDATE telemetry.ledger SET superseded = true WHERE node_id = %(node)s AND ledger_id = %(ledger)s"
)
_PROGRESS_S = 1.0
"""Pause between two words about the progress [s]."""
_DATA = (MessageType.NDATA, MessageType.DDATA, MessageType.NBIRTH, MessageType.DBIRTH)
"""Letters of these hold samples; a death has none."""


@dataclass(slots=True)
class Replayed:
    """What a replay of several dead letters came to.

    Attributes:
        letters: how many there were.
        stored: how many are stored now.
        rows: rows written for those.
        refused: number and reason of those that stay.
    """

    letters: int
    stored: int = 0
    rows: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


def replay(config: GatewayConfig, number: int) -> int:
    """Store dead letter `number` and remove it, in one transaction; returns the rows stored.

    A batch moves from "dead" to "stored" in the ledger of the buffer that it came from, also an earlier one of its node.
    Limits on source times hold here too: to accept older samples, raise `store.raw_retention` first.

    Raises:
        ReplayError: it can't be stored now either; nothing has changed.
    """
    with _core(config) as core:
        return core.database.run(lambda connection: _replay(connection, core, number))


def replay_all(
    config: GatewayConfig, reason: str = "", *, progress: Callable[[Replayed], None] = lambda _: None
) -> Replayed:
    """Replay all dead letters, or those whose reason holds a text, oldest first, each in a transaction of its own.

    Args:
        config: of the gateway.
        reason: text that the reason must hold, capitals or not.
        progress: called about once a second.
    """
    with _core(config) as core:
        wanted = core.database.run(lambda connection: deadletter.numbers_of(connection, reason))
        out = Replayed(len(wanted))
        told = time.monotonic()
        for number in wanted:
            try:
                out.rows += core.database.run(partial(_replay, core=core, number=number))
                out.stored += 1
            except ReplayError as error:
                out.refused.append((number, str(error)))
            except psycopg.Error as error:
                out.refused.append((number, f"the database refused it: {str(error).strip()}"))
            if time.monotonic() - told >= _PROGRESS_S:
                told = time.monotonic()
                progress(out)
        return out


@contextmanager
def _core(config: GatewayConfig) -> Iterator[Core]:
    core = Core(config, lambda _topic, _payload: False, threading.Event())
    try:
        yield core
    finally:
        core.database.close()


def _replay(connection: Connection, core: Core, number: int) -> int:
    core.pending = Pending()
    with connection.transaction():
        found = deadletter.take(connection, number)
        if found is None:
            raise ReplayError(f"there is no dead letter {number}")
        letter, data = found
        message = Message(letter.topic, data, int(letter.received.timestamp() * 1000))
        topic = core.topic(letter.topic)
        if topic is None or topic.type not in _DATA:
            raise ReplayError(f"dead letter {number}: topic {letter.topic!r} carries no samples")
        node = _node_of(connection, core, letter, topic)
        superseded = letter.batch is not None and _take_back(connection, letter)
        if node.ledger_id is not None:
            _read_batch(core, node, message, letter)
        else:
            _read_foreign(connection, core, node, topic, message)
        rows = core.committer.store_once(core.pending)
        if superseded:
            connection.execute(_AS_BEFORE, {"node": letter.node_id, "ledger": letter.ledger_id})
        connection.execute("NOTIFY chejian_dirty")
        return rows


def _node_of(connection: Connection, core: Core, letter: Stored, topic: Topic) -> Node:
    """The node as it was: with the buffer of the letter."""
    node = registry.load(connection, (topic.group, topic.node))
    if node is None:
        raise ReplayError(
            f"dead letter {letter.dead_letter_id}: the node of topic {letter.topic!r} was never born"
        )
    if letter.ledger_id is not None and letter.ledger_id != node.ledger_id:
        node.ledger_id = letter.ledger_id
        registry.read_ledger(connection, node)
    node.handled = []  # the database's word counts here, and it is asked by the claim
    core.enter_node(node)
    return node


def _take_back(connection: Connection, letter: Stored) -> bool:
    """Open the batch of a letter for a claim; returns whether its buffer has another identity now.

    Of such a buffer nothing is taken any more, for what was open has other numbers now; a dead batch was not open.
    """
    values = {
        "batch": to_multirange(numbers((letter.batch or 0,))),
        "samples": letter.samples,
        "node": letter.node_id,
        "ledger": letter.ledger_id,
    }
    row = connection.execute(_HELD, values).fetchone()
    if row is None:
        raise ReplayError(
            f"dead letter {letter.dead_letter_id}: batch {letter.batch} of ledger {letter.ledger_id} is not dead in the ledger"
        )
    connection.execute(_BACK, values)
    return bool(row[0])


def _read_batch(core: Core, node: Node, message: Message, letter: Stored) -> None:
    read = BatchReader(core.plant).read([Data(message, node)], core.pending, core.limits())
    pending, number = core.pending, letter.dead_letter_id
    reasons = [why for _, why in read.refused] + [b.dead.reason for b in pending.batches if b.dead]
    if read.unknown:
        reasons.append("an alias that no birth has named")
    reasons += [f"it is of ledger {identity}" for _, identity in read.other]
    if reasons or not pending.batches:
        raise _not_now(number, reasons)
    (batch,) = pending.batches
    if letter.batch not in (None, batch.number):
        raise ReplayError(f"dead letter {number} holds batch {batch.number}, but is of batch {letter.batch}")
    whole = letter.samples == batch.samples if letter.batch is not None else not _is_cut(message)
    if not whole:
        raise ReplayError(
            f"dead letter {number} was cut to {len(message.payload)} bytes: {letter.samples} samples are not all there"
        )


def _read_foreign(connection: Connection, core: Core, node: Node, topic: Topic, message: Message) -> None:
    """Metrics by name, whatever message brought them; the newest series of a name counts."""
    number = message.topic
    if _is_cut(message):
        raise ReplayError(f"the letter on {number!r} was cut to {MAX_DEAD_PAYLOAD} bytes")
    try:
        payload = parse_payload(message.payload)
    except PayloadError as error:
        raise ReplayError(str(error)) from error
    device = node.devices.get(topic.device)
    if device is None:
        raise ReplayError(f"device {topic.device!r} of topic {topic} was never born")
    device.by_name = registry.newest_series(connection, device.device_id)
    for series in device.by_name.values():
        core.plant.series.add(series)
    for metric in payload.metrics:
        if metric.name:
            metric.ClearField("alias")  # of a session long gone
    reader = ForeignReader()
    reader.read(message, node, device, payload, core.pending, core.limits())
    if reader.refused or not core.pending.count:
        raise _not_now(None, [d.reason for d in core.pending.dead])


def _is_cut(message: Message) -> bool:
    return len(message.payload) == MAX_DEAD_PAYLOAD


def _not_now(number: int | None, reasons: Sequence[str]) -> ReplayError:
    label = "it" if number is None else f"dead letter {number}"
    return ReplayError(f"{label} can't be stored: {'; '.join(reasons) or 'no samples'}")
