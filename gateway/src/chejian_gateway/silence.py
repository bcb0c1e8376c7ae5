"""Ledger nodes that died while no host was online: nobody heard their NDEATH, and nothing else would tell of it."""

import logging
import time
from collections.abc import Callable

from chejian_gateway import registry
from chejian_gateway.core import Core
from chejian_gateway.errors import NotHostError
from chejian_gateway.nodes import Node

_log = logging.getLogger(__name__)

PATIENCE_S = 120.0
"""A node with a ledger tells its account at least every 30 s; four of them may be lost or late [s]."""


class Silence:
    """Looks once, some time after the host has come online (again), for nodes of which nothing was heard since.

    A node that was only slow to speak is asked for its births when it does, as after any death.

    Args:
        core: state of the working thread.
        died: enters the death of a node, at a time [Unix ms].
        clock: monotonic [s].
    """

    def __init__(
        self, core: Core, died: Callable[[Node, int], None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._core = core
        self._died = died
        self._clock = clock
        self._since: float | None = None
        self._began_ms = 0
        self._looked = False

    def tick(self, *, online: bool) -> None:
        """Look when it is time.

        Args:
            online: whether this process is the host and its connection to the broker stands.
        """
        if not online:
            self._since, self._looked = None, False
        elif self._since is None:
            self._since, self._began_ms = self._clock(), time.time_ns() // 1_000_000
        elif not self._looked and self._clock() - self._since >= PATIENCE_S:
            self._looked = True
            self._look()

    def _look(self) -> None:
        core, now_ms = self._core, time.time_ns() // 1_000_000
        for key in core.database.run(registry.online_ledger_nodes):
            node = core.known_node(key)
            if node is not None and not node.dead and node.seen_ms < self._began_ms:
                _log.info("node %s/%s is silent: it died while no host was online", *key)
                try:
                    self._died(node, now_ms)
                except NotHostError:
                    return  # the next host looks itself
