"""The wall clock of one process jumps; its pauses stay as long as they were."""

import os
import subprocess
import sys
import time

from tests.faults.clocks import PRELOAD
from tests.fixtures.fix_faults import MakeClock

ASKED = """
import sys, threading, time
for line in sys.stdin:
    began = time.monotonic()
    time.sleep(0.05)
    threading.Event().wait(0.05)
    print(time.time(), time.monotonic() - began, flush=True)
"""


def test_a_jump_there_and_back(fake_clock: MakeClock) -> None:
    clock = fake_clock()
    environment = {**os.environ, **clock.environment, "PYTHONPATH": str(PRELOAD)}
    command = [sys.executable, "-c", ASKED]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def off() -> tuple[float, float]:
            """How far the clock is off [s], and how long the two pauses of 0.05 s took."""
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("\n")
            process.stdin.flush()
            wall, pause = process.stdout.readline().split()
            return float(wall) - time.time(), float(pause)

        def jumped(by: float) -> None:
            deadline = time.monotonic() + 10
            while abs(off()[0] - by) > 1:
                assert time.monotonic() < deadline, f"{off()} instead of {by}"
            assert 0.09 < off()[1] < 1

        jumped(0)
        with clock.shifted(3600):
            jumped(3600)
        jumped(0)
        clock.shift(-86_400.5)
        jumped(-86_400.5)
        process.stdin.close()
