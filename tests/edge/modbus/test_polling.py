"""Polling against a device with bad habits: silence, refusals, late answers, loss."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from chejian_contract.config import Seconds
from chejian_contract.samples import Quality
from chejian_edge.driver import Burst
from chejian_edge.drivers.modbus import ModbusDriver, ModbusOptions
from chejian_edge.drivers.modbus.link import Link
from chejian_edge.errors import SourceError
from pymodbus.pdu.register_message import ReadHoldingRegistersResponse

from tests.edge.host import until
from tests.edge.modbus.device import Device, Request

LIMIT_S = 20.0
TIME_OUT_S = 0.2
"""Of requests, where silence is tested."""


def options_of(device: Device, **given: Any) -> ModbusOptions:
    durations = ("poll_interval", "request_timeout", "unit_retry_max", "request_pause")
    plain = {key: Seconds(value) if key in durations else value for key, value in given.items()}
    defaults: dict[str, Any] = {"poll_interval": Seconds(0.03), "request_timeout": Seconds(1), "retries": 0}
    return ModbusOptions(name="s", driver="modbus", url=device.url, **{**defaults, **plain})


@asynccontextmanager
async def polling(device: Device, texts: list[str], **options: Any) -> AsyncIterator[AsyncIterator[Burst]]:
    driver = ModbusDriver(options_of(device, **options))
    try:
        await driver.connect()
        yield await driver.subscribe({key: driver.parse(text) for key, text in enumerate(texts)})
    finally:
        await driver.close()


async def take(bursts: AsyncIterator[Burst], until: Callable[[list[Burst]], object]) -> list[Burst]:
    """Bursts until a condition on them holds."""
    taken: list[Burst] = []
    async with asyncio.timeout(LIMIT_S):
        while not until(taken):
            taken.append(await anext(bursts))
    return taken


def told(bursts: list[Burst], key: int) -> list[tuple[Any, Quality]]:
    return [(reading[3], reading[4]) for burst in bursts for reading in burst.readings if reading[0] == key]


def times(count: int) -> Callable[[list[Burst]], bool]:
    return lambda taken: len(taken) >= count


def last_is(key: int, value: Any) -> Callable[[list[Burst]], bool]:
    return lambda taken: bool(told(taken, key)) and told(taken, key)[-1][0] == value


@pytest.mark.parametrize("rtu", [False, True], ids=["tcp", "rtu"])
async def test_changes_are_told_once_and_every_poll_vouches(rtu: bool) -> None:
    async with Device(rtu=rtu) as device:
        device.units[1].set("holding", 0, 10, 20)
        async with polling(device, ["holding:0 u16", "holding:1 u16"]) as bursts:
            first = await take(bursts, times(5))
            device.units[1].set("holding", 1, 21)
            more = await take(bursts, last_is(1, 21))
        assert told(first, 0) == [(10, Quality.GOOD)]
        assert told(more, 0) == []
        assert told(more, 1) == [(21, Quality.GOOD)]
        vouched = [burst.complete_to_ms for burst in first + more]
        assert vouched == sorted(vouched, key=lambda ms: ms or 0)
        assert {tuple(burst.keys or ()) for burst in first + more} == {(0, 1)}
        assert {(r.table, r.start, r.count) for r in device.requests} == {("holding", 0, 2)}


async def test_each_interval_is_kept_and_does_not_drift() -> None:
    """Polls stay on the grid of the first one; a pause between polls would move on by the 25 ms of each answer."""
    async with Device() as device:
        device.units[1].set("holding", 0, 1, 2)
        device.units[1].delay = 0.025
        async with polling(device, ["holding:0 u16 every=100ms", "holding:1 u16 every=400ms"]) as bursts:
            await take(bursts, lambda _: len(device.requests) >= 36)
        for start, every, least in ((0, 0.1, 20), (1, 0.4, 5)):
            at = [r.at for r in device.requests if r.start == start]
            assert len(at) >= least
            turns = at[1:]  # the first one is that of `subscribe`
            on_grid = max(sum(_apart(t, one, every) < 0.2 * every for t in turns) for one in turns)
            assert on_grid > len(turns) / 2, [t % every for t in turns]


def _apart(a: float, b: float, every: float) -> float:
    """How far two times lie from one grid of a period [s]."""
    phase = (a - b) % every
    return min(phase, every - phase)


async def test_an_illegal_address_is_named_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    texts = [f"holding:{n} u16" for n in range(20)]
    async with Device() as device:
        device.units[1].set("holding", 0, *range(20))
        del device.units[1].values["holding"][13]
        async with polling(device, texts) as bursts:
            taken = await take(bursts, lambda taken: len({k for b in taken for k in b.keys or ()}) >= 19)
            assert [told(taken, key) for key in range(20)] == [
                [(None, Quality.BAD)] if key == 13 else [(key, Quality.GOOD)] for key in range(20)
            ]
            settled = len(device.requests)
            await take(bursts, lambda _: len(device.requests) >= settled + 12)
            asked = {(r.start, r.count) for r in device.requests[settled:]}
            assert 0 < len(asked - {(13, 1)}) <= 6, "the rest is read in a few blocks, not one by one"
            assert not any(start <= 13 < start + count for start, count in asked - {(13, 1)})
            device.units[1].set("holding", 13, 1313)
            back = await take(bursts, last_is(13, 1313))
            assert told(back, 13) == [(1313, Quality.GOOD)]
    refusals = [record.getMessage() for record in caplog.records if "refuses" in record.getMessage()]
    assert len(refusals) == 1
    assert "'holding:13 u16': illegal data address (2)" in refusals[0]


async def test_a_device_that_gives_few_registers_at_once_is_read_in_parts() -> None:
    async with Device() as device:
        device.units[1].set("input", 0, *range(100))
        device.units[1].most = 10
        async with polling(device, [f"input:{n} u16" for n in range(100)]) as bursts:
            taken = await take(bursts, lambda taken: len({r[0] for b in taken for r in b.readings}) == 100)
        assert all(told(taken, key) == [(key, Quality.GOOD)] for key in range(100))


async def test_a_silent_unit_costs_the_others_a_time_out_in_growing_pauses(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    texts = ["1/holding:0 u16", "1/input:0 u16", "2/holding:0 u16"]
    async with Device() as device:
        for unit in (1, 2):
            device.units[unit].set("holding", 0, unit)
            device.units[unit].set("input", 0, unit)
        async with polling(device, texts, retries=1, request_timeout=TIME_OUT_S) as bursts:
            before = await take(bursts, times(12))
            device.units[2].silent = True
            begin = len(device.requests)
            during = await take(bursts, lambda _: len(device.requests) >= begin + 150)
            questions = [r.at for r in device.requests[begin:] if r.unit == 2]
            answers = [r.at for r in device.requests[begin:] if r.unit == 1]
            device.units[2].silent = False
            device.units[2].set("holding", 0, 22)
            after = await take(bursts, last_is(2, 22))
    assert told(before, 2) == [(2, Quality.GOOD)]
    assert told(during, 2) == [(None, Quality.STALE)]
    assert told(during, 0) == told(during, 1) == []
    assert told(after, 2) == [(22, Quality.GOOD)]
    pauses = [b - a for a, b in itertools.pairwise(questions)]
    assert pauses[0] == pytest.approx(TIME_OUT_S, abs=0.1), "asked again once, at its time-out"
    assert all(pause >= 0.25 for pause in pauses[1:])
    assert len(questions) <= 6
    gaps = sorted(b - a for a, b in itertools.pairwise(answers))
    assert gaps[-1] < 2 * TIME_OUT_S + 0.2, "two time-outs at the worst"
    assert gaps[len(gaps) * 9 // 10] < TIME_OUT_S, "and as a rule none"
    messages = [record.getMessage() for record in caplog.records if "unit 2" in record.getMessage()]
    assert [message.split(": ")[1] for message in messages] == ["unit 2 is silent", "unit 2 answers again"]


async def test_a_gateway_that_knows_of_a_dead_target_makes_its_signals_stale_at_once() -> None:
    async with Device() as device:
        device.units[1].set("holding", 0, 1)
        device.units[2].exception = 11
        async with polling(device, ["1/holding:0 u16", "2/holding:0 u16"]) as bursts:
            taken = await take(bursts, times(6))
    assert told(taken, 1) == [(None, Quality.STALE)]
    assert told(taken, 0) == [(1, Quality.GOOD)]


async def test_a_unit_that_can_not_answer_now_is_bad_until_it_can(caplog: pytest.LogCaptureFixture) -> None:
    async with Device() as device:
        device.units[1].set("holding", 0, 1)
        async with polling(device, ["holding:0 u16"]) as bursts:
            await take(bursts, times(2))
            device.units[1].exception = 4
            bad = await take(bursts, last_is(0, None))
            asked = len(device.requests)
            waiting = asyncio.ensure_future(take(bursts, last_is(0, 1)))
            await until(lambda: len(device.requests) >= asked + 5, what="more polls")
            device.units[1].exception = 0
            good = await waiting
    assert told(bad, 0) == [(None, Quality.BAD)]
    assert told(good, 0) == [(1, Quality.GOOD)]
    assert sum("device failure (4)" in record.getMessage() for record in caplog.records) == 1


async def test_when_no_unit_answers_the_source_is_lost() -> None:
    async with Device() as device:
        device.units[1].set("holding", 0, 1)
        async with polling(device, ["holding:0 u16"], request_timeout=TIME_OUT_S) as bursts:
            await take(bursts, times(2))
            device.units[1].silent = True
            stale = await take(bursts, last_is(0, None))
            assert told(stale, 0) == [(None, Quality.STALE)]
            with pytest.raises(SourceError, match="no answer from unit 1"):
                await anext(bursts)
        with pytest.raises(SourceError, match="no answer from unit 1"):
            async with polling(device, ["holding:0 u16"], request_timeout=TIME_OUT_S):
                pass


async def test_a_closed_connection_is_noticed_at_once() -> None:
    async with Device() as device:
        device.units[1].set("holding", 0, 1)
        async with polling(device, ["holding:0 u16"], request_timeout=15.0) as bursts:
            await take(bursts, times(2))
            device.units[1].silent = True
            lost = asyncio.ensure_future(take(bursts, times(1000)))
            asked = len(device.requests)
            await until(lambda: len(device.requests) > asked, what="the next poll")
            await device.stop()
            async with asyncio.timeout(5):
                with pytest.raises(SourceError, match="closed the connection"):
                    await lost
        with pytest.raises(SourceError, match=r"no connection to 127\.0\.0\.1"):
            async with polling(device, ["holding:0 u16"]):
                pass


@pytest.mark.parametrize("rtu", [False, True], ids=["tcp", "rtu"])
async def test_a_late_answer_is_never_taken_for_another(rtu: bool) -> None:
    """Two blocks of one length in one unit; a late answer to the first fits the second, but for its contents."""
    async with Device(rtu=rtu) as device:
        unit = device.units[1]
        unit.set("holding", 0, *[100] * 4)
        unit.set("holding", 500, *[200] * 4)
        texts = ["holding:0 u64", "holding:500 u64"]

        def dawdle(_: Request) -> None:
            unit.delay = 0.0 if len(device.requests) % 3 else 0.07

        unit.before = dawdle
        async with polling(device, texts, request_timeout=0.05, retries=3, poll_interval=0.01) as bursts:
            taken = await take(bursts, lambda _: len(device.requests) >= 40)
    whole = {key: int.from_bytes(bytes((0, value)) * 4, "big") for key, value in enumerate((100, 200))}
    for key in (0, 1):
        assert {value for value, quality in told(taken, key) if quality is Quality.GOOD} == {whole[key]}
    assert (device.connections > 1) is rtu


async def test_the_line_rests_between_requests() -> None:
    async with Device() as device:
        device.units[1].set("holding", 0, 1)
        device.units[1].set("input", 0, 1)
        texts = ["holding:0 u16", "input:0 u16"]
        async with polling(device, texts, request_pause=0.05, poll_interval=0.01) as bursts:
            await take(bursts, times(12))
    gaps = [b.at - a.at for a, b in zip(device.requests, device.requests[1:], strict=False)]
    assert min(gaps) >= 0.049


async def test_a_round_that_takes_too_long_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with Device() as device:
        device.units[1].set("holding", 0, 1)
        device.units[1].delay = 0.03
        async with polling(device, ["holding:0 u16"], poll_interval=0.01) as bursts:
            await take(bursts, times(50))
    told_of = [
        record.getMessage() for record in caplog.records if "can't be read every" in record.getMessage()
    ]
    assert len(told_of) == 1
    assert "1/holding:0-0 can't be read every 0.01 s" in told_of[0]


async def test_browse_finds_what_is_there_and_leaves_out_what_is_refused() -> None:
    async with Device() as device:
        device.units[1].set("holding", 3, 0x1234, 5)
        device.units[2].set("coil", 7, 1)
        driver = ModbusDriver(options_of(device, scan=("holding:0-9", "2/coil:0-9")))
        await driver.connect()
        found = [line async for line in driver.browse()]
        await driver.close()
    assert found == [
        ("1/holding:3 u16", "register 4660 (0x1234)"),
        ("1/holding:4 u16", "register 5 (0x0005)"),
        ("2/coil:7", "bit 1"),
    ]


async def test_a_cancellation_that_comes_together_with_an_answer_is_not_lost() -> None:
    """Python 3.11's wait_for, which pymodbus uses, would swallow it, and an agent could not stop."""
    async with Device() as device:
        device.units[1].silent = True
        link = Link(options_of(device))
        await link.open()
        reading = asyncio.create_task(link.read(1, "holding", 0, 1))
        await until(lambda: device.requests, what="the request")
        assert link._client is not None
        link._client.ctx.response_future.set_result(ReadHoldingRegistersResponse(registers=[1], dev_id=1))
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        link.close()
