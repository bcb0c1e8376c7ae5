"""Scheduled reports: which windows are due, one file for each whatever happens, and who sees it."""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest
from chejian_analytics.kpi import Shift
from chejian_cloud.access.permissions import Role
from chejian_cloud.app import create_app
from chejian_cloud.calendar.service import WorkCalendar
from chejian_cloud.config import Settings
from chejian_cloud.db.engine import make_engine
from chejian_cloud.jobs.queue import QUEUE, Work, build, look_once
from chejian_cloud.jsontypes import TimeRange
from chejian_cloud.reports import making
from chejian_cloud.reports.due import ended
from chejian_contract.health import Metrics
from procrastinate import App

from tests.cloud.keys import bearer
from tests.cloud.reports.pages import opened
from tests.cloud.two_hours import two_hours
from tests.cloud.worker.rounds import after, rows

pytestmark = pytest.mark.long
SHIFTS = (Shift("A", "08:00", "20:00"), Shift("B", "20:00", "08:00"))
HARBIN = WorkCalendar("Asia/Shanghai", SHIFTS, ())
SCHEDULE = {"workshop_id": 1, "window": "shift", "user_name": "li"}
WHEN = after(hours=12, minutes=20)
"""Shift A has ended, and the quarter of an hour after it, too."""
MADE = "SELECT count(*) AS n, target ->> 'stored_report_id' AS id FROM app.audit WHERE action = 'report made' GROUP BY 2"


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.mark.parametrize(
    ("kind", "since", "until", "expected"),
    [
        ("shift", "2026-03-02T08:00", "2026-03-02T19:59", []),
        ("shift", "2026-03-02T08:00", "2026-03-02T20:00", [("2026-03-02T08:00", "2026-03-02T20:00")]),
        ("shift", "2026-03-02T20:00", "2026-03-03T08:00", [("2026-03-02T20:00", "2026-03-03T08:00")]),
        ("day", "2026-03-02T00:00", "2026-03-03T01:00", [("2026-03-02T00:00", "2026-03-03T00:00")]),
        ("month", "2026-02-20T00:00", "2026-03-01T00:00", [("2026-02-01T00:00", "2026-03-01T00:00")]),
        ("month", "2026-03-01T00:00", "2026-03-31T23:59", []),
    ],
)
def test_windows_end_by_the_workshops_own_calendar(
    kind: str, since: str, until: str, expected: list[tuple[str, str]]
) -> None:
    wanted = [TimeRange(shanghai(start), shanghai(end)) for start, end in expected]
    assert ended(kind, HARBIN, shanghai(since), shanghai(until)) == wanted


def test_what_ended_long_ago_is_not_made_up() -> None:
    found = ended("day", HARBIN, shanghai("2020-01-01T00:00"), shanghai("2026-03-02T00:00"))
    assert len(found) == 35
    assert found[-1].end == shanghai("2026-03-02T00:00")


@pytest.fixture
def dsn(prepared: Callable[[str, Callable[[str], object]], str], report_font: Path) -> str:
    return prepared("energy of two hours", two_hours)


@pytest.fixture
def work(dsn: str) -> Iterator[Work]:
    engine = make_engine(dsn, application="tests", scoped=True)
    yield Work(engine, Settings(dsn=dsn), Metrics(), lambda: WHEN)
    engine.dispose()


@pytest.fixture
async def api(dsn: str) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Settings(dsn=dsn))
    key = bearer(dsn, Role.ENGINEER, "hlj-demo")
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://api/api/v1", headers=key) as client,
    ):
        yield client


async def schedule(api: httpx.AsyncClient, dsn: str, **more: object) -> int:
    """A schedule that has been there before the shift."""
    made = await api.post("/report-schedules", json=SCHEDULE | more)
    assert made.status_code == 201, made.text
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE app.report_schedule SET since = %s", [WHEN - timedelta(hours=12)])
    return int(made.json())


async def worked_off(queue: App) -> None:
    await queue.run_worker_async(queues=[QUEUE], wait=False, install_signal_handlers=False)


async def test_a_report_is_made_once_sealed_and_downloaded(
    api: httpx.AsyncClient, dsn: str, work: Work
) -> None:
    await schedule(api, dsn)
    await schedule(api, dsn, format="xlsx")
    first, second = build(work), build(work)
    async with first.open_async(), second.open_async():
        await asyncio.gather(look_once(first, work), look_once(second, work))
        await asyncio.gather(worked_off(first), worked_off(second))
        await look_once(first, work)
        await worked_off(first)
    told = (await api.get("/stored-reports")).json()
    assert [(r["state"], r["attempts"], r["error"]) for r in told] == [("made", 0, "")] * 2
    assert {r["format"] for r in told} == {"pdf", "xlsx"}
    assert {(r["start"], r["end"]) for r in told} == {
        ("2026-03-02T00:00:00.000+00:00", "2026-03-02T12:00:00.000+00:00")
    }
    assert {(r["n"], int(r["id"])) for r in rows(dsn, MADE)} == {(1, r["stored_report_id"]) for r in told}
    for report in told:
        answer = await api.get(f"/stored-reports/{report['stored_report_id']}/file")
        assert answer.status_code == 200
        assert hashlib.sha256(answer.content).hexdigest() == report["sha256"]
        assert len(answer.content) == report["size"]
        if report["format"] == "pdf":
            with opened(answer.content) as pages:
                assert "生产班报" in pages.text
        else:
            assert answer.content[:2] == b"PK"
    journal = rows(dsn, "SELECT target FROM app.audit WHERE action = 'report made'")
    assert {line["target"]["sha256"] for line in journal} == {r["sha256"] for r in told}


