"""A Modbus source without the agent: plan, driver and pipeline, and the batches read back as a host reads them."""

import asyncio
from pathlib import Path
from typing import Any, NamedTuple

from chejian_contract.samples import Quality
from chejian_contract.sparkplug.datatypes import CODE_OF_NAME
from chejian_contract.sparkplug.payload import get_quality, get_value, parse_payload
from chejian_edge.driver import Burst
from chejian_edge.pipeline import Pipeline
from chejian_edge.plan import EdgePlan, load_plan
from chejian_edge.series import Series


class Sample(NamedTuple):
    """One sample as it goes over the wire."""

    name: str
    time_ms: int
    value: Any
    quality: Quality
    historical: bool


class Chain:
    """Everything between the device and the buffer, without its clockwork."""

    def __init__(self, plan: EdgePlan) -> None:
        self.plan = plan
        self.series = {key: Series(key + 1, signal) for key, signal in enumerate(plan.signals)}
        self.pipeline = Pipeline(self.series, plan.config.pipeline)
        self.bursts: list[Burst] = []

    def name(self, key: int) -> str:
        signal = self.plan.signals[key]
        return f"{signal.device}/{signal.definition.name}"

    async def run(self, *, until_all_told: bool = True, turns: int = 0) -> list[Sample]:
        """Connect, take bursts until every signal was told (or so many bursts), and give what would be stored."""
        (source,) = self.plan.sources.values()
        driver = source.create()
        told: set[int] = set()
        count = 0
        try:
            await driver.connect()
            bursts = await driver.subscribe({key: one.plan.address for key, one in self.series.items()})
            async with asyncio.timeout(20):
                async for burst in bursts:
                    self.take(burst)
                    told |= {reading[0] for reading in burst.readings}
                    count += 1
                    if (until_all_told and len(told) == len(self.series)) or count == turns:
                        break
        finally:
            await driver.close()
        return self.samples()

    def take(self, burst: Burst) -> None:
        self.bursts.append(burst)
        self.pipeline.take(burst.readings, historical=burst.historical)

    def samples(self) -> list[Sample]:
        found = []
        for batch in self.pipeline.drain().batches:
            for metric in parse_payload(batch.data).metrics:
                key = metric.alias - 1
                code = CODE_OF_NAME[self.plan.signals[key].definition.data_type.value]
                value = None if metric.is_null else get_value(metric, code)
                found.append(
                    Sample(self.name(key), metric.timestamp, value, get_quality(metric), metric.is_historical)
                )
        return found


def chain_of(config: Path, url: str, folder: Path) -> Chain:
    """The chain of a configuration whose source is at `url` instead of its own place."""
    text = config.read_text("utf-8").replace("modbus://127.0.0.1:1", url)
    path = folder / "edge.toml"
    path.write_text(text, "utf-8")
    return Chain(load_plan(path))
