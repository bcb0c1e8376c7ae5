"""The demo's whole province beside its three workshops with the whole chain: filled in time, and shown as it was simulated."""

from pathlib import Path

import pytest

from tests.system.demo import Demo

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1200)]
WITHIN_S = 300
"""What filling may take on two processors that do nothing else."""


def test_a_province_is_filled_in_time_and_shown_as_simulated(tmp_path: Path) -> None:
    with Demo(tmp_path, history="24h", minutes=0.5, recordings=None, province=True) as demo:
        report = demo.finish()
    names = {check["name"] for check in report["checks"]}
    assert {"declared and measured", "does not report", "oee of a month", "energy of a month"} <= names
    cities = [check["measured"] for check in report["checks"] if check["name"] == "workshops of the city"]
    assert (len(cities), sum(cities)) == (13, 100)
    lines = next(check for check in report["checks"] if check["name"] == "lines of the programme")
    assert lines["measured"] == 1000
    facts = report["facts"]
    took = facts["province_filled_seconds"] + facts["back_fill_seconds"]
    assert took < WITHIN_S, facts
