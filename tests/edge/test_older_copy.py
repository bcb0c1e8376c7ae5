"""A buffer file is put back from an older copy: nothing is lost that still exists, and nothing is stored twice."""

import shutil
from pathlib import Path

import pytest
from chejian_contract.sparkplug.topics import MessageType

from tests.edge.harness import Edge, RunEdge, values
from tests.edge.host import Host, until


class Plant:
    """Runs the edge over one buffer file and numbers samples for ever, whatever the file remembers."""

    def __init__(self, host: Host, run_edge: RunEdge, file: Path) -> None:
        self.host, self.run_edge, self.file = host, run_edge, file
        self.count = 0
        self.copies = 0

    def copy(self) -> Path:
        """A copy of the closed file."""
        self.copies += 1
        return Path(shutil.copy(self.file, self.file.with_name(f"copy{self.copies}")))

    def put_back(self, copy: Path) -> None:
        for tail in ("-wal", "-shm"):
            self.file.with_name(self.file.name + tail).unlink(missing_ok=True)
        shutil.copy(copy, self.file)

    async def produce(self, edge: Edge, batches: int) -> None:
        edge.count = self.count
        await edge.produce(batches)
        self.count = edge.count

    async def run(self, batches: int) -> int:
        """Start, make batches, wait until all is acknowledged, stop; returns the identity."""
        async with self.run_edge() as edge:
            await self.produce(edge, batches)
            await until(lambda: edge.buffer.totals.in_flight_batches == 0)
            return int(edge.buffer.totals.ledger_id)

    def all_there_once(self) -> bool:
        return values(self.host) == [float(n) for n in range(1, self.count + 1)]


@pytest.fixture
def buffer_file(tmp_path: Path) -> Path:
    return tmp_path / "buffer.sqlite"


async def test_more_is_made_than_the_copy_is_behind_before_the_host_speaks(
    mqtt_url: str, group: str, run_edge: RunEdge, buffer_file: Path
) -> None:
    with Host(mqtt_url, group, "W1") as host:
        plant = Plant(host, run_edge, buffer_file)
        host.drop = lambda batch: batch in (4, 5)
        async with run_edge() as edge:
            await plant.produce(edge, 5)
            await until(lambda: edge.buffer.totals.in_flight_batches == 2)
        copy = plant.copy()  # 4 and 5 are open in it
        host.drop = lambda batch: batch == 5 or batch > 105
        async with run_edge() as edge:
            await plant.produce(edge, 100)
            await until(lambda: edge.buffer.totals.in_flight_batches == 1)
        plant.put_back(copy)
        host.drop = lambda _: False
        host.acknowledge = False
        async with run_edge() as edge:
            before, sent = host.ledger_id, host.kinds().count(MessageType.DDATA)
            await plant.produce(edge, 150)
            probes = host.kinds().count(MessageType.NDATA)
            await until(lambda: host.kinds().count(MessageType.NDATA) >= probes + 2, what="probes")
            assert host.kinds().count(MessageType.DDATA) == sent
            host.acknowledge = True
            await until(lambda: edge.buffer.totals.in_flight_batches == 0)
            assert edge.buffer.totals.ledger_id != before
            assert edge.buffer.totals.produced_batches == 150
        assert host.errors == []
        assert host.batches[before] == set(range(1, 106))  # 5 came home under the old identity
        assert plant.all_there_once()


async def test_several_identities_in_a_row_and_an_old_one_again(
    mqtt_url: str, group: str, run_edge: RunEdge, buffer_file: Path
) -> None:
    with Host(mqtt_url, group, "W1") as host:
        plant = Plant(host, run_edge, buffer_file)
        first = await plant.run(3)
        copy = oldest = plant.copy()
        identities = [first]
        for _ in range(2):
            await plant.run(4)
            plant.put_back(copy)
            identities.append(await plant.run(6))
            copy = plant.copy()
        plant.put_back(oldest)  # of the first identity, given up twice since
        identities.append(await plant.run(9))
        assert len(set(identities)) == 4
        assert host.errors == []
        assert plant.all_there_once()
