"""The buffer's file is torn, overwritten or without room: what can be read goes on, the rest is declared, nothing stops."""

import random
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from chejian_contract.ledger import Ack
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_edge.aliases import SeriesKey
from chejian_edge.batch import Closed
from chejian_edge.buffer import Buffer
from chejian_edge.config import BufferConfig
from chejian_edge.ledger import AckResult
from chejian_edge.pipeline import Drained
from chejian_edge.relief import IDLE_BYTES, RESERVE_BYTES
from chejian_edge.series import SeriesState

from tests.edge.harness import RunEdge, values
from tests.edge.host import Host, until

KEY = SeriesKey("D1", "A", "Double", "kW")
STATE = SeriesState(1, 20, 10, "1.5", 192, "[1.5]")
PAGE = 4096
MIB = 2**20


def batch(number: int, size: int) -> Closed:
    payload = Payload()
    payload.metrics.add(alias=1, timestamp=number, string_value="x" * size)
    return Closed("D1", False, 1, number, number, payload.SerializeToString())


async def agree(buffer: Buffer, up_to: int = 0) -> None:
    assert await buffer.acknowledge(Ack(buffer.totals.ledger_id, up_to)) is AckResult.TAKEN


async def killed(path: Path, *, batches: int, size: int, acked: int) -> int:
    """Make a buffer of `batches` and leave its files as a kill would; returns the identity."""
    copy = path.with_name("as-killed")
    copy.mkdir()
    async with Buffer(BufferConfig(path)) as buffer:
        await agree(buffer)
        await buffer.aliases([KEY])
        for number in range(1, batches + 1):
            await buffer.commit(Drained([batch(number, size)], [STATE] if number == 1 else []))
        await buffer.acknowledge(Ack(buffer.totals.ledger_id, acked))
        ledger_id = buffer.totals.ledger_id
        for part in path.parent.glob(path.name + "*"):
            if not part.name.endswith((".lock", ".reserve")):
                shutil.copy(part, copy / part.name)
    for part in path.parent.glob(path.name + "*"):
        part.unlink()
    for part in copy.iterdir():
        shutil.copy(part, path.parent / part.name)
    return ledger_id


