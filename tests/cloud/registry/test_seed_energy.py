"""Meters, outputs of lines and factors in the registry file: stored once, changed in place, refused as a whole."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from chejian_analytics.energy import load_factors
from chejian_cloud.db.migrate import migrate
from chejian_cloud.registry.seed import seed

from tests.cloud.plant_rows import PlantRows
from tests.cloud.registry.refusal import assert_refused
from tests.cloud.worker.rounds import T0, rows

FOLDER = Path(__file__).parent
GOOD = FOLDER / "energy.good.toml"
CASES = tomllib.loads((FOLDER / "energy_cases.toml").read_text("utf-8"))["case"]
METERS = """
SELECT e.code, m.carrier, p.code AS parent, interval_us, modulus,
       ARRAY(SELECT x.code FROM app.meter_machine c JOIN app.equipment x ON x.equipment_id = c.machine_id
              WHERE c.equipment_id = m.equipment_id ORDER BY 1) AS machines
  FROM app.meter m JOIN app.equipment e USING (equipment_id)
  LEFT JOIN app.equipment p ON p.equipment_id = m.parent_id ORDER BY e.code
"""


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_a_wrong_file_is_refused_and_nothing_is_stored(
    case: dict[str, Any], seeded: str, tmp_path: Path
) -> None:
    assert_refused(seeded, GOOD, case, tmp_path)
    assert rows(seeded, "SELECT * FROM app.meter") == []


def test_the_good_file_gives_the_tree_and_again_changes_nothing(seeded: str) -> None:
    report = seed(seeded, GOOD)
    assert (report["meter added"], report["meter_machine added"], report["line_output added"]) == (4, 4, 1)
    assert seed(seeded, GOOD) == {}
    minute = 60_000_000
    found = [tuple(r.values()) for r in rows(seeded, METERS)]
    assert found == [
        ("EM-01", "electricity", None, 15 * minute, None, []),
        ("EM-02", "electricity", "EM-01", minute, 2**32, ["EVP-01"]),
        ("EM-03", "electricity", "EM-01", minute, None, ["PCK-01"]),
        ("WM-01", "fresh_water", None, minute, None, ["EVP-01", "PCK-01"]),
    ]
    (swap,) = rows(seeded, "SELECT time, closing, opening FROM app.meter_replacement")
    assert (swap["time"].isoformat(), swap["closing"], swap["opening"]) == (
        "2026-03-02T05:00:30+00:00",
        912_400,
        17,
    )
    (own,) = rows(seeded, "SELECT carrier, kgce, confidence FROM app.energy_factor WHERE origin = 'site'")
    assert own == {"carrier": "natural_gas", "kgce": Decimal("1.2057"), "confidence": "A"}


@pytest.mark.parametrize(
    ("find", "replace", "change"),
    [
        (
            "closing = 912_400",
            "closing = 912_401",
            {"meter_replacement removed": 1, "meter_replacement added": 1},
        ),
        ("interval_s = 900", "interval_s = 300", {"meter changed": 1}),
        ("kgce = 1.2057", "kgce = 1.21", {"energy_factor changed": 1}),
        ('machines = ["EVP-01"]', "machines = []", {"meter_machine removed": 1}),
        ('output = ["PCK-01"]', "output = []", {"line_output removed": 1}),
    ],
)
def test_an_edit_marks_the_known_hours(
    plant: PlantRows, tmp_path: Path, find: str, replace: str, change: dict[str, int]
) -> None:
    seed(plant.dsn, GOOD)
    plant.add_device("EM-02", "electricity_meter")
    plant.write(
        "EM-02", [("Energy/ActiveEnergyImport", T0, 5), ("Energy/ActiveEnergyImport", T0 + 60_000, 9)]
    )
    path = tmp_path / "edited.toml"
    path.write_text(GOOD.read_text("utf-8").replace(find, replace), "utf-8")
    assert seed(plant.dsn, path) == change
    (mark,) = rows(
        plant.dsn,
        "SELECT code, min(lo) AS lo FROM app.dirty JOIN app.equipment USING (equipment_id) GROUP BY code",
    )
    assert (mark["code"], mark["lo"].timestamp() * 1000) == ("EM-02", T0)


def test_factors_that_ship_follow_the_version_and_mark_their_meters(plant: PlantRows) -> None:
    seed(plant.dsn, GOOD)
    plant.add_device("EM-02", "electricity_meter")
    plant.add_device("WM-01", "water_meter")
    plant.write("EM-02", [("Energy/ActiveEnergyImport", T0, 5)])
    plant.write("WM-01", [("Water/Volume", T0, 5)])
    count = rows(plant.dsn, "SELECT count(*) AS n FROM app.energy_factor WHERE origin = 'chejian'")
    assert count == [{"n": len(load_factors().factors)}]
    migrate(plant.dsn)
    assert rows(plant.dsn, "SELECT * FROM app.dirty") == []
    with psycopg.connect(plant.dsn) as connection:
        connection.execute("UPDATE app.energy_factor SET kgce = 0.4 WHERE carrier = 'electricity'")
    migrate(plant.dsn)
    shipped = rows(plant.dsn, "SELECT kgce FROM app.energy_factor WHERE carrier = 'electricity'")
    assert shipped == [{"kgce": Decimal("0.1229")}]
    marks = rows(plant.dsn, "SELECT DISTINCT code FROM app.dirty JOIN app.equipment USING (equipment_id)")
    assert marks == [{"code": "EM-02"}]
