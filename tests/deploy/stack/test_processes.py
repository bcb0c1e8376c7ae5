"""The supervisor against real processes that die, hang and refuse."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chejian.stack import ProcessSpec, StackError, StartError, Supervisor
from chejian.stack.ports import free_port

# Seconds anything here may take on a loaded machine.
WITHIN = 20.0

RUN = "import time; print('up', flush=True); time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
BROKEN = "import sys; print('no such file: plant.toml'); sys.exit(3)"


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    with Supervisor() as it:
        yield it


@pytest.fixture
def spec(tmp_path: Path) -> Callable[..., ProcessSpec]:
    def make(name: str, code: str, *, stop_within: float = 10) -> ProcessSpec:
        argv = [sys.executable, "-c", code]
        return ProcessSpec(name=name, argv=argv, log=tmp_path / f"{name}.log", stop_within=stop_within)

    return make


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < deadline, "the awaited condition did not come"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def says_up(log: Path, times: int = 1) -> bool:
    return log.exists() and log.read_text().count("up") >= times


def test_killed_process_comes_back(supervisor: Supervisor, spec: Callable[..., ProcessSpec]) -> None:
    job = spec("gateway", RUN)
    pids = {supervisor.start(job)}
    supervisor.wait_ready("gateway", lambda: says_up(job.log), within=WITHIN)
    for time_killed in (1, 2):
        supervisor.kill("gateway")
        until(lambda times=time_killed: says_up(job.log, times + 1))  # type: ignore[misc] # bound now
        assert supervisor.restarts("gateway") == time_killed
        status = supervisor.status("gateway")
        assert status.pid is not None
        assert status.exit_code == -signal.SIGKILL
        pids.add(status.pid)
    assert len(pids) == 3


def test_failure_at_start_quotes_the_log(supervisor: Supervisor, spec: Callable[..., ProcessSpec]) -> None:
    supervisor.start(spec("edge", BROKEN))
    with pytest.raises(StartError, match=r"(?s)edge: ended with status 3 before.*no such file: plant\.toml"):
        supervisor.wait_ready("edge", lambda: False, within=WITHIN)
    assert supervisor.restarts("edge") == 0


def test_program_that_is_not_there(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(ProcessSpec(name="lost", argv=["/nowhere/program"], log=tmp_path / "lost.log"))
    with pytest.raises(StartError, match=r"(?s)lost: ended with status 1.*cannot start /nowhere/program"):
        supervisor.wait_ready("lost", lambda: False, within=WITHIN)


def test_silent_process_misses_its_deadline(supervisor: Supervisor, spec: Callable[..., ProcessSpec]) -> None:
    supervisor.start(spec("worker", RUN))
    with pytest.raises(StartError, match=r"worker: not ready within 0\.2 s"):
        supervisor.wait_ready("worker", lambda: False, within=0.2)


def test_stops_in_order_and_leaves_nothing(spec: Callable[..., ProcessSpec], tmp_path: Path) -> None:
    """The order given first, then the rest, last started first; ended processes are reaped."""
    note = tmp_path / "order"
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n    open({note!r}, 'a').write({name!r} + ' '); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end); print('up', flush=True); time.sleep(600)"
    )
    supervisor = Supervisor()
    pids = []
    for name in ("broker", "edge", "gateway", "api"):
        job = spec(name, code.format(note=str(note), name=name))
        pids.append(supervisor.start(job))
        supervisor.wait_ready(name, lambda log=job.log: says_up(log), within=WITHIN)  # type: ignore[misc] # bound now
    supervisor.stop_all(order=["edge", "gateway"])
    assert note.read_text().split() == ["edge", "gateway", "api", "broker"]
    assert not any(alive(pid) for pid in pids)
    with pytest.raises(StackError, match="has been stopped"):
        supervisor.start(spec("late", RUN))


def test_deaf_process_is_killed_at_its_deadline(
    supervisor: Supervisor, spec: Callable[..., ProcessSpec]
) -> None:
    job = spec("deaf", DEAF, stop_within=0.3)
    pid = supervisor.start(job)
    supervisor.wait_ready("deaf", lambda: says_up(job.log), within=WITHIN)
    assert supervisor.stop("deaf") == -signal.SIGKILL
    assert not alive(pid)


def test_stopped_process_is_resumed(supervisor: Supervisor, spec: Callable[..., ProcessSpec]) -> None:
    job = spec("edge", RUN)
    first = supervisor.start(job)
    supervisor.wait_ready("edge", lambda: says_up(job.log), within=WITHIN)
    supervisor.resume("edge")
    assert supervisor.status("edge").pid == first  # it runs: nothing to do
    supervisor.stop("edge")
    assert supervisor.status("edge").pid is None
    supervisor.resume("edge")
    until(lambda: says_up(job.log, 2))
    assert supervisor.status("edge").pid not in (None, first)
    assert supervisor.restarts("edge") == 1


def test_ended_by_itself_is_waited_for_not_restarted(
    supervisor: Supervisor, spec: Callable[..., ProcessSpec]
) -> None:
    job = spec("report", "print('up')")
    supervisor.start(job)
    assert supervisor.wait("report", within=WITHIN) == 0
    assert supervisor.restarts("report") == 0


def test_health_address(supervisor: Supervisor, tmp_path: Path) -> None:
    port = free_port()
    argv = [
        sys.executable,
        "-m",
        "http.server",
        "--bind",
        "127.0.0.1",
        "--directory",
        str(tmp_path),
        str(port),
    ]
    (tmp_path / "healthz").write_text("ok")
    supervisor.start(ProcessSpec(name="api", argv=argv, log=tmp_path / "api.log"))
    supervisor.wait_ready("api", f"http://127.0.0.1:{port}/healthz", within=WITHIN)
    with pytest.raises(StartError):
        supervisor.wait_ready("api", f"http://127.0.0.1:{port}/missing", within=0.3)


def test_started_from_a_thread_that_ends(supervisor: Supervisor, spec: Callable[..., ProcessSpec]) -> None:
    """The kernel's death signal follows the thread that forked; ours outlives any caller's."""
    job = spec("edge", RUN)
    caller = threading.Thread(target=supervisor.start, args=(job,))
    caller.start()
    caller.join()
    supervisor.wait_ready("edge", lambda: says_up(job.log), within=WITHIN)
    assert supervisor.status("edge").pid is not None
    assert supervisor.restarts("edge") == 0


def test_names_are_unique_and_known(supervisor: Supervisor, spec: Callable[..., ProcessSpec]) -> None:
    supervisor.start(spec("edge", RUN))
    with pytest.raises(StackError, match="'edge' is already supervised"):
        supervisor.start(spec("edge", RUN))
    with pytest.raises(StackError, match="no process named 'egde'; there are: edge"):
        supervisor.restarts("egde")


def test_children_die_with_a_killed_parent(tmp_path: Path) -> None:
    code = f"""
import sys, time
from pathlib import Path
from chejian.stack import ProcessSpec, Supervisor
supervisor = Supervisor()
print(supervisor.start(ProcessSpec(name="x", argv=[sys.executable, "-c", {RUN!r}], log=Path({str(tmp_path)!r}) / "x")), flush=True)
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    until(lambda: says_up(tmp_path / "x"))
    parent.kill()
    parent.communicate()
    until(lambda: not alive(child) or Path(f"/proc/{child}/stat").read_text().split()[2] == "Z")
