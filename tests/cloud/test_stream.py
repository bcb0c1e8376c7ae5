"""The live overview over a real HTTP server, and its poller."""

import asyncio
import json
import os
import re
import sys
import threading
from collections.abc import AsyncIterator, Iterator

import httpx
import psycopg
import pytest
import uvicorn
from chejian_cloud.app import create_app
from chejian_cloud.clock import utc_now
from chejian_cloud.config import Settings
from chejian_cloud.db.engine import make_engine
from chejian_cloud.stream.schemas import OverviewOut
from chejian_cloud.stream.service import OverviewStream
from chejian_contract.health import Metrics

from tests.cloud.keys import bearer
from tests.cloud.plant_rows import PlantRows
from tests.cloud.worker.rounds import Bench
from tests.fixtures.listening import listening


@pytest.fixture
def server(plant: PlantRows) -> Iterator[str]:
    """Address of the API, served by uvicorn from a thread."""
    config = uvicorn.Config(
        create_app(Settings(dsn=plant.dsn)), port=0, log_config=None, timeout_graceful_shutdown=1
    )
    running = uvicorn.Server(config)
    socket = listening(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [socket]})
    thread.start()
    yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    running.should_exit = True
    thread.join(20)
    socket.close()
    assert not thread.is_alive()


async def events(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, str]]:
    event: dict[str, str] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
        else:
            if "data" in event:
                yield event
            event = {}


def produce(plant: PlantRows, state: int) -> None:
    """A machine's state of this moment, computed by the worker."""
    now = utc_now()
    plant.write("CNC-01", [("State/MachineState", int(now.timestamp() * 1000) - 1, state)])
    with Bench(plant.dsn, utc_now()) as bench:
        bench.settle()


async def test_changes_are_streamed_with_ids(server: str, plant: PlantRows) -> None:
    with psycopg.connect(plant.dsn) as connection:
        connection.execute("DELETE FROM app.planned_stop")  # in the plant's lunch break nothing is available
    await asyncio.to_thread(produce, plant, 1)
    async with (
        asyncio.timeout(40),
        httpx.AsyncClient(base_url=server, timeout=30, headers=bearer(plant.dsn)) as client,
        client.stream("GET", "/api/v1/stream", headers={"Last-Event-ID": "of another server"}) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.headers["content-security-policy"].startswith("default-src 'self'")
        told = events(answer.aiter_lines())
        first = await anext(told)
        machine = json.loads(first["data"])["equipment"][0]
        assert (first["event"], machine["code"], machine["state_name"]) == ("overview", "CNC-01", "PRODUCING")
        assert machine["online"] is True
        assert machine["shift"]["availability"] == 1.0
        await asyncio.to_thread(produce, plant, 3)
        async for event in told:
            if json.loads(event["data"])["equipment"][0]["state_name"] == "FAULT":
                break
        assert event["id"] != first["id"]


async def update(page: AsyncIterator[tuple[str, bytes] | None]) -> tuple[str, bytes]:
    """The next overview; a heartbeat may come first where the database is slow."""
    async for told in page:
        if told is not None:
            return told
    raise AssertionError("the stream ended")


async def test_one_poller_serves_all_and_sleeps_without_pages(seeded: str) -> None:
    metrics = Metrics()
    engine = make_engine(seeded, application="test", scoped=True)
    polls = "chejian_cloud_stream_polls_total"
    stream = OverviewStream(engine, hold=60, metrics=metrics, poll=0.02, heartbeat=0.05)
    async with asyncio.timeout(30), stream:
        assert metrics.get(polls) == 0
        pages = [stream.updates() for _ in range(5)]
        first = [await update(page) for page in pages]
        assert len(set(first)) == 1
        assert metrics.get("chejian_cloud_stream_subscribers") == 5
        assert await anext(pages[0]) is None  # nothing changed: a heartbeat
        assert first[0] is not None
        again = stream.updates(first[0][0])
        assert await anext(again) is None  # that browser has this state already
        for page in (*pages, again):
            await page.aclose()
        assert metrics.get("chejian_cloud_stream_subscribers") == 0
    engine.dispose()


async def test_silence_is_no_data_not_the_last_state(plant: PlantRows) -> None:
    await asyncio.to_thread(produce, plant, 1)
    engine = make_engine(plant.dsn, application="test", scoped=True)
    stream = OverviewStream(engine, hold=1e-6, metrics=Metrics())
    (machine, other) = OverviewOut.model_validate_json(await stream.read()).equipment
    assert (machine.state, machine.state_name, machine.category) == (0, "NO_DATA", "NO_DATA")
    assert machine.since is not None
    assert (other.state_name, other.diagnosis) == ("NO_DATA", None)
    engine.dispose()


async def test_the_api_ends_cleanly_with_a_page_open(seeded: str) -> None:
    command = [
        sys.executable,
        "-c",
        "import sys; from chejian_cloud.cli import main; sys.exit(main())",
        "api",
        "--port",
        "0",
    ]
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, "CHEJIAN_DSN": seeded}, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(50):
            assert process.stderr is not None
            url = None
            while url is None:
                line = (await process.stderr.readline()).decode()
                assert line, "the API ended before it listened"
                found = re.search(r"http://127\.0\.0\.1:\d+", line)
                url = found and found[0]
            async with httpx.AsyncClient(base_url=url, timeout=30, headers=bearer(seeded)) as client:
                assert (await client.get("/readyz")).json()["ready"] is True
                async with client.stream("GET", "/api/v1/stream") as answer:
                    assert (await anext(events(answer.aiter_lines())))["event"] == "overview"
                    process.terminate()
                    assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
