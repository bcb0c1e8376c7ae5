"""A plain Modbus client reads every record of a meter once, in order, and what it reads is the truth."""

import struct
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from chejian_simulators.meters import Meter
from chejian_simulators.modbus_server import REGISTERS, REWIND, MeterServer
from chejian_simulators.model import PlantModel
from chejian_simulators.plant import load_plant
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusIOException

EPOCH_MS = 1_795_312_200_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000
Record = tuple[int, int, float, int]
"""Stamp [s], counter, rate, records waiting."""


class Served:
    """A served plant and a client of it."""

    def __init__(self, model: PlantModel, server: MeterServer, client: AsyncModbusTcpClient) -> None:
        self.model, self.server, self.client = model, server, client

    def meter(self, code: str) -> Meter:
        return self.model.metering.meters[code]

    async def read(
        self, unit: int, address: int = 0, count: int = REGISTERS, *, inputs: bool = False
    ) -> list[int]:
        call = self.client.read_input_registers if inputs else self.client.read_holding_registers
        answer = await call(address, count=count, device_id=unit)
        assert not answer.isError(), answer
        return list(answer.registers)

    async def record(self, unit: int) -> Record:
        return block(await self.read(unit))

    async def drain(self, unit: int) -> list[Record]:
        found = [await self.record(unit)]
        while found[-1][3]:
            found.append(await self.record(unit))
        return found

    async def refusal(self, unit: int, address: int, count: int) -> int:
        answer = await self.client.read_holding_registers(address, count=count, device_id=unit)
        assert answer.isError()
        return int(answer.exception_code)


def block(registers: list[int]) -> Record:
    stamp, counter, rate, waiting = struct.unpack(">IQfI", struct.pack(">10H", *registers))
    return stamp, counter, rate, waiting


def stored(meter: Meter) -> list[tuple[int, int, float]]:
    records = meter.records
    return [(t // 1000, c, r) for t, c, r in zip(records.times, records.counters, records.rates, strict=True)]


@pytest_asyncio.fixture
async def served() -> AsyncIterator[Served]:
    model = PlantModel(load_plant("qiqihar"), seed=2, epoch_ms=EPOCH_MS)
    model.advance(EPOCH_MS + 2 * HOUR_MS)
    async with MeterServer(model, host="127.0.0.1", port=0) as server:
        client = AsyncModbusTcpClient("127.0.0.1", port=server.port)
        assert await client.connect()
        yield Served(model, server, client)
        client.close()


async def test_polling_reads_the_whole_past_then_lives(served: Served) -> None:
    meter = served.meter("EM-Q01")
    found = await served.drain(1)
    assert [r[:3] for r in found] == stored(meter)
    assert [r[3] for r in found] == list(range(len(found) - 1, -1, -1))
    assert len(found) == 120
    again = await served.record(1)
    assert again == found[-1], "no news: the newest record again"
    served.model.advance(served.model.now_ms + 3 * MINUTE_MS)
    news = await served.drain(1)
    assert [r[:3] for r in news] == stored(meter)[120:]
    assert len(news) == 3


async def test_every_unit_is_a_meter_of_its_own_carrier(served: Served) -> None:
    for meter in served.model.metering.meters.values():
        assert [r[:3] for r in await served.drain(meter.config.unit_id)] == stored(meter)


async def test_a_block_read_in_pieces_is_of_one_record(served: Served) -> None:
    registers = [*await served.read(1, 0, 2), *await served.read(1, 2, 4), *await served.read(1, 6, 4)]
    first = stored(served.meter("EM-Q01"))[0]
    assert block(registers)[:3] == first
    assert block(await served.read(1, inputs=True))[:3] == stored(served.meter("EM-Q01"))[1]


async def test_a_new_connection_tells_the_last_records_again(served: Served) -> None:
    served.model.advance(EPOCH_MS + 8 * HOUR_MS)
    whole = await served.drain(1)
    assert len(whole) == 480
    served.client.close()
    second = AsyncModbusTcpClient("127.0.0.1", port=served.server.port)
    assert await second.connect()
    later = Served(served.model, served.server, second)
    again = await later.drain(1)
    second.close()
    assert again == whole[-REWIND:]


async def test_what_is_not_there_is_refused(served: Served) -> None:
    assert await served.refusal(1, 0, REGISTERS + 1) == 2
    assert await served.refusal(1, 100, 1) == 2
    assert await served.refusal(99, 0, 2) == 11
    written = await served.client.write_register(2, 1, device_id=1)
    assert written.isError()
    coils = await served.client.read_coils(0, count=1, device_id=1)
    assert coils.isError()
    assert await served.record(1) == (*stored(served.meter("EM-Q01"))[0], 119)


async def test_a_silent_meter_does_not_answer_until_it_is_back(served: Served) -> None:
    onset = EPOCH_MS + 10 * HOUR_MS
    served.model.advance(onset + 5 * MINUTE_MS)
    past = []
    while True:
        answer = await served.client.read_holding_registers(0, count=REGISTERS, device_id=21)
        if answer.isError():
            break
        past.append(block(list(answer.registers)))
    assert answer.exception_code == 11
    assert past[-1][0] * 1000 == onset - MINUTE_MS
    served.model.advance(onset + 47 * MINUTE_MS)
    assert [r[0] * 1000 for r in await served.drain(21)] == [onset + 45 * MINUTE_MS, onset + 46 * MINUTE_MS]


async def test_a_port_in_use_is_refused_with_its_address(served: Served) -> None:
    with pytest.raises(OSError, match=f"can't listen on 127.0.0.1:{served.server.port}"):
        async with MeterServer(served.model, host="127.0.0.1", port=served.server.port):
            raise ModbusIOException("two servers on one port")
