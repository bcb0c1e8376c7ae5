"""The whole chain as processes against the simulator's ground truth, undisturbed and with its parts killed."""

import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(540)]

CHEJIAN = str(Path(sysconfig.get_path("scripts")) / "chejian")


class Demo:
    """A headless run in the background."""

    def __init__(self, folder: Path, *, history: str, minutes: float, recordings: Path | None) -> None:
        self.data = folder / "data"
        self.report = folder / "report.json"
        argv = [CHEJIAN, "demo", "--headless", "--history", history, "--minutes", str(minutes)]
        argv += ["--data", str(self.data), "--report", str(self.report), "--port", "0"]
        argv += ["--recordings", str(recordings)] if recordings else []
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=sys.stderr, text=True)

    def kill(self, name: str) -> int:
        """SIGKILL a part and return the process id it had."""
        pid = json.loads((self.data / "processes.json").read_text("utf-8"))["pids"][name]
        os.kill(pid, signal.SIGKILL)
        return int(pid)

    def wait_for(self, phase: str, deadline: float) -> None:
        """Wait until the run is in a phase."""
        path = self.data / "processes.json"
        self.until(lambda: path.exists() and json.loads(path.read_text("utf-8"))["phase"] == phase, deadline)

    def wait_replaced(self, name: str, old: int, deadline: float) -> None:
        """Wait until a killed part runs again."""
        path = self.data / "processes.json"
        self.until(lambda: json.loads(path.read_text("utf-8"))["pids"][name] not in (old, None), deadline)

    def until(self, condition: Callable[[], bool], deadline: float) -> None:
        """Await a condition; the run must not end before."""
        end = time.monotonic() + deadline
        while not condition():
            assert self.process.poll() is None, "the run ended early"
            assert time.monotonic() < end, "the run does not get on"
            time.sleep(0.1)

    def finish(self) -> dict[str, Any]:
        """Wait for the end and return the report; a failing check fails with its table."""
        output, _ = self.process.communicate(timeout=480)
        assert self.report.exists(), output
        report: dict[str, Any] = json.loads(self.report.read_text("utf-8"))
        failed = [c for c in report["checks"] if not c["ok"]]
        assert not failed, output
        assert self.process.returncode == 0
        return report

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)


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
