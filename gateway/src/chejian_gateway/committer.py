"""Commits with everything around them: retries, poison, acknowledgements, notifications, partitions."""

import logging
import time

import psycopg
from psycopg import Connection

from chejian_gateway import registry
from chejian_gateway.config import GatewayConfig
from chejian_gateway.database import Database
from chejian_gateway.host import Acknowledger
from chejian_gateway.nodes import Node, Plant
from chejian_gateway.pending import PG_EPOCH_MS, Batch, DeadLetter, Pending
from chejian_gateway.store import Edition, Partitions, detect_edition
from chejian_gateway.writer import Committed, Writer

_log = logging.getLogger(__name__)

_NOTIFY_S = 0.2
"""At most five notifications a second; they are hints."""
_AHEAD_S = 3600.0
"""How often partitions ahead are looked after."""


class Committer:
    """Stores `Pending` and tells those who wait for it.

    Args:
        database: connection with retries.
        plant: known nodes.
        acknowledger: told what is handled.
        config: of the gateway.
    """

    def __init__(
        self, database: Database, plant: Plant, acknowledger: Acknowledger, config: GatewayConfig
    ) -> None:
        self._database = database
        self._plant = plant
        self._acknowledger = acknowledger
        self._config = config
        self._writer: Writer | None = None
        self._partitions: Partitions | None = None
        self._notify = False
        self._notified = 0.0
        self._looked_ahead = float("-inf")
        self._epoch = 0
        self.edition = Edition.PLAIN
        self.commits = self.rows = self.batches = self.doubles = self.dead_letters = 0
        self.seconds = 0.0

    def on_connection(self, connection: Connection) -> bool:
        """Prepare a new connection; False when the database is not the one that the plant in memory came from."""
        self.edition = detect_edition(connection)
        self._partitions = Partitions(self.edition)
        self._writer = Writer(connection, self._partitions, self._plant.series)
        self._looked_ahead = float("-inf")
        if all(_same(node, registry.load(connection, node.key)) for node in self._plant.nodes.values()):
            return True
        self._plant.clear()
        self._epoch += 1
        return False

    def commit(self, pending: Pending) -> None:
        """Store it; what the database refuses for good becomes a dead letter.

        Raises:
            GivenUpError: the process ends before the database came back.
        """
        started = time.perf_counter()
        epoch = self._epoch
        try:
            done = self._database.run(lambda _: self._write(pending, epoch))
        except psycopg.Error as error:
            self._split(pending, error)
            return
        self._account(pending, done)
        self.seconds += time.perf_counter() - started

    def _write(self, pending: Pending, epoch: int) -> Committed:
        if self._writer is None or epoch != self._epoch:
            return (
                Committed()
            )  # another database: ids of these rows mean nothing there, the edges send them again
        return self._writer.commit(pending)

    def store_once(self, pending: Pending) -> int:
        """Store it inside the caller's transaction; returns its rows."""
        if self._writer is None:
            raise RuntimeError("no connection has been made")
        return self._writer.commit(pending).rows

    def _split(self, pending: Pending, error: psycopg.Error) -> None:
        """Halve a commit that the database refuses until the one bad batch is alone, and bury that."""
        count = len(pending.batches)
        reason = f"the database refused it: {str(error).strip()}"
        _log.warning("a commit of %d batches was refused, looking for the bad one: %s", count, reason)
        if pending.has_foreign or pending.announcements:
            if count:
                self.commit(pending.only(range(count), rest=False))
                self.commit(pending.only((), rest=True))
            else:
                _log.error("dropped %d rows of foreign nodes: %s", pending.count, reason)
        elif count > 1:
            self.commit(pending.only(range(count // 2), rest=False))
            self.commit(pending.only(range(count // 2, count), rest=False))
        elif count == 1 and pending.batches[0].dead is None:
            self.commit(_buried(pending.batches[0], reason))
        else:
            raise error

    def _account(self, pending: Pending, done: Committed) -> None:
        self.commits += 1
        self.rows += done.rows
        self.batches += done.batches
        self.doubles += done.doubles
        self.dead_letters += len(pending.dead) + sum(b.dead is not None for b in pending.batches)
        self._notify |= done.dirty
        fresh: dict[tuple[int, int], int] = {}
        for batch in pending.batches:
            key = batch.node.node_id, batch.ledger_id
            fresh[key] = fresh.get(key, 0) + 1
        for node in self._plant.nodes.values():
            ranges = done.handled.get(node.ledger_key) if node.ledger_id is not None else None
            if ranges is not None and (node.ledger_key in fresh or ranges != node.handled):
                self._acknowledger.handled(node, ranges, fresh.get(node.ledger_key, 0))
                node.handled = ranges

    def mark_dirty(self) -> None:
        """Marks were made outside a commit."""
        self._notify = True

    def tick(self) -> None:
        """Notify the worker, keep partitions ready."""
        now = time.monotonic()
        if self._notify and now - self._notified >= _NOTIFY_S:
            self._notify, self._notified = False, now
            self._database.run(lambda c: c.execute("NOTIFY chejian_dirty"))
        if now - self._looked_ahead >= _AHEAD_S:
            self._database.run(self._look_ahead)
            self._looked_ahead = now

    def _look_ahead(self, connection: Connection) -> None:
        now_us = time.time_ns() // 1000 - PG_EPOCH_MS * 1000
        if self._partitions is not None:
            self._partitions.ahead(connection, now_us, self._config.store.partitions_ahead)


def _same(node: Node, stored: Node | None) -> bool:
    """Whether the database still says of a node what the rows that wait were made from."""
    if stored is None or stored.node_id != node.node_id or stored.ledger_id != node.ledger_id:
        return False
    node.handled = stored.handled
    names = {name: d.device_id for name, d in stored.devices.items()}
    if names != {name: d.device_id for name, d in node.devices.items()}:
        return False
    if node.ledger_id is None:
        return True
    return {a: s.series_id for a, s in stored.aliases.items()} == {
        a: s.series_id for a, s in node.aliases.items()
    }


def _buried(batch: Batch, reason: str) -> Pending:
    pending = Pending()
    letter = DeadLetter(
        "",
        b"",
        reason,
        time.time_ns() // 1_000_000,
        batch.samples,
        batch.node.node_id,
        batch.ledger_id,
        batch.number,
    )
    pending.add_batch(Batch(batch.node, batch.ledger_id, batch.number, batch.samples, letter))
    return pending
