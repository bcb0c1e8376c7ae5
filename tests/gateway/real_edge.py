"""The real edge, buffer and publisher, fed by the test instead of a driver."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from chejian_contract.samples import Quality
from chejian_edge.aliases import SeriesKey
from chejian_edge.batch import Closed, OpenBatch
from chejian_edge.buffer import Buffer
from chejian_edge.pipeline import Drained
from chejian_edge.plan import EdgePlan, load_plan
from chejian_edge.presence import Presence
from chejian_edge.publisher import Publisher
from chejian_edge.series import Series

from tests.gateway.fake_edge import now_ms

_CONFIG = """
[node]
group = "{group}"
name = "{name}"
[mqtt]
url = "{mqtt}"
retry_max = "500ms"
{more}
[buffer]
path = "{name}.sqlite"
[ledger]
window = 20
[[source]]
name = "s"
driver = "opcua"
url = "opc.tcp://127.0.0.1:1"
"""
_EQUIPMENT = """
[[equipment]]
code = "{code}"
type = "cnc_machining_centre"
line = "L1"
source = "s"
signal = [{signals}]
"""
_SIZE = 4


class RealEdge:
    """A buffer and a running publisher; every series gets values at milliseconds of its own."""

    def __init__(self, buffer: Buffer, publisher: Publisher, series: Sequence[tuple[str, Series]]) -> None:
        self.buffer, self._publisher, self._series = buffer, publisher, series
        self._last = now_ms() - 3_600_000 + buffer.totals.produced_samples

    @property
    def produced(self) -> tuple[int, int]:
        """Batches and samples of the present identity."""
        return self.buffer.totals.produced_batches, self.buffer.totals.produced_samples

    async def produce(self, batches: int) -> None:
        """Batches of four samples each, of one series after the other."""
        out: list[Closed] = []
        for i in range(batches):
            device, series = self._series[i % len(self._series)]
            batch = OpenBatch(device, historical=False, limit=_SIZE, sink=out.append)
            for _ in range(_SIZE):
                self._last += 1
                batch.add(series.alias, self._last, float(self._last % 1000), Quality.GOOD, series.set_value)
        self._publisher.committed(await self.buffer.commit(Drained(out, [])))


@asynccontextmanager
async def real_edge(
    folder: Path, url: str, group: str, name: str, devices: Mapping[str, Sequence[str]], more: str = ""
) -> AsyncIterator[RealEdge]:
    """Run an edge node; its buffer file in `folder` outlives it.

    Args:
        folder: of buffer and configuration.
        url: of the broker.
        group: Sparkplug group.
        name: edge node.
        devices: signal names by device.
        more: further lines of `[mqtt]`.
    """
    text = _CONFIG.format(group=group, name=name, mqtt=url, more=more)
    for code, signals in devices.items():
        listed = ", ".join(f'{{ name = "{s}", address = "i={i}" }}' for i, s in enumerate(signals, 1))
        text += _EQUIPMENT.format(code=code, signals=listed)
    path = folder / f"{name}.toml"
    path.write_text(text, "utf-8")
    plan = load_plan(path)
    async with Buffer(plan.config.buffer) as buffer:
        series = await _series(plan, buffer)
        publisher = Publisher(plan, buffer, series, Presence(plan.device_sources, (), 60))
        task = asyncio.create_task(publisher.run())
        try:
            yield RealEdge(
                buffer, publisher, [(s.device, one) for s, one in zip(plan.signals, series, strict=True)]
            )
        finally:
            publisher.stop()
            await asyncio.wait_for(task, 10)


async def _series(plan: EdgePlan, buffer: Buffer) -> list[Series]:
    keys = [
        SeriesKey(s.device, s.definition.name, s.definition.data_type.value, s.definition.unit)
        for s in plan.signals
    ]
    aliases = await buffer.aliases(keys)
    return [Series(aliases[key], signal) for key, signal in zip(keys, plan.signals, strict=True)]
