"""What the gateway knows of nodes, devices and series; all of it comes from the database or from births."""

from dataclasses import dataclass, field

import numpy as np
from chejian_contract.ledger import Range
from chejian_contract.sparkplug.session import HostSession, Reordering

from chejian_gateway.arrival import Arrival
from chejian_gateway.kernels.resolve import Directory

NodeKey = tuple[str, str]
"""Group and edge node."""
LedgerKey = tuple[int, int]
"""Node id and ledger id."""


@dataclass(frozen=True, slots=True)
class Series:
    """A row of `telemetry.series`."""

    series_id: int
    device_id: int
    name: str
    datatype: int
    unit: str = ""
    quantity: str = ""
    kind: str = ""
    role: str = ""
    sample_rate: float = 0.0
    retired: bool = False


@dataclass(slots=True)
class Device:
    """A row of `telemetry.device`; `by_name` and `by_alias` hold the last birth of a foreign node's device."""

    device_id: int
    name: str
    online: bool = False
    by_name: dict[str, Series] = field(default_factory=dict)
    by_alias: dict[int, Series] = field(default_factory=dict)


@dataclass(slots=True)
class Node:
    """A row of `telemetry.node` and what goes with it.

    Attributes:
        key: group and edge node.
        node_id: its row.
        ledger_id: identity of its buffer; None: a foreign node.
        slot: index in the directory.
        session: the present Sparkplug session.
        order: of its messages; foreign nodes only, for the ledger of the others shows what is missing.
        devices: by Sparkplug device id; "" holds the node's own metrics.
        aliases: series by permanent alias; ledger nodes only.
        handled: batches known to be stored, dead or lost; a lower bound, the database decides.
        seen_ms: last message, by the gateway's clock; not yet written while `seen_written_ms` is less.
        gaps, rebirths: sequence gaps and rebirth requests not yet written.
        former: identities of the node's earlier buffers.
        dead: an NDEATH was the last that was heard of it, at `died_ms` by the gateway's clock.
    """

    key: NodeKey
    node_id: int
    ledger_id: int | None = None
    slot: int = -1
    session: HostSession = field(default_factory=HostSession)
    order: Reordering[Arrival] = field(default_factory=Reordering)
    devices: dict[str, Device] = field(default_factory=dict)
    aliases: dict[int, Series] = field(default_factory=dict)
    handled: list[Range] = field(default_factory=list)
    seen_ms: int = 0
    seen_written_ms: int = 0
    gaps: int = 0
    rebirths: int = 0
    former: frozenset[int] = frozenset()
    dead: bool = False
    died_ms: int = 0

    @property
    def ledger_key(self) -> LedgerKey:
        """Key of the ledger row; ledger nodes only."""
        return self.node_id, self.ledger_id or 0


class SeriesTable:
    """Attributes of series by id, dense, for vectorised look-ups."""

    def __init__(self) -> None:
        self.device = np.zeros(1024, np.int32)
        self.code = np.zeros(1024, np.uint8)
        self.sample_rate = np.zeros(1024, np.float64)

    def add(self, series: Series) -> None:
        """Enter or replace a series."""
        size = len(self.device)
        if series.series_id >= size:
            new = max(series.series_id + 1, 2 * size)
            self.device = np.concatenate((self.device, np.zeros(new - size, np.int32)))
            self.code = np.concatenate((self.code, np.zeros(new - size, np.uint8)))
            self.sample_rate = np.concatenate((self.sample_rate, np.zeros(new - size)))
        self.device[series.series_id] = series.device_id
        self.code[series.series_id] = series.datatype
        self.sample_rate[series.series_id] = series.sample_rate


class Plant:
    """All nodes in memory."""

    def __init__(self) -> None:
        self.nodes: dict[NodeKey, Node] = {}
        self.series = SeriesTable()
        self._slots: list[Node] = []
        self._directory: Directory | None = None

    def add(self, node: Node) -> None:
        """Enter a node, or replace what was known of it; its aliases are read when the directory is next asked for."""
        known = self.nodes.get(node.key)
        if known is None:
            node.slot = len(self._slots)
            self._slots.append(node)
        else:
            node.slot = known.slot
            node.gaps, node.rebirths = known.gaps, known.rebirths
            node.seen_ms = max(node.seen_ms, known.seen_ms)
            node.seen_written_ms = max(node.seen_written_ms, known.seen_written_ms)
            self._slots[node.slot] = node
        self.nodes[node.key] = node
        self.changed()

    def changed(self) -> None:
        """Aliases of a node changed: the directory is built anew when next asked for."""
        self._directory = None

    def clear(self) -> None:
        """Forget all nodes."""
        self.nodes.clear()
        self._slots.clear()
        self.changed()

    @property
    def directory(self) -> Directory:
        """Sorted aliases of all nodes."""
        if self._directory is None:
            self._directory = self._build()
        return self._directory

    def _build(self) -> Directory:
        tables = [sorted((a, s.series_id) for a, s in n.aliases.items()) for n in self._slots]
        flat = np.array([pair for table in tables for pair in table], np.int64).reshape(-1, 2)
        first = np.zeros(len(tables) + 1, np.int64)
        np.cumsum([len(t) for t in tables], out=first[1:])
        return Directory(first, flat[:, 0].copy(), flat[:, 1].astype(np.int32), self.series.code)
