"""Time of every read of the API and of every page, with 20 users at work, at a province's size.

Run: ``.venv/bin/python -m benchmarks.api_reads [--data FOLDER] [--workshops 100] [--machines 20] [--days 90] [--users 20]``; the
default size takes 20 GB of disk. With `--data` the filled server stays in that folder and is asked again next time.

Routes are those of the OpenAPI document that answer JSON to a GET, and the console's pages out of the table of rules; there is no
list by hand. Each is asked of a workshop of the asker (`workshop_id`, `equipment_id` ...), else with its own defaults, which is
what boards and pages do. Half of the users are engineers of ten enterprises, half of them administer the platform and see all
100 workshops. A user asks, waits for the whole answer, and looks at it for a second on average; `chejian-cloud api` (one process),
PostgreSQL and the askers share the machine. What can't be asked is told with the reason: nothing is left out silently.

Printed: for each route p50 and p95 of its slower kind of user, p95 as a share of the aim (100 ms for a read, 300 ms for a page),
kB, and the processor time of the API for one request when nobody else asks. The floor is `GET /api/v1/me`: recognising the
caller, and nothing else.
"""

import argparse
import asyncio
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import httpx
import psycopg
from chejian.demo.chain import program
from chejian.stack.ports import free_port
from chejian_cloud.access.commands import make_token
from chejian_cloud.access.permissions import GRANTS, TOKEN_PERMISSIONS, Role
from chejian_cloud.access.policy import EXPORTS, RULES
from chejian_cloud.config import API_PREFIX
from psycopg.rows import dict_row

from benchmarks.api_plant import add_size, filled, province_of

GOALS = {"read": 100.0, "page": 300.0}
"""[ms] at p95."""
KINDS = (Role.PLATFORM_ADMIN, Role.ENGINEER)
LOOK_SECONDS = 1.0
"""[s] that a user looks at an answer, on average."""
ENDLESS = f"GET {API_PREFIX}/stream"
"""See `benchmarks.api_stream`."""
KEPT = httpx.Limits(keepalive_expiry=2)
"""Connections are given up before the server does so (5 s), or a request may meet one that is being closed."""
ALONE = 5
"""Requests of a route when nobody else asks."""
_TOLD = (HTTPStatus.OK, HTTPStatus.TEMPORARY_REDIRECT)
_NO_PAGES = frozenset({"GET /healthz", "GET /readyz", "GET /metrics", "GET /link", *EXPORTS})


@dataclass
class Route:
    """A route, and what was measured of it.

    Attributes:
        name: method and template.
        kind: "read" or "page".
        path: parameters of the address by name; values are those of a user, else the example.
        query: parameters of the query likewise: those that have to be, and what narrows an answer to a workshop.
        reason: why it can't be asked; "" where it can.
        times: [ms] of each kind of user, with everybody at work.
        size: [byte] of the largest answer.
        cpu: [ms] of the API's processor for one request alone.
    """

    name: str
    kind: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    reason: str = ""
    times: dict[Role, list[float]] = field(default_factory=lambda: defaultdict(list))
    size: int = 0
    cpu: float = 0.0

    def address(self, ids: Mapping[str, Any]) -> str:
        """Path and query for a user's ids."""
        if "/meters/" in self.name:
            ids = {**ids, "equipment_id": ids["meter"]}
        path = self.name.split(" ")[1].format_map({k: ids.get(k, v) for k, v in self.path.items()})
        query = {key: ids.get(key, example) for key, example in self.query.items()}
        return f"{path}?{urlencode(query)}" if query else path

    def p95(self) -> float:
        """Of the slower kind of user [ms]."""
        return max(p95(times) for times in self.times.values())

    def share(self) -> float:
        """p95 as a share of the aim."""
        return self.p95() / GOALS[self.kind]


def p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20, method="inclusive")[18] if len(times) > 1 else times[0]


@dataclass(frozen=True)
class User:
    """Somebody who asks: role, key, and the ids of what belongs to the workshop that is looked at."""

    role: Role
    key: Mapping[str, str]
    ids: dict[str, Any]


