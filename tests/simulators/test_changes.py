"""What the machines tell: report by exception, physical sense, and the rules of the wire."""

from itertools import pairwise

import pytest
from chejian_contract.signals import DataType
from chejian_simulators.model import MachinePast, PlantModel
from chejian_simulators.plant import Plant
from chejian_simulators.plant_machine import told_signals

DAY_MS = 24 * 3_600_000
SILENT = {("HL-01", "Hydraulics/Pressure")}
"""Planted in the plant file."""


@pytest.fixture(scope="module")
def day(harbin: Plant, epoch_ms: int) -> PlantModel:
    model = PlantModel(harbin, seed=3, epoch_ms=epoch_ms)
    model.advance(epoch_ms + DAY_MS)
    return model


def test_a_signal_tells_only_what_differs_and_never_twice_in_one_millisecond(day: PlantModel) -> None:
    for code, machine in day.machines.items():
        for signal, series in machine.series.items():
            assert all(a < b for a, b in pairwise(series.times)), (code, signal)
            assert all(a != b for a, b in pairwise(series.values)), (code, signal)


def test_every_signal_of_the_type_is_told_from_the_epoch_on_in_its_own_type(day: PlantModel) -> None:
    python_types = {
        DataType.INT32: int,
        DataType.INT64: int,
        DataType.DOUBLE: float,
        DataType.STRING: str,
    }
    for machine in day.machines.values():
        signals = told_signals(machine.config.type)
        assert set(machine.series) == set(signals)
        for name, series in machine.series.items():
            kind = signals[name].data_type
            if kind is DataType.FLOAT_ARRAY:
                continue
            assert series.times[0] == day.epoch_ms
            silent = {type(None)} if (machine.config.code, name) in SILENT else set()
            assert {type(value) for value in series.values} == {python_types[kind], *silent}, name


def test_the_day_stays_within_its_budget_of_changes(day: PlantModel) -> None:
    assert day.changes_total == sum(len(s.times) for m in day.machines.values() for s in m.series.values())
    assert 20_000 < day.changes_total < 160_000


def test_changes_come_in_the_order_they_are_due(harbin: Plant, epoch_ms: int) -> None:
    model = PlantModel(harbin, seed=3, epoch_ms=epoch_ms)
    found = model.advance(epoch_ms + DAY_MS // 8)
    assert all(a.due_ms <= b.due_ms for (_, a), (_, b) in pairwise(found))
    assert all(c.due_ms < epoch_ms + DAY_MS // 8 <= model.next_due_ms for _, c in found)


def stands(model: PlantModel) -> list[MachinePast]:
    return [m for m in model.machines.values() if m.config.type == "motor_test_stand"]


def test_a_block_is_told_when_complete_and_after_its_nominal_speed_and_serial(
    harbin: Plant, epoch_ms: int
) -> None:
    model = PlantModel(harbin, seed=3, epoch_ms=epoch_ms)
    found = model.advance(epoch_ms + DAY_MS // 4)
    blocks = [(code, c) for code, c in found if c.signal == "Vibration/DriveEnd"]
    assert len(blocks) > 20
    for code, change in blocks:
        block = change.value
        assert not isinstance(block, int | float | str | None)
        assert change.due_ms - change.time_ms == -(-block.count * 1000 // block.sample_rate)
        speed = model.machines[code].series["Motor/Speed"]
        at = speed.index_at(change.time_ms)
        assert speed.values[at - 1] == block.rpm
        assert speed.times[at] > change.due_ms
        serial = model.machines[code].series["Motor/SerialNumber"]
        told = serial.times[serial.index_at(change.time_ms) - 1]
        assert told >= epoch_ms
        assert change.time_ms - told < 3_600_000
    assert {c.value.sample_rate for code, c in blocks if code == "MTS-01"} == {12_000}  # type: ignore[union-attr] # blocks
    assert {c.value.sample_rate for code, c in blocks if code == "MTS-02"} == {48_000}  # type: ignore[union-attr] # blocks


def test_a_standing_machine_draws_less_power_and_cools(day: PlantModel) -> None:
    machine = day.machines["CNC-01"]
    states, power = machine.series["State/MachineState"], machine.series["Energy/ActivePower"]
    drawn: dict[object, list[float]] = {}
    for time, value in zip(power.times, power.values, strict=True):
        drawn.setdefault(states.values[states.index_at(time + 1) - 1], []).append(float(str(value)))
    mean = {state: sum(values) / len(values) for state, values in drawn.items()}
    assert mean[10] > 2 * max(v for state, v in mean.items() if state != 10)
    heat = [float(str(v)) for v in machine.series["Spindle/Temperature"].values]
    assert 20 < min(heat) < 30
    assert 40 < max(heat) < 80


def test_every_motor_has_its_own_serial_and_only_the_first_stand_gets_faulty_ones(day: PlantModel) -> None:
    for stand in stands(day):
        serials = stand.series["Motor/SerialNumber"].values
        assert len(set(serials)) == len(serials)
    parts = [
        {
            b.part
            for b in stand.series["Vibration/DriveEnd"].values
            if not isinstance(b, int | float | str | None)
        }
        for stand in stands(day)
    ]
    assert parts == [{None, "outer_race", "inner_race", "rolling_element"}, {None}]


def test_a_new_product_is_told_clear_of_every_count(day: PlantModel) -> None:
    told = 0
    for code, machine in day.machines.items():
        products = machine.series["Order/Product"].times[1:]
        assert not set(products) & set(machine.series["Counts/Produced"].times), code
        told += len(products)
    assert told > 8
