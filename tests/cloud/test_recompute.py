"""`chejian-cloud recompute` marks what is known in a range, no more, and tells its progress."""

import threading

import pytest
from chejian_cloud.cli import main
from chejian_cloud.recompute import recompute

from tests.cloud.plant_rows import PlantRows
from tests.cloud.worker.rounds import Bench, after, production, rows


def test_marks_are_worked_off_and_progress_is_told(plant: PlantRows) -> None:
    plant.write("CNC-01", production(4, 5))
    told: list[str] = []
    with Bench(plant.dsn, after(hours=6)) as bench:
        bench.settle()
        before = rows(
            plant.dsn,
            "SELECT xmin::text FROM app.kpi_value WHERE equipment_id = 1 ORDER BY kpi, window_kind, start",
        )
        thread = threading.Thread(
            target=recompute,
            args=(plant.dsn, after(hours=1), after(hours=3)),
            kwargs={"code": "CNC-01", "tell": told.append},
        )
        thread.start()
        while thread.is_alive():
            bench.step()
            thread.join(0.01)
        assert rows(plant.dsn, "SELECT * FROM app.dirty") == []
    assert told[0] == "3 hours marked"
    assert told[-1] == "3 of 3 hours computed"
    after_it = rows(
        plant.dsn,
        "SELECT xmin::text FROM app.kpi_value WHERE equipment_id = 1 ORDER BY kpi, window_kind, start",
    )
    assert after_it == before


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
    with pytest.raises(SystemExit) as caught:
        main(["recompute", "--dsn", seeded, "--from", "yesterday", "--to", "2026-03-03T00:00:00Z"])
    assert caught.value.code == 2
    assert "ISO 8601 with offset" in capsys.readouterr().err
