"""Planted faults over a simulated week through the whole chain: each found by its name, nothing else named."""

import sys
from pathlib import Path

import pytest

from tests.system.demo import Demo

pytestmark = [pytest.mark.soak, pytest.mark.timeout(9000)]

FOUND = {
    ("bearing", "MTS-21"),
    ("imbalance", "MTS-22"),
    ("filter_clogging", "SPD-01"),
    ("drifting_sensor", "EVP-01"),
}


def test_a_week_names_what_is_planted_and_nothing_else(tmp_path: Path) -> None:
    with Demo(tmp_path, history="168h", minutes=0.5, recordings=None) as demo:
        report = demo.finish(within=8000)
    for fault in report["faults"]:
        delay = "" if fault["delay_s"] is None else f", delay {fault['delay_s'] / 3600:.2f} h"
        sys.stdout.write(
            f"{fault['kind']} {fault['subject']}: {fault['verdict']}{delay}; {fault['evidence']}\n"
        )
    found = {(f["kind"], f["subject"]) for f in report["faults"] if f["verdict"] == "found"}
    assert found >= FOUND
    assert not [f for f in report["faults"] if f["verdict"] in {"false", "missed"}]