async def test_a_made_report_stays_as_it_is(api: httpx.AsyncClient, dsn: str, work: Work) -> None:
    await schedule(api, dsn, format="xlsx")
    ((enterprise, report),) = work.note()
    assert making.make(work.engine, work.settings, enterprise, report, work.clock)
    assert not making.make(work.engine, work.settings, enterprise, report, work.clock)
    with (
        psycopg.connect(dsn) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="stays as it is"),
    ):
        connection.execute("UPDATE app.stored_report SET error = 'x'")


@contextmanager
def jobs_process(dsn: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        command = [str(Path(sys.executable).with_name("chejian-cloud")), "jobs", "--dsn", dsn, "--port", "0"]
        child = subprocess.Popen(command, stderr=out)
    try:
        yield child
    finally:
        child.kill()
        child.wait()


@pytest.mark.system
async def test_a_worker_that_is_killed_midway_leaves_the_report_to_another(
    api: httpx.AsyncClient, dsn: str, work: Work, tmp_path: Path
) -> None:
    await schedule(api, dsn)
    queue = build(work)
    async with queue.open_async():
        await look_once(queue, work)
        with psycopg.connect(dsn) as holder, jobs_process(dsn, tmp_path / "jobs.log") as child:
            holder.execute("LOCK TABLE app.kpi_value IN ACCESS EXCLUSIVE MODE")
            waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name = 'chejian-cloud jobs'"
            deadline = time.monotonic() + 120
            while not rows(dsn, waiting):
                assert child.poll() is None, (tmp_path / "jobs.log").read_text()
                assert time.monotonic() < deadline, (tmp_path / "jobs.log").read_text()
                await asyncio.sleep(0.1)
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        told = (await api.get("/stored-reports")).json()
        assert [(r["state"], r["attempts"], r["sha256"]) for r in told] == [("due", 0, None)]
        assert rows(
            dsn, "SELECT status::text FROM jobs.procrastinate_jobs WHERE task_name = 'make_report'"
        ) == [{"status": "doing"}]
        await look_once(queue, work, stalled=0)
        await worked_off(queue)
    told = (await api.get("/stored-reports")).json()
    assert [r["state"] for r in told] == ["made"]
    assert [r["n"] for r in rows(dsn, MADE)] == [1]


async def test_a_failure_is_told_tried_again_and_given_up_in_the_end(
    api: httpx.AsyncClient, dsn: str, work: Work
) -> None:
    await schedule(api, dsn)
    ((enterprise, report),) = work.note()
    with psycopg.connect(dsn) as connection:
        connection.execute("DELETE FROM app.kpi_value")
    queue = build(work)
    async with queue.open_async():
        await look_once(queue, work)
        await worked_off(queue)
        (told,) = (await api.get("/stored-reports")).json()
        assert (told["state"], told["attempts"]) == ("due", 1)
        assert "no shift with figures" in told["error"]
        (job,) = await queue.job_manager.list_jobs_async(task="make_report")
        assert job.status == "todo"
        assert job.scheduled_at is not None
    with pytest.raises(Exception, match="no shift with figures"):
        work.make(enterprise, report, last=True)
    (told,) = (await api.get("/stored-reports", params={"state": "failed"})).json()
    assert told["attempts"] == 2
    path = f"/stored-reports/{report}"
    assert (await api.get(f"{path}/file")).status_code == 404
    again = await api.post(f"{path}/retry", params={"user_name": "li"})
    assert again.status_code == 204, again.text
    assert (await api.post(f"{path}/retry", params={"user_name": "li"})).status_code == 409
    assert work.note() == [(enterprise, report)]


async def test_schedules_are_edited_and_rest(api: httpx.AsyncClient, dsn: str, work: Work) -> None:
    schedule_id = await schedule(api, dsn)
    assert (await api.post("/report-schedules", json=SCHEDULE)).status_code == 409
    body = {"delay_minutes": 60, "keep_days": 30, "active": False, "user_name": "li"}
    assert (await api.put(f"/report-schedules/{schedule_id}", json=body)).status_code == 204
    (told,) = (await api.get("/report-schedules", params={"workshop_id": 1})).json()
    assert (told["delay_minutes"], told["keep_days"], told["active"]) == (60, 30, False)
    assert work.note() == []
    assert (
        await api.delete(f"/report-schedules/{schedule_id}", params={"user_name": "li"})
    ).status_code == 204
    assert (await api.get("/report-schedules")).json() == []


async def test_reports_are_kept_as_long_as_was_said(api: httpx.AsyncClient, dsn: str, work: Work) -> None:
    await schedule(api, dsn, keep_days=1, format="xlsx")
    ((enterprise, report),) = work.note()
    assert making.make(work.engine, work.settings, enterprise, report, work.clock)
    later = Work(work.engine, work.settings, work.metrics, lambda: WHEN + timedelta(hours=23))
    later.note()
    assert report in {r["stored_report_id"] for r in (await api.get("/stored-reports")).json()}
    Work(work.engine, work.settings, work.metrics, lambda: WHEN + timedelta(hours=24)).note()
    assert report not in {r["stored_report_id"] for r in (await api.get("/stored-reports")).json()}
