"""What the edge does with bursts that have clocks of their own, with counters beyond 2**53, and with deadbands."""

import asyncio
from pathlib import Path

import pytest
from chejian_contract.quantities import Quantity
from chejian_contract.samples import Quality
from chejian_contract.signals import SignalDef, SignalKind
from chejian_edge.driver import Burst, Reading
from chejian_edge.source import SourceRunner
from chejian_edge.transform import compile_transform

from tests.edge.host import until
from tests.edge.modbus.chain import Chain, Sample, chain_of

CASES = Path(__file__).parent / "cases"
START_MS = 1_700_000_010_000  # on the grid of 30 s


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return chain_of(CASES / "meter_logger" / "config.toml", "modbus://127.0.0.1:1", tmp_path)


def runner_of(chain: Chain) -> SourceRunner:
    (source,) = chain.plan.sources.values()
    return SourceRunner(source, chain.series, chain.pipeline, lambda: None)


def good(key: int, time_ms: int, value: float) -> Reading:
    return (key, time_ms, time_ms, value, Quality.GOOD)


def stored(chain: Chain, key: int) -> list[Sample]:
    return [sample for sample in chain.samples() if sample.name == chain.name(key)]


def test_a_clock_speaks_for_its_own_signals_only(chain: Chain) -> None:
    runner = runner_of(chain)
    runner._live(Burst([good(0, START_MS, 7), good(1, START_MS, 1000.0)], START_MS, (0, 1)))
    chain.samples()
    runner._live(Burst([], START_MS + 70_000, (0,)))
    beats = chain.samples()
    assert {sample.name for sample in beats} == {chain.name(0)}
    assert [sample.time_ms - START_MS for sample in beats] == [30_000, 60_000]
    runner._live(Burst([good(1, START_MS + 1000, 2000.0)], START_MS + 1000, (1,)))
    assert [(s.name, s.time_ms, s.value) for s in chain.samples()] == [(chain.name(1), START_MS + 1000, 2.0)]


def test_old_bursts_are_flagged_historical(chain: Chain) -> None:
    runner = runner_of(chain)
    runner._live(Burst([good(0, START_MS, 7)], START_MS, (0,), historical=True))
    runner._live(Burst([good(0, START_MS + 60_000, 8)], START_MS + 60_000, (0,)))
    found = sorted(stored(chain, 0), key=lambda sample: sample.time_ms)
    assert [(s.time_ms - START_MS, s.historical) for s in found] == [
        (0, True),
        (30_000, False),
        (60_000, False),
    ]


def test_after_a_loss_a_value_within_the_deadband_is_told_again(chain: Chain) -> None:
    """Else nothing would say that the signal lives, and no heartbeat could be made."""
    series = chain.series[1]
    series._deadband = 0.5
    chain.take(Burst([good(1, START_MS, 1000.0)]))
    chain.take(Burst([good(1, START_MS + 1000, 1100.0)]))
    assert [s.time_ms for s in stored(chain, 1)] == [START_MS]
    series.lost()
    chain.take(Burst([good(1, START_MS + 100_000, 1100.0)]))
    assert [(s.time_ms, s.value) for s in stored(chain, 1)] == [(START_MS + 100_000, 1.1)]
    assert series.continuous


@pytest.mark.parametrize(
    ("unit", "scale", "raw", "wanted"),
    [
        ("Wh", 1.0, 2**53 + 1, 2**53 + 1),
        ("kWh", 1.0, 2**53 + 1, (2**53 + 1) * 1000),
        ("kWh", 0.01, 2**54 + 1, (2**54 + 1) * 10),
        ("Wh", 0.1, 522_487_944, 52_248_794),
    ],
)
def test_counters_stay_exact_to_the_last_digit(unit: str, scale: float, raw: int, wanted: int) -> None:
    definition = SignalDef("E", Quantity.ACTIVE_ENERGY, "Wh", SignalKind.TOTAL_INCREASING)
    assert compile_transform(definition, unit=unit, scale=scale, offset=0.0, states=None)(raw) == wanted


async def test_history_is_complete_when_a_source_has_played_its_past(chain: Chain) -> None:
    class Playing:
        played = 0.0

    runner, driver, shown = runner_of(chain), Playing(), []
    runner._changed = lambda: shown.append((runner.status.history_complete, runner.status.history_progress))
    reading = asyncio.create_task(runner._read_history(driver))  # type: ignore[arg-type]  # only what is looked at here
    for share in (0.0, 0.4, 1.0):
        driver.played = share
        await until(lambda share=share: shown and shown[-1][1] == share, what=f"{share}")  # type: ignore[misc]  # mypy does not infer lambdas with defaults
    await reading
    assert sorted(set(shown)) == [(False, 0.0), (False, 0.4), (True, 1.0)]
