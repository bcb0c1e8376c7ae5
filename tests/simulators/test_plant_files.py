"""Plant files: the shipped ones load, and every fault of the corpus is refused with file, key, value and what is allowed."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from chejian_contract.errors import ConfigError
from chejian_simulators.model import PlantModel
from chejian_simulators.plant import load_plant, shipped_plants
from chejian_simulators.plant_machine import told_signals
from chejian_simulators.truth import truth_of

HERE = Path(__file__).parent / "plants"
GOOD = HERE / "smallest.good.toml"


@dataclass(frozen=True)
class Bad:
    """One fault put into the smallest good file."""

    name: str
    replace: str
    by: str
    message: str


def corpus() -> list[Bad]:
    table = tomllib.loads((HERE / "faults.toml").read_text("utf-8"))
    return [Bad(name, **case) for name, case in table.items()]


@pytest.mark.parametrize("bad", corpus(), ids=lambda bad: bad.name)
def test_a_fault_is_refused_with_its_place_and_what_is_allowed(bad: Bad, tmp_path: Path) -> None:
    text = GOOD.read_text("utf-8")
    assert text.count(bad.replace) == 1, "the fault must fall on one place"
    path = tmp_path / "plant.toml"
    path.write_text(text.replace(bad.replace, bad.by), "utf-8")
    with pytest.raises(ConfigError) as caught:
        load_plant(str(path))
    assert str(caught.value) == f"{path}: {bad.message}"


def test_the_smallest_good_plant_runs_and_knows_time_outside_its_shift() -> None:
    model = PlantModel(
        load_plant(str(GOOD)), seed=1, epoch_ms=1_795_312_200_000
    )  # 2026-11-22 09:50 in Shanghai
    end = model.epoch_ms + 24 * 3_600_000
    model.advance(end)
    hours = truth_of(model, end)["equipment"]["M1"]["hours"]
    scheduled = sum(h["calendar_us"] - h["not_scheduled_us"] for h in hours)
    assert scheduled == 8 * 3_600_000_000
    assert sum(h["produced"] for h in hours) > 0


@pytest.mark.parametrize("name", shipped_plants())
def test_shipped_plants_name_only_signals_of_their_types(name: str) -> None:
    plant = load_plant(name)
    signals = {s for m in plant.machine for s in told_signals(m.type)}
    assert set(plant.report.deadband) <= signals


def test_harbin_is_what_the_demo_relies_on() -> None:
    plant = load_plant("harbin")
    assert (plant.group, plant.node, plant.workshop) == ("hlj-demo", "HRB-W1", "HRB-W1")
    assert [(m.code, m.line) for m in plant.machine] == [
        *((f"CNC-0{n}", "L1") for n in (1, 2, 3, 4)),
        *((f"MTS-0{n}", "T1") for n in (1, 2)),
        ("HL-01", "H1"),
    ]
    assert {(p, s) for m in plant.machine for p, s in m.products.items()} == {
        ("SHAFT-A", 90.0),
        ("HUSK-B", 150.0),
        ("MOTOR-Y2", 600.0),
        ("ROTOR-300", 2700.0),
        ("ROTOR-600", 4500.0),
    }
    assert [(w.start, w.end) for w in plant.calendar.shift] == [("08:00", "20:00"), ("20:00", "08:00")]
    assert sorted((w.start, w.end) for w in plant.calendar.planned_stop) == [
        ("00:00", "00:30"),
        ("06:00", "06:20"),
        ("12:00", "12:30"),
        ("18:00", "18:20"),
    ]
