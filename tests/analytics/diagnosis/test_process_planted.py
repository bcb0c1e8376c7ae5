"""The planted faults of the simulated dairy: right name, one name, nothing else; delays printed (a week is a soak)."""

import numpy as np
import pytest
from chejian_analytics.diagnosis.process import Channel, ProcessWindow, diagnose_process, freeze_process
from chejian_contract.signals import Role
from chejian_contract.templates import equipment_types
from chejian_simulators.model import MachinePast, PlantModel
from chejian_simulators.plant import load_plant

from tests.analytics.diagnosis.process_plant import HOUR_US

EPOCH_MS = 1_790_000_000_000
EPOCH_US = EPOCH_MS * 1000
BASELINE_H, WINDOW_H = 6, 24
PLANTED = {
    ("SPD-01", "Filter/PressureDrop"): ("filter_clogging", 6),
    ("EVP-01", "Product/Temperature"): ("drifting_sensor", 8),
}
"""Part by machine and channel, and the hour of its onset; as in the plant file."""

RUNS = 6
"""PackML code of execution that the dairy's machines tell."""


def window_of(past: MachinePast, start_h: int, end_h: int) -> ProcessWindow:
    """What the machine told: measured channels and spans of production."""
    lo, hi = EPOCH_US + start_h * HOUR_US, EPOCH_US + end_h * HOUR_US
    channels = []
    for signal in equipment_types()[past.config.type].signals.values():
        series = past.series.get(signal.name)
        if series is None or signal.kind.value != "measurement":
            continue
        times = np.array(series.times, dtype=np.int64) * 1000
        values = np.array([np.nan if v is None else float(str(v)) for v in series.values])
        role = "filter_pressure_drop" if signal.role is Role.FILTER_PRESSURE_DROP else "measurement"
        channels.append(Channel(signal.name, times[times < hi], values[times < hi], role))  # type: ignore[arg-type]  # one of two words
    states = past.series["State/MachineState"]
    edges = [*(t * 1000 for t in states.times), hi]
    running = tuple(
        (a, min(b, hi))
        for a, b, state in zip(edges[:-1], edges[1:], states.values, strict=True)
        if state == RUNS and a < hi and b > lo
    )
    return ProcessWindow(lo, hi, tuple(channels), running)


def first_names(seed: int, hours: int, every_h: int) -> dict[tuple[str, str], dict[str, int]]:
    """By machine and channel: each part that was named, and the hour of its first naming."""
    model = PlantModel(load_plant("qiqihar"), seed=seed, epoch_ms=EPOCH_MS)
    model.advance(EPOCH_MS + hours * 3_600_000)
    found: dict[tuple[str, str], dict[str, int]] = {}
    for code, past in model.machines.items():
        base = freeze_process([window_of(past, 0, BASELINE_H)], "first hours")
        for end in range(BASELINE_H + 1, hours + 1, every_h):
            start = max(BASELINE_H, end - WINDOW_H)
            for verdict in diagnose_process(window_of(past, start, end), base):
                if verdict.part is not None:
                    found.setdefault((code, verdict.channel), {}).setdefault(verdict.part, end)
    return found


def check(found: dict[tuple[str, str], dict[str, int]]) -> None:
    for place, parts in found.items():
        assert place in PLANTED, f"{place}: {parts} named, nothing planted there"
        assert list(parts) == [PLANTED[place][0]]
        print(f"{place[0]} {place[1]}: {parts}, planted at {PLANTED[place][1]} h")  # noqa: T201 - what a soak is run for


def test_clogging_and_drift_are_named_within_the_first_day() -> None:
    found = first_names(seed=1, hours=18, every_h=3)
    check(found)
    assert set(found) == set(PLANTED)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_week_has_no_false_name(seed: int) -> None:
    found = first_names(seed, hours=168, every_h=1)
    check(found)
    assert ("SPD-01", "Filter/PressureDrop") in found
