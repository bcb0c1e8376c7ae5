"""Meters agree with what lies behind them, to the last watt-hour."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from chejian_simulators.energy import PER_COUNT
from chejian_simulators.meters import Meter
from chejian_simulators.model import PlantModel
from chejian_simulators.plant import load_plant, shipped_plants
from chejian_simulators.weather import heating_kelvin

EPOCH_MS = 1_795_312_200_000
HOUR_MS = 3_600_000
END_MS = EPOCH_MS + 26 * HOUR_MS + 4_321
Day = Callable[[str], PlantModel]


@pytest.fixture(scope="module", params=shipped_plants())
def plant_day(request: pytest.FixtureRequest, day: Day) -> PlantModel:
    return day(request.param)


def told(meter: Meter) -> dict[int, int]:
    return dict(zip(meter.records.times, meter.records.totals, strict=True))


def test_a_main_meter_is_its_children_and_its_own_load_exactly(plant_day: PlantModel) -> None:
    """The loads' integrals are worked out here from their constant rates within each hour."""
    metering = plant_day.metering
    mains = [m for m in metering.meters.values() if m.children]
    if plant_day.plant.name != "jiamusi":
        assert mains
    for main in mains:
        children = [told(child) for child in main.children]
        rest = [
            (time_ms, total - sum(child[time_ms] for child in children))
            for time_ms, total in told(main).items()
        ]
        assert all(later - before >= 0 for (_, before), (_, later) in pairwise(rest))
        own = {c for c in plant_day.plant.load if c.code in main.config.loads}
        machines = [plant_day.machines[c].consumption for c in main.config.machines]
        if not machines:
            hours = [w for w in rest if w[0] % HOUR_MS == 0]
            for (start, before), (_, after) in pairwise(hours):
                kelvin = heating_kelvin(start)
                watts = sum(round((load.base + load.per_kelvin * kelvin) * 1e6) for load in own) / 1000
                assert abs(after - before - watts) <= 1


def test_counters_show_the_integral_of_the_machines(plant_day: PlantModel) -> None:
    for meter in plant_day.metering.meters.values():
        if meter.config.loads or meter.children:
            continue
        carrier = meter.config.carrier
        drawn = sum(plant_day.machines[c].consumption.total.get(carrier, 0) for c in meter.config.machines)
        assert drawn > 0
        since_last = drawn - meter.records.totals[-1] * PER_COUNT[carrier]
        milliseconds = END_MS - meter.records.times[-1]
        assert 0 <= since_last <= PER_COUNT[carrier] + 400_000_000 * milliseconds  # 400 kW are not exceeded


def test_records_lie_on_the_grid_and_counters_never_fall_but_by_a_fault(plant_day: PlantModel) -> None:
    for meter in plant_day.metering.meters.values():
        step = round(meter.config.interval * 1000)
        times, counters = meter.records.times, meter.records.counters
        assert times[0] == -(-EPOCH_MS // step) * step
        assert times[-1] == (END_MS - 1) // step * step
        assert all(t % step == 0 for t in times)
        falls = [times[i + 1] for i, (a, b) in enumerate(pairwise(counters)) if b < a]
        after_reset = [t + step for t in meter.resets_ms]
        assert falls == sorted([*meter.rollovers_ms, *after_reset])
        assert all(a <= b for a, b in pairwise(meter.records.totals))


def test_a_rollover_loses_nothing_modulo_the_register(day: Day) -> None:
    meter = day("harbin").metering.meters["EM-H02"]
    records, modulus = meter.records, 2**32
    assert len(meter.rollovers_ms) == 1
    assert (records.counters[-1] - records.counters[0]) % modulus == records.totals[-1] - records.totals[0]
    assert max(records.counters) < modulus


def test_a_reset_counts_from_zero_just_behind_a_record(day: Day) -> None:
    meter = day("harbin").metering.meters["EM-H04"]
    (reset,) = meter.resets_ms
    assert reset == EPOCH_MS + 7 * HOUR_MS
    at = meter.records.times.index(reset)
    before, after = meter.records.counters[at], meter.records.counters[-1]
    assert before - meter.records.counters[0] + after == meter.records.totals[-1] - meter.records.totals[0]


def test_a_silent_meter_stores_nothing_and_misses_nothing(day: Day) -> None:
    meter = day("qiqihar").metering.meters["WM-Q01"]
    gap = [(a, b) for a, b in pairwise(meter.records.times) if b - a > 60_000]
    assert gap == [(EPOCH_MS + 10 * HOUR_MS - 60_000, EPOCH_MS + 10 * HOUR_MS + 45 * 60_000)]
    at = meter.records.times.index(gap[0][0])
    assert meter.records.counters[at + 1] - meter.records.counters[at] > 900  # the load alone draws 0.9 m3/h


def test_how_far_ahead_the_plant_is_asked_changes_no_record(day: Day) -> None:
    whole = day("qiqihar")
    model = PlantModel(load_plant("qiqihar"), seed=13, epoch_ms=EPOCH_MS)
    for until in range(EPOCH_MS, EPOCH_MS + 6 * HOUR_MS, 1_234_567):
        model.advance(until)
    for code, meter in model.metering.meters.items():
        found, want = meter.records, whole.metering.meters[code].records
        assert len(found) > 300
        for name in ("times", "counters", "totals", "rates"):
            assert getattr(found, name) == getattr(want, name)[: len(found)]
