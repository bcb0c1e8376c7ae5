"""Ledger, window, gate and acknowledgement against a host over a channel that loses, repeats, delays and reorders.

Real: the edge's `Ledger` on a SQLite file, `Flow` with `Window`, `Outbox` and `Judge`, the contract's `Ack`. Modelled: the
host with its database and replicas, and the channel. Each sample is a number that occurs once in the world, so "twice"
means the sample, whatever its batch was called.

At the end the channel becomes fair, and within a bounded number of steps everything produced is stored, a dead letter or
declared lost, exactly once, and the ranges of the identity are one, and so is what the edge knew of each identity when
it gave that up. (Nobody is left who could close the ranges of an identity whose file was replaced by a copy of an earlier
identity, nor the hole below a batch of the lost part that the host had taken when the edge did not know it yet.)

Excluded, because nobody has the facts any more:

- samples that existed only in the lost part of a file that was put back, and were never handled;
- copies of the lost part that still lie in a queue while the host has handled nothing of it when the file is put back;
- archives that contradict each other: after a file copy a newer one is not put back, a file copy older than a restore of the host is not put back any more, and a
  host's backup older than a file's being put back, or than a new identity, is not restored any more;
- a file copy taken while the gate was closed, with batches made since the opening, is not put back any more once the
  host has judged: they may have come home under either identity;
- acknowledgements reach only the session in which they were given (clean session: a broker keeps none).
"""

import os
import random
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from chejian_contract.ledger import Range, subtract
from chejian_edge.batch import Closed
from chejian_edge.flow import Flow
from chejian_edge.judge import Step
from chejian_edge.ledger import read_totals
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.edge.ledger_model import (
    Account,
    Buffered,
    Channel,
    Data,
    Database,
    Host,
    body,
    pick,
    run,
    samples_of,
)

WINDOW = 4
"""Small, so that a few batches fill it."""
MAX_BYTES = 1500
"""About twenty batches, so that the buffer overflows now and then."""
RETAIN_S = 60.0
TICK_S = 0.5
FAIR_STEPS = 1500
"""Far more than the longest way home: probes, rollback, renewal, refill."""
MEMORY = Path("/dev/shm")
"""A folder of its own is made there where it exists: a commit costs no fsync."""
REPLICAS = 3


