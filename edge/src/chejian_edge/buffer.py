"""The buffer: samples become durable here, before the network. Calls run one after another in a thread of its own."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

from chejian_contract.ledger import Ack
from chejian_contract.sparkplug.session import SEQ_MODULUS

from chejian_edge.aliases import RetiredAlias, SeriesKey, assign_aliases, load_states, retired_aliases
from chejian_edge.clock import wall_clock_ms
from chejian_edge.config import BufferConfig
from chejian_edge.errors import BufferCorruptError, EdgeError
from chejian_edge.ledger import AckResult, BatchInfo, Ledger, StoredBatch, Totals
from chejian_edge.pipeline import Drained
from chejian_edge.relief import Relief
from chejian_edge.series import SeriesState
from chejian_edge.store import FileLock, close_store, open_store, store_errors, transaction

T = TypeVar("T")


class Buffer:
    """The durable buffer; an async context manager. Making it does no I/O.

    Args:
        config: path and limits.
        clock: [ms UTC] for creation and acknowledgement times.

    Attributes:
        totals: the account after the last change.
        damaged: the file was found damaged; it is rebuilt at the next opening.
    """

    totals: Totals

    def __init__(self, config: BufferConfig, *, clock: Callable[[], int] = wall_clock_ms) -> None:
        self.damaged = False
        self._config = config
        self._clock = clock
        self._relief = Relief(config.path)
        self._lock = FileLock(config.path)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="buffer")
        self._db: sqlite3.Connection
        self._ledger: Ledger

    async def __aenter__(self) -> Self:
        """Open the file.

        Raises:
            EdgeError: another agent uses it, or it can't be written.
        """
        try:
            await self._run(self._open)
        except BaseException:
            self._thread.shutdown()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._run(self._close)
        finally:
            self._thread.shutdown()

    async def _run(self, call: Callable[[], T]) -> T:
        def guarded() -> T:
            try:
                with store_errors(self._config.path):
                    return self._relief.with_room(call)
            except BufferCorruptError:
                self.damaged = True
                raise

        return await asyncio.get_running_loop().run_in_executor(self._thread, guarded)

    async def _change(self, call: Callable[[], T]) -> T:
        def changed() -> tuple[T, Totals]:
            result = call()
            return result, self._ledger.totals()

        result, self.totals = await self._run(changed)
        return result

    def _open(self) -> None:
        try:
            self._config.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.take()
        except OSError as error:
            raise EdgeError(f"buffer {self._config.path} can't be made: {error}") from error
        try:
            self._db = open_store(self._config.path)
        except BaseException:
            self._lock.release()
            raise
        self._ledger = Ledger(self._db, max_bytes=self._config.max_bytes)
        self.totals = self._ledger.totals()
        self.damaged = False
        self._relief.serve(self._db, self._ledger)

    def _close(self) -> None:
        self._relief.end()
        try:
            if self.damaged:
                self._db.close()  # not marked clean: the next opening checks the file
            else:
                close_store(self._db)
        finally:
            self._lock.release()

    async def aliases(self, keys: Iterable[SeriesKey]) -> Mapping[SeriesKey, int]:
        """Permanent aliases of the signals; those of earlier signals are retired."""
        wanted = list(keys)
        return await self._run(lambda: assign_aliases(self._db, wanted))

    async def retired(self) -> list[RetiredAlias]:
        """Retired aliases that births must still list."""
        return await self._run(lambda: retired_aliases(self._db))

    async def states(self) -> Mapping[int, SeriesState]:
        """Series states by alias."""
        return await self._run(lambda: load_states(self._db))

    async def next_bd_seq(self) -> int:
        """Advance the persisted bdSeq for a new CONNECT."""

        def advance() -> int:
            with transaction(self._db):
                row = self._db.execute(
                    "UPDATE identity SET bd_seq = (bd_seq + 1) % ? RETURNING bd_seq", (SEQ_MODULUS,)
                ).fetchone()
            return int(row[0])

        return await self._run(advance)

    async def commit(self, drained: Drained) -> list[BatchInfo]:
        """Make batches durable; from here on they are produced samples.

        Raises:
            BufferFullError: nothing was committed; try again later.
            BufferCorruptError: the file is damaged.
        """
        now = self._clock()
        return await self._change(lambda: self._ledger.commit(drained.batches, drained.states, now))

    async def acknowledge(self, ack: Ack) -> AckResult:
        """Take an acknowledgement of the host."""
        return await self._change(lambda: self._ledger.acknowledge(ack, self._clock()))

    async def host_rolled_back(self, ack: Ack) -> int:
        """The host has less than it had: open what it misses again."""
        return await self._change(lambda: self._ledger.host_rolled_back(ack))

    async def published(self, numbers: Sequence[int]) -> None:
        """Done without a ledger host."""
        await self._change(lambda: self._ledger.published(numbers, self._clock()))

    async def misses(self, ack: Ack) -> bool:
        """Whether the host misses what it had acknowledged."""
        return await self._run(lambda: self._ledger.misses(ack))

    async def renew(self) -> int:
        """Begin a new identity, see `Ledger.renew`."""
        return await self._change(self._ledger.renew)

    async def open_after(self, number: int, limit: int) -> list[BatchInfo]:
        """Unacknowledged batches behind `number`."""
        return await self._run(lambda: self._ledger.open_after(number, limit))

    async def owes(self, device: str) -> bool:
        """Whether a batch of a device is not acknowledged."""
        return await self._run(lambda: self._ledger.owes(device))

    async def load(self, numbers: Sequence[int]) -> list[StoredBatch]:
        """Batches with their metrics; those acknowledged or lost meanwhile are left out."""
        return await self._change(lambda: self._ledger.load(numbers))

    async def purge(self) -> int:
        """Delete some batches whose retention is over, and give free pages back; returns how many steps did something."""
        before = self._clock() - round(self._config.retain_acknowledged * 1000)
        deleted = await self._change(lambda: self._ledger.purge(before))
        freed = await self._run(self._relief.give_back)
        return deleted + freed

    async def look_for_room(self) -> None:
        """After a full disk: grow again as soon as there is room."""
        if self._relief.short:
            await self._run(self._relief.give_back)

    async def source_status(self, name: str, status: Mapping[str, object]) -> None:
        """Keep a source's status for `chejian-edge status`."""
        text = json.dumps(status)

        def put() -> None:
            self._db.execute("INSERT OR REPLACE INTO source VALUES (?, ?)", (name, text))

        await self._run(put)

    async def forget_sources(self) -> None:
        """Begin with no source's status."""

        def clear() -> None:
            self._db.execute("DELETE FROM source")

        await self._run(clear)
