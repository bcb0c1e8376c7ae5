"""The truth of every shipped plant agrees with itself: states, pieces, orders, energy, meters."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from chejian_contract.states import MachineState
from chejian_simulators.model import PlantModel
from chejian_simulators.plant import shipped_plants
from chejian_simulators.plant_machine import told_signals
from chejian_simulators.truth import truth_of
from chejian_simulators.truth_table import truth_table

EPOCH_MS = 1_795_312_200_000
HOUR_MS = 3_600_000
END_MS = EPOCH_MS + 26 * HOUR_MS + 4_321
OUTCOMES = ("good", "scrap", "rework")

pytestmark = pytest.mark.parametrize("name", shipped_plants())


@pytest.fixture
def model(name: str, day: Callable[[str], PlantModel]) -> PlantModel:
    return day(name)


TOLD: dict[str, dict[str, Any]] = {}
"""Truth by plant, worked out once."""


@pytest.fixture
def truth(name: str, model: PlantModel) -> dict[str, Any]:
    if name not in TOLD:
        TOLD[name] = json.loads(json.dumps(truth_of(model, END_MS)))
    return TOLD[name]


def test_states_pieces_and_hours_agree(truth: dict[str, Any]) -> None:
    for code, equipment in truth["equipment"].items():
        states, events = equipment["states"], equipment["count_events"]
        assert (states[0][0], states[-1][1]) == (EPOCH_MS, END_MS)
        assert all(a[1] == b[0] and a[2] != b[2] for a, b in pairwise(states))
        made = sorted(t for outcome in OUTCOMES for t in events.get(outcome, []))
        assert made == events["produced"], code
        for counter in events:
            assert sum(hour[counter] for hour in equipment["hours"]) == len(events[counter])
        for hour in equipment["hours"]:
            if hour["oee"] is not None and hour["produced"] and hour["apt_us"]:
                assert hour["quality_ratio"] == hour["good"] / hour["produced"]


def test_shifts_are_the_sums_of_their_hours(truth: dict[str, Any]) -> None:
    times = ("apt_us", "aust_us", "adet_us", "adot_us")
    for code, equipment in truth["equipment"].items():
        assert equipment["shifts"][0]["start_ms"] < EPOCH_MS < END_MS < equipment["shifts"][-1]["end_ms"]
        for shift in equipment["shifts"]:
            inside = [h for h in equipment["hours"] if shift["start_ms"] <= h["start_ms"] < shift["end_ms"]]
            for name in (*times, "produced", "good", "scrap", "ideal_us"):
                assert shift[name] == sum(h[name] for h in inside), (code, name)
            assert shift["not_scheduled_us"] == 0
            parts = sum(shift[name] for name in (*times, "planned_stop_us", "no_data_us"))
            assert parts == shift["calendar_us"] == (shift["end_ms"] - shift["start_ms"]) * 1000
            made = shift["by_product"].values()
            assert sum(counts["produced"] for counts in made) == shift["produced"]
        whole = [s for s in equipment["shifts"] if s["start_ms"] >= EPOCH_MS and s["end_ms"] <= END_MS]
        assert whole
        assert not any(s["no_data_us"] for s in whole)


def test_the_table_shows_the_figures(truth: dict[str, Any]) -> None:
    lines = truth_table(truth).splitlines()
    for code, equipment in truth["equipment"].items():
        shown = [line.split() for line in lines if line.startswith(code)]
        oee = [s["oee"] for s in equipment["shifts"]]
        assert [row[4] for row in shown] == ["-" if x is None else f"{x:.4f}" for x in oee]
    for code, meter in truth["meters"].items():
        assert next(line.split()[3] for line in lines if line.startswith(code)) == str(meter["total"])


def test_every_signal_of_the_type_is_told(truth: dict[str, Any], model: PlantModel) -> None:
    plant = model.plant
    for machine in plant.machine:
        told = truth["equipment"][machine.code]["changes"]
        assert set(told) == set(told_signals(machine.type)), machine.code


def test_orders_and_products_add_up_to_the_pieces(truth: dict[str, Any]) -> None:
    for code, equipment in truth["equipment"].items():
        orders, events = equipment["orders"], equipment["count_events"]
        assert sum(o["produced"] for o in orders) == len(events["produced"])
        for outcome in OUTCOMES:
            assert sum(o[outcome] for o in orders) == len(events.get(outcome, []))
            by_product = sum(c[outcome] for c in equipment["counts_by_product"].values())
            assert by_product == len(events.get(outcome, []))
        for before, order in pairwise(orders):
            assert before["start_ms"] < before["end_ms"] <= order["start_ms"] <= order["end_ms"], code
        for order in orders:
            assert order["produced"] == sum(order[outcome] for outcome in OUTCOMES) > 0
            assert not order["planned"] or order["produced"] <= order["planned"]
            inside = [t for t in events["produced"] if order["start_ms"] < t <= order["end_ms"]]
            assert len(inside) == order["produced"]
        closed = [o for o in orders[:-1] if o["planned"]]
        assert all(o["produced"] == o["planned"] for o in closed)


def test_energy_adds_up_by_state_order_and_hour(truth: dict[str, Any]) -> None:
    for equipment in truth["equipment"].values():
        seconds = dict.fromkeys(map(str, map(int, MachineState)), 0.0)
        for start, end, state in equipment["states"]:
            seconds[str(state)] += (end - start) / 1000
        assert "electricity" in equipment["energy"]
        for energy in equipment["energy"].values():
            for column in ("by_state", "by_order"):
                parts = energy[column].values()
                assert 0 <= energy["total"] - sum(parts) <= len(parts)
            hours = [amount for hour in energy["hours"] for amount in hour["by_state"].values()]
            assert 0 <= energy["total"] - sum(hours) <= len(hours)
        by_state = equipment["energy"]["electricity"]["by_state"]
        assert all(seconds[state] > 0 for state in by_state)
        power = {state: amount / seconds[state] for state, amount in by_state.items()}  # [mWh/s]
        assert power["1"] == max(power.values()), "producing draws most"


def test_meters_agree_with_hours_and_shifts(truth: dict[str, Any]) -> None:
    told = truth
    assert told["meters"]
    for code, meter in told["meters"].items():
        assert meter["unit"] == {"electricity": "Wh", "steam": "g"}.get(meter["carrier"], "L")
        first, last = meter["first"][0], meter["last"][0]
        assert EPOCH_MS <= first < last < END_MS
        for windows in (meter["hours"], meter["shifts"]):
            inside = [w for w in windows if w["start_ms"] < last]
            covered = [w for w in inside if w["end_ms"] > first]
            gaps = sum(b["start_ms"] - a["end_ms"] for a, b in pairwise(covered))
            total = sum(w["amount"] for w in covered)
            assert total == meter["total"] if not gaps else total < meter["total"], code
        whole = [w for w in meter["hours"] if w["complete"]]
        assert len(whole) >= 23
        if meter["children"]:
            rest = meter["total"] - sum(told["meters"][child]["total"] for child in meter["children"])
            assert rest > 0, "the main meter sees more than its children"


def test_power_at_the_machines_is_what_the_meters_count(truth: dict[str, Any]) -> None:
    """The unmetered rest of a main meter are its loads and its own machines, within a watt-hour a consumer."""
    told = truth
    for code, meter in told["meters"].items():
        if meter["carrier"] != "electricity" or meter["children"] or not meter["machines"]:
            continue
        drawn = sum(told["equipment"][m]["energy"]["electricity"]["total"] for m in meter["machines"])
        missing = drawn / 1000 - meter["total"]  # what came behind the last record
        assert 0 <= missing < 500 * 61 / 3.6, code
