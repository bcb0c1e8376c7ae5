"""Energy in the truth report: exact where it can be, near enough where readings are shared out, and honest about gaps."""

from collections.abc import Callable
from typing import Any

import pytest
from chejian.report.energy import compare_meter, compare_shares, meter_figures
from chejian.report.truth import HOUR_MS, Truth

from tests.deploy.report.plant import END_MS, energy, energy_row, meter, share, truth

Stored = dict[str, dict[int, dict[str, Any]]]


def failed(stored: Stored, plant: Truth | None = None) -> list[str]:
    plant = plant or truth(E=meter())
    windows = meter_figures(plant, "E", stored, END_MS)
    checks = [*compare_meter(plant, "E", windows, stored), *compare_shares(plant, "E", stored, END_MS)]
    return [c.name for c in checks if not c.ok]


def test_exact_energy_passes() -> None:
    assert failed(energy()) == []


def _lose_an_hour(stored: Stored) -> None:
    del stored["hour"][0]


def _one_watt_hour(stored: Stored) -> None:
    stored["shift"][0]["amount"] += 1


def _open(stored: Stored) -> None:
    stored["hour"][0]["provisional"] = True


def _other_output(stored: Stored) -> None:
    stored["shift"][0]["output"] = 49


def _one_product_wrong(stored: Stored) -> None:
    stored["hour"][0]["shares"]["product"]["P"]["amount"] += 510


def _one_order_wrong(stored: Stored) -> None:
    stored["hour"][0]["shares"]["order"]["o1"]["output"] = 29


@pytest.mark.parametrize(
    ("spoil", "names"),
    [
        (_lose_an_hour, {"closed windows of the meter computed", "energy of the whole run [Wh]"}),
        (_one_watt_hour, {"windows whose energy differs"}),
        (_open, {"closed windows of the meter computed"}),
        (_other_output, {"energy per unit by shift, largest error"}),
        (_one_product_wrong, {"energy per unit by product [Wh]"}),
        (_one_order_wrong, {"energy per unit by order [Wh]"}),
    ],
)
def test_each_difference_is_found(spoil: Callable[[Stored], None], names: set[str]) -> None:
    stored = energy()
    spoil(stored)
    assert names <= set(failed(stored))


def test_a_change_of_product_may_be_misplaced_within_one_reading() -> None:
    stored = energy()
    moved = 490  # a minute is 1,000 Wh; a quarter of it where the product begins, and where it ends
    stored["hour"][0]["shares"] = share("P", "o1", 60_000 + moved, 30)
    assert failed(stored) == []


def test_a_silence_must_be_told() -> None:
    silent = meter()
    silent["hours"][0] |= {"amount": 0, "complete": False}
    plant = truth(E=silent)
    stored = energy()
    assert failed(stored, plant) == ["windows without a reading at an edge shown as complete"]
    stored["hour"][0] |= {"completeness": 0.25, "flags": ["meter_gap"]}
    assert failed(stored, plant) == []


def test_a_meter_of_several_machines_has_no_shares_and_no_output() -> None:
    plant = truth(E=meter(machines=["M-1", "M-2"]))
    stored = {
        "hour": {0: energy_row(60_000, 0), HOUR_MS: energy_row(40_000, 0)},
        "shift": {0: energy_row(100_000, 0)},
    }
    assert failed(stored, plant) == []
