"""The client against the real API, served over HTTP: what it reads, makes, edits, follows, and how it is refused."""

import runpy
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import nanoarrow as na
import numpy as np
import pytest
import uvicorn
from chejian_client import (
    ChangedSinceError,
    Client,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    NotLoggedInError,
    UnreachableError,
)
from chejian_client.samples import from_csv
from chejian_cloud.access.permissions import Role
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings

from tests.cloud.keys import bearer
from tests.cloud.two_hours import two_hours
from tests.cloud.worker.rounds import DAY, after, rows
from tests.fixtures.fix_postgres import DatabaseServer
from tests.fixtures.listening import listening

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
MACHINE = "PCK-01"
EDITED = "EVP-01"
"""No test explains its values: no worker is here that would compute them again after an edit."""


@pytest.fixture(scope="module")
def dsn(postgres_server: DatabaseServer) -> Iterator[str]:
    from tests.cloud.conftest import _build_seeded  # noqa: PLC0415 - a template of the tests of the cloud

    base = postgres_server.template("cloud seeded", _build_seeded)
    url = postgres_server.create(
        template=postgres_server.template("energy of two hours", two_hours, base=base)
    )
    yield url
    postgres_server.drop(url)


@pytest.fixture(scope="module")
def base(dsn: str) -> Iterator[str]:
    config = uvicorn.Config(
        create_app(Settings(dsn=dsn)), port=0, log_config=None, timeout_graceful_shutdown=1
    )
    server, socket = uvicorn.Server(config), listening(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)
    socket.close()


def token(dsn: str, role: Role = Role.ENGINEER) -> str:
    return bearer(dsn, role, "hlj-demo")["Authorization"].removeprefix("Bearer ")


@pytest.fixture(scope="module")
def client(base: str, dsn: str) -> Iterator[Client]:
    with Client(base, token(dsn)) as client:
        yield client


def machine_id(client: Client, code: str = MACHINE) -> int:
    return next(m.equipment_id for m in client.equipment() if m.code == code)


def test_lists_by_pages_are_one_iterator(client: Client) -> None:
    whole = [row["code"] for row in client.pages("/equipment")]
    assert len(whole) > 3
    assert [row["code"] for row in client.pages("/equipment", limit=2)] == whole
    assert [m.code for m in client.equipment()] == whole


def test_kpis_come_with_explanation_and_revisions(client: Client) -> None:
    machine = machine_id(client)
    (value,) = client.kpi_values(machine, kpi="oee", window="hour", start=DAY, end=after(hours=1))
    assert value.start == DAY
    assert value.completeness is not None
    told = client.explain(machine, value)
    assert told.value == value
    assert told.agrees is True
    assert told.terms["calendar_us"] == 3_600_000_000
    assert told.terms["apt_us"] == 1_800_000_000
    assert list(client.revisions(machine, DAY, after(days=1))) == []


def test_samples_are_the_stored_ones(client: Client, dsn: str) -> None:
    signal = next(s for s in client.signals(machine_id(client)) if s.role == "good_count")
    stored = rows(
        dsn,
        "SELECT (extract(epoch FROM time) * 1000000)::bigint AS us, value FROM telemetry.sample WHERE series_id = %s ORDER BY time",
        signal.series_id,
    )
    found = client.samples(signal.series_id, DAY, after(hours=3))
    assert len(found) == len(stored) > 50
    assert found.time.astype(np.int64).tolist() == [row["us"] for row in stored]
    assert found.value.tolist() == [row["value"] for row in stored]
    assert len(found.good()) == len(found)
    assert len(client.samples(signal.series_id, after(days=5), after(days=6))) == 0
    with pytest.raises(NotFoundError):
        client.samples(999_999, DAY, after(hours=1))


def test_samples_come_as_a_stream_of_arrow_too(client: Client) -> None:
    signal = next(s for s in client.signals(machine_id(client)) if s.role == "good_count")
    plain = client.samples(signal.series_id, DAY, after(hours=3))
    told = b"".join(client.samples_arrow(signal.series_id, DAY, after(hours=3)))
    with na.ArrayStream.from_readable(told) as stream:
        read = stream.read_all()
    assert read.schema.metadata[b"name"] == signal.name.encode()
    times, values, qualities = zip(*read.iter_tuples(), strict=True)
    naive = [time.replace(tzinfo=None) for time in times]
    assert np.array(naive, "datetime64[us]").tolist() == plain.time.tolist()
    assert list(values) == plain.value.tolist()
    assert list(qualities) == plain.quality.tolist()
    with pytest.raises(NotFoundError):
        next(client.samples_arrow(999_999, DAY, after(hours=1)))


