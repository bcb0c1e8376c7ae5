"""Operation modes that the edge maps turn production into set-up or maintenance, in the stored time categories."""

from pathlib import Path

import psycopg
import pytest
from chejian_contract.states import OperationMode
from chejian_edge.plan import load_plan

from tests.cloud.plant_rows import PlantRows, Row
from tests.cloud.worker.rounds import MINUTE, T0, Bench, after

pytestmark = pytest.mark.long


def test_time_under_a_mode_counts_as_that_mode_says(seeded: str) -> None:
    plant = PlantRows(seeded, modes=True)
    rows: list[Row] = [("State/MachineState", T0 + i * MINUTE // 2, 1) for i in range(120)]
    rows += [
        ("State/OperationMode", T0, int(OperationMode.PRODUCTION)),
        ("State/OperationMode", T0 + 20 * MINUTE, int(OperationMode.SETUP)),
        ("State/OperationMode", T0 + 30 * MINUTE, int(OperationMode.PRODUCTION)),
        ("State/OperationMode", T0 + 50 * MINUTE, int(OperationMode.MAINTENANCE)),
    ]
    plant.write("CNC-01", rows)
    with Bench(plant.dsn, after(hours=1)) as bench:
        bench.settle()
        assert _minutes(plant.dsn) == {"apt_us": 40, "aust_us": 10, "maintenance_us": 10, "no_data_us": 0}
        plant.write("CNC-01", [("State/OperationMode", T0 + 40 * MINUTE, int(OperationMode.SETUP))])
        bench.settle()
    assert _minutes(plant.dsn) == {"apt_us": 30, "aust_us": 20, "maintenance_us": 10, "no_data_us": 0}


EDGE = """
[node]
group = "hlj-demo"
name = "HRB-W1"
[[source]]
name = "plant"
driver = "opcua"
url = "opc.tcp://127.0.0.1:4840"
[[equipment]]
code = "CNC-01"
type = "cnc_machining_centre"
source = "plant"
[[equipment.signal]]
name = "State/OperationMode"
address = "nsu=urn:x;s=Mode"
mode_map = "packml"
"""


def test_what_the_machine_says_passes_the_edge_into_its_time_category(seeded: str, tmp_path: Path) -> None:
    """Modes as a PackML machine numbers them: 2 is its maintenance and ours is 3; 3 is its manual mode, our set-up, 2."""
    path = tmp_path / "edge.toml"
    path.write_text(EDGE, "utf-8")
    (signal,) = load_plan(path).signals
    plant = PlantRows(seeded, modes=True)
    said = ((0, 1), (10, 2), (30, 3), (35, 1))
    rows: list[Row] = [("State/MachineState", T0 + i * MINUTE // 2, 1) for i in range(120)]
    rows += [(signal.definition.name, T0 + minute * MINUTE, signal.transform(raw)) for minute, raw in said]
    plant.write("CNC-01", rows)
    with Bench(plant.dsn, after(hours=1)) as bench:
        bench.settle()
    assert _minutes(plant.dsn) == {"apt_us": 35, "aust_us": 5, "maintenance_us": 20, "no_data_us": 0}


def _minutes(dsn: str) -> dict[str, int]:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT inputs FROM app.kpi_value WHERE kpi = 'oee' AND window_kind = 'hour' AND equipment_id = 1"
        ).fetchone()
    assert row is not None
    return {
        name: row[0][name] // 60_000_000 for name in ("apt_us", "aust_us", "maintenance_us", "no_data_us")
    }
