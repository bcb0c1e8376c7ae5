"""A headless run of the demo in the background, with a hand on its processes."""

import json
import os
import signal
import subprocess
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

CHEJIAN = str(Path(sysconfig.get_path("scripts")) / "chejian")


class Demo:
    """A headless run in the background."""

    def __init__(
        self,
        folder: Path,
        *,
        history: str,
        minutes: float,
        recordings: Path | None,
        seed: int = 1,
        province: bool = False,
    ) -> None:
        self.data = folder / "data"
        self.report = folder / "report.json"
        argv = [CHEJIAN, "demo", "--headless", "--history", history, "--minutes", str(minutes)]
        argv += ["--data", str(self.data), "--report", str(self.report), "--port", "0"]
        argv += ["--seed", str(seed)]
        argv += ["--recordings", str(recordings)] if recordings else []
        argv += ["--province"] if province else []
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)

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

    def finish(self, within: float = 900) -> dict[str, Any]:
        """Wait for the end [s] and return the report; a failing check fails with its table."""
        output, _ = self.process.communicate(timeout=within)
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
