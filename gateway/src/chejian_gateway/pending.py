"""What waits for the next commit."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from chejian_contract.ledger import Range
from chejian_contract.sparkplug.payload import Metric
from numpy.typing import NDArray

from chejian_gateway.intake import Message
from chejian_gateway.nodes import LedgerKey, Node, Series

FOREIGN = -1
"""Batch index of rows that belong to no batch."""
PG_EPOCH_MS = 946_684_800_000
"""2000-01-01 UTC, where PostgreSQL's binary timestamps start, in Unix milliseconds."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message, or a metric of a foreign node, that can't be stored.

    Attributes:
        topic, payload: as received; a payload above the bound is cut.
        reason: a sentence.
        samples: that it holds, where known.
        received_ms: Unix milliseconds.
        node_id: of a known node.
        ledger_id, batch: of a batch that is thereby handled.
    """

    topic: str
    payload: bytes
    reason: str
    received_ms: int
    samples: int = 0
    node_id: int | None = None
    ledger_id: int | None = None
    batch: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """One message of a ledger node; `dead` where it can't be stored, `message` for the letter if the database refuses it."""

    node: Node
    ledger_id: int
    number: int
    samples: int
    dead: DeadLetter | None = None
    message: Message | None = None

    @property
    def key(self) -> tuple[int, int, int]:
        """Node id, ledger id, batch number."""
        return self.node.node_id, self.ledger_id, self.number


@dataclass(frozen=True, slots=True)
class Rows:
    """Numeric samples as columns; all arrays of one length.

    Attributes:
        time_us: microseconds since 2000-01-01 UTC.
        value: NaN where a sample came without one.
        series: series id.
        quality: see `chejian_contract.samples.Quality`.
        batch: index in `Pending.batches`, or `FOREIGN`.
    """

    time_us: NDArray[np.int64]
    value: NDArray[np.float64]
    series: NDArray[np.int32]
    quality: NDArray[np.int16]
    batch: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.time_us)

    def where(self, mask: NDArray[np.bool_]) -> "Rows":
        """The rows of a mask."""
        return Rows(
            self.time_us[mask], self.value[mask], self.series[mask], self.quality[mask], self.batch[mask]
        )

    def by_series(self) -> "Rows":
        """The rows sorted by series id, those of one series in the order in which they came."""
        order = np.argsort(self.series, kind="stable")
        return Rows(
            self.time_us[order],
            self.value[order],
            self.series[order],
            self.quality[order],
            self.batch[order],
        )

    @classmethod
    def join(cls, blocks: Sequence["Rows"]) -> "Rows":
        """One behind the other."""
        if len(blocks) == 1:
            return blocks[0]
        return cls(
            np.concatenate([b.time_us for b in blocks] or [np.empty(0, np.int64)]),
            np.concatenate([b.value for b in blocks] or [np.empty(0, np.float64)]),
            np.concatenate([b.series for b in blocks] or [np.empty(0, np.int32)]),
            np.concatenate([b.quality for b in blocks] or [np.empty(0, np.int16)]),
            np.concatenate([b.batch for b in blocks] or [np.empty(0, np.int32)]),
        )


@dataclass(frozen=True, slots=True)
class Block:
    """A text (UTF-8) or a waveform (singles); `data` is None where the sample came without one."""

    time_us: int
    series: int
    quality: int
    data: bytes | None
    batch: int
    sample_rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Announcement:
    """Totals and declared losses that an edge announced."""

    batches: int
    samples: int
    lost: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a sample of a foreign node came from, for the letter if the database refuses it."""

    series: Series
    node_id: int
    message: Message
    metric: Metric
    time_ms: int


@dataclass(slots=True)
class Pending:
    """Rows, batches, dead letters and announcements of one commit."""

    batches: list[Batch] = field(default_factory=list)
    rows: list[Rows] = field(default_factory=list)
    texts: list[Block] = field(default_factory=list)
    waveforms: list[Block] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    announcements: dict[LedgerKey, Announcement] = field(default_factory=dict)
    numbers: set[tuple[int, int, int]] = field(default_factory=set)
    count: int = 0
    size: int = 0
    since: float | None = None
    xid: str | None = None
    """Transaction that last tried to store it, where the ledger alone can't tell whether it landed."""

    def add_batch(self, batch: Batch) -> int:
        """Enter a batch and return its index."""
        self.batches.append(batch)
        self.numbers.add(batch.key)
        self.size += len(batch.message.payload) if batch.message else 0
        self._touch()
        return len(self.batches) - 1

    def add_rows(self, rows: Rows) -> None:
        """Enter numeric samples."""
        if len(rows):
            self.rows.append(rows)
            self.count += len(rows)
            self._touch()

    def add_text(self, block: Block) -> None:
        """Enter a text sample."""
        self.texts.append(block)
        self.count += 1
        self._touch()

    def add_waveform(self, block: Block) -> None:
        """Enter a waveform."""
        self.waveforms.append(block)
        self.count += 1
        self.size += len(block.data or b"")
        self._touch()

    def add_dead(self, letter: DeadLetter) -> None:
        """Enter a dead letter that belongs to no batch."""
        self.dead.append(letter)
        self.size += len(letter.payload)
        self._touch()

    def announce(self, key: LedgerKey, announcement: Announcement) -> None:
        """Enter what an edge announced; the last word counts."""
        self.announcements[key] = announcement
        self._touch()

    def _touch(self) -> None:
        if self.since is None:
            self.since = time.monotonic()

    def __bool__(self) -> bool:
        return self.since is not None

    @property
    def has_foreign(self) -> bool:
        """Whether rows or dead letters without a batch are among it: the ledger can't tell if those were stored."""
        return bool(
            self.dead
            or any(len(r) and r.batch[0] == FOREIGN for r in self.rows)
            or any(b.batch == FOREIGN for b in (*self.texts, *self.waveforms))
        )

    def only(self, keep: Sequence[int], *, rest: bool) -> "Pending":
        """A part of it.

        Args:
            keep: indices of the batches to keep.
            rest: whether to keep what belongs to no batch: foreign rows, dead letters, announcements.
        """
        index = np.full(len(self.batches) + 1, -2, np.int32)
        index[list(keep)] = np.arange(len(keep), dtype=np.int32)
        index[FOREIGN] = FOREIGN if rest else -2
        part = Pending(since=self.since)
        for i in keep:
            part.add_batch(self.batches[i])
        for rows in self.rows:
            new = index[rows.batch]
            moved = Rows(rows.time_us, rows.value, rows.series, rows.quality, new)
            part.add_rows(moved.where(new != -2))  # noqa: PLR2004 - marks what goes
        for source, add in ((self.texts, part.add_text), (self.waveforms, part.add_waveform)):
            for b in source:
                if index[b.batch] != -2:  # noqa: PLR2004 - as above
                    add(Block(b.time_us, b.series, b.quality, b.data, int(index[b.batch]), b.sample_rate))
        if rest:
            part.dead = list(self.dead)
            part.origins = list(self.origins)
            part.announcements = dict(self.announcements)
        return part

    def of_series(self, series: Sequence[int]) -> "Pending":
        """The foreign samples of some series."""
        part, wanted = Pending(since=self.since), set(series)
        ids = np.array(sorted(wanted), np.int32)
        for rows in self.rows:
            part.add_rows(rows.where(np.isin(rows.series, ids) & (rows.batch == FOREIGN)))
        for source, add in ((self.texts, part.add_text), (self.waveforms, part.add_waveform)):
            for b in source:
                if b.series in wanted and b.batch == FOREIGN:
                    add(b)
        part.origins = [o for o in self.origins if o.series.series_id in wanted]
        return part