_IDS = """
SELECT w.workshop_id, n.code AS enterprise, n.code AS "group", w.code AS workshop, w.calendar_id, n.enterprise_id,
       m.equipment_id, m.line_id, m.code, d.device_id,
       (SELECT s.series_id FROM telemetry.series s WHERE s.device_id = d.device_id ORDER BY 1 LIMIT 1) AS series_id,
       (SELECT x.diagnosis_id FROM app.diagnosis x WHERE x.equipment_id = m.equipment_id ORDER BY 1 DESC LIMIT 1) AS diagnosis_id,
       (SELECT p.programme_entry_id FROM app.programme_entry p WHERE p.workshop_id = w.workshop_id) AS entry_id,
       (SELECT min(r.product_id) FROM app.product r WHERE r.enterprise_id = n.enterprise_id) AS product_id,
       (SELECT to_char(max(v.start) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') FROM app.kpi_value v
         WHERE v.equipment_id = m.equipment_id AND v.kpi = 'oee' AND v.window_kind = 'shift' AND v."end" <= %(now)s) AS start
  FROM app.workshop w JOIN app.enterprise n USING (enterprise_id)
  JOIN app.equipment m ON m.workshop_id = w.workshop_id AND m.code = w.code || '-M1'
  JOIN telemetry.node o ON o.group_id = n.code AND o.edge_node = w.code
  JOIN telemetry.device d ON d.node_id = o.node_id AND d.name = m.code
 ORDER BY w.workshop_id
"""
_METER = "SELECT equipment_id FROM app.equipment WHERE workshop_id = %s AND type = 'electricity_meter' ORDER BY 1 LIMIT 1"


