"""Looking at a source without running the agent: `browse` and `probe`."""

import asyncio
from collections.abc import Callable

from chejian_edge.driver import Browsable, Reading
from chejian_edge.errors import EdgeError, SourceError
from chejian_edge.plan import EdgePlan, SignalPlan, SourcePlan
from chejian_edge.transform import Refused

PROBE_S = 5.0
"""Time to wait for the present values after subscribing [s]; servers send them with the first publishing."""

Say = Callable[[str], None]


async def browse_source(source: SourcePlan, say: Say) -> None:
    """Say address and type of every variable, one line each.

    Raises:
        SourceError: the source can't be reached.
        EdgeError: its driver can't list.
    """
    driver = source.create()
    if not isinstance(driver, Browsable):
        raise EdgeError(
            f"source {source.options.name}: driver {source.options.driver} can't list its signals"
        )
    try:
        await driver.connect()
        async for address, kind in driver.browse():
            say(f"{address}\t{kind}")
    finally:
        await driver.close()


async def probe_source(source: SourcePlan, plan: EdgePlan, say: Say) -> int:
    """Say present value, quality and time of every configured signal; returns how many gave none.

    Raises:
        SourceError: the source can't be reached.
    """
    signals = {k: s for k, s in enumerate(plan.signals) if s.source == source.options.name}
    found = await _present_values(source, signals)
    for key, signal in signals.items():
        say(f"{signal.device}/{signal.definition.name}\t{_describe(signal, found.get(key))}")
    return len(signals.keys() - found.keys())


async def _present_values(source: SourcePlan, signals: dict[int, SignalPlan]) -> dict[int, Reading]:
    driver = source.create()
    found: dict[int, Reading] = {}
    try:
        await driver.connect()
        bursts = await driver.subscribe({key: signal.address for key, signal in signals.items()})
        async with asyncio.timeout(PROBE_S):
            async for burst in bursts:
                found.update({reading[0]: reading for reading in burst.readings})
                if len(found) == len(signals):
                    break
    except TimeoutError:
        if not found:
            raise SourceError(f"source {source.options.name} sent no value in {PROBE_S:.0f} s") from None
    finally:
        await driver.close()
    return found


def _describe(signal: SignalPlan, reading: Reading | None) -> str:
    if reading is None:
        return "no value"
    _, source_ms, _, raw, quality = reading
    if raw is None:
        return f"no value\t{quality.name}\t{source_ms}"
    try:
        value = signal.transform(raw)
    except Refused as refused:
        return f"{raw!r} refused: {refused}"
    shown = f"{len(value) // 4} values" if isinstance(value, bytes) else repr(value)
    return f"{shown} {signal.definition.unit}\t{quality.name}\t{source_ms}"