def into_one_file(path: Path) -> None:
    """What a checkpoint does, without marking the file as closed in order."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.close()


def overwrite(path: Path, first_page: int, pages: int) -> None:
    noise = random.Random(first_page).randbytes(pages * PAGE)
    with path.open("r+b") as file:
        file.seek((first_page - 1) * PAGE)
        file.write(noise)


async def readable(buffer: Buffer) -> list[int]:
    infos = await buffer.open_after(0, 10**6)
    stored = await buffer.load([i.number for i in infos])
    for one in stored:
        (metric,) = Payload.FromString(one.data).metrics
        assert metric.timestamp == one.info.number
    return [one.info.number for one in stored]


def damaged_files(folder: Path) -> list[Path]:
    return list(folder.glob("*.damaged-*"))


def account_holds(buffer: Buffer) -> None:
    t = buffer.totals
    assert t.produced_batches == t.acknowledged_batches + t.lost_batches + t.in_flight_batches
    assert t.produced_samples == t.acknowledged_samples + t.lost_samples + t.in_flight_samples
    assert t.lost_batches == sum(hi - lo + 1 for lo, hi in t.lost)


@pytest.mark.parametrize(("size", "where"), [(600, "torn"), (600, "noise"), (9000, "noise"), (9000, "torn")])
async def test_what_can_be_read_goes_on_under_the_same_identity(
    tmp_path: Path, size: int, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "buffer.sqlite"
    old = await killed(path, batches=200, size=size, acked=20)
    into_one_file(path)
    pages = path.stat().st_size // PAGE
    if where == "torn":
        with path.open("r+b") as file:
            file.truncate(pages // 2 * PAGE)
    else:
        overwrite(path, pages // 2, 6)
    async with Buffer(BufferConfig(path)) as buffer:
        assert buffer.totals.ledger_id == old
        assert await buffer.states() == {1: STATE}
        open_now = await readable(buffer)
        account_holds(buffer)
        lost = {n for lo, hi in buffer.totals.lost for n in range(lo, hi + 1)}
        assert lost
        assert len(open_now) > 20
        assert lost | set(open_now) >= set(range(21, 201))
        assert not lost & set(open_now)
        assert buffer.totals.lost_samples == 180 - len(open_now)
        (info,) = await buffer.commit(Drained([batch(201, size)], []))
        assert info.number == 201
        assert await buffer.acknowledge(Ack(old, 200)) is AckResult.TAKEN
        account_holds(buffer)
        assert buffer.totals.in_flight_batches == 1
    assert "is damaged" in caplog.text or "changed on the disk" in caplog.text
    async with Buffer(BufferConfig(path)) as again:
        assert again.totals.produced_batches == 201


async def test_a_file_without_its_identity_is_moved_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "buffer.sqlite"
    old = await killed(path, batches=20, size=600, acked=0)
    into_one_file(path)
    path.write_bytes(b"hello" * 1000)
    async with Buffer(BufferConfig(path)) as buffer:
        assert buffer.totals.ledger_id != old
        assert buffer.totals.produced_batches == 0
        (info,) = await buffer.commit(Drained([batch(1, 10)], []))
        assert info.number == 1
    assert "in the old file only" in caplog.text
    assert damaged_files(tmp_path)


@pytest.mark.parametrize("how", ["cut", "noise", "gone"])
async def test_a_torn_log_is_an_older_copy_to_the_host(
    mqtt_url: str, group: str, run_edge: RunEdge, tmp_path: Path, how: str
) -> None:
    """The host has batches that the torn log took away: a new identity, each value once."""
    path, copy = tmp_path / "buffer.sqlite", tmp_path / "as-killed"
    with Host(mqtt_url, group, "W1") as host:
        async with run_edge() as edge:
            for _ in range(5):
                await edge.produce(4)
                await until(lambda: edge.buffer.totals.in_flight_batches == 0)
            copy.mkdir()
            for tail in ("", "-wal"):
                shutil.copy(path.with_name(path.name + tail), copy / (path.name + tail))
            count = edge.count
        for tail in ("", "-wal"):
            shutil.copy(copy / (path.name + tail), path.with_name(path.name + tail))
        log = path.with_name(path.name + "-wal")
        size = log.stat().st_size
        if how == "cut":
            with log.open("r+b") as file:
                file.truncate(size // 2 + 100)
        elif how == "noise":
            overwrite(log, size // PAGE // 2, 1)
        else:
            log.unlink()
        async with run_edge() as edge:
            edge.count = count
            assert edge.buffer.totals.produced_batches < 20
            await edge.produce(30)
            await until(lambda: edge.buffer.totals.in_flight_batches == 0, what="all acknowledged")
        assert host.errors == []
        assert len(host.batches) == 2
        assert values(host) == [float(n) for n in range(1, edge.count + 1)]


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def fill(path: Path) -> None:
    """Write until the disk takes no more."""
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(PAGE))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 MiB; mounting needs root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder))
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_a_full_disk_drops_the_oldest_and_says_so(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    path = small_disk / "buffer.sqlite"
    async with Buffer(BufferConfig(path)) as buffer:
        await agree(buffer)
        number = 0

        async def produce(count: int) -> None:
            nonlocal number
            for _ in range(count):
                number += 1
                await buffer.commit(Drained([batch(number, 200_000)], []))

        await produce(30)
        await buffer.acknowledge(Ack(buffer.totals.ledger_id, 10))
        await produce(300)  # 60 MB onto what is left of 32 MiB
        account_holds(buffer)
        assert "full" in caplog.text
        assert buffer.totals.produced_batches == 330
        assert buffer.totals.acknowledged_batches == 10
        (lost,) = buffer.totals.lost
        assert lost[0] == 11
        assert await readable(buffer) == list(range(lost[1] + 1, 331))
        await buffer.acknowledge(Ack(buffer.totals.ledger_id, 330))
        assert buffer.totals.in_flight_batches == 0
        mount("-o", "remount,size=64m", str(small_disk))
        before = path.stat().st_size
        await buffer.look_for_room()
        assert "has room again" in caplog.text
        await produce(150)
        account_holds(buffer)
        assert buffer.totals.lost == (lost,)
        assert path.stat().st_size > before
    async with Buffer(BufferConfig(path)) as again:
        assert again.totals.produced_batches == 480


async def test_a_disk_filled_by_others_costs_nothing_that_was_committed(small_disk: Path) -> None:
    path, other = small_disk / "buffer.sqlite", small_disk / "other"
    async with Buffer(BufferConfig(path)) as buffer:
        await agree(buffer)
        await buffer.commit(Drained([batch(n, 20_000) for n in range(1, 101)], []))
        with pytest.raises(OSError, match="No space"):
            fill(other)
        for number in range(101, 301):
            await buffer.commit(Drained([batch(number, 2_000)], []))
        account_holds(buffer)
        assert buffer.totals.in_flight_batches > 200
        assert len(await readable(buffer)) == buffer.totals.in_flight_batches
        assert path.with_name(path.name + "-wal").stat().st_size < RESERVE_BYTES


async def test_the_file_shrinks_when_a_backlog_has_drained(tmp_path: Path) -> None:
    path = tmp_path / "buffer.sqlite"
    clock = [1_000]
    async with Buffer(BufferConfig(path), clock=lambda: clock[0]) as buffer:
        await agree(buffer)
        for first in range(0, 500, 50):
            await buffer.commit(Drained([batch(first + n, 100_000) for n in range(50)], []))
        grown = path.stat().st_size
        await buffer.acknowledge(Ack(buffer.totals.ledger_id, 500))
        clock[0] += 86_400_001
        while await buffer.purge():
            pass
    assert grown > 45 * MIB
    assert path.stat().st_size <= IDLE_BYTES + MIB
