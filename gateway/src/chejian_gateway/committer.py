"""Commits with everything around them: retries, poison, acknowledgements, notifications, partitions."""

import logging
import time

import psycopg
from psycopg import Connection
from psycopg.errors import QueryCanceled

from chejian_gateway import lastvalues, registry
from chejian_gateway.config import GatewayConfig
from chejian_gateway.database import Database
from chejian_gateway.errors import ReplayError
from chejian_gateway.host import Acknowledger
from chejian_gateway.nodes import Node, Plant
from chejian_gateway.pending import PG_EPOCH_MS, Pending
from chejian_gateway.poison import buried, described, halves
from chejian_gateway.store import Edition, Partitions, detect_edition
from chejian_gateway.writer import Committed, Writer

_log = logging.getLogger(__name__)

_NOTIFY_S = 0.2
"""At most five notifications a second; they are hints."""
_AHEAD_S = 3600.0
"""How often partitions ahead are looked after."""
_SETTLE_S = 1.0
"""How often it is looked for last values to settle."""
_SETTLE_SHARE = 20
"""Settling takes at most one part in so many of the time: the view is exact in any case."""
_TIMEOUTS = 5
"""Attempts that the server may end by its `statement_timeout` before the commit is halved; 1.5 s of pauses."""
_ROUNDS = 5
"""Searches that are given up because nothing could be stored at all, before each batch is tried to the end."""

Refused = tuple[Pending, psycopg.Error]
"""A unit of a commit, see `poison.halves`, and what the database says of it."""


class _OverloadedError(Exception):
    """Several units of a commit timed out, and nothing else was stored."""


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
        self._settle_at = float("-inf")
        self._epoch = 0
        self.edition = Edition.PLAIN
        self.commits = self.rows = self.batches = self.doubles = self.dead_letters = self.dropped = 0
        self.short_claims = self.stale = 0
        self._office = self._begun = 0
        self.seconds = self.settle_seconds = 0.0
        self.settled = 0

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
        self._begun = self._office
        for unit, error in self._stored(pending):
            self._bury(unit, error)

    def _stored(self, pending: Pending) -> list[Refused]:
        for _ in range(_ROUNDS):
            try:
                return self._store(pending, _TIMEOUTS, self.commits)
            except _OverloadedError as error:
                _log.warning(
                    "the server ends statement after statement: trying the whole commit again: %s", error
                )
        return self._store(pending, _TIMEOUTS)

    def _store(self, pending: Pending, timeouts: int, since: int | None = None) -> list[Refused]:
        """Store what the database takes; returns the units that it does not take, each alone.

        Args:
            pending: the commit, or a part of it.
            timeouts: attempts that the server may end.
            since: commits before the search began, to notice that nothing at all can be stored; None: search to the end.

        Raises:
            _OverloadedError: the server ended several units, and nothing was stored since the search began.
        """
        started = time.perf_counter()
        epoch = self._epoch
        try:
            done = self._database.run(lambda _: self._write(pending, epoch), timeouts=timeouts)
        except psycopg.Error as error:
            return self._search(pending, error, since)
        self._account(pending, done)
        self.seconds += time.perf_counter() - started
        return []

    def _search(self, pending: Pending, error: psycopg.Error, since: int | None) -> list[Refused]:
        parts = halves(pending)
        if parts is None:
            return [(pending, error)]
        _log.debug("%d batches, %d rows refused: %s", len(pending.batches), pending.count, error)
        refused: list[Refused] = []
        for part in parts:
            refused += self._store(part, 1, since)
            if (
                since == self.commits
                and len(refused) > 1
                and all(isinstance(e, QueryCanceled) for _, e in refused)
            ):
                raise _OverloadedError(str(error).strip())
        return refused

    def _bury(self, unit: Pending, error: psycopg.Error) -> None:
        _log.warning("the database refused %s: %s", described(unit), str(error).strip())
        grave = buried(unit, f"the database refused it: {str(error).strip()}")
        left = self._store(grave, _TIMEOUTS) if grave is not None else [(unit, error)]
        for part, reason in left:
            self.dropped += len(part.batches)  # not handled: the edge sends them again
            _log.error("neither stored nor kept as a dead letter: %s: %s", described(part), reason)

    def _write(self, pending: Pending, epoch: int) -> Committed:
        if self._writer is None or epoch != self._epoch:
            self.dropped += len(pending.batches)
            return Committed()  # another database: these ids mean nothing there, the edges send them again
        if self._office != self._begun:
            pending = pending.only(range(len(pending.batches)), rest=False)
        return self._writer.commit(pending)

    def drop_foreign(self) -> None:
        """The office of the host is lost: of a commit that is being tried, store only what the ledger guards."""
        self._office += 1

    def store_once(self, pending: Pending) -> int:
        """Store all of it inside the caller's transaction; returns its rows.

        Raises:
            ReplayError: a batch is handled already.
        """
        if self._writer is None:
            raise RuntimeError("no connection has been made")
        done = self._writer.commit(pending, former=True)
        if done.doubles:
            raise ReplayError(f"{done.doubles} of {len(pending.batches)} batches are in the ledger already")
        return done.rows

    def _account(self, pending: Pending, done: Committed) -> None:
        self.commits += 1
        self.rows += done.rows
        self.batches += done.batches
        self.doubles += done.doubles
        self.stale += done.stale
        self.short_claims += done.short
        self.dead_letters += done.letters
        self._notify |= done.dirty
        fresh = {(b.node.node_id, b.ledger_id) for b in pending.batches}
        for node in self._plant.nodes.values():
            ranges = done.handled.get(node.ledger_key) if node.ledger_id is not None else None
            if ranges is not None and (node.ledger_key in fresh or ranges != node.handled):
                self._acknowledger.handled(node, ranges)
                node.handled = ranges

    def mark_dirty(self) -> None:
        """Marks were made outside a commit."""
        self._notify = True

    def tick(self) -> None:
        """Notify the worker, settle last values, keep partitions ready."""
        now = time.monotonic()
        if self._notify and now - self._notified >= _NOTIFY_S:
            self._notify, self._notified = False, now
            self._database.run(lambda c: c.execute("NOTIFY chejian_dirty"))
        if now - self._looked_ahead >= _AHEAD_S:
            self._database.run(self._look_ahead)
            self._looked_ahead = now
        if now >= self._settle_at:
            self._settle(now)

    def _settle(self, now: float) -> None:
        done = self._database.run(lambda c: lastvalues.settle_due(c, lastvalues.REST_S))
        took = time.monotonic() - now
        self.settled += done
        self.settle_seconds += took
        self._settle_at = now + (_SETTLE_SHARE * took if done else _SETTLE_S)

    def _look_ahead(self, connection: Connection) -> None:
        now_us = time.time_ns() // 1000 - PG_EPOCH_MS * 1000
        if self._partitions is not None:
            self._partitions.ahead(connection, now_us, self._config.store.partitions_ahead)


def _same(node: Node, stored: Node | None) -> bool:
    """Whether the database still says of a node what the rows that wait were made from; more it may say."""
    if stored is None or stored.node_id != node.node_id or stored.ledger_id != node.ledger_id:
        return False
    node.handled = stored.handled
    devices = {(name, d.device_id) for name, d in node.devices.items()}
    aliases = {(alias, s.series_id) for alias, s in node.aliases.items()}
    return devices <= {(name, d.device_id) for name, d in stored.devices.items()} and (
        aliases <= {(alias, s.series_id) for alias, s in stored.aliases.items()}
    )
