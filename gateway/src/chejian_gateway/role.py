"""Which replica is the Sparkplug host: the one whose database session holds an advisory lock.

All work of the engine goes over that one session. Where it ends, for whatever reason, the lock ends with it, and
nothing more can be written under it: so two hosts never write, though two may believe for a moment that they are one.
"""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from psycopg import Connection

from chejian_gateway import registry
from chejian_gateway.core import Core
from chejian_gateway.database import GivenUpError
from chejian_gateway.nodes import NodeKey

_log = logging.getLogger(__name__)

_LOCK = "hashtext('chejian gateway host')"
"""Key of the advisory lock: one host for each database."""
_RECONNECT_S = 1.0
"""Pause between attempts of the host to reach the broker."""
_UNREACHABLE_S = 10.0
"""A host that has not reached the broker for so long, over neither connection, leaves the office to another."""


class Link(Protocol):
    """The host's connection to the broker; see `HostLink`."""

    subscribed: bool
    confirmed: bool
    ended: bool
    rival: bool
    disturbed: bool

    @property
    def online(self) -> bool: ...  # noqa: D102 - documented there, as all below
    def open(self) -> None: ...  # noqa: D102
    def say_online(self) -> None: ...  # noqa: D102
    def follow(self, nodes: Iterable[NodeKey]) -> None: ...  # noqa: D102
    def covers(self, node: NodeKey) -> bool: ...  # noqa: D102
    def close(self, *, goodbye: bool) -> None: ...  # noqa: D102


class Role:
    """Host or replica; used by the engine's thread only.

    Args:
        core: state of the working thread; its `term` is kept here.
        make_link: makes a connection for a term of office, covering the foreign nodes given.
        reachable: whether the data connection reaches the broker; only then it is worth being the host.
        lost: called when the office is lost, to drop what only the host may do.
        interval: seconds between attempts to become the host.
        entered: called when the office begins, to learn what the last host has entered.

    Attributes:
        host: whether this process holds the office.
        decided: whether it has tried.
        elections: how often it became the host.
        step_downs: how often it lost the office to another.
    """

    def __init__(
        self,
        core: Core,
        make_link: Callable[[int, Iterable[NodeKey]], Link],
        reachable: Callable[[], bool],
        lost: Callable[[], None],
        interval: float,
        entered: Callable[[], None] = lambda: None,
    ) -> None:
        self._core = core
        self._make_link = make_link
        self._reachable = reachable
        self._lost = lost
        self._interval = interval
        self._entered = entered
        self._link: Link | None = None
        self._next = self._reached = 0.0
        self.host = self.decided = self._spoken = False
        self.elections = self.step_downs = 0

    @property
    def online(self) -> bool:
        """Whether this process is the host and has said so."""
        return self.host and self._link is not None and self._link.online

    @property
    def may_speak(self) -> bool:
        """Whether commands may be sent: the first word of a host is its STATE (principles-birth-certificates-order)."""
        if not self.host:
            return self.decided
        self._spoken |= self._link is not None and self._link.confirmed
        return self._spoken

    def connected(self, connection: Connection) -> None:
        """A new database session: is the office (still) ours?"""
        rival = self._link is not None and self._link.rival
        mine = (self.host or self._reachable()) and _try_lock(connection)
        if self.host and (rival or not mine):
            self._step_down("another replica took over while the database could not be reached")
        if mine and not self.host:
            self._enter_office()

    def away(self) -> None:
        """The database can't be reached: believe another session that says it is the host."""
        if self.host and self._link is not None and self._link.rival:
            self._step_down("another replica says that it is the host, and the database can't be asked")

    def tick(self) -> None:
        """Try to become the host, or look after the office."""
        now = time.monotonic()
        if self.host:
            self._serve(now)
        elif now >= self._next and self._reachable():
            self._next = now + self._interval
            self._core.database.run(self._stand)

    def _stand(self, connection: Connection) -> None:
        if not self.host and _try_lock(connection):
            self._enter_office()
        elif not self.decided:
            _log.info("another replica is the host; this one takes its share of the data")
        self.decided = True

    def _enter_office(self) -> None:
        self.host = self.decided = True
        self._spoken = False
        self.elections += 1
        self._core.term = self.elections
        self._next, self._reached = 0.0, time.monotonic()
        _log.info("elected host, term %d", self._core.term)

    def _serve(self, now: float) -> None:
        link = self._link
        if link is None or link.ended:
            if now >= self._next:
                self._next = now + _RECONNECT_S
                self._open()
        elif (link.disturbed or link.rival or (link.subscribed and not link.online)) and self._still_host():
            link.say_online()
        if self.online or self._reachable():
            self._reached = now
        elif self.host and now - self._reached >= _UNREACHABLE_S:
            self._core.database.run(_unlock)
            self._step_down("the broker can't be reached")

    def _open(self) -> None:
        """Connect to the broker; foreign nodes are read anew, for another host may have entered their births."""
        foreign = self._core.database.run(registry.foreign_nodes)
        if not self.host:
            return
        if self._link is None:
            self._entered()
            for node in foreign:
                self._core.enter_node(node)
        else:
            self._link.close(goodbye=False)
        self._link = self._make_link(self._core.term, [n.key for n in foreign])
        self._link.open()

    def _still_host(self) -> bool:
        """Ask the session that holds the lock; a broken one is replaced, and `connected` judges."""
        self._core.database.run(lambda c: c.execute("SELECT 1"))
        return self.host

    def _step_down(self, why: str) -> None:
        _log.warning("no host any more: %s", why)
        self.step_downs += 1
        self.host = False
        self._core.term = 0
        if self._link is not None:
            self._link.close(goodbye=False)
            self._link = None
        self._next = time.monotonic() + self._interval
        self._lost()

    def follow(self, key: NodeKey) -> None:
        """A foreign node was born: have its data sent here."""
        if self._link is not None and not self._link.covers(key):
            self._link.follow([key])

    def covers(self, key: NodeKey) -> bool:
        """Whether a foreign node's data come over the host's own connection."""
        return self._link is not None and self._link.covers(key)

    def resign(self) -> None:
        """The process ends: say good-bye as long as the office is ours; the end of the session frees it."""
        if self._link is None:
            return
        try:
            mine = self._still_host()
        except GivenUpError:
            mine = not self._link.rival
        if mine and self._link is not None:
            self._link.close(goodbye=True)
            self._link = None


def _try_lock(connection: Connection) -> bool:
    row = connection.execute(f"SELECT pg_try_advisory_lock({_LOCK})").fetchone()
    return bool(row and row[0])


def _unlock(connection: Connection) -> None:
    connection.execute(f"SELECT pg_advisory_unlock({_LOCK})")
