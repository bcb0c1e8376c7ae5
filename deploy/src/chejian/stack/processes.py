"""Keeps a set of processes alive: starts them, restarts what dies, stops all in order."""

import http.client
import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from chejian.stack.child import Child, ProcessSpec, describe_exit
from chejian.stack.errors import StackError, StartError

_log = logging.getLogger(__name__)

# How long a death may go unnoticed [s].
_LOOK_S = 0.05
# First pause before a restart and the longest one [s]; it doubles in between. Short enough that a killed gateway is
# back before an edge falls from its window into probing (5 s), long enough that a broken program costs little.
_BACKOFF_FIRST_S = 0.2
_BACKOFF_MOST_S = 5.0
# A process that lived this long starts again at the first pause [s].
_HEALTHY_S = 30.0
# Seconds a health request may take.
_PROBE_S = 2.0

Ready = str | Callable[[], bool]


@dataclass(frozen=True, kw_only=True)
class Status:
    """What a supervisor knows of one process.

    Args:
        pid: of the running process, None while it is down.
        restarts: how often it was started again.
        exit_code: of its last end (negative: killed by that signal), None before the first.
    """

    pid: int | None
    restarts: int
    exit_code: int | None


@dataclass(kw_only=True)
class _Entry:
    spec: ProcessSpec
    child: Child | None
    started: float
    settled: bool = False  # it was ready once: a death is now answered by a restart, before it is an error
    wanted: bool = True
    restarts: int = 0
    exit_code: int | None = None
    pause: float = _BACKOFF_FIRST_S
    due: float | None = None  # monotonic time of the next start


