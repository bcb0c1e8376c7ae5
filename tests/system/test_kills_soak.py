"""Random kills of every part under back-fill and live load: `make soak`, counts and seed from the environment."""

import os
import random
from pathlib import Path

import pytest

from tests.system.demo import Demo

pytestmark = pytest.mark.soak

EDGES = ("edge-harbin", "edge-qiqihar", "edge-jiamusi")
PARTS = ("gateway", "worker", "broker", "api", "postgres", *EDGES)
KILLS = int(os.environ.get("CHEJIAN_SOAK_KILLS", "30"))
SEED = int(os.environ.get("CHEJIAN_SOAK_SEED", "20261124"))


def test_the_truth_report_holds_after_many_kills(
    tmp_path: Path, pytestconfig: pytest.Config, capfd: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(SEED)
    plan = [rng.choice(PARTS) for _ in range(KILLS)]
    minutes = max(1.0, KILLS * 4 / 60)
    with Demo(tmp_path, history="24h", minutes=minutes, recordings=None) as demo:
        demo.wait_for("back-fill", 120)
        for count, name in enumerate(plan):
            if count == len(plan) // 4:  # a quarter of the kills fall into the back-fill
                demo.wait_for("live", 900)
            demo.wait_replaced(name, demo.kill(name), 60)
        report = demo.finish()
    killed = {name: plan.count(name) for name in PARTS}
    rows = {edge: report["facts"][edge.partition("-")[2]]["rows"] for edge in EDGES}
    line = f"seed {SEED}: killed {killed}; {len(report['checks'])} checks hold; rows {rows}"
    with capfd.disabled():
        pytestconfig.get_terminal_writer().line("\n" + line)
    assert all(report["facts"]["restarts"][name] >= count for name, count in killed.items())
