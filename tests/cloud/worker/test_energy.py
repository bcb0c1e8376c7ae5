"""Energy of meters: late data of either side, revisions, silence, edits, and a worker that dies at any statement."""

import random
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from chejian_cloud.registry.seed import seed
from sqlalchemy.exc import OperationalError

from tests.cloud.plant_rows import PlantRows, Row
from tests.cloud.worker.energy_oracle import ENERGY, VALUES, energy_plant
from tests.cloud.worker.rounds import KPIS, MINUTE, STATES, T0, Bench, after, rows
from tests.cloud.worker.test_energy_convergence import machine, readings
from tests.cloud.worker.test_kills import Fuse

REGISTER = "Energy/ActiveEnergyImport"
REVISIONS = """
SELECT code, window_kind, start, old_value, new_value, old_inputs, new_inputs
  FROM app.kpi_revision JOIN app.equipment USING (equipment_id) WHERE kpi = 'energy' ORDER BY window_kind, start
"""


@pytest.fixture
def plant(make_seeded: Callable[[], str]) -> PlantRows:
    return energy_plant(make_seeded())


def steady(hours: float, *, each: int = 100) -> list[Row]:
    return [(REGISTER, T0 + i * MINUTE, i * each) for i in range(int(hours * 60) + 1)]


def producing(hours: float) -> list[Row]:
    return [("State/MachineState", T0 + i * 30_000, 1) for i in range(int(hours * 120))]


def hour(plant: PlantRows, number: int, code: str = "EM-02") -> dict[str, Any]:
    found = [
        r
        for r in rows(plant.dsn, VALUES)
        if (r["code"], r["window_kind"], r["start"]) == (code, "hour", after(hours=number))
    ]
    assert len(found) == 1
    return found[0]


def test_a_late_state_of_the_machine_moves_energy_and_leaves_one_revision_per_window(
    plant: PlantRows,
) -> None:
    plant.write("EM-02", steady(3))
    plant.write("EVP-01", producing(3))
    with Bench(plant.dsn, after(hours=4)) as bench:
        bench.settle()
        assert hour(plant, 0)["shares"]["state"] == {"1": {"amount": 6000, "us": 3_600_000_000}}
        assert rows(plant.dsn, REVISIONS) == []
        bench.now = after(hours=6)
        plant.write("EVP-01", [("State/MachineState", T0 + 10 * MINUTE + 15_000, 7)])
        bench.settle()
        assert hour(plant, 0)["shares"]["state"] == {
            "1": {"amount": 5975, "us": 3_585_000_000},
            "7": {"amount": 25, "us": 15_000_000},
        }
        (revision,) = [r for r in rows(plant.dsn, REVISIONS) if r["code"] == "EM-02"]
        assert (revision["window_kind"], revision["start"]) == ("hour", after(hours=0)), (
            "shift and day are open"
        )
        assert (revision["old_value"], revision["new_value"]) == (6.0, 6.0), "[kWh]; the split has changed"
        assert "7" not in revision["old_inputs"]["shares"]["state"]
        assert revision["new_inputs"]["shares"]["state"]["7"]["amount"] == 25
        rows(  # it comes back to what it was: nothing is left
            plant.dsn, "DELETE FROM telemetry.sample WHERE value = 7 RETURNING 1"
        )
        plant.write("EVP-01", [("Product/Temperature", T0 + 10 * MINUTE, 1.0)])
        bench.settle()
        assert rows(plant.dsn, REVISIONS) == []


def test_a_late_reading_brings_amount_and_shares_up_to_date(plant: PlantRows) -> None:
    plant.write("EVP-01", producing(3))
    plant.write("EM-02", [(n, t, v) for n, t, v in steady(3) if t != T0 + 60 * MINUTE])
    with Bench(plant.dsn, after(hours=4)) as bench:
        bench.settle()
        before = rows(plant.dsn, VALUES)
        assert hour(plant, 0)["amount"] == 6000
        bench.now = after(hours=5)
        plant.write("EM-02", [(REGISTER, T0 + 60 * MINUTE, 5990)])  # less by then, more behind it
        bench.settle()
        assert [hour(plant, n)["amount"] for n in range(3)] == [5990, 6010, 6000]
        assert hour(plant, 0)["shares"]["state"]["1"]["amount"] == 5990
    changed = [(r["window_kind"], r["start"]) for r in rows(plant.dsn, REVISIONS)]
    assert changed == [("hour", after(hours=0)), ("hour", after(hours=1))]
    same = [r for r in before if r["start"] == after(hours=2)]
    assert same == [r for r in rows(plant.dsn, VALUES) if r["start"] == after(hours=2)]


