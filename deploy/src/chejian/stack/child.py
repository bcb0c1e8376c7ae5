"""One operating-system process that belongs to this one: start, look, stop; never a zombie, never an orphan."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chejian.stack.errors import StartError

_LAUNCHER = Path(__file__).with_name("launch.py")
# Pause between two looks at a starting process [s]: short against the 0.1 s a server needs, long against its cost.
_POLL_S = 0.02
# Lines of the log quoted in an error: a Python traceback with its message fits.
_TAIL_LINES = 25
_TAIL_BYTES = 16_384
# A log of the last run longer than this [bytes] is moved to `<name>.1` when the process is first started.
_ROTATE_BYTES = 20_000_000


@dataclass(frozen=True, kw_only=True)
class RunAs:
    """The user a child becomes when this process is root.

    Args:
        uid: user id.
        gid: group id.
        reach_files: keep the capability to pass folders closed to that user, see `launch.drop_to`.
    """

    uid: int
    gid: int
    reach_files: bool = False


@dataclass(frozen=True, kw_only=True)
class ProcessSpec:
    """How to run one process.

    Args:
        name: unique, shown in messages.
        argv: program and arguments; no shell.
        log: file that takes standard output and error, appended.
        env: variables added to this process's environment.
        stop_signal: what asks it to end.
        stop_within: seconds it may take to end before SIGKILL.
        death_signal: what the kernel sends it when this process dies; None means `stop_signal`.
        run_as: user to become, only for root.
    """

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within: float = 10.0
    death_signal: signal.Signals | None = None
    run_as: RunAs | None = None


class Child:
    """A running process.

    Start it from a thread that lives as long as the process (the main thread, or a supervisor's): the kernel
    ties the death signal to the *thread* that forked.
    """

    def __init__(self, spec: ProcessSpec) -> None:
        self.spec = spec
        spec.log.parent.mkdir(parents=True, exist_ok=True)
        if spec.log.exists() and spec.log.stat().st_size > _ROTATE_BYTES:
            spec.log.replace(spec.log.with_name(spec.log.name + ".1"))
        with spec.log.open("ab") as out:
            self._process = subprocess.Popen(  # noqa: S603 - argv is ours, no shell
                [*_launcher(spec), "--", *spec.argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **spec.env},
                start_new_session=True,  # Ctrl-C reaches the supervisor only; it stops children in order
            )

    @property
    def pid(self) -> int:
        """Process id; of a process that has ended it may belong to another one by now."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Exit status (negative: killed by that signal), or None while it runs. Reaps an ended process."""
        return self._process.poll()

    def send(self, signum: signal.Signals) -> None:
        """Send a signal; an ended process is left alone."""
        self._process.send_signal(signum)

    def stop(self) -> int:
        """End the process: its stop signal, then SIGKILL after `stop_within` seconds. Returns the exit status."""
        self.send(self.spec.stop_signal)
        try:
            return self._process.wait(self.spec.stop_within)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            return self._process.wait()

    def wait_ready(self, ready: Callable[[], bool], *, within: float) -> None:
        """Wait until ``ready()`` is true.

        Args:
            ready: quick look from outside; must not raise for "not yet".
            within: deadline [s].

        Raises:
            StartError: the process ended first, or the deadline passed (the process is stopped then).
        """
        deadline = time.monotonic() + within
        while not ready():
            code = self.exit_code()
            if code is not None:
                raise self.failure(f"ended with {describe_exit(code)} before it was ready")
            if time.monotonic() > deadline:
                self.stop()
                raise self.failure(f"not ready within {within:g} s")
            time.sleep(_POLL_S)

    def failure(self, reason: str) -> StartError:
        """Build the error that quotes the end of this process's log."""
        return StartError(self.spec.name, reason, log=self.spec.log, tail=log_tail(self.spec.log))


def log_tail(path: Path, lines: int = _TAIL_LINES) -> str:
    """Last lines of a text file; empty where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def describe_exit(code: int) -> str:
    """Exit status in words: ``status 3`` or ``SIGKILL``."""
    if code >= 0:
        return f"status {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _launcher(spec: ProcessSpec) -> list[str]:
    death = spec.death_signal or spec.stop_signal
    argv = [
        sys.executable,
        "-I",
        "-S",
        str(_LAUNCHER),
        "--parent",
        str(os.getpid()),
        "--death-signal",
        str(int(death)),
    ]
    if spec.run_as is not None:
        argv += ["--uid", str(spec.run_as.uid), "--gid", str(spec.run_as.gid)]
        if spec.run_as.reach_files:
            argv.append("--reach-files")
    return argv
