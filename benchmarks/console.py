"""The console with many workshops: what a look at all machines costs, and how soon the overview stands.

Run: ``.venv/bin/python -m benchmarks.console [workshops] [machines each]`` (default 100 x 20). A registry of that size is
made in an embedded PostgreSQL, each machine with a day of states (48 intervals), KPIs by hour and shift, a device and
its signals; the API is served, and Debian's chromium opens the pages. Printed: the look behind the stream, each answer
that the pages ask for (median of five), and for each page the requests to the API, the time until it stands (first
visit and again) and the longest task that blocked it.
"""

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import psycopg
import uvicorn
from chejian.stack import EmbeddedPostgres
from chejian_cloud.access.commands import make_token
from chejian_cloud.access.permissions import Permission, Role
from chejian_cloud.app import create_app
from chejian_cloud.clock import utc_now
from chejian_cloud.config import Settings
from chejian_cloud.db.engine import make_engine
from chejian_cloud.db.migrate import migrate as migrate_app
from chejian_cloud.stream.looks import ALL_MACHINES, ALL_WORKSHOPS, look
from chejian_contract.config import Seconds
from chejian_gateway.migrate import migrate as migrate_telemetry
from playwright.sync_api import Browser, sync_playwright

TIMES = 5
"""Repeats of each answer; their median counts."""
LINES = 4
"""Lines of each workshop."""
_REGISTRY = """
INSERT INTO app.enterprise (code, name_zh, name_en)
SELECT 'ent-' || i, '示范企业' || i, 'Enterprise ' || i FROM generate_series(1, %(workshops)s / 4 + 1) i;
INSERT INTO app.calendar (code, timezone) VALUES ('two', 'Asia/Shanghai');
INSERT INTO app.shift (calendar_id, code, name_zh, name_en, start, "end")
VALUES (1, 'A', '白班', 'Day', '08:00', '20:00'), (1, 'B', '夜班', 'Night', '20:00', '08:00');
INSERT INTO app.workshop (enterprise_id, calendar_id, code, name_zh, name_en, timezone, city_code)
SELECT 1 + i / 4, 1, 'W' || i, '第' || i || '数字化车间', 'Digital workshop ' || i, 'Asia/Shanghai', '230100'
  FROM generate_series(1, %(workshops)s) i;
INSERT INTO app.line (workshop_id, code, name_zh, name_en)
SELECT workshop_id, 'L' || j, '产线' || j, 'Line ' || j FROM app.workshop, generate_series(1, %(lines)s) j;
INSERT INTO app.equipment (enterprise_id, workshop_id, line_id, code, name_zh, name_en, type, position)
SELECT w.enterprise_id, w.workshop_id, l.line_id, w.code || '-M' || i, '设备' || i, 'Machine ' || i,
       'cnc_machining_centre', i
  FROM app.workshop w
 CROSS JOIN generate_series(1, %(machines)s) i
  JOIN app.line l ON l.workshop_id = w.workshop_id AND l.code = 'L' || (1 + i %% %(lines)s);
INSERT INTO app.equipment_feed (equipment_id, group_id, edge_node, device)
SELECT e.equipment_id, n.code, w.code, e.code
  FROM app.equipment e JOIN app.workshop w USING (workshop_id) JOIN app.enterprise n ON n.enterprise_id = w.enterprise_id;
INSERT INTO telemetry.node (group_id, edge_node, ledger_id, online, last_seen)
SELECT DISTINCT group_id, edge_node, 1, true, %(now)s FROM app.equipment_feed;
INSERT INTO telemetry.device (node_id, name, online)
SELECT n.node_id, g.device, true FROM app.equipment_feed g JOIN telemetry.node n USING (group_id, edge_node);
INSERT INTO telemetry.series (device_id, name, datatype, unit, quantity, kind, role)
SELECT device_id, 'Signal/' || k, 10, '', 'ratio', 'measurement', CASE k WHEN 1 THEN 'product' ELSE '' END
  FROM telemetry.device, generate_series(1, 10) k;
INSERT INTO telemetry.settled_value (series_id, time, value, text, quality)
SELECT series_id, %(now)s, 1, CASE role WHEN 'product' THEN 'P-1' END, 192 FROM telemetry.series;
"""
_RESULTS = """
INSERT INTO app.state_interval (equipment_id, start, "end", state, category)
SELECT equipment_id, b, b + interval '30 minutes', s.state, (ARRAY['APT', 'AUST', 'ADET', 'ADET'])[s.state]
  FROM app.equipment
 CROSS JOIN generate_series(%(now)s - interval '24 hours', %(now)s - interval '30 minutes', interval '30 minutes') b
 CROSS JOIN LATERAL (SELECT 1 + (equipment_id * 7 + extract(hour FROM b)::int) %% 4 AS state) s;
INSERT INTO app.kpi_value (equipment_id, kpi, window_kind, start, "end", value, numerator, denominator, completeness,
                           flags, formula_version, provisional, inputs, computed_at)
SELECT e.equipment_id, k.kpi, x.kind, x.start, x.start + x.length, 0.7, 7, 10, 0.99, '{}', '1', x.kind = 'shift',
       jsonb_build_object('calendar_us', 3600000000, 'not_scheduled_us', 0, 'planned_stop_us', 0, 'no_data_us', 36000000,
                          'adot_us', 0, 'adet_us', 564000000, 'aust_us', 300000000, 'apt_us', 2700000000,
                          'ideal_us', 2565000000, 'effective_us', 2520000000, 'produced', 57, 'good', 56, 'scrap', 1),
       %(now)s
  FROM app.equipment e
 CROSS JOIN unnest(ARRAY['oee', 'availability', 'effectiveness', 'quality_ratio', 'nee']) AS k(kpi)
 CROSS JOIN (SELECT 'hour' AS kind, date_trunc('hour', %(now)s) - h * interval '1 hour' AS start,
                    interval '1 hour' AS length FROM generate_series(0, 23) h
             UNION ALL SELECT 'shift', date_trunc('hour', %(now)s), interval '12 hours') x;
"""


