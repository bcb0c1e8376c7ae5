"""The truth agrees with itself, with a worked example, and with what makes a plant believable."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from chejian_contract.states import MachineState
from chejian_simulators.changes import Change
from chejian_simulators.model import MachinePast, PlantModel
from chejian_simulators.plant import Plant
from chejian_simulators.truth import truth_of, write_truth

HOUR_MS = 3_600_000
ELEMENTS = ("not_scheduled_us", "planned_stop_us", "apt_us", "aust_us", "adet_us", "adot_us", "no_data_us")


@pytest.fixture(scope="module")
def truth(harbin: Plant, epoch_ms: int) -> dict[str, Any]:
    model = PlantModel(harbin, seed=21, epoch_ms=epoch_ms)
    end_ms = epoch_ms + 24 * HOUR_MS + 77_777
    model.advance(end_ms)
    return truth_of(model, end_ms)


def test_states_are_contiguous_from_epoch_to_end_and_neighbours_differ(truth: dict[str, Any]) -> None:
    for equipment in truth["equipment"].values():
        states = equipment["states"]
        assert states[0][0] == truth["epoch_ms"]
        assert states[-1][1] == truth["end_ms"]
        assert all(a[1] == b[0] and a[2] != b[2] for a, b in pairwise(states))
        assert all(a < b and state in set(MachineState) for a, b, state in states)


def test_counts_are_one_entry_per_piece(truth: dict[str, Any]) -> None:
    for equipment in truth["equipment"].values():
        events, changes = equipment["count_events"], equipment["changes"]
        for name, signal in (
            ("produced", "Counts/Produced"),
            ("good", "Counts/Good"),
            ("scrap", "Counts/Scrap"),
        ):
            assert len(events[name]) == changes[signal] - 1
            assert sum(hour[name] for hour in equipment["hours"]) == len(events[name])
        assert sorted(events["good"] + events["scrap"]) == events["produced"]


def test_the_hours_tile_the_time_and_their_elements_add_up(truth: dict[str, Any]) -> None:
    for equipment in truth["equipment"].values():
        hours = equipment["hours"]
        assert hours[0]["start_ms"] == truth["epoch_ms"]
        assert hours[-1]["end_ms"] == truth["end_ms"]
        assert all(a["end_ms"] == b["start_ms"] for a, b in pairwise(hours))
        assert all(hour["start_ms"] % HOUR_MS == 0 for hour in hours[1:])
        for hour in hours:
            assert sum(hour[name] for name in ELEMENTS) == hour["calendar_us"]
            assert hour["calendar_us"] == (hour["end_ms"] - hour["start_ms"]) * 1000
        by_state = dict.fromkeys(MachineState, 0)
        for start, end, state in equipment["states"]:
            by_state[state] += (end - start) * 1000
        assert sum(by_state.values()) == sum(hour["calendar_us"] for hour in hours)
        assert sum(hour["apt_us"] for hour in hours) <= by_state[MachineState.PRODUCING]


@pytest.mark.parametrize(("utc_hour", "minutes"), [(3, 0), (4, 30), (10, 20), (16, 30), (22, 20)])
def test_meals_of_the_local_calendar_are_planned_stops(
    truth: dict[str, Any], utc_hour: int, minutes: int
) -> None:
    start = int(datetime(2026, 11, 22, utc_hour, tzinfo=UTC).timestamp() * 1000)
    for equipment in truth["equipment"].values():
        (hour,) = (h for h in equipment["hours"] if h["start_ms"] == start)
        assert hour["planned_stop_us"] == minutes * 60_000_000
        assert hour["not_scheduled_us"] == 0


def overall(equipment: dict[str, Any]) -> float:
    busy = good = 0.0
    for hour in equipment["hours"]:
        seconds = hour["apt_us"] + hour["aust_us"] + hour["adet_us"] + hour["adot_us"]
        busy += seconds
        good += (hour["oee"] or 0.0) * seconds
    return good / busy


def test_the_plant_is_believable_and_one_machine_is_visibly_bad(truth: dict[str, Any]) -> None:
    oee = {code: overall(equipment) for code, equipment in truth["equipment"].items()}
    bad = oee.pop("CNC-03")
    assert 0.35 < bad < 0.57
    assert all(0.57 < value < 0.85 for value in oee.values()), oee
    for equipment in truth["equipment"].values():
        ideal = sum(hour["ideal_us"] for hour in equipment["hours"])
        assert 0.83 < ideal / sum(hour["apt_us"] for hour in equipment["hours"]) < 0.99


class Script:
    """A machine that tells a list of changes and then one far away."""

    def __init__(self, *changes: tuple[int, str, int | str]) -> None:
        self._changes = changes

    def changes(self) -> Iterator[Change]:
        for time_ms, signal, value in self._changes:
            yield Change(time_ms, time_ms, signal, value)
        yield Change(2**62, 2**62, "Counts/Good", -1)


def test_a_worked_example(harbin: Plant) -> None:
    """11:50 to 13:10 local with lunch from 12:00 to 12:30; SHAFT-A 90 s, HUSK-B 150 s per piece."""
    epoch = int(datetime(2026, 11, 22, 3, 50, tzinfo=UTC).timestamp() * 1000)
    minute = 60_000
    model = PlantModel(harbin, seed=1, epoch_ms=epoch)
    script = Script(
        (epoch, "Counts/Produced", 100),
        (epoch, "Counts/Good", 90),
        (epoch, "Counts/Scrap", 10),
        (epoch, "State/MachineState", 10),  # producing
        (epoch, "Order/Product", "SHAFT-A"),
        (epoch + 4 * minute, "Counts/Produced", 101),
        (epoch + 4 * minute, "Counts/Good", 91),
        (epoch + 8 * minute, "State/MachineState", 35),  # stopped, 2 minutes before lunch
        (epoch + 45 * minute, "State/MachineState", 20),  # set-up, 5 minutes after it
        (epoch + 46 * minute, "Order/Product", "HUSK-B"),
        (epoch + 60 * minute, "State/MachineState", 10),
        (epoch + 65 * minute, "Counts/Produced", 102),
        (epoch + 65 * minute, "Counts/Scrap", 11),
        (epoch + 70 * minute, "Counts/Produced", 103),  # 13:00 sharp: belongs to the hour that begins
        (epoch + 70 * minute, "Counts/Good", 92),
        (epoch + 74 * minute, "State/MachineState", 50),  # no order
    )
    past = MachinePast(harbin.machine[0], script, epoch)
    model.machines = {"CNC-01": past}
    end = epoch + 80 * minute
    model.advance(end)
    told = truth_of(model, end)["equipment"]["CNC-01"]
    assert told["states"] == [
        [epoch, epoch + 8 * minute, 1],
        [epoch + 8 * minute, epoch + 45 * minute, 4],
        [epoch + 45 * minute, epoch + 60 * minute, 2],
        [epoch + 60 * minute, epoch + 74 * minute, 1],
        [epoch + 74 * minute, end, 7],
    ]
    us = 60_000_000
    first, second, third = told["hours"]
    names = ("calendar_us", "planned_stop_us", "apt_us", "aust_us", "adet_us", "adot_us")
    assert [first[n] for n in names] == [10 * us, 0, 8 * us, 0, 2 * us, 0]
    assert [second[n] for n in names] == [60 * us, 30 * us, 10 * us, 15 * us, 5 * us, 0]
    assert [third[n] for n in names] == [10 * us, 0, 4 * us, 0, 0, 6 * us]
    assert [first[n] for n in ("produced", "good", "scrap", "ideal_us")] == [1, 1, 0, 90_000_000]
    assert [second[n] for n in ("produced", "good", "scrap", "ideal_us")] == [1, 0, 1, 150_000_000]
    assert [third[n] for n in ("produced", "good", "scrap", "ideal_us")] == [1, 1, 0, 150_000_000]
    assert first["availability"] == pytest.approx(8 / 10)
    assert first["effectiveness"] == pytest.approx(1.5 / 8)
    assert first["quality_ratio"] == 1
    assert first["oee"] == pytest.approx(1.5 / 10)
    assert second["quality_ratio"] == 0
    assert second["oee"] == 0
    assert told["changes"]["Counts/Produced"] == 4


def test_an_hour_without_busy_time_or_pieces_has_no_ratios(harbin: Plant) -> None:
    epoch = int(datetime(2026, 11, 22, 4, 0, tzinfo=UTC).timestamp() * 1000)
    model = PlantModel(harbin, seed=1, epoch_ms=epoch)
    model.machines = {
        "CNC-01": MachinePast(
            harbin.machine[0],
            Script((epoch, "State/MachineState", 50), (epoch, "Counts/Produced", 7)),
            epoch,
        )
    }
    end = epoch + 20 * 60_000  # all of it within lunch
    model.advance(end)
    (hour,) = truth_of(model, end)["equipment"]["CNC-01"]["hours"]
    assert hour["planned_stop_us"] == hour["calendar_us"]
    assert [hour[n] for n in ("availability", "effectiveness", "quality_ratio", "oee")] == [None] * 4


def test_the_truth_of_another_instant_is_refused_and_a_file_is_replaced_whole(
    harbin: Plant, epoch_ms: int, tmp_path: Path
) -> None:
    model = PlantModel(harbin, seed=1, epoch_ms=epoch_ms)
    model.advance(epoch_ms + HOUR_MS)
    with pytest.raises(
        ValueError, match=f"stands at {epoch_ms + HOUR_MS} ms, the truth is asked for {epoch_ms} ms"
    ):
        truth_of(model, epoch_ms)
    out = tmp_path / "truth.json"
    out.write_text("old")
    write_truth(model, epoch_ms + HOUR_MS, out)
    assert json.loads(out.read_text("utf-8"))["end_ms"] == epoch_ms + HOUR_MS
    assert [p.name for p in tmp_path.iterdir()] == ["truth.json"]
