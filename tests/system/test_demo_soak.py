"""The demo as it is shown, with 24 h of history and the recordings, against the truth: the same for every seed."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.system.demo import Demo

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1500)]

STEEL_WH = 522_487_940
"""Sum of the recorded half-year, `Usage_kWh` of 17,520 rows."""
FOUND = {
    ("bearing", "MTS-21"),
    ("silent_sensor", "HL-01"),
    ("silent_sensor", "WM-Q01"),
    ("counter_reset", "FIL-02"),
    ("counter_reset", "EM-H04"),
    ("meter_rollover", "EM-H02"),
    ("wrong_ideal_cycle", "CNC-21"),
    ("imbalance", "MTS-22"),
    ("filter_clogging", "SPD-01"),
    ("drifting_sensor", "EVP-01"),
}


@pytest.mark.parametrize("seed", range(1, 6))
def test_every_seed_holds(seed: int, tmp_path: Path, recordings: Path) -> None:
    with Demo(tmp_path, history="24h", minutes=3, recordings=recordings, seed=seed) as demo:
        report = demo.finish()
    assert not any(report["facts"]["restarts"].values())
    checks = {(c["subject"], c["name"]): c for c in report["checks"]}
    assert checks["EM-J01", "energy of the whole run [Wh]"]["measured"] == STEEL_WH
    assert checks["EM-J01", "rows of the recording"]["measured"] == 17_520
    assert report["facts"]["recording on EM-J01"]["midnight_rows"] == 182
    verdicts = {(f["kind"], f["subject"]): f["verdict"] for f in report["faults"]}
    assert verdicts == dict.fromkeys(FOUND, "found")
    _every_machine_and_meter_is_judged(report)


def _every_machine_and_meter_is_judged(report: dict[str, Any]) -> None:
    windows = Counter((w["subject"], w["kind"]) for w in report["windows"])
    subjects = {subject for subject, _ in windows}
    assert len(subjects) == 15 + 17
    for subject in subjects:
        assert windows[subject, "hour"] >= 24
        assert windows[subject, "shift"] >= 1
    names = {c["name"].partition(" [")[0] for c in report["checks"]}
    assert {f"energy per unit by {kind}" for kind in ("product", "order")} <= names
