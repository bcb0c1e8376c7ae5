"""Fixtures of the edge's tests: `group` (a Sparkplug group of this test's own), `run_edge`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from chejian_edge.aliases import SeriesKey
from chejian_edge.buffer import Buffer
from chejian_edge.plan import load_plan
from chejian_edge.presence import Presence
from chejian_edge.publisher import Publisher
from chejian_edge.series import Series

from tests.edge.harness import CONFIG, Edge, RunEdge


@pytest.fixture
def group(tmp_path: Path) -> str:
    return f"g{abs(hash(str(tmp_path)))}"


@pytest.fixture
def run_edge(tmp_path: Path, mqtt_url: str, group: str) -> RunEdge:
    @asynccontextmanager
    async def run(*, url: str = mqtt_url, acknowledge: str = "rows", node: str = "") -> AsyncIterator[Edge]:
        path = tmp_path / "edge.toml"
        path.write_text(CONFIG.format(group=group, mqtt=url, acknowledge=acknowledge, node=node), "utf-8")
        plan = load_plan(path)
        async with Buffer(plan.config.buffer) as buffer:
            (alias,) = (await buffer.aliases([SeriesKey("D1", "Spindle/Load", "Double", "%")])).values()
            series = Series(alias, plan.signals[0])
            presence = Presence(plan.device_sources, ["s"], plan.config.node.device_timeout)
            presence.source("s", connected=True)
            publisher = Publisher(plan, buffer, [series], presence)
            task = asyncio.create_task(publisher.run())
            edge = Edge(buffer, publisher, series, presence)
            edge.count = buffer.totals.produced_samples
            try:
                yield edge
            finally:
                publisher.stop()
                await asyncio.wait_for(task, 10)

    return run
