"""The registry file: stored once, changed in place, refused as a whole when anything in it is wrong."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from chejian_cloud.cli import main
from chejian_cloud.registry.seed import seed
from chejian_contract.errors import ConfigError

from tests.cloud.plant_rows import PlantRows
from tests.cloud.registry.refusal import assert_refused
from tests.cloud.worker.rounds import T0, rows

FOLDER = Path(__file__).parent
GOOD = FOLDER / "harbin.good.toml"
CASES = tomllib.loads((FOLDER / "cases.toml").read_text("utf-8"))["case"]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["name"])
def test_a_wrong_file_is_refused_and_nothing_is_stored(
    case: dict[str, Any], untouched: str, tmp_path: Path
) -> None:
    assert_refused(untouched, GOOD, case, tmp_path)
    assert rows(untouched, "SELECT * FROM app.enterprise") == []


def test_the_same_file_again_changes_nothing(dsn: str) -> None:
    first = seed(dsn, GOOD)
    assert first["equipment added"] == 2
    assert first["shift added"] == 2
    assert seed(dsn, GOOD) == {}
    assert rows(dsn, "SELECT code FROM app.equipment ORDER BY code") == [
        {"code": "CNC-01"},
        {"code": "MTS-01"},
    ]


def test_an_edit_changes_rows_in_place_and_marks_the_known_hours(plant: PlantRows, tmp_path: Path) -> None:
    plant.write("CNC-01", [("State/MachineState", T0, 1), ("State/MachineState", T0 + 7_200_000, 1)])
    path = tmp_path / "edited.toml"
    text = (
        GOOD.read_text("utf-8")
        .replace("seconds = 90", "seconds = 91.5")
        .replace('end = "12:30"', 'end = "12:45"')
    )
    path.write_text(text, "utf-8")
    before = rows(plant.dsn, "SELECT equipment_id, code FROM app.equipment ORDER BY code")
    report = seed(plant.dsn, path)
    assert report == {"ideal_cycle changed": 1, "planned_stop removed": 1, "planned_stop added": 1}
    assert rows(plant.dsn, "SELECT cycle_us FROM app.ideal_cycle") == [{"cycle_us": 91_500_000}]
    assert rows(plant.dsn, "SELECT equipment_id, code FROM app.equipment ORDER BY code") == before
    marks = rows(
        plant.dsn,
        "SELECT code, min(lo) AS lo FROM app.dirty JOIN app.equipment USING (equipment_id) GROUP BY code",
    )
    assert [(m["code"], m["lo"].timestamp() * 1000) for m in marks] == [("CNC-01", T0)]


def test_a_device_of_another_registered_machine_is_refused(seeded: str, tmp_path: Path) -> None:
    path = tmp_path / "second.toml"
    path.write_text(
        '[[equipment]]\nworkshop = "HRB-W1"\nline = "L1"\ncode = "CNC-02"\nname_zh = "二"\nname_en = "Two"\n'
        'type = "cnc_machining_centre"\nfeeds = [{node = "HRB-W1", device = "CNC-01"}]\n',
        "utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        seed(seeded, path)
    assert caught.value.key == "equipment[0].feeds[0]"
    assert "CNC-01 has it already" in caught.value.allowed


def test_the_command_tells_what_is_wrong(
    seeded: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[[enterprise]]\ncode = 1\n", "utf-8")
    assert main(["seed", "--dsn", seeded, str(path)]) == 2
    told = capsys.readouterr().err
    assert "enterprise[0].code" in told
    assert str(path) in told
    assert main(["seed", "--dsn", seeded, str(GOOD)]) == 0
    assert "nothing new" in capsys.readouterr().out


def test_reasons_of_a_file_are_added_to_the_tree(seeded: str, tmp_path: Path) -> None:
    path = tmp_path / "reasons.toml"
    path.write_text(
        '[[reason]]\ncode = "breakdown"\nname_zh = "设备故障"\nname_en = "Breakdown"\nloss = "fault"\n'
        '[[reason.child]]\ncode = "breakdown.spindle"\nname_zh = "主轴"\nname_en = "Spindle"\n',
        "utf-8",
    )
    assert seed(seeded, path) == {"reason changed": 1, "reason added": 1}
    assert seed(seeded, path) == {}
    path.write_text(path.read_text("utf-8").replace('"fault"', '"bad luck"'), "utf-8")
    with pytest.raises(ConfigError, match=r"bad luck.*planned_maintenance"):
        seed(seeded, path)


@pytest.mark.parametrize(
    ("numbers", "zones"),
    [
        ("", (None, None)),
        ("elements = 9\nball_diameter_mm = 7.94004\npitch_diameter_mm = 39.0398\n", (None, None)),
        ('machine = "fan"\n', (2, "flexible")),
        ('machine = "motor"\nzone_group = 1\n', (1, "rigid")),
        ('zone_group = 1\nsupport = "flexible"\n', (1, "flexible")),
    ],
)
def test_a_bearing_by_designation_or_dimensions(
    dsn: str, tmp_path: Path, numbers: str, zones: tuple[int | None, str | None]
) -> None:
    orders = "bpfo = 3.5848\nbpfi = 5.4152\nftf = 0.39828\nbsf2 = 4.7135\n"
    path = tmp_path / "short.toml"
    path.write_text(GOOD.read_text("utf-8").replace(orders, numbers), "utf-8")
    seed(dsn, path)
    (found,) = rows(dsn, "SELECT * FROM app.bearing")
    assert [found[n] for n in ("bpfo", "bpfi", "ftf", "bsf2")] == pytest.approx(
        [3.5848, 5.4152, 0.39828, 4.7135], rel=1e-4
    )
    assert (found["zone_group"], found["support"]) == zones


def test_what_turns_near_a_bearing_is_kept_as_orders_of_its_shaft(dsn: str, tmp_path: Path) -> None:
    kinematics = """mains_hz = 60
gear_teeth = 23
mesh_orders = [7.5]
pulley_diameter_mm = 100.0
belt_length_mm = 1000.0
blades = 6
"""
    path = tmp_path / "gearbox.toml"
    path.write_text(GOOD.read_text("utf-8").replace("mains_hz = 60\n", kinematics), "utf-8")
    for _ in range(2):
        seed(dsn, path)
        (found,) = rows(dsn, "SELECT neighbours FROM app.bearing")
        assert found["neighbours"] == {
            "meshes": [7.5, 23.0],
            "belts": [pytest.approx(0.314159, rel=1e-5)],
            "blades": [6.0],
        }
