"""The demo's edge configurations and registries against the simulated plants that they were written for."""

from pathlib import Path

import pytest
from chejian.demo.plants import NAMES, Workshop
from chejian_cloud.registry.seedfile import SeedFile, read_seed
from chejian_edge.plan import EdgePlan, load_plan
from chejian_simulators.assembly import STATE_CODES
from chejian_simulators.model import PlantModel
from chejian_simulators.plant import Plant, load_plant

CARRIERS = {
    "electricity": "electricity",
    "steam": "steam",
    "water": "fresh_water",
    "gas": "natural_gas",
    "compressed_air": "compressed_air",
}
"""Carriers of the simulators as GB/T 2589 names them."""
HOURS_MS = 12 * 3_600_000
EPOCH_MS = 1_764_288_000_000


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def plant(name: str) -> Plant:
    return load_plant(name)


@pytest.fixture
def edge(name: str, tmp_path: Path) -> EdgePlan:
    """As the demo writes it."""
    workshop = Workshop(name, tmp_path)
    workshop.prepare(broker_url="mqtt://127.0.0.1:1", first_contact_s=90_000)
    return load_plan(workshop.edge_config)


@pytest.fixture
def registry(name: str, tmp_path: Path) -> SeedFile:
    return read_seed(Workshop(name, tmp_path).registry)


def _lines(plant: Plant) -> dict[str, str]:
    return {m.code: m.line for m in plant.machine} | {m.code: m.line for m in plant.meter}


def test_the_edge_is_the_workshops(plant: Plant, edge: EdgePlan) -> None:
    node = edge.config.node
    assert (node.group, node.name, edge.workshop) == (plant.group, plant.node, plant.workshop)
    assert {device.code: device.line for device in edge.devices.values()} == _lines(plant)


def test_the_edge_reads_every_signal_that_the_machines_tell(name: str, edge: EdgePlan) -> None:
    model = PlantModel(load_plant(name), seed=1, epoch_ms=EPOCH_MS)
    model.advance(EPOCH_MS + HOURS_MS)
    told = {(code, signal) for code, machine in model.machines.items() for signal in machine.series}
    read = {(s.device, s.definition.name) for s in edge.signals if s.source == "machines"}
    assert read == told


def test_every_native_state_has_the_machines_meaning(plant: Plant, edge: EdgePlan) -> None:
    types = {machine.code: machine.type for machine in plant.machine}
    states = {s.device: s for s in edge.signals if s.definition.name == "State/MachineState"}
    assert states.keys() == types.keys()
    for code, signal in states.items():
        for state, native in STATE_CODES[types[code]].items():
            assert signal.transform(native) == state, (code, native)


def test_every_meter_is_read_with_its_stamp(plant: Plant, edge: EdgePlan) -> None:
    for meter in plant.meter:
        own = [s for s in edge.signals if s.device == meter.code]
        assert len(own) == 2
        for signal in own:
            assert signal.address.unit == meter.unit_id
            assert signal.heartbeat_ms == meter.interval * 1000, (
                "each record makes one sample, and nothing else does"
            )


def test_the_registry_knows_what_the_plant_has(plant: Plant, registry: SeedFile) -> None:
    assert {e.code: e.line for e in registry.equipment} == _lines(plant)
    cycles = {(c.equipment, c.product): c.seconds for c in registry.ideal_cycle}
    assert cycles == {(m.code, p): s for m in plant.machine for p, s in m.products.items()}
    (calendar,) = registry.calendar
    assert calendar.timezone == plant.calendar.timezone
    assert [(s.code, s.start, s.end) for s in calendar.shift] == [
        (s.code, s.start, s.end) for s in plant.calendar.shift
    ]
    assert [(s.start, s.end) for s in calendar.planned_stop] == [
        (s.start, s.end) for s in plant.calendar.planned_stop
    ]
    assert {b.equipment for b in registry.bearing} == {m.code for m in plant.machine if m.vibration}


def test_the_registry_knows_the_meters(plant: Plant, registry: SeedFile) -> None:
    own = {m.equipment: m for m in registry.meter}
    assert own.keys() == {m.code for m in plant.meter}
    for meter in plant.meter:
        known = own[meter.code]
        assert (known.parent, known.interval_s, known.modulus) == (
            meter.parent,
            meter.interval,
            meter.modulus or None,
        )
        behind = [machine for m in plant.meter if m.parent == meter.code for machine in m.machines]
        assert known.machines == (*meter.machines, *(behind if meter.machines else ()))
        assert CARRIERS[meter.carrier.value] == known.carrier.value