def fill(dsn: str, workshops: int, machines: int) -> None:
    migrate_telemetry(dsn)
    migrate_app(dsn)
    values = {"workshops": workshops, "machines": machines, "lines": LINES, "now": utc_now()}
    with psycopg.connect(dsn, autocommit=True) as connection, psycopg.ClientCursor(connection) as cursor:
        cursor.execute(_REGISTRY, values)
        cursor.execute(_RESULTS, values)
        cursor.execute("ANALYZE")


@contextmanager
def served(dsn: str) -> Iterator[str]:
    config = uvicorn.Config(
        create_app(Settings(dsn=dsn, hold=Seconds(3600))),
        port=0,
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    socket = config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        socket.close()


def median_ms(action: Callable[[], object]) -> float:
    found = []
    for _ in range(TIMES):
        began = time.perf_counter()
        action()
        found.append((time.perf_counter() - began) * 1000)
    return statistics.median(found)


def answers(base: str, key: dict[str, str]) -> None:
    with httpx.Client(base_url=base, timeout=60, headers=key) as client:
        for path in (
            *("/api/v1/workshops-now", "/api/v1/overview", "/api/v1/overview?workshop_id=1"),
            *("/api/v1/states?workshop_id=1", "/api/v1/kpi-values?workshop_id=1&kpi=oee&window=hour"),
            *(
                "/api/v1/latest?workshop_id=1",
                "/api/v1/workshop-completeness",
                "/",
                "/workshops/1",
                "/lines/1",
            ),
        ):
            size = len(client.get(path).raise_for_status().content)
            print(f"{path:55} {median_ms(partial(client.get, path)):8.0f} ms {size / 1000:8.0f} kB")


_WATCH = """
globalThis.longest = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, entry.duration);
}).observe({ type: 'longtask', buffered: true });
"""


def visit(browser: Browser, base: str, path: str, key: dict[str, str]) -> None:
    context = browser.new_context(
        base_url=base, extra_http_headers=key, viewport={"width": 1360, "height": 850}
    )
    page = context.new_page()
    page.add_init_script(_WATCH)
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "/api/" in r.url else None)
    times = []
    for _ in range(2):
        asked.clear()
        began = time.perf_counter()
        page.goto(path)
        page.wait_for_selector("body[data-ready]", timeout=60_000)
        times.append((time.perf_counter() - began) * 1000)
        requests = len(asked)
    page.wait_for_selector("body[data-messages]", timeout=60_000)
    longest = page.evaluate("globalThis.longest")
    print(
        f"{path:55} {requests:3} requests, stands after {times[0]:6.0f} ms, again {times[1]:6.0f} ms,"
        f" longest task {longest:5.0f} ms"
    )
    context.close()


def main() -> None:
    workshops, machines = [int(a) for a in sys.argv[1:3]] or [100, 20]
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder), durable=False) as postgres:
        dsn = postgres.dsn()
        fill(dsn, workshops, machines)
        print(f"{workshops} workshops, {workshops * machines} machines")
        engine = make_engine(dsn, application="benchmark", scoped=True)
        for name, view in (("machines", ALL_MACHINES), ("workshops", ALL_WORKSHOPS)):
            print(f"look at all {name:42} {median_ms(partial(look, engine, utc_now, [view])):8.0f} ms")
        engine.dispose()
        token = make_token(dsn, "benchmark", Role.PLATFORM_ADMIN, None, [Permission.READ], days=1)
        key = {"Authorization": f"Bearer {token}"}
        with served(dsn) as base:
            answers(base, key)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
                )
                for path in ("/?lang=zh", "/workshops/1?lang=zh", "/lines/1?lang=zh", "/health?lang=zh"):
                    visit(browser, base, path, key)
                browser.close()


if __name__ == "__main__":
    main()
