"""500 browsers that watch one API process: how late a change arrives, how much memory and processor that takes.

Run: ``.venv/bin/python -m benchmarks.api_stream [--clients 500] [--seconds 60] [--slow 50] [--data FOLDER]`` (the folder may be that of
`benchmarks.api_reads`; without, a province of 100 x 20 machines with a day of windows is made).

Clients are raw sockets in this process, spread over the workshops, every tenth on the overview of all workshops. Each second a
machine of every workshop changes its state in one commit, so each look finds changes for every watcher. The newest change that an event holds
tells how old it is when it is here: [commit -> arrival]. `--slow` of the clients read nothing after the first event: what the
API keeps for them is part of its memory. Half of the time passes with nobody slow, then the slow ones stop reading.
"""

import argparse
import asyncio
import json
import math
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from chejian_cloud.access.commands import make_token
from chejian_cloud.access.permissions import Permission, Role

from benchmarks.api_plant import add_size, filled, province_of
from benchmarks.api_reads import Served, p95

_CHANGE = """
WITH chosen AS (
    SELECT DISTINCT ON (e.workshop_id) e.equipment_id FROM app.equipment e WHERE e.type <> 'electricity_meter'
     ORDER BY e.workshop_id, (e.equipment_id + %(round)s) %% 20)
INSERT INTO app.state_interval (equipment_id, start, "end", state, category, loss)
SELECT equipment_id, %(at)s, %(at)s + interval '1 minute', 1 + %(round)s %% 2, 'APT', 'production' FROM chosen
"""


@dataclass
class Seen:
    """What the clients saw.

    Attributes:
        ages: [ms] from the commit of the newest change in an event to its arrival.
        events: that arrived.
        bytes: that arrived.
        broken: streams that ended.
    """

    ages: list[float] = field(default_factory=list)
    events: int = 0
    bytes: int = 0
    broken: int = 0


async def watch(port: int, key: str, query: str, seen: Seen, stop_reading: asyncio.Event | None) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    request = f"GET /api/v1/stream?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n\r\n"
    writer.write(request.encode())
    try:
        while True:
            if stop_reading is not None and stop_reading.is_set():
                await asyncio.Event().wait()
            line = await reader.readline()
            if not line:
                seen.broken += 1
                return
            seen.bytes += len(line)
            if line.startswith(b"data: "):
                seen.events += 1
            elif line.startswith(b'{"equipment":'):  # a chunk of its own, as it comes over the wire
                _age(line, seen)
    finally:
        writer.close()


def _age(line: bytes, seen: Seen) -> None:
    """Changes are stamped with the time of their commit, which is the newest `since` of an overview."""
    now = datetime.now(UTC)
    told = [e["since"] for e in json.loads(line)["equipment"] if e["since"]]
    age = (now - datetime.fromisoformat(max(told))).total_seconds() * 1000 if told else math.inf
    if age < 60_000:
        seen.ages.append(age)


async def change(dsn: str) -> None:
    """A commit each second; what the plant tells of the rest of the present hour would hide it, and goes before."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute("DELETE FROM app.state_interval WHERE start > now()")
        for number in range(10**9):
            await connection.execute(_CHANGE, {"round": number, "at": datetime.now(UTC)})
            await asyncio.sleep(1)


def told(name: str, served: Served, seen: Seen, since: tuple[float, float, int]) -> None:
    began, cpu, events = since
    took = time.perf_counter() - began
    ages = seen.ages or [math.nan]
    print(
        f"{name:24} {served.memory_mb():7.0f} MB {(served.processor_ms() - cpu) / took / 1000:5.2f} cores"
        f" {(seen.events - events) / took:7.0f} events/s, change -> browser: p50 {statistics.median(ages):5.0f} ms,"
        f" p95 {p95(ages):5.0f} ms; {seen.broken} broken",
        flush=True,
    )
    seen.ages.clear()


async def run(served: Served, dsn: str, key: str, workshops: list[int], options: argparse.Namespace) -> bool:
    seen, stop_reading, arrived = Seen(), asyncio.Event(), True
    print(f"{'before':24} {served.memory_mb():7.0f} MB", flush=True)
    tasks = [asyncio.create_task(change(dsn))]
    for number in range(options.clients):
        query = f"workshop_id={workshops[number % len(workshops)]}" if number % 10 else "view=workshops"
        slow = stop_reading if number < options.slow else None
        tasks.append(asyncio.create_task(watch(served.port, key, query, seen, slow)))
        await asyncio.sleep(0.01)
    try:
        for name in (f"{options.clients} clients", f"{options.slow} of them stuck"):
            await asyncio.sleep(5)  # until the first events of all are out
            seen.ages.clear()
            since = time.perf_counter(), served.processor_ms(), seen.events
            await asyncio.sleep(options.seconds / 2)
            arrived = arrived and bool(seen.ages)
            told(name, served, seen, since)
            stop_reading.set()
    finally:
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
    if not arrived:
        print("no change has come to any browser")
    await asyncio.sleep(3)
    print(f"{'all have left':24} {served.memory_mb():7.0f} MB")
    return seen.broken == 0 and arrived


def main() -> int:
    parser = argparse.ArgumentParser(description="500 browsers that watch one API process.")
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--slow", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    add_size(parser, days=1)
    options = parser.parse_args()
    province = province_of(options)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.data or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        with (
            filled(province, folder) as (server, _),
            Served(server.dsn(), Path(scratch) / "api.log") as served,
        ):
            key = make_token(server.dsn(), "watcher", Role.PLATFORM_ADMIN, None, [Permission.READ], days=1)
            with psycopg.connect(server.dsn()) as connection:
                rows = connection.execute("SELECT workshop_id FROM app.workshop ORDER BY 1").fetchall()
            workshops = [row[0] for row in rows]
            return 0 if asyncio.run(run(served, server.dsn(), key, workshops, options)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
