"""The whole chain as processes against the simulator's ground truth, undisturbed and with its parts killed."""

from pathlib import Path

import pytest

from tests.system.demo import Demo

pytestmark = [pytest.mark.system, pytest.mark.timeout(540)]


def test_recordings_are_diagnosed_and_numbers_equal_the_truth(tmp_path: Path, recordings: Path) -> None:
    with Demo(tmp_path, history="6h", minutes=0.5, recordings=recordings) as demo:
        report = demo.finish()
    named = {c["name"]: c for c in report["checks"]}
    judged = [n for n in named if n.startswith("diagnosis of cwru:") and "not judged" not in n]
    graded = {105, 106, 107, 130, 131, 132, 158, 170, 209, 211, 222, 234, 236}
    assert {int(n.split("cwru:")[1].split(",")[0]) for n in judged} == graded | {97}
    assert all(n == 0 for n in report["facts"]["restarts"].values())


def test_report_holds_when_parts_are_killed(tmp_path: Path) -> None:
    with Demo(tmp_path, history="3h", minutes=1.0, recordings=None) as demo:
        demo.wait_for("back-fill", 120)
        for name in ("gateway", "worker"):
            demo.wait_replaced(name, demo.kill(name), 30)
        demo.wait_for("live", 300)
        for name in ("broker", "gateway", "worker"):
            demo.wait_replaced(name, demo.kill(name), 30)
        report = demo.finish()
    restarts = report["facts"]["restarts"]
    assert restarts["gateway"] >= 2
    assert restarts["worker"] >= 2
    assert restarts["broker"] >= 1