class Supervisor:
    """Runs processes until told to stop; all of them end with this process, however it ends.

    All starts happen in one thread that lives as long as the supervisor, since the kernel ties a child's death
    signal to the thread that made it; the methods may be called from any thread.

    A process is supervised from the moment `wait_ready` has seen it ready: a death before is a failed start and is
    reported there, a death after is answered by a restart with growing pauses.
    """

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.RLock()
        self._requests: SimpleQueue[tuple[ProcessSpec, Future[Child]]] = SimpleQueue()
        self._ending = threading.Event()
        self._idle = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._thread.start()

    def start(self, spec: ProcessSpec) -> int:
        """Start a process and return its id.

        Raises:
            StackError: a process of this name is there already, or the supervisor has been stopped.
            OSError: the program or the log cannot be opened.
        """
        with self._lock:
            if spec.name in self._entries:
                raise StackError(f"a process named '{spec.name}' is already supervised")
            if self._ending.is_set():
                raise StackError(f"cannot start '{spec.name}': the supervisor has been stopped")
        child = self._spawn(spec)
        with self._lock:
            self._entries[spec.name] = _Entry(spec=spec, child=child, started=time.monotonic())
        return child.pid

    def wait_ready(self, name: str, ready: Ready, *, within: float) -> None:
        """Wait until a process answers; from then on it is supervised.

        Args:
            name: the process.
            ready: URL that has to answer a GET with status 200, or a function that says whether it is ready.
            within: deadline [s].

        Raises:
            StartError: it ended before it was ever ready, or the deadline passed; quotes its log.
        """
        probe = ready if callable(ready) else lambda: answers_ok(ready)
        deadline = time.monotonic() + within
        entry = self._entry(name)
        while not probe():
            with self._lock:
                child, settled = entry.child, entry.settled
            if not settled and child is not None and (code := child.exit_code()) is not None:
                raise child.failure(f"ended with {describe_exit(code)} before it was ready")
            if time.monotonic() > deadline:
                raise self._late(entry, within)
            time.sleep(_LOOK_S)
        with self._lock:
            entry.settled = True

    def status(self, name: str) -> Status:
        """State of one process."""
        entry = self._entry(name)
        with self._lock:
            running = entry.child is not None and entry.child.exit_code() is None
            return Status(
                pid=entry.child.pid if running and entry.child else None,
                restarts=entry.restarts,
                exit_code=entry.exit_code,
            )

    def names(self) -> list[str]:
        """Names of all processes in the order of their start."""
        with self._lock:
            return list(self._entries)

    def restarts(self, name: str) -> int:
        """How often a process was started again."""
        return self._entry(name).restarts

    def kill(self, name: str, signum: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to a process, as an accident would, and return the id it had.

        Raises:
            StackError: it is not running.
        """
        with self._lock:
            child = self._entry(name).child
            if child is None or child.exit_code() is not None:
                raise StackError(f"'{name}' is not running")
            child.send(signum)
            return child.pid

    def wait(self, name: str, *, within: float) -> int:
        """Wait until a process has ended by itself and return its exit status; it is not restarted.

        Raises:
            StartError: it did not end within the time [s]; quotes its log.
        """
        entry = self._entry(name)
        with self._lock:
            entry.wanted = False
            child = entry.child
        deadline = time.monotonic() + within
        while child is not None and (code := child.exit_code()) is None:
            if time.monotonic() > deadline:
                raise child.failure(f"did not end within {within:g} s")
            time.sleep(_LOOK_S)
        with self._lock:
            entry.exit_code = code if child is not None else entry.exit_code
            return 0 if entry.exit_code is None else entry.exit_code

    def stop(self, name: str) -> int | None:
        """Stop one process for good: its stop signal, then SIGKILL. Returns its exit status if it was running."""
        entry = self._entry(name)
        with self._lock:
            entry.wanted = False
            child, entry.child = entry.child, None
        if child is None:
            return None
        entry.exit_code = child.stop()
        _log.info("%s stopped (%s)", name, describe_exit(entry.exit_code))
        return entry.exit_code

    def resume(self, name: str) -> None:
        """Start a process again that `stop` or `wait` has ended; a running one is left alone."""
        entry = self._entry(name)
        with self._lock:
            if entry.child is None or entry.child.exit_code() is not None:
                entry.child, entry.due = None, time.monotonic()
            entry.wanted, entry.pause = True, _BACKOFF_FIRST_S

    def stop_all(self, order: Sequence[str] = ()) -> None:
        """Stop every process: first those of ``order``, then the others, last started first."""
        self._ending.set()
        rest = [name for name in reversed(self.names()) if name not in order]
        for name in (*order, *rest):
            self.stop(name)
        self._idle.set()  # last: the end of the thread is a death signal to every child it made
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_all()

    def _entry(self, name: str) -> _Entry:
        try:
            return self._entries[name]
        except KeyError:
            known = ", ".join(self._entries) or "none"
            raise StackError(f"no process named '{name}'; there are: {known}") from None

    def _late(self, entry: _Entry, within: float) -> StartError:
        with self._lock:
            child = entry.child
        reason = f"not ready within {within:g} s"
        if child is not None:
            return child.failure(reason)
        return StartError(entry.spec.name, reason, log=entry.spec.log, tail="")

    def _spawn(self, spec: ProcessSpec) -> Child:
        answer: Future[Child] = Future()
        self._requests.put((spec, answer))
        return answer.result()

    def _run(self) -> None:
        while not self._idle.is_set():
            try:
                spec, answer = self._requests.get(timeout=_LOOK_S)
            except Empty:
                self._look()
                continue
            try:
                answer.set_result(Child(spec))
            except OSError as error:
                answer.set_exception(error)

    def _look(self) -> None:
        with self._lock:
            for entry in self._entries.values():
                self._tend(entry, time.monotonic())

    def _tend(self, entry: _Entry, now: float) -> None:
        """Notice a death, plan the restart, carry it out when it is due."""
        if self._ending.is_set() or not (entry.wanted and entry.settled):
            return
        if entry.due is None:
            code = entry.child.exit_code() if entry.child else None
            if code is None:
                return
            if now - entry.started > _HEALTHY_S:
                entry.pause = _BACKOFF_FIRST_S
            entry.child, entry.exit_code, entry.due = None, code, now + entry.pause
            _log.warning(
                "%s ended with %s; restart in %.1f s", entry.spec.name, describe_exit(code), entry.pause
            )
            entry.pause = min(2 * entry.pause, _BACKOFF_MOST_S)
        elif now >= entry.due:
            self._restart(entry, now)

    @staticmethod
    def _restart(entry: _Entry, now: float) -> None:
        try:
            entry.child = Child(entry.spec)
        except OSError as error:
            entry.due = now + entry.pause
            _log.error("%s cannot be started again: %s", entry.spec.name, error)
            return
        entry.due, entry.started = None, now
        entry.restarts += 1
        _log.info("%s runs again (process %d)", entry.spec.name, entry.child.pid)


def answers_ok(url: str) -> bool:
    """Whether a local HTTP address answers a GET with status 200; proxies are not asked."""
    address = urlsplit(url)
    path = address.path + (f"?{address.query}" if address.query else "")
    connection = http.client.HTTPConnection(
        address.hostname or "127.0.0.1", address.port or 80, timeout=_PROBE_S
    )
    try:
        connection.request("GET", path or "/")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
