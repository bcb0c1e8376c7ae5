"""Planted faults are in the signals from their onset on, and not before."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.status_codes import StatusCodes
from chejian_simulators.history import Series
from chejian_simulators.model import PlantModel
from chejian_simulators.opcua_server import NAMESPACE, PlantServer
from chejian_simulators.plant import load_plant
from chejian_simulators.shifts import to_datetime, to_ms
from chejian_simulators.truth import truth_of
from chejian_simulators.vibration import ModelBlock

EPOCH_MS = 1_795_312_200_000
HOUR_MS = 3_600_000
END_MS = EPOCH_MS + 26 * HOUR_MS + 4_321
Day = Callable[[str], PlantModel]


def readings(series: Series, states: Series, running: int) -> list[tuple[int, float]]:
    """Values told while the machine had been running for ten minutes."""
    found = []
    for time_ms, value in zip(series.times, series.values, strict=True):
        at = states.index_at(time_ms + 1) - 1
        if states.values[at] == running and time_ms - states.times[at] > 600_000 and value is not None:
            found.append((time_ms, float(str(value))))
    return found


def test_a_silent_sensor_has_no_value_between_onset_and_end(day: Day) -> None:
    series = day("harbin").machines["HL-01"].series["Hydraulics/Pressure"]
    onset, end = EPOCH_MS + 9 * HOUR_MS, EPOCH_MS + 9 * HOUR_MS + 40 * 60_000
    inside = [(t, v) for t, v in zip(series.times, series.values, strict=True) if onset <= t < end]
    assert inside == [(onset, None)]
    after = series.index_at(end)
    assert series.times[after] == end
    assert isinstance(series.values[after], float)
    assert series.values.count(None) == 1


async def test_a_silent_sensor_is_bad_over_opc_ua() -> None:
    onset = EPOCH_MS + 9 * HOUR_MS
    now = onset + 60_000
    model = PlantModel(load_plant("harbin"), seed=8, epoch_ms=EPOCH_MS)
    async with (
        PlantServer(model, url="opc.tcp://127.0.0.1:0/chejian", clock=lambda: now) as server,
        Client(server.url) as client,
    ):
        index = await client.get_namespace_index(NAMESPACE)
        node = client.get_node(ua.NodeId(ua.String("HL-01/Hydraulics/Pressure"), ua.Int16(index)))
        live = await node.read_data_value(raise_on_bad_status=False)
        past = await node.read_raw_history(to_datetime(onset - 2 * HOUR_MS), to_datetime(now))
    for value in (live, past[-1]):
        assert value.StatusCode is not None
        assert value.StatusCode.value == StatusCodes.BadNoCommunication
        assert value.Value is None or value.Value.Value is None
        assert value.SourceTimestamp is not None
        assert to_ms(value.SourceTimestamp) == onset
    assert all(value.StatusCode is None or value.StatusCode.is_good() for value in past[:-1])


def test_a_clogging_filter_raises_its_pressure_drop_only_after_the_onset(day: Day) -> None:
    series = day("qiqihar").machines["SPD-01"].series
    told = readings(series["Filter/PressureDrop"], series["State/MachineState"], 6)
    onset = EPOCH_MS + 6 * HOUR_MS
    before = [v for t, v in told if t < onset]
    late = [(t, v) for t, v in told if t > END_MS - 4 * HOUR_MS]
    assert len(before) > 5
    assert len(late) > 5
    assert 1.0 < np.mean(before) < 1.2
    for time_ms, value in late:
        assert abs(value - 1.1 * (1 + 0.07 * (time_ms - onset) / HOUR_MS)) < 0.3


def test_a_drifting_sensor_drifts_at_its_rate(day: Day) -> None:
    series = day("qiqihar").machines["EVP-01"].series
    told = readings(series["Product/Temperature"], series["State/MachineState"], 6)
    onset = EPOCH_MS + 8 * HOUR_MS
    grown = [(t - onset) / HOUR_MS for t, _ in told if t > onset + HOUR_MS]
    shown = [v - 68.0 for t, v in told if t > onset + HOUR_MS]
    slope = float(np.polyfit(grown, shown, 1)[0])
    assert 0.15 < slope < 0.35
    assert abs(float(np.mean([v for t, v in told if t < onset])) - 68.0) < 0.5


def test_a_counter_reset_loses_no_piece_in_the_truth(day: Day) -> None:
    model = day("qiqihar")
    told = truth_of(model, END_MS)["equipment"]["FIL-02"]
    onset = EPOCH_MS + 11 * HOUR_MS
    for signal, name in (
        ("Counts/Produced", "produced"),
        ("Counts/Good", "good"),
        ("Counts/Rework", "rework"),
    ):
        series = model.machines["FIL-02"].series[signal]
        falls = [
            (t, b)
            for (a, b), t in zip(pairwise(series.values), series.times[1:], strict=True)
            if int(str(b)) < int(str(a))
        ]
        assert falls == [(onset, 0)]
        assert len(told["count_events"][name]) == told["changes"][signal] - 2
        before = int(str(series.values[series.index_at(onset) - 1])) - int(str(series.values[0]))
        assert before + int(str(series.values[-1])) == len(told["count_events"][name])
    assert told["counts_by_product"].keys() <= {"WMP", "SMP"}
    assert sum(c["produced"] for c in told["counts_by_product"].values()) == len(
        told["count_events"]["produced"]
    )


def test_motors_of_a_bad_lot_have_the_planted_bearing_fault(day: Day) -> None:
    model = day("jiamusi")
    onset = EPOCH_MS + 10 * HOUR_MS
    waves = truth_of(model, END_MS)["equipment"]["MTS-21"]["waveforms"]
    after = [w["part"] for w in waves if w["time_ms"] > onset + HOUR_MS]
    assert set(after) == {"outer_race"}
    assert {w["part"] for w in waves if w["time_ms"] < onset} == {None}


def test_rotors_out_of_balance_show_at_the_first_order_and_nowhere_else(day: Day) -> None:
    series = day("jiamusi").machines["MTS-22"].series["Vibration/DriveEnd"]
    onset = EPOCH_MS + 8 * HOUR_MS
    first: dict[bool, list[float]] = {False: [], True: []}
    second: dict[bool, list[float]] = {False: [], True: []}
    picked = [*range(8), *range(len(series.times) - 4, len(series.times))]
    for number in picked:
        time_ms, block = series.times[number], series.values[number]
        assert isinstance(block, ModelBlock)
        assert block.part is None
        late = time_ms > onset + HOUR_MS
        assert late or time_ms < onset
        first[late].append(amplitude(block, 1))
        second[late].append(amplitude(block, 2))
    assert min(first[True]) > 5 * max(first[False])
    assert max(second[True]) < 2 * max(second[False])


def amplitude(block: ModelBlock, order: int) -> float:
    """Largest line within 2 % of a shaft order [g]; a flat-top window reads it within 1 %."""
    signal = block.samples().astype(np.float64)
    n = np.arange(signal.size)
    terms = (0.21557895, -0.41663158, 0.277263158, -0.083578947, 0.006947368)
    window = sum(a * np.cos(2 * np.pi * k * n / signal.size) for k, a in enumerate(terms))
    spectrum = 2 * np.abs(np.fft.rfft(signal * window)) / np.sum(window)
    hertz = np.fft.rfftfreq(signal.size, 1 / block.sample_rate)
    wanted = order * block.rpm / 60
    return float(spectrum[np.abs(hertz - wanted) < 0.02 * wanted].max())


def test_a_wrong_ideal_cycle_gives_an_effectiveness_above_one(day: Day) -> None:
    model = day("jiamusi")
    told = truth_of(model, END_MS)
    (fault,) = (f for f in told["faults"] if f["kind"] == "wrong_ideal_cycle")
    assert (fault["registered_s"], fault["real_s"]) == (150.0, 120.0)
    machine = model.machines["CNC-21"]
    hours = told["equipment"]["CNC-21"]["hours"]
    best = max(h["effectiveness"] for h in hours if h["apt_us"] > 2_000_000_000)
    assert 1.1 < best < 1.3
    assert {o.product for o in machine.orders.values()} == {"ROTOR-A", "ROTOR-B"}


def test_the_truth_names_every_planted_fault_once(day: Day) -> None:
    kinds = [
        f["kind"] for name in ("harbin", "qiqihar", "jiamusi") for f in truth_of(day(name), END_MS)["faults"]
    ]
    assert sorted(kinds) == sorted(
        [
            *("meter_rollover", "counter_reset", "silent_sensor"),
            *("filter_clogging", "drifting_sensor", "counter_reset", "silent_sensor"),
            *("bearing", "imbalance", "wrong_ideal_cycle"),
        ]
    )
    for name in ("harbin", "qiqihar", "jiamusi"):
        for fault in truth_of(day(name), END_MS)["faults"]:
            assert fault["reached"]
            assert EPOCH_MS <= fault["onset_ms"] < END_MS
