"""Stamped registers: one sample for each stamp, never torn, the past as fast as the device gives it."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from chejian_contract.samples import Quality
from chejian_edge.drivers.modbus.playback import BETWEEN_S, Playback

from tests.edge.host import until
from tests.edge.modbus.chain import Chain, chain_of
from tests.edge.modbus.device import Device, Request, Unit

CASES = Path(__file__).parent / "cases"
STEP_S = 60


def now_s() -> int:
    return int(time.time())


class Logger:
    """Records of (stamp, total, rate), shown one after the other: each read of register 0 takes the next one."""

    def __init__(self, unit: Unit, first_s: int, count: int) -> None:
        self.records = [(first_s + i * STEP_S, 522_000_000 + i * 7) for i in range(count)]
        self.taken = 0
        self._unit = unit
        unit.before = self._show

    def _show(self, request: Request) -> None:
        if request.start == 0:
            stamp, total = self.records[min(self.taken, len(self.records) - 1)]
            self.taken += 1
            self._unit.set("holding", 0, stamp >> 16, stamp & 0xFFFF)
            self._unit.set("holding", 2, *(total >> shift & 0xFFFF for shift in (48, 32, 16, 0)))
            self._unit.set("holding", 6, 0x44BB, 0x8000, 0, 0)  # 1,500.0 and nothing behind

    def pairs(self) -> list[tuple[int, int]]:
        return [(stamp * 1000, total) for stamp, total in self.records]


@pytest.fixture
async def device() -> AsyncIterator[Device]:
    async with Device() as device:
        yield device


def chain_to(device: Device, folder: Path) -> Chain:
    return chain_of(CASES / "meter_logger" / "config.toml", device.url, folder)


async def test_the_past_is_played_fast_and_told_once(device: Device, tmp_path: Path) -> None:
    logger = Logger(device.units[7], now_s() - 600 * STEP_S, 600)
    chain = chain_to(device, tmp_path)
    begin = time.monotonic()
    samples = await chain.run(until_all_told=False, turns=700)
    assert time.monotonic() - begin < 15, "700 reads, although a read a second is configured"
    heartbeat = 30_000
    totals = {s.time_ms: s for s in samples if s.name == "EM-07/Energy/ActiveEnergyImport"}
    assert [(t, s.value) for t, s in sorted(totals.items()) if t in dict(logger.pairs())] == logger.pairs()
    between = sorted(set(totals) - set(dict(logger.pairs())))
    assert all(t % heartbeat == 0 for t in between), "the rest are heartbeats"
    old = (now_s() - 150) * 1000
    assert all(s.historical for t, s in totals.items() if t < old)
    assert all(s.quality is Quality.GOOD for s in totals.values())


async def test_in_real_time_a_logger_is_read_at_its_interval(device: Device, tmp_path: Path) -> None:
    logger = Logger(device.units[7], now_s() - 20 * STEP_S, 20)
    chain = chain_to(device, tmp_path)
    task = asyncio.create_task(chain.run(until_all_told=False))
    try:
        await until(lambda: logger.taken > 20, what="the past")
        await until(lambda: calm(device), what="one read a second")
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def calm(device: Device) -> bool:
    """The last reads were a second apart each."""
    last = [request.at for request in device.requests[-3:]]
    return all(0.8 < b - a < 1.3 for a, b in itertools.pairwise(last))


async def test_stamp_and_values_are_never_torn(device: Device, tmp_path: Path) -> None:
    """The device moves on between any two requests; what is told under a stamp is what stood beside it."""
    logger = Logger(device.units[7], now_s() - 300 * STEP_S, 300)
    truth = dict(logger.pairs())
    chain = chain_to(device, tmp_path)
    await chain.run(until_all_told=False, turns=250)
    told = [r for burst in chain.bursts for r in burst.readings]
    totals = {r[1]: r[3] for r in told if r[0] == 0}
    rates = [r[1] for r in told if r[0] == 1]
    assert len(totals) == 250
    assert all(totals[t] == truth[t] for t in totals if t is not None)
    assert rates == list(totals)


async def test_the_same_stamp_again_is_a_repeat_also_after_a_new_connection(
    device: Device, tmp_path: Path
) -> None:
    unit = device.units[7]
    Logger(unit, now_s() - 5, 1)
    chain = chain_to(device, tmp_path)
    first = await chain.run()
    assert len(first) == 2
    for series in chain.series.values():
        series.lost()
    assert await chain.run() == []
    assert chain.pipeline.counts["repeat"] == 2
    assert all(series.continuous for series in chain.series.values()), (
        "the device vouched for the time between"
    )


def slow(records: list[tuple[int, int]], seconds: int, *, behind: int) -> None:
    """The meter was away: its records from one on are so much later."""
    records[behind:] = [(stamp + seconds, total) for stamp, total in records[behind:]]


@pytest.mark.parametrize(
    ("away_s", "wanted"),
    [(0, []), (120, []), (3600, [Quality.STALE])],
    ids=["a logger lost nothing", "two records", "an hour"],
)
async def test_after_a_silence_only_a_hole_in_the_stamps_is_no_data(
    device: Device, tmp_path: Path, away_s: int, wanted: list[Quality]
) -> None:
    unit, logger = device.units[7], Logger(device.units[7], now_s() - 7200, 12)
    slow(logger.records, away_s, behind=6)
    device.units[8].set("holding", 0, 1)
    show = unit.before
    questions: list[Request] = []

    def be_silent_for_two_questions(request: Request) -> None:
        unit.silent = logger.taken == 6 and len(questions) < 2
        if unit.silent:
            questions.append(request)
        else:
            show(request)

    unit.before = be_silent_for_two_questions
    config = tmp_path / "two.toml"
    text = (CASES / "meter_logger" / "config.toml").read_text("utf-8")
    text = text.replace("[[equipment]]", 'request_timeout = "100ms"\n[[equipment]]', 1)
    other = 'name = "Alive"\naddress = "8/holding:0 u16"\nquantity = "count"\nunit = "1"\nkind = "total"\n'
    config.write_text(f"{text}\n[[equipment.signal]]\n{other}", "utf-8")
    chain = chain_of(config, device.url, tmp_path)
    running = asyncio.create_task(chain.run(until_all_told=False))
    await until(lambda: logger.taken >= 13, what="all records")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    totals = {s.time_ms: s for s in chain.samples() if s.name == "EM-07/Energy/ActiveEnergyImport"}
    assert len(questions) == 2
    assert {t: s.value for t, s in totals.items() if t in dict(logger.pairs())} == dict(logger.pairs())
    last_ms, next_ms = logger.pairs()[5][0], logger.pairs()[6][0]
    assert [s.quality for s in totals.values() if s.quality is not Quality.GOOD] == wanted
    assert all(s.time_ms == last_ms + 1 for s in totals.values() if s.quality is Quality.STALE)
    beats = [t for t in totals if last_ms + 1 < t < next_ms]
    assert bool(beats) is not bool(wanted)


async def test_a_gap_in_the_records_is_no_data_and_no_heartbeat(device: Device, tmp_path: Path) -> None:
    logger = Logger(device.units[7], now_s() - 4000, 10)
    late = [(stamp + 1800, total) for stamp, total in logger.records[5:]]
    logger.records[5:] = late
    config = tmp_path / "gaps.toml"
    text = (CASES / "meter_logger" / "config.toml").read_text("utf-8")
    config.write_text(text.replace('u64 stamp=0"', 'u64 stamp=0 gap=3min"'), "utf-8")
    chain = chain_of(config, device.url, tmp_path)
    samples = await chain.run(until_all_told=False, turns=12)
    for name in ("Energy/ActiveEnergyImport", "Energy/ActivePower"):
        own = {s.time_ms: s for s in samples if s.name == f"EM-07/{name}"}
        last_ms, next_ms = logger.pairs()[4][0], logger.pairs()[5][0]
        between = [(t, s.value, s.quality) for t, s in sorted(own.items()) if last_ms < t < next_ms]
        assert between == [(last_ms + 1, None, Quality.STALE)]
        assert own[next_ms].quality is Quality.GOOD


def test_who_plays_is_asked_at_once_and_who_does_not_is_not() -> None:
    playing, live, ahead = Playback(1.0), Playback(1.0), Playback(1.0)
    now_ms = 1_700_000_000_000
    for i in range(5):
        playing.advanced(now_ms - 3_600_000 + i * 60_000, now_ms + i * 10, i * 0.01)
        live.advanced(now_ms + i * 1000, now_ms + i * 1000, float(i))
        ahead.advanced(now_ms + 5000 + i * 60_000, now_ms, i * 0.01)
    assert playing.share(0.05) == pytest.approx(4 * 60 / 3600, rel=0.01)
    assert (live.share(4.1), ahead.share(0.05), playing.share(2.05)) == (1.0, 1.0, 1.0)
    assert playing.pause(0.05) == 0.0
    assert playing.pause(0.06) == BETWEEN_S, "no new stamp since: a short pause"
    assert playing.pause(2.05) is None, "two intervals without a new stamp: over"
    assert live.pause(4.1) is None
    assert ahead.pause(0.05) is None


def test_a_slow_clock_is_no_playback() -> None:
    late = Playback(1.0)
    now_ms = 1_700_000_000_000
    for i in range(10):  # ten minutes behind, a second a second
        late.advanced(now_ms - 600_000 + i * 1000, now_ms + i * 1000, float(i))
    assert late.pause(9.1) is None