def test_silence_closes_windows_with_a_gap_and_open_ones_reach_to_the_last_reading(plant: PlantRows) -> None:
    plant.write("EM-02", steady(1.5))
    with Bench(plant.dsn, after(hours=1, minutes=31)) as bench:
        bench.settle()
        running = hour(plant, 1)
        assert (running["amount"], running["completeness"], running["flags"]) == (3000, 1.0, [])
        assert (running["provisional"], running["covered_us"]) == (True, 1_800_000_000)
        bench.now = after(hours=2, seconds=30)
        bench.settle()
        ended = hour(plant, 1)
        assert (ended["amount"], ended["completeness"], ended["flags"]) == (3000, 0.5, ["meter_gap"])
        assert ended["provisional"] is False
        bench.now = after(hours=3, seconds=30)
        bench.settle()
        silent = hour(plant, 2)
        assert (silent["amount"], silent["completeness"], silent["flags"]) == (0, 0.0, ["meter_gap"])
        bench.now = after(hours=5)
        plant.write(
            "EM-02", [(REGISTER, T0 + 240 * MINUTE, 9000 + 15_000)]
        )  # exact, but when it was used is a guess
        bench.settle()
        told = [(hour(plant, n)["amount"], hour(plant, n)["completeness"]) for n in range(4)]
        assert told == [(6000, 1.0), (6000, 0.5), (6000, 0.0), (6000, 0.0)]


def test_no_row_stands_before_the_first_reading_and_none_without_registration(plant: PlantRows) -> None:
    plant.add_device("EM-99", "electricity_meter")
    plant.write("EVP-01", producing(3))
    plant.write("EM-02", [(n, t + 90 * MINUTE, v) for n, t, v in steady(1)])
    with Bench(plant.dsn, after(hours=4, minutes=2)) as bench:
        bench.settle()
        hours = [r for r in rows(plant.dsn, VALUES) if r["window_kind"] == "hour"]
        assert [(r["code"], r["start"]) for r in hours] == [("EM-02", after(hours=n)) for n in (1, 2, 3, 4)]
        bench.now = after(hours=4, minutes=3)
        assert not bench.step(), "the clock asks nothing of meters without readings"


def test_edits_of_meter_and_factor_recompute_what_is_known(plant: PlantRows, tmp_path: Any) -> None:
    plant.write("EM-02", steady(2))
    plant.write("EVP-01", producing(2))
    with Bench(plant.dsn, after(hours=3)) as bench:
        bench.settle()
        assert (hour(plant, 0)["kgce"], hour(plant, 0)["factor"]["origin"]) == (0.7374, "chejian")
        path = tmp_path / "edited.toml"
        path.write_text(
            ENERGY.read_text("utf-8").replace('machines = ["EVP-01"]', "machines = []")
            + '[[factor]]\ncarrier = "electricity"\nkgce = 0.2\nunit = "kWh"\nvalid_from = 2026-03-01\nsource = "own"\n',
            "utf-8",
        )
        seed(plant.dsn, path)
        bench.settle()
        edited = hour(plant, 0)
    assert (edited["amount"], edited["shares"], edited["output"]) == (6000, {}, None)
    assert (edited["kgce"], edited["factor"]["origin"], edited["factor"]["kgce"]) == (1.2, "site", "0.2")


def test_a_window_before_any_factor_says_so(plant: PlantRows) -> None:
    rows(
        plant.dsn,
        "UPDATE app.energy_factor SET valid_from = '2026-03-03' WHERE carrier = 'electricity' RETURNING 1",
    )
    plant.write("EM-02", steady(2))
    with Bench(plant.dsn, after(hours=3)) as bench:
        bench.settle()
    found = hour(plant, 0)
    assert (found["amount"], found["kgce"], found["factor"], found["flags"]) == (
        6000,
        None,
        None,
        ["no_factor"],
    )


def test_a_register_in_another_unit_is_none_of_the_meters(plant: PlantRows) -> None:
    rows(
        plant.dsn,
        "UPDATE telemetry.series SET unit = 'kWh' WHERE series_id = %s RETURNING 1",
        plant.series("EM-02", REGISTER),
    )
    plant.write("EM-02", steady(2))
    with Bench(plant.dsn, after(hours=3)) as bench:
        bench.settle()
    assert rows(plant.dsn, VALUES) == []


def test_killed_at_any_statement(make_seeded: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(4)
    sent = {
        "EM-02": readings(rng, REGISTER, 1.2, 2**32 - 9000, MINUTE),
        "EVP-01": machine(4, 1.2),
    }
    whole, killed = energy_plant(make_seeded()), energy_plant(make_seeded())
    now = after(hours=1, minutes=30)
    for plant in (whole, killed):
        for device, samples in sent.items():
            plant.write(device, samples)
    with Bench(whole.dsn, now) as bench:
        bench.settle()
    results = (VALUES, KPIS, STATES)
    expected = [rows(whole.dsn, query) for query in results]
    assert len(expected[0]) == 2 + 1 + 1
    fuse = Fuse(monkeypatch)
    deaths = 0
    for n in range(1, 200, 3):
        fuse.left = n
        try:
            with Bench(killed.dsn, now) as bench:
                bench.step()
        except (psycopg.OperationalError, OperationalError):
            deaths += 1
    fuse.left = None
    assert deaths > 20
    with Bench(killed.dsn, now) as bench:
        bench.settle()
    assert [rows(killed.dsn, query) for query in results] == expected
    assert rows(killed.dsn, "SELECT * FROM app.dirty") == []
