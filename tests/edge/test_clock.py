"""The edge's clock jumps by an hour: nothing is lost, nothing doubled, source times stay."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from asyncua import ua
from chejian_contract.samples import Quality
from chejian_contract.sparkplug.payload import get_quality
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_edge.agent import Agent
from chejian_edge.clock import BELIEVED_S, GuardedClock
from chejian_edge.config import PipelineConfig
from chejian_edge.pipeline import Pipeline
from chejian_edge.plan import load_plan
from chejian_edge.series import Series

from tests.edge.host import Host, until
from tests.edge.plant import Plant
from tests.edge.test_series import plan

HOUR_S = 3600.0
NAME = "CNC-01/Counts/Produced"
CONFIG = """
[node]
group = "{group}"
name = "W1"
[mqtt]
url = "{mqtt}"
[buffer]
path = "buffer.sqlite"
[[source]]
name = "plant"
driver = "opcua"
url = "{opcua}"
[[equipment]]
code = "CNC-01"
type = "cnc_machining_centre"
source = "plant"
signal = [{{ name = "Counts/Produced", address = "nsu=urn:test:plant;s=CNC-01/Counts/Produced" }}]
"""


class Clocks:
    """A wall clock that can be set, and one that can't."""

    def __init__(self) -> None:
        self.wall = 1_800_000_000.0
        self.steady = 50.0

    def guarded(self) -> GuardedClock:
        return GuardedClock(lambda: self.wall, lambda: self.steady)

    def run(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


@pytest.mark.parametrize("jump", [HOUR_S, -HOUR_S])
def test_a_jump_counts_when_it_lasts(jump: float, caplog: pytest.LogCaptureFixture) -> None:
    clocks = Clocks()
    now = clocks.guarded()
    first = now()
    clocks.wall += jump
    clocks.run(10)
    assert now() == first + 10_000
    clocks.wall -= jump
    clocks.run(10)
    assert now() == first + 20_000
    clocks.wall += jump
    clocks.run(1)
    now()
    clocks.run(BELIEVED_S)
    assert now() == first + round((21 + BELIEVED_S + jump) * 1000)
    assert caplog.text.count("jumped by") == 2


def test_a_small_step_is_followed_at_once() -> None:
    clocks = Clocks()
    now = clocks.guarded()
    first = now()
    clocks.wall -= 0.5
    assert now() == first - 500


def test_readings_without_a_time_are_kept_when_the_clock_goes_back() -> None:
    """A believed jump back: what the edge stamps itself comes behind what is there, and is marked."""
    time_ms = [1_800_000_000_000]
    pipeline = Pipeline({0: Series(1, plan())}, PipelineConfig(), clock=lambda: time_ms[0])
    for value in range(5):
        pipeline.take([(0, None, None, float(value), Quality.GOOD)])
        time_ms[0] += 1000 if value != 2 else -3_600_000
    points = [
        m
        for b in pipeline.drain().batches
        for m in Payload.FromString(b.data).metrics
        if m.double_value or m.timestamp
    ]
    seen = [(m.timestamp, m.double_value) for m in points]
    values = [v for _, v in seen]
    assert [v for i, v in enumerate(values) if not i or v != values[i - 1]] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert [t for t, _ in seen] == sorted({t for t, _ in seen})
    assert {get_quality(m) for m in points if m.double_value == 4.0} == {Quality.UNCERTAIN}
    assert pipeline.counts["late"] == 0


@pytest.mark.parametrize("jump", [HOUR_S, -HOUR_S])
async def test_source_times_stay_while_the_clock_jumps(
    mqtt_url: str, group: str, tmp_path: Path, jump: float
) -> None:
    offset = [0.0]
    clock: Callable[[], int] = GuardedClock(lambda: time.time() + offset[0])
    async with Plant({NAME: ua.VariantType.Int64}) as plant:
        path = tmp_path / "edge.toml"
        path.write_text(CONFIG.format(group=group, mqtt=mqtt_url, opcua=plant.url), "utf-8")
        with Host(mqtt_url, group, "W1") as host:
            expected = []
            async with Agent(load_plan(path), clock=clock):
                await until(lambda: host.sample_count() > 0, what="the first value")
                for number in range(1, 13):
                    if number in (4, 8):
                        offset[0] = jump if number == 4 else 0.0
                    expected.append((time.time_ns() // 1_000_000, number))
                    await plant.write(NAME, *reversed(expected[-1]))
                    await until(
                        lambda: expected[-1][1] in host.values("CNC-01", "Counts/Produced"), what="the value"
                    )
            pairs = host.pairs("CNC-01", "Counts/Produced")
            assert [p for p in pairs if p in expected] == expected
            assert len({t for t, _ in pairs}) == len(pairs)
            assert max(t for t, _ in pairs) <= time.time() * 1000
            assert host.errors == []