def users(dsn: str, number: int, now: datetime) -> list[User]:
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        places = connection.execute(_IDS, {"now": now}).fetchall()
        for place in places:
            found = connection.execute(_METER, [place["workshop_id"]]).fetchone()
            place["meter"] = found["equipment_id"] if found else None
    made = []
    for i in range(number):
        ids = dict(places[i * len(places) // number])
        role = KINDS[i % len(KINDS)]
        organisation = ids["enterprise"] if role is Role.ENGINEER else None
        token = make_token(dsn, f"user-{i}", role, organisation, TOKEN_PERMISSIONS, days=1)
        with psycopg.connect(dsn, row_factory=dict_row) as connection:
            row = connection.execute(
                "SELECT account_id FROM app.account WHERE name = %s", [f"user-{i}"]
            ).fetchone()
        ids["account_id"] = row["account_id"] if row else None
        made.append(User(role, {"Authorization": f"Bearer {token}"}, ids))
    return made


def forms(base: str, who: Sequence[User]) -> None:
    """An assessment of the workshop of each, pre-filled from what is stored."""
    for user in who:
        body = {"standard": "gbt37393-2019", "workshop_id": user.ids["workshop_id"], "industry": "discrete"}
        made = httpx.post(f"{base}{API_PREFIX}/assessments", json=body, headers=user.key, timeout=60)
        if made.is_error:
            print(f"no assessment for {user.role}: {made.status_code} {made.text[:120]}", flush=True)
            continue
        user.ids["assessment_id"] = made.json()["assessment_id"]


def routes(document: Mapping[str, Any]) -> list[Route]:
    """What can be read: JSON of the API, and pages."""
    found = []
    for path, methods in document["paths"].items():
        name = f"GET {path}"
        if "get" not in methods or name == ENDLESS or name in EXPORTS:
            continue
        if "application/json" in methods["get"]["responses"]["200"].get("content", ()):
            parameters = methods["get"].get("parameters", ())
            found.append(
                Route(name, "read", dict(_asked(parameters, "path")), dict(_asked(parameters, "query")))
            )
    pages = [n for n in RULES if n.startswith("GET /") and f" {API_PREFIX}/" not in n and n not in _NO_PAGES]
    found += [Route(n, "page", dict.fromkeys(re.findall(r"{(\w+)}", n), "1"), {}) for n in pages]
    return found


def _asked(parameters: Sequence[Mapping[str, Any]], where: str) -> Iterator[tuple[str, str]]:
    for each in parameters:
        if each["in"] == where and (each.get("required") or each["name"] in ("workshop_id", "workshop")):
            shown = each["schema"].get("examples") or each.get("examples") or ["1"]
            first = next(iter(shown.values()))["value"] if isinstance(shown, Mapping) else shown[0]
            yield each["name"], str(first[0] if isinstance(first, list) else first)


class Served:
    """`chejian-cloud api` as a process of its own; a context manager."""

    def __init__(self, dsn: str, log: Path) -> None:
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self._command = [program("chejian-cloud"), "api", "--dsn", dsn, "--port", str(self.port)]
        self._log = log

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command, stderr=log)
        deadline = time.monotonic() + 180
        while True:
            try:
                if httpx.get(f"{self.base}/readyz").status_code == HTTPStatus.OK:
                    return self
            except httpx.TransportError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
            time.sleep(0.1)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)

    def processor_ms(self) -> float:
        """Processor time that the API has had [ms], all threads (Linux)."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Memory that it holds [MB] (Linux)."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text("ascii").splitlines()
        return next(int(x.split()[1]) for x in lines if x.startswith("VmRSS")) / 1000


def may(user: User, route: Route) -> bool:
    """Whether the user has the permission, and a form of its own where the route is about one."""
    return RULES[route.name] in GRANTS[user.role] and (
        "{assessment_id}" not in route.name or "assessment_id" in user.ids
    )


def try_alone(served: Served, known: Sequence[Route], who: Sequence[User]) -> None:
    """Ask each route once for each kind of user; what is not answered gets its reason. Then its processor time."""
    for user in who:
        with httpx.Client(base_url=served.base, headers=user.key, timeout=60, limits=KEPT) as client:
            for route in known:
                if may(user, route) and not route.reason:
                    try_one(served, client, route, route.address(user.ids))
    for route in known:
        if not route.size and not route.reason:
            route.reason = f"neither kind of user has the permission {RULES[route.name]}"


def try_one(served: Served, client: httpx.Client, route: Route, address: str) -> None:
    answer = client.get(address)
    if answer.status_code not in _TOLD:
        route.reason = f"{answer.status_code} {address} {answer.text[:120]}"
        return
    route.size = max(route.size, len(answer.content), 1)
    before = served.processor_ms()
    for _ in range(ALONE):
        client.get(address)
    route.cpu = max(route.cpu, (served.processor_ms() - before) / ALONE)


async def work(base: str, user: User, todo: list[Route], seed: int) -> None:
    """One user: the routes of `todo` in an order of its own, with a look at each answer."""
    pause = random.Random(seed)
    async with httpx.AsyncClient(base_url=base, headers=user.key, timeout=60, limits=KEPT) as client:
        await asyncio.sleep(pause.uniform(0, LOOK_SECONDS))
        pause.shuffle(todo)
        for route in todo:
            began = time.perf_counter()
            answer = await client.get(route.address(user.ids))
            route.times[user.role].append((time.perf_counter() - began) * 1000)
            if answer.status_code not in _TOLD:
                raise SystemExit(f"{route.name}: {answer.status_code} {answer.text[:200]}")
            await asyncio.sleep(pause.expovariate(1 / LOOK_SECONDS))


async def everybody(base: str, who: Sequence[User], known: Sequence[Route], rounds: int) -> None:
    jobs = [work(base, u, [r for r in known if may(u, r)] * rounds, i) for i, u in enumerate(who)]
    await asyncio.gather(*jobs)


def report(known: Sequence[Route]) -> int:
    """Print the table; answers how many routes miss their aim."""
    asked = sorted((r for r in known if not r.reason), key=lambda r: -r.share())
    print(f"{'p50':>7} {'p95':>7} {'of aim':>6} {'kB':>7} {'cpu':>5}  route [ms, ms, 1, kB, ms]")
    for route in asked:
        half = max(statistics.median(times) for times in route.times.values())
        figures = (
            f"{half:7.1f} {route.p95():7.1f} {route.share():6.2f} {route.size / 1000:7.1f} {route.cpu:5.0f}"
        )
        print(f"{figures}  {route.name.removeprefix('GET ')}")
    for route in known:
        if route.reason:
            print(f"not asked: {route.name}: {route.reason}")
    missed = 0
    for kind, goal in GOALS.items():
        own = [r for r in asked if r.kind == kind]
        if not own:
            continue
        over = sum(r.share() > 1 for r in own)
        missed += over
        print(
            f"{len(own)} {kind}s, {over} over {goal:.0f} ms at p95; {p95([r.p95() for r in own]):.0f} ms holds for 95 %"
        )
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description="Time of every read of the API and of every page.")
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5, help="of each user through all routes")
    parser.add_argument("--only", default="", help="part of the routes' names")
    add_size(parser, days=90)
    options = parser.parse_args()
    province = province_of(options)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.data or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        with (
            filled(province, folder) as (server, now),
            Served(server.dsn(), Path(scratch) / "api.log") as served,
        ):
            who = users(server.dsn(), options.users, now)
            document = httpx.get(f"{served.base}{API_PREFIX}/openapi.json", timeout=60).json()
            known = [r for r in routes(document) if options.only in r.name]
            forms(served.base, who[: len(KINDS)])
            print(
                f"{province.workshops} workshops x {province.machines} machines x {province.days} days",
                flush=True,
            )
            try_alone(served, known, who[: len(KINDS)])
            able = [r for r in known if not r.reason]
            began, before = time.perf_counter(), served.processor_ms()
            asyncio.run(everybody(served.base, who, able, options.rounds))
            took, used = time.perf_counter() - began, (served.processor_ms() - before) / 1000
            asked = sum(len(times) for r in able for times in r.times.values())
            print(f"{options.users} users: {asked} requests in {took:.0f} s, {asked / took:.1f} a second;")
            print(f"API: {used / took:.2f} of a core, {served.memory_mb():.0f} MB")
        return 1 if report(known) else 0


if __name__ == "__main__":
    sys.exit(main())
