"""What a long run keeps: readers get a window, the truth stays whole."""

from chejian_simulators.history import Series
from chejian_simulators.model import LASTING, PlantModel
from chejian_simulators.plant import load_plant
from chejian_simulators.truth import truth_of

EPOCH_MS = 1_795_312_200_000
HOUR_MS = 3_600_000


def test_a_long_run_keeps_a_window_and_tells_the_same_truth() -> None:
    end = EPOCH_MS + 30 * HOUR_MS
    whole = PlantModel(load_plant("jiamusi"), seed=4, epoch_ms=EPOCH_MS)
    whole.advance(end)
    short = PlantModel(load_plant("jiamusi"), seed=4, epoch_ms=EPOCH_MS, keep_ms=6 * HOUR_MS)
    for until in range(EPOCH_MS, end, HOUR_MS // 2):
        short.advance(until)
    short.advance(end)
    assert truth_of(short, end) == truth_of(whole, end)
    for code, machine in short.machines.items():
        for signal, series in machine.series.items():
            want = whole.machines[code].series[signal]
            assert series.told == want.told
            assert series.values == want.values[series.forgotten :]
            if signal.startswith(LASTING):
                assert series.forgotten == 0
            else:
                assert series.index_at(end - 8 * HOUR_MS) <= 1, signal
    assert sum(s.forgotten for m in short.machines.values() for s in m.series.values()) > 5_000


def test_the_last_value_before_the_window_still_holds() -> None:
    series = Series()
    for time_ms in range(0, 100, 10):
        series.append(time_ms, time_ms)
    series.forget(45)
    assert series.times == [40, 50, 60, 70, 80, 90]
    assert (series.forgotten, series.told) == (4, 10)
    series.forget(1_000)
    assert series.values == [90]
