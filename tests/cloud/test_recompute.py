"""`chejian-cloud recompute` gives the worker's bits, ticks pieces off with their results, and goes on where it was."""

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import timedelta

import pytest
from chejian_cloud import recompute as subject
from chejian_cloud.cli import main
from chejian_cloud.config import Settings
from chejian_cloud.errors import NotFoundError
from chejian_cloud.worker.unit import UnitWork

from tests.cloud.plant_rows import PlantRows
from tests.cloud.worker.rounds import KPIS, STATES, Bench, after, production, rows

pytestmark = pytest.mark.long
STAMPS = "SELECT kpi, window_kind, start, xmin::text FROM app.kpi_value WHERE equipment_id = 1 ORDER BY kpi, window_kind, start"
Pieces = "SELECT lo, done_at IS NOT NULL AS done FROM app.recompute_piece ORDER BY equipment_id, lo"


@pytest.fixture
def threads() -> Executor:
    return ThreadPoolExecutor(2)


def test_what_is_equal_stays_untouched(
    plant: PlantRows, threads: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "utc_now", lambda: after(hours=30))
    plant.write("CNC-01", production(4, 5))
    told: list[str] = []
    with Bench(plant.dsn, after(hours=30)) as bench:
        bench.settle()
    before = rows(plant.dsn, STAMPS)
    span = (after(hours=1), after(hours=20))
    done = subject.recompute(
        Settings(dsn=plant.dsn), *span, code="CNC-01", executor=threads, tell=told.append
    )
    assert done == 1
    assert rows(plant.dsn, STAMPS) == before
    assert told[0].endswith("1 of 1 pieces of 1 machines to compute")
    assert told[-1] == "1 of 1 pieces computed"
    assert [
        r["finished"]
        for r in rows(plant.dsn, "SELECT finished_at IS NOT NULL AS finished FROM app.recompute_run")
    ] == [True]


def test_from_nothing_it_gives_what_the_worker_gives(
    make_seeded: Callable[[], str], threads: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "PIECE", timedelta(hours=5))
    monkeypatch.setattr(subject, "utc_now", lambda: after(hours=40))
    by_worker, by_pool = PlantRows(make_seeded()), PlantRows(make_seeded())
    for plant in (by_worker, by_pool):
        plant.write("CNC-01", production(8, 22))
    with Bench(by_worker.dsn, after(hours=40)) as bench:
        bench.settle()
    subject.recompute(
        Settings(dsn=by_pool.dsn), after(), after(hours=40), executor=threads, tell=lambda line: None
    )
    for query in (KPIS, STATES):
        wanted = [r for r in rows(by_worker.dsn, query) if r["code"] == "CNC-01"]
        assert [r for r in rows(by_pool.dsn, query) if r["code"] == "CNC-01"] == wanted
    assert len(rows(by_pool.dsn, Pieces)) == 8


def test_a_run_that_was_stopped_goes_on_where_it_was(
    plant: PlantRows, threads: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "PIECE", timedelta(hours=2))
    plant.write("CNC-01", production(4, 7))
    settings = Settings(dsn=plant.dsn)
    run = UnitWork.run

    def broken(self: UnitWork, unit: object) -> object:
        if len(rows(plant.dsn, "SELECT 1 FROM app.recompute_piece WHERE done_at IS NOT NULL")) == 2:
            raise ValueError("the power went")
        return run(self, unit)  # type: ignore[arg-type]

    monkeypatch.setattr(UnitWork, "run", broken)
    with pytest.raises(subject.IncompleteError, match=r"the power went.*--resume"):
        subject.recompute(settings, after(), after(hours=8), executor=threads, tell=print)
    assert [r["done"] for r in rows(plant.dsn, Pieces)] == [True, True, False, False]
    monkeypatch.setattr(UnitWork, "run", run)
    assert subject.resume(settings, executor=threads, tell=print) == 2
    assert all(r["done"] for r in rows(plant.dsn, Pieces))
    with pytest.raises(NotFoundError):
        subject.resume(settings, executor=threads, tell=print)


def test_the_command_computes_with_processes(plant: PlantRows, capsys: pytest.CaptureFixture[str]) -> None:
    plant.write("CNC-01", production(4, 5))
    plant.write("MTS-01", production(5, 5)[:0] or [("State/MachineState", 1772409600000, 1)])
    arguments = [
        "recompute",
        "--dsn",
        plant.dsn,
        "--from",
        "2026-03-02T00:00:00Z",
        "--to",
        "2026-03-04T00:00:00Z",
    ]
    assert main([*arguments, "--jobs", "2"]) == 0
    assert "2 of 2 pieces computed" in capsys.readouterr().out
    assert {r["code"] for r in rows(plant.dsn, STATES)} == {"CNC-01", "MTS-01"}


def test_wrong_arguments_are_named(seeded: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "recompute",
        "--dsn",
        seeded,
        "--from",
        "2026-03-02T00:00:00Z",
        "--to",
        "2026-03-03T00:00:00Z",
    ]
    assert main([*arguments, "--equipment", "CNC-77"]) == 2
    assert "CNC-77" in capsys.readouterr().err
    assert main([*arguments, "--no-wait"]) == 0
    assert "0 hours marked" in capsys.readouterr().out
    assert main([*arguments, "--resume"]) == 2
    assert "either --resume or both" in capsys.readouterr().err
    assert main([*arguments, "--jobs", "0"]) == 2
    with pytest.raises(SystemExit) as caught:
        main(["recompute", "--dsn", seeded, "--from", "yesterday", "--to", "2026-03-03T00:00:00Z"])
    assert caught.value.code == 2
    assert "ISO 8601 with offset" in capsys.readouterr().err
