"""A model of everything around the edge's ledger: host with replicas and database, and a channel that may do anything."""

import random
from collections import Counter, deque
from collections.abc import Coroutine, Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from chejian_contract.ledger import Ack, Range, merge
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_edge.ledger import Ledger
from chejian_edge.store import close_store, open_store

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never really waits."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # the coroutine's result
    raise AssertionError("it waits for something that is not there")


def body(samples: Iterable[int], padding: int) -> bytes:
    """A sample's number stands in its time."""
    payload = Payload()
    for sample in samples:
        payload.metrics.add(alias=1, timestamp=sample, string_value="x" * padding)
    return payload.SerializeToString()


def samples_of(data: bytes) -> tuple[int, ...]:
    return tuple(m.timestamp for m in Payload.FromString(data).metrics)


class Buffered:
    """The buffer's interface without its thread."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self.db = open_store(path)
        self.ledger = Ledger(self.db, max_bytes=max_bytes)

    @property
    def totals(self) -> Any:
        return self.ledger.totals()

    def close(self) -> None:
        close_store(self.db)

    async def acknowledge(self, ack: Any) -> Any:
        return self.ledger.acknowledge(ack, 0)

    async def misses(self, ack: Any) -> bool:
        return self.ledger.misses(ack)

    async def host_rolled_back(self, ack: Any) -> int:
        return self.ledger.host_rolled_back(ack)

    async def renew(self) -> int:
        return self.ledger.renew()

    async def open_after(self, number: int, limit: int) -> Any:
        return self.ledger.open_after(number, limit)

    async def load(self, numbers: Any) -> Any:
        return self.ledger.load(numbers)

    def contents(self, *, acked: bool) -> dict[int, tuple[int, ...]]:
        """Samples by batch number."""
        rows = self.db.execute(
            "SELECT number, data FROM body JOIN batch USING (number) WHERE (acked_ms IS NOT NULL) = ?",
            (acked,),
        )
        return {number: samples_of(data) for number, data in rows}


@dataclass(frozen=True)
class Data:
    """A DDATA: samples are numbers that occur once in the world."""

    ledger_id: int
    number: int
    samples: tuple[int, ...]
    poison: bool


@dataclass(frozen=True)
class Account:
    """An NBIRTH or NDATA."""

    birth: bool
    ledger_id: int
    lost: tuple[Range, ...]


@dataclass
class Entry:
    """One row of the host's ledger."""

    stored: set[int] = field(default_factory=set)
    dead: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)

    def ranges(self) -> list[Range]:
        return merge((n, n) for n in self.stored | self.dead | self.lost)


@dataclass
class Database:
    """What is durable at the host."""

    current: int = 0
    ledger: dict[int, Entry] = field(default_factory=dict)
    rows: Counter[int] = field(default_factory=Counter)
    dead: Counter[int] = field(default_factory=Counter)


class Host:
    """Replicas with queues of their own before one database; answers are put into `answers`."""

    def __init__(self, replicas: int) -> None:
        self.database = Database()
        self.queues: list[list[Data]] = [[] for _ in range(replicas)]
        self.answers: list[Ack] = []
        self.asks_rebirth = False

    def account(self, message: Account) -> None:
        """NBIRTH or NDATA at the elected host."""
        database = self.database
        if message.birth:
            database.current = message.ledger_id
            database.ledger.setdefault(message.ledger_id, Entry())
        elif message.ledger_id != database.current:
            self.asks_rebirth = True
            return
        entry = database.ledger[message.ledger_id]
        declared = {n for lo, hi in message.lost for n in range(lo, hi + 1)}
        entry.lost |= declared - entry.stored - entry.dead
        self.answer()

    def process(self, replica: int, index: int) -> None:
        """One batch of a replica's queue: copied, claimed, committed, acknowledged; or refused."""
        data = self.queues[replica].pop(index)
        database = self.database
        if data.ledger_id != database.current:
            self.asks_rebirth = self.asks_rebirth or data.ledger_id not in database.ledger
            return  # unknown: it comes again after the birth; earlier: dropped and counted
        entry = database.ledger[data.ledger_id]
        if data.number not in entry.stored | entry.dead:
            (entry.dead if data.poison else entry.stored).add(data.number)
            (database.dead if data.poison else database.rows).update(data.samples)
            entry.lost.discard(data.number)
        self.answer()

    def answer(self) -> None:
        """Acknowledge everything handled of the present identity."""
        current = self.database.current
        if current:
            self.answers.append(Ack.of(current, self.database.ledger[current].ranges()))

    def backup(self) -> Database:
        return deepcopy(self.database)

    def restore(self, backup: Database) -> set[int]:
        """Back to a backup; returns the samples that are gone."""
        before = set(self.database.rows) | set(self.database.dead)
        self.database = deepcopy(backup)
        return before - set(self.database.rows) - set(self.database.dead)


class Channel:
    """Messages under way. Accounts keep their order (one connection, one reader); data and answers keep none."""

    def __init__(self) -> None:
        self.data: list[Data] = []
        self.accounts: deque[Account] = deque()
        self.answers: list[Ack] = []

    def drop_data(self, gone: Iterable[tuple[int, int]]) -> None:
        names = set(gone)
        self.data = [d for d in self.data if (d.ledger_id, d.number) not in names]


def pick(chance: random.Random, items: list[Any]) -> int:
    return chance.randrange(len(items))
