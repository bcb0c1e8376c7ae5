"""Fleet mode against the gateway, as processes: what was produced is stored once, all of it, by every account."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]


def drive(workshops: int, seconds: int, *, drain: int) -> None:
    """Run `benchmarks.fleet`; compare the fleet's account, the gateway's, the ledger's and the rows."""
    command = [sys.executable, "-m", "benchmarks.fleet", "--json"]
    options = {"workshops": workshops, "seconds": seconds, "drain": drain, "replicas": 2}
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    done = subprocess.run(
        command, cwd=TOP, capture_output=True, text=True, timeout=seconds + drain + 300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    samples = workshops * seconds * 1000
    assert (found["produced"], found["acknowledged"], found["stored"]) == (samples, samples, samples)
    assert found["ledger"] == {
        "produced_samples": samples,
        "stored_samples": samples,
        "dead_samples": 0,
        "lost_batches": 0,
        "in_flight_batches": 0,
    }
    assert found["in_flight_batches"] == 0
    assert found["verdict"].endswith(
        f"{workshops} accounts add up: {samples} rows of {workshops} nodes, 0 duplicates by series and time"
    )


@pytest.mark.system
def test_a_small_fleet_is_stored_exactly() -> None:
    drive(8, 6, drain=60)


@pytest.mark.soak
def test_a_province_of_100_000_signals_is_stored_exactly() -> None:
    """100,000 samples/s for two minutes; a machine that is too slow for it stores them later, and as exactly."""
    drive(100, 120, drain=600)