class World(RuleBasedStateMachine):
    """One edge, one host, one channel."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="edge-model-", dir=MEMORY if MEMORY.is_dir() else None))
        self.path = self.folder / "buffer.sqlite"
        self.now = 0.0
        self.produced = 0
        self.lost: set[int] = set()
        self.gone: set[int] = set()
        self.missing: set[int] = set()
        self.purged: dict[tuple[int, int], tuple[int, ...]] = {}
        self.identities: set[int] = set()
        self.given_up: dict[int, tuple[Range, ...]] = {}
        self.copies: list[tuple[Path, bool]] = []
        self.backups: list[Database] = []
        self.channel = Channel()
        self.host = Host(REPLICAS)
        self._open()

    def _open(self) -> None:
        self.buffer = Buffered(self.path, MAX_BYTES)
        self.flow = Flow(self.buffer, window=WINDOW, rows=True, clock=lambda: self.now)  # type: ignore[arg-type]  # the same interface
        self._connect()

    def _connect(self) -> None:
        self.channel.answers.clear()
        self.host.answers.clear()
        self.flow.restart()
        self._births()

    def _births(self) -> None:
        self.host.asks_rebirth = False
        account = self.flow.account()
        self.flow.told(account)
        self.identities.add(account.ledger_id)
        self.channel.accounts.append(Account(True, account.ledger_id, account.lost))

    def teardown(self) -> None:
        try:
            self._come_home()
        finally:
            self.buffer.db.close()
            shutil.rmtree(self.folder)

    # --- the edge ---

    @rule(
        sizes=st.lists(
            st.tuples(st.integers(1, 3), st.integers(0, 90), st.booleans()), min_size=1, max_size=6
        )
    )
    def produce(self, sizes: list[tuple[int, int, bool]]) -> None:
        batches = []
        for samples, padding, historical in sizes:
            numbers = range(self.produced + 1, self.produced + 1 + samples)
            self.produced += samples
            batches.append(Closed("D", historical, samples, 0, 0, body(numbers, padding)))
        before = self.buffer.contents(acked=False)
        kept = self.buffer.contents(acked=True)
        infos = self.buffer.ledger.commit(batches, [], 0)
        after = self.buffer.contents(acked=False)
        for number, samples_ in before.items():
            if number not in after:
                self.lost |= set(samples_)
        for info, batch in zip(infos, batches, strict=True):
            if info.number not in after:
                self.lost |= set(samples_of(batch.data))
        self._note_purged(kept)
        self.flow.committed(infos)

    def _note_purged(self, kept: dict[int, tuple[int, ...]]) -> None:
        still = self.buffer.contents(acked=True)
        ledger_id = self.buffer.totals.ledger_id
        self.purged |= {(ledger_id, n): s for n, s in kept.items() if n not in still}

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 2.5, 6.0, 31.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self._turn()

    @rule()
    def edge_turn(self) -> None:
        self._turn()

    def _turn(self) -> None:
        """What the publisher does between two waits."""
        if self.host.asks_rebirth:
            self._births()
        account = self.flow.tell()
        if account is not None:
            self.channel.accounts.append(Account(False, account.ledger_id, account.lost))
        for batch in run_due(self.flow):
            samples = samples_of(batch.data)
            self.channel.data.append(Data(batch.ledger_id, batch.info.number, samples, samples[0] % 11 == 0))
            self.flow.sent(batch.info.number)

    @rule()
    def purge(self) -> None:
        kept = self.buffer.contents(acked=True)
        self.buffer.ledger.purge(1)
        self._note_purged(kept)

    @rule()
    def reconnect(self) -> None:
        self._connect()

    @rule()
    def restart(self) -> None:
        self.buffer.close()
        self._open()

    @rule()
    def copy_file(self) -> None:
        copy = self.folder / f"copy{len(list(self.folder.iterdir()))}"
        with closing(sqlite3.connect(copy)) as target:
            self.buffer.db.backup(target)
        totals = self.buffer.totals
        waiting = totals.opened is not None and totals.produced_batches > totals.opened[0]
        self.copies = [*self.copies[-2:], (copy, waiting)]

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def put_file_back(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.copies) - 1))
        copy = self.copies[index][0]
        self.copies = self.copies[: index + 1]  # third exclusion of the module's text
        lost_part = self._contents()
        self.buffer.close()
        shutil.copy(copy, self.path)
        self.path.with_name(self.path.name + "-wal").unlink(missing_ok=True)
        self.backups.clear()
        self._open()
        self.given_up.pop(self.buffer.totals.ledger_id, None)
        self.gone |= lost_part - self._contents()
        self._drop_unheard_of()

    @rule(
        data=st.data(),
        ticks=st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 4)),
        seed=st.integers(0, 2**16),
        restarted=st.booleans(),
    )
    def story_of_a_copy(
        self, data: st.DataObject, ticks: tuple[int, int, int], seed: int, restarted: bool
    ) -> None:
        """Something is under way, the file is copied, things go on, the copy is put back, things go on."""
        some = [(1, 0, False)] * 4
        if restarted:
            self.restart()
        self.produce(some)
        self.rough_time(ticks[0], seed, 0.5)
        self.copy_file()
        self.produce(some)
        self.rough_time(ticks[1], seed + 1, 0.3)
        if self.copies:
            self.put_file_back(data)
        self.produce(some)
        self.rough_time(ticks[2], seed + 2, 0.3)

    def _contents(self) -> set[int]:
        every = [*self.buffer.contents(acked=False).values(), *self.buffer.contents(acked=True).values()]
        return {sample for samples in every for sample in samples}

    def _drop_unheard_of(self) -> None:
        """Second exclusion of the module's text."""
        totals = self.buffer.totals
        assert totals.opened is not None
        entry = self.host.database.ledger.get(totals.ledger_id)
        heard = max((hi for _, hi in entry.ranges()), default=0) if entry else 0
        if heard > totals.opened[0]:
            return
        for messages in (self.channel.data, *self.host.queues):
            messages[:] = [
                d for d in messages if d.ledger_id != totals.ledger_id or d.number <= totals.opened[0]
            ]

    # --- the channel ---

    @precondition(lambda self: self.channel.data)
    @rule(seed=st.integers(0, 2**16), share=st.sampled_from([0.2, 1.0]), twice=st.booleans())
    def data_arrive(self, seed: int, share: float, twice: bool) -> None:
        chance = random.Random(seed)
        for _ in range(max(1, round(share * len(self.channel.data)))):
            index = pick(chance, self.channel.data)
            data = self.channel.data[index] if twice else self.channel.data.pop(index)
            self.host.queues[chance.randrange(REPLICAS)].append(data)

    @precondition(lambda self: self.channel.data)
    @rule(seed=st.integers(0, 2**16), share=st.sampled_from([0.3, 1.0]))
    def data_are_lost(self, seed: int, share: float) -> None:
        chance = random.Random(seed)
        self.channel.data = [d for d in self.channel.data if chance.random() > share]

    @precondition(lambda self: self.channel.accounts)
    @rule(lost=st.booleans())
    def account_arrives(self, lost: bool) -> None:
        account = self.channel.accounts.popleft()
        if not lost:
            self.host.account(account)

    @precondition(lambda self: any(self.host.queues))
    @rule(seed=st.integers(0, 2**16), share=st.sampled_from([0.2, 1.0]))
    def replicas_work(self, seed: int, share: float) -> None:
        chance = random.Random(seed)
        for _ in range(max(1, round(share * sum(map(len, self.host.queues))))):
            replica = chance.choice([i for i, queue in enumerate(self.host.queues) if queue])
            self.host.process(replica, pick(chance, self.host.queues[replica]))

    @rule(replica=st.integers(0, REPLICAS - 1))
    def replica_dies(self, replica: int) -> None:
        self.host.queues[replica].clear()

    @precondition(lambda self: self.host.answers)
    @rule(lost=st.booleans())
    def answers_leave(self, lost: bool) -> None:
        if not lost:
            self.channel.answers += self.host.answers
        self.host.answers.clear()

    @precondition(lambda self: self.channel.answers)
    @rule(seed=st.integers(0, 2**16), twice=st.booleans())
    def answer_arrives(self, seed: int, twice: bool) -> None:
        index = random.Random(seed).randrange(len(self.channel.answers))
        ack = self.channel.answers[index] if twice else self.channel.answers.pop(index)
        self._take(ack)

    def _take(self, ack: Any) -> None:
        kept = self.buffer.contents(acked=True)
        before = self.buffer.totals
        step = run(self.flow.acknowledged(ack))
        after = self.buffer.totals
        event(f"acknowledgement: {step.value}")
        if after.opened is None or step is Step.BEGIN_ANEW:  # fourth exclusion of the module's text
            self.copies = [c for c in self.copies if not c[1]]
        if step is Step.BEGIN_ANEW:
            self.given_up[before.ledger_id] = ack.handled
            assert after.ledger_id != before.ledger_id
            self.backups.clear()
            self._births()
            return
        fresh = {n for lo, hi in after.lost for n in range(lo, hi + 1)}
        fresh -= {n for lo, hi in before.lost for n in range(lo, hi + 1)}
        for number in fresh:
            self.lost |= set(self.purged[after.ledger_id, number])
        assert kept.keys() <= {*self.buffer.contents(acked=True), *self.buffer.contents(acked=False)}

    @rule(ticks=st.integers(1, 8))
    def smooth_time(self, ticks: int) -> None:
        """So much happens in a row that states far away are reached."""
        for _ in range(ticks):
            self.now += TICK_S
            self._turn()
            self._fair()

    @rule(ticks=st.integers(1, 8), seed=st.integers(0, 2**16), loss=st.sampled_from([0.1, 0.5]))
    def rough_time(self, ticks: int, seed: int, loss: float) -> None:
        """The same while each message may be lost, late or overtaken."""
        chance = random.Random(seed)
        for _ in range(ticks):
            self.now += TICK_S
            self._turn()
            while self.channel.accounts and chance.random() > loss:
                account = self.channel.accounts.popleft()
                if chance.random() > loss:
                    self.host.account(account)
            for data in self._some(chance, self.channel.data, loss):
                self.host.queues[chance.randrange(REPLICAS)].append(data)
            for replica, queue in enumerate(self.host.queues):
                while queue and chance.random() > loss:
                    self.host.process(replica, pick(chance, queue))
            self.channel.answers += self._some(chance, self.host.answers, loss)
            for ack in self._some(chance, self.channel.answers, loss):
                self._take(ack)

    @staticmethod
    def _some(chance: random.Random, messages: list[Any], loss: float) -> list[Any]:
        """Take messages out: some are lost, some stay behind, the rest comes in any order."""
        chance.shuffle(messages)
        left = [m for m in messages if chance.random() > loss / 2]
        messages[:] = [m for m in left if chance.random() < loss / 2]
        return [m for m in left if m not in messages]

    # --- the host ---

    @rule()
    def back_up(self) -> None:
        self.backups = [*self.backups[-2:], self.host.backup()]

    @precondition(lambda self: self.backups)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        self.missing |= self.host.restore(data.draw(st.sampled_from(self.backups)))
        self.copies.clear()

    # --- what holds always ---

    @invariant()
    def nothing_is_stored_twice(self) -> None:
        database = self.host.database
        together = database.rows + database.dead
        assert all(count == 1 for count in together.values()), [s for s, c in together.items() if c > 1]

    @invariant()
    def what_is_acknowledged_is_handled(self) -> None:
        database = self.host.database
        entry = database.ledger.get(self.buffer.totals.ledger_id)
        declared = entry.lost if entry else set()  # by an older copy of this file that was there in between
        known = set(database.rows) | set(database.dead) | self.lost | self.missing
        for number, samples in self.buffer.contents(acked=True).items():
            assert number in declared or set(samples) <= known

    @invariant()
    def the_account_holds(self) -> None:
        totals = self.buffer.totals
        assert totals == read_totals(self.buffer.db)
        assert (
            totals.produced_batches
            == totals.acknowledged_batches + totals.lost_batches + totals.in_flight_batches
        )
        assert (
            totals.produced_samples
            == totals.acknowledged_samples + totals.lost_samples + totals.in_flight_samples
        )
        assert self.flow.on_wire() <= WINDOW

    # --- the end ---

    def _come_home(self) -> None:
        for _ in range(FAIR_STEPS):
            if self._is_home():
                break
            self.now += TICK_S
            self._turn()
            self._fair()
        else:
            raise AssertionError(f"not home: {self.buffer.totals}, {self.host.database}")
        event(f"identities: {len(self.identities)}")
        event(f"losses: {bool(self.lost)}, gone: {bool(self.gone)}, restored: {bool(self.missing)}")
        database = self.host.database
        handled = set(database.rows) | set(database.dead)
        left = set(range(1, self.produced + 1)) - handled - self.lost - self.gone
        assert not left, f"lost without a word: {left}"

    def _fair(self) -> None:
        """Everything under way arrives, in order."""
        while self.channel.accounts:
            self.host.account(self.channel.accounts.popleft())
        self.host.queues[0] += self.channel.data
        self.channel.data = []
        for replica, queue in enumerate(self.host.queues):
            while queue:
                self.host.process(replica, 0)
        self.channel.answers += self.host.answers
        self.host.answers.clear()
        while self.channel.answers:
            self._take(self.channel.answers.pop(0))

    def _is_home(self) -> bool:
        totals, database = self.buffer.totals, self.host.database
        if totals.in_flight_batches or totals.opened is not None or database.current != totals.ledger_id:
            return False
        one = [(1, totals.produced_batches)] if totals.produced_batches else []
        return database.ledger[totals.ledger_id].ranges() == one and all(
            len(known) <= 1 and not subtract(known, database.ledger[identity].ranges())
            for identity, known in self.given_up.items()
        )


def run_due(flow: Flow) -> list[Any]:
    return run(flow.due())


QUICK = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
World.TestCase.settings = QUICK
TestWorld = pytest.mark.long(World.TestCase)


@pytest.mark.soak
def test_many_worlds() -> None:
    count = int(os.environ.get("CHEJIAN_SOAK_WORLDS", "20000"))
    run_state_machine_as_test(
        World, settings=settings(QUICK, max_examples=count, stateful_step_count=60, print_blob=True)
    )
