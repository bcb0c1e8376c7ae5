"""The buffer: its account holds whatever happens, and it survives damage."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import pytest
from chejian_contract.ledger import Ack, merge
from chejian_edge.aliases import SeriesKey
from chejian_edge.batch import Closed
from chejian_edge.buffer import Buffer
from chejian_edge.config import BufferConfig
from chejian_edge.errors import EdgeError
from chejian_edge.ledger import AckResult, Ledger, read_totals
from chejian_edge.pipeline import Drained
from chejian_edge.series import SeriesState
from chejian_edge.store import close_store, open_store
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

MIB = 2**20


def closed(samples: int = 3, size: int = 100, *, device: str = "D1", historical: bool = False) -> Closed:
    return Closed(device, historical, samples, 1, 2, b"x" * size)


class LedgerMachine(RuleBasedStateMachine):
    """Appends, acknowledges, loses, reopens and renews against a plain model."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="edge-ledger-"))
        self.path = self.folder / "buffer.sqlite"
        self.db = open_store(self.path)
        self.ledger = Ledger(self.db, max_bytes=4000)
        self.open: dict[int, int] = {}
        self.acked: set[int] = set()
        self.seen: set[int] = set()
        self.last = 0
        self.identities = {self.ledger.totals().ledger_id}

    def teardown(self) -> None:
        self.db.close()
        shutil.rmtree(self.folder)

    @rule(sizes=st.lists(st.tuples(st.integers(1, 9), st.integers(1, 900)), min_size=1, max_size=6))
    def append(self, sizes: list[tuple[int, int]]) -> None:
        infos = self.ledger.commit([closed(n, size) for n, size in sizes], [], now_ms=1000)
        assert [i.number for i in infos] == list(range(self.last + 1, self.last + 1 + len(sizes)))
        self.last += len(sizes)
        self.open |= {i.number: i.samples for i in infos}
        lost = {n for lo, hi in self.ledger.totals().lost for n in range(lo, hi + 1)}
        for number in lost & self.open.keys():
            del self.open[number]

    @rule(share=st.floats(0, 1), data=st.data())
    def acknowledge(self, share: float, data: st.DataObject) -> None:
        opened = self.ledger.totals().opened
        known = [n for n in sorted(self.open) if opened is None or n <= opened[0]]
        numbers = known[: round(share * len(known))]
        some = data.draw(st.sets(st.sampled_from(numbers))) if numbers else set()
        self.acked |= some
        result = self.ledger.acknowledge(
            Ack.of(self.ledger.totals().ledger_id, [(n, n) for n in self.acked]), 2000
        )
        assert result is AckResult.TAKEN
        cut = Ack.of(1, [(n, n) for n in self.acked])
        told = {n for n in self.acked if n <= cut.up_to or any(lo <= n <= hi for lo, hi in cut.ranges)}
        for number in told & self.open.keys():
            del self.open[number]

    @rule()
    def reopen(self) -> None:
        close_store(self.db)
        self._open_again()

    @rule()
    def killed(self) -> None:
        copy = self.folder / "copy"  # what the disk holds at this instant is what a kill leaves
        copy.mkdir()
        for part in self.folder.glob("buffer.sqlite*"):
            shutil.copy(part, copy / part.name)
        self.db.close()
        for part in copy.iterdir():
            shutil.copy(part, self.folder / part.name)
        shutil.rmtree(copy)
        self._open_again()

    def _open_again(self) -> None:
        self.db = open_store(self.path)
        self.ledger = Ledger(self.db, max_bytes=4000)

    @rule()
    def foreign(self) -> None:
        other = (self.ledger.totals().ledger_id % (2**63 - 1)) + 1
        assert self.ledger.acknowledge(Ack(other, self.last), 2000) is AckResult.FOREIGN

    @rule()
    def renew(self) -> None:
        before = self.ledger.totals()
        fork = self.last if before.opened is None else before.opened[0]
        young = {n for lo, hi in before.lost for n in range(lo, hi + 1) if n > fork}
        self.ledger.renew()
        totals = self.ledger.totals()
        assert totals.ledger_id not in self.identities
        self.identities.add(totals.ledger_id)
        items = sorted(self.open.keys() | young)
        self.open = {i + 1: self.open[n] for i, n in enumerate(items) if n in self.open}
        self.acked, self.last = set(), len(items)
        assert totals.lost_batches == len(young)

    @invariant()
    def the_account_holds(self) -> None:
        totals = self.ledger.totals()
        assert totals == read_totals(self.db)  # the quick account is the one that counts rows
        assert totals.produced_batches == self.last
        assert (
            totals.produced_batches
            == totals.acknowledged_batches + totals.lost_batches + totals.in_flight_batches
        )
        assert (
            totals.produced_samples
            == totals.acknowledged_samples + totals.lost_samples + totals.in_flight_samples
        )
        assert totals.lost_batches == sum(hi - lo + 1 for lo, hi in totals.lost)
        assert list(totals.lost) == merge(totals.lost)
        assert {i.number: i.samples for i in self.ledger.open_after(0, 10**6)} == self.open
        stored = self.db.execute("SELECT sum(size) FROM batch").fetchone()[0] or 0
        assert stored <= 4000


LedgerMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestLedger = LedgerMachine.TestCase


@pytest.fixture
def config(tmp_path: Path) -> BufferConfig:
    return BufferConfig(tmp_path / "deep" / "buffer.sqlite", max_bytes=MIB)


async def agree(buffer: Buffer, up_to: int = 0) -> None:
    """The host's first word after an opening."""
    assert await buffer.acknowledge(Ack(buffer.totals.ledger_id, up_to)) is AckResult.TAKEN


async def test_oldest_acknowledged_go_first_then_losses_are_declared(config: BufferConfig) -> None:
    async with Buffer(config) as buffer:
        await agree(buffer)
        await buffer.commit(Drained([closed(1, MIB // 4) for _ in range(4)], []))
        await buffer.acknowledge(Ack(buffer.totals.ledger_id, 0, ((3, 3),)))
        await buffer.commit(Drained([closed(1, MIB // 4)], []))
        assert buffer.totals.lost_batches == 0
        await buffer.commit(Drained([closed(1, MIB // 4) for _ in range(2)], []))
        assert buffer.totals.lost == ((1, 2),)
        assert buffer.totals.lost_samples == 2


async def test_states_and_aliases_are_permanent(config: BufferConfig) -> None:
    key, other = SeriesKey("D1", "A", "Double", "kW"), SeriesKey("D1", "A", "Double", "W")
    state = SeriesState(1, 20, 10, "1.5", 192, "[1.5]")
    async with Buffer(config) as buffer:
        await agree(buffer)
        first = await buffer.aliases([key])
        await buffer.commit(Drained([closed()], [state]))
    async with Buffer(config) as buffer:
        assert await buffer.states() == {1: state}
        second = await buffer.aliases([other])
        assert second[other] != first[key]
        assert [r.key for r in await buffer.retired()] == [key]
        await buffer.acknowledge(Ack(buffer.totals.ledger_id, 1))
        assert await buffer.retired() == []
        assert (await buffer.aliases([key, other])) == {**first, **second}


async def test_bd_seq_survives_and_wraps(config: BufferConfig) -> None:
    async with Buffer(config) as buffer:
        first = [await buffer.next_bd_seq() for _ in range(3)]
    async with Buffer(config) as buffer:
        assert first + [await buffer.next_bd_seq() for _ in range(254)] == [*range(256), 0]


async def test_two_agents_do_not_share_a_buffer(config: BufferConfig) -> None:
    async with Buffer(config):
        with pytest.raises(EdgeError, match="another chejian-edge"):
            async with Buffer(config):
                pass
    async with Buffer(config) as again:
        assert again.totals.produced_batches == 0


async def test_a_rolled_back_file_gets_a_new_identity_without_doubles(
    config: BufferConfig, tmp_path: Path
) -> None:
    async with Buffer(config) as buffer:
        await agree(buffer)
        await buffer.commit(Drained([closed() for _ in range(5)], []))
        await buffer.acknowledge(Ack(buffer.totals.ledger_id, 3))
    backup = tmp_path / "backup.sqlite"
    shutil.copy(config.path, backup)
    async with Buffer(config) as buffer:
        await agree(buffer, 3)
        await buffer.commit(Drained([closed() for _ in range(20)], []))
        ledger_id = buffer.totals.ledger_id
    shutil.copy(backup, config.path)
    async with Buffer(config) as buffer:
        await buffer.commit(Drained([closed(7) for _ in range(30)], []))  # 6 to 35 again, other content
        assert await buffer.acknowledge(Ack(ledger_id, 3, ((6, 25),))) is AckResult.AHEAD
        assert [i.number for i in await buffer.open_after(0, 3)] == [4, 5, 6]  # 4 and 5 are the original ones
        assert buffer.totals.announced(gated=True)[1:3] == (5, 15)
        assert await buffer.acknowledge(Ack(ledger_id, 25)) is AckResult.AHEAD
        assert await buffer.renew() != ledger_id
        rest = await buffer.open_after(0, 100)
        assert [(i.number, i.samples) for i in rest] == [(n, 7) for n in range(1, 31)]
        assert buffer.totals.produced_samples == 210
        await agree(buffer)


async def test_losses_since_the_opening_move_to_the_new_identity(config: BufferConfig) -> None:
    async with Buffer(config) as buffer:
        await agree(buffer)
        await buffer.commit(Drained([closed(1, MIB // 4) for _ in range(2)], []))
    async with Buffer(config) as buffer:
        await buffer.commit(Drained([closed(5, MIB // 4) for _ in range(4)], []))  # 3 to 6
        assert buffer.totals.lost == ((1, 2),)
        await buffer.commit(Drained([closed(5, MIB // 4)], []))
        assert buffer.totals.lost == ((1, 3),)
        assert buffer.totals.announced(gated=True).lost == ((1, 2),)
        assert await buffer.acknowledge(Ack(buffer.totals.ledger_id, 9)) is AckResult.AHEAD
        await buffer.renew()
        totals = buffer.totals
        assert (totals.lost, totals.lost_samples, totals.produced_batches) == (((1, 1),), 5, 5)
        assert totals.produced_samples == 25


async def test_a_restored_host_gets_its_batches_again(config: BufferConfig) -> None:
    async with Buffer(config) as buffer:
        await agree(buffer)
        await buffer.commit(Drained([closed() for _ in range(10)], []))
        full = Ack(buffer.totals.ledger_id, 10)
        assert await buffer.acknowledge(full) is AckResult.TAKEN
        older = Ack(buffer.totals.ledger_id, 4, ((8, 8),))
        assert await buffer.acknowledge(older) is AckResult.BEHIND
        assert buffer.totals.in_flight_batches == 0  # one message alone opens nothing
        assert await buffer.host_rolled_back(older) == 5
        assert [i.number for i in await buffer.open_after(0, 100)] == [5, 6, 7, 9, 10]


async def test_retention_deletes_acknowledged_batches_only(config: BufferConfig) -> None:
    clock = [1_000_000]
    async with Buffer(BufferConfig(config.path, MIB), clock=lambda: clock[0]) as buffer:
        await agree(buffer)
        await buffer.commit(Drained([closed() for _ in range(4)], []))
        await buffer.acknowledge(Ack(buffer.totals.ledger_id, 2))
        clock[0] += 86_400_000
        assert await buffer.purge() == 0
        clock[0] += 1
        assert await buffer.purge() == 2
        assert [i.number for i in await buffer.open_after(0, 9)] == [3, 4]
        nothing = Ack(buffer.totals.ledger_id, 0)
        assert await buffer.acknowledge(nothing) is AckResult.BEHIND
        assert await buffer.host_rolled_back(nothing) == 0  # 1 and 2 are kept no longer
        assert (buffer.totals.lost, buffer.totals.lost_samples) == (((1, 2),), 0)
        await asyncio.gather(*(buffer.commit(Drained([closed()], [])) for _ in range(3)))
        assert buffer.totals.produced_batches == 7
