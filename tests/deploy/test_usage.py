"""Processor time and memory of supervised processes."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chejian.demo.usage import usage
from chejian.stack import ProcessSpec, Supervisor

BUSY = "import time; block = bytearray(50_000_000); open('ready', 'w').close()\nwhile time.process_time() < 0.3: pass\n"


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    with Supervisor() as own:
        yield own


def test_work_and_memory_of_a_process_are_told(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    argv = [sys.executable, "-c", BUSY + "open('done', 'w').close()\ntime.sleep(60)"]
    supervisor.start(ProcessSpec(name="busy", argv=argv, log=tmp_path / "log"))
    _wait(supervisor, (tmp_path / "done").exists)
    cost = usage(supervisor)["busy"]
    assert 0.3 <= cost["processor_s"] < 30
    assert 50 <= cost["memory_mb"] < 500
    supervisor.stop("busy")
    assert usage(supervisor) == {}


def _wait(supervisor: Supervisor, ready: Callable[[], bool]) -> None:
    supervisor.wait_ready("busy", ready, within=30)