def test_a_file_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="head 'a,b' is wrong"):
        from_csv(["a,b", "1,2"])
    found = from_csv(
        ["time,value,quality", "2026-03-02T00:00:00.000Z,,0", "2026-03-02T00:00:01.500Z,2.5,192"]
    )
    assert np.isnan(found.value[0])
    assert found.good().value.tolist() == [2.5]


def test_refusals_name_what_is_wrong(client: Client, base: str, dsn: str) -> None:
    with pytest.raises(InvalidError) as wrong:
        client.kpi_values(machine_id(client), kpi="nonsense")
    assert (wrong.value.key, wrong.value.value) == ("kpi", "nonsense")
    assert "oee" in (wrong.value.allowed or "")
    with pytest.raises(NotFoundError, match="equipment"):
        client.signals(2_000_000_000)
    order = {"code": "X", "equipment": "NOPE", "product": "WMP", "quantity": 1}
    order |= {"planned_start": DAY.isoformat(), "planned_end": after(hours=1).isoformat()}
    with pytest.raises(InvalidError) as table:
        client.put("/orders", {"orders": [order], "user_name": "li"})
    assert [(row.row, row.column, row.value) for row in table.value.rows] == [(1, "equipment", "NOPE")]
    with Client(base, token(dsn, Role.VIEWER)) as viewer, pytest.raises(ForbiddenError):
        viewer.make("/report-schedules", {"workshop_id": 1, "window": "day", "user_name": "li"})
    with Client(base, "chj_wrong") as nobody, pytest.raises(NotLoggedInError):
        nobody.workshops()


def test_what_is_made_is_made_once(client: Client, dsn: str) -> None:
    body = {"workshop_id": 1, "window": "day", "user_name": "li"}
    made = client.make("/report-schedules", body, key="one-attempt")
    assert client.make("/report-schedules", body, key="one-attempt") == made
    with pytest.raises(ConflictError):
        client.make("/report-schedules", body)
    assert rows(dsn, "SELECT count(*) AS n FROM app.report_schedule") == [{"n": 1}]


def test_an_edit_does_not_overwrite_another(client: Client) -> None:
    path = f"/equipment/{machine_id(client, EDITED)}/ideal-cycles"
    seen = client.tagged(path)
    body = {"product": "WMP", "seconds": 61, "valid_from": DAY.isoformat(), "user_name": "li"}
    client.put(path, body, etag=seen.etag)
    with pytest.raises(ChangedSinceError):
        client.put(path, body | {"seconds": 62}, etag=seen.etag)
    assert any(cycle["seconds"] == 61 for cycle in client.get(path))


def test_nobody_answers(unused_tcp_port: int) -> None:
    pauses: list[float] = []
    with (
        Client(f"http://127.0.0.1:{unused_tcp_port}", "chj_x", attempts=4, sleep=pauses.append) as client,
        pytest.raises(UnreachableError, match="4 attempts"),
    ):
        client.workshops()
    assert pauses == [0.5, 1.0, 2.0]


def test_events_are_followed_over_a_break(base: str, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []
    pauses: list[float] = []
    plain = httpx.Client.stream

    def first_broken(self: httpx.Client, *args: str, **options: Any) -> Any:
        asked.append(options["headers"].get("Last-Event-ID"))
        if len(asked) == 1:
            raise httpx.ReadError("cut")
        return plain(self, *args, **options)

    monkeypatch.setattr(httpx.Client, "stream", first_broken)
    with Client(base, token(dsn), sleep=pauses.append) as client:
        (first,) = islice(client.events(workshop_id=1), 1)
        assert {m["code"] for m in first.data["equipment"]} >= {MACHINE}
        assert (asked, pauses) == ([None, None], [0.5])


def test_the_example_runs_from_its_first_cell_to_its_last(
    base: str, dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHEJIAN_URL", base)
    monkeypatch.setenv("CHEJIAN_TOKEN", token(dsn))
    monkeypatch.setenv("CHEJIAN_MACHINE", MACHINE)
    monkeypatch.setenv("CHEJIAN_UNTIL", after(hours=2).isoformat())
    runpy.run_path(str(ROOT / "docs/examples/client.py"))
    printed = capsys.readouterr().out
    assert f"{MACHINE} 2026-03-02 00:00:00+00:00 OEE" in printed
    assert "kpi nonsense oee" in printed
    assert "effective" in printed
