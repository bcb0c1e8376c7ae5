"""Run the demo: interactively until Ctrl-C, or headless with a truth report at the end."""

import json
import logging
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from chejian.demo.chain import Chain
from chejian.demo.options import DemoOptions, open_state
from chejian.demo.progress import Line, look
from chejian.demo.usage import usage
from chejian.report import Accounts, Report, build_report, has_arrived, render
from chejian.report.database import Database
from chejian.report.truth import Truth, load_truth
from chejian.stack import StackError

_log = logging.getLogger(__name__)

_POLL_S = 0.5
_FILL_DAY_WITHIN_S = 900.0
"""Seconds that the back-fill of a day may take before the run is given up; a shorter history has as much."""
_DRAIN_WITHIN_S = 120.0
"""Seconds from the plants' freeze to the last computed number."""


class StoppedError(Exception):
    """The user asked the run to stop."""


def run_demo(options: DemoOptions) -> int:
    """Run the demo and return the exit status: 0, or 1 when a headless run's report has a failing check."""
    stop = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: stop.set())
    state = open_state(options)
    line = Line()
    line.show(f"starting in {options.data}", force=True)
    try:
        with Chain(options, state, lambda text: line.show(text, force=True)) as chain:
            database = Database(chain.dsn)
            try:
                return (
                    _headless(chain, database, line, stop)
                    if options.headless
                    else _serve(chain, database, line, stop)
                )
            finally:
                database.close()
                line.show("stopping", force=True)
    except StoppedError:
        line.show("stopped by the user", force=True)
        return 130 if options.headless else 0


def _serve(chain: Chain, database: Database, line: Line, stop: threading.Event) -> int:
    address = f"http://127.0.0.1:{chain.ports['api']}"
    line.show(
        f"console: {address}{chain.access['path']}\n"
        f"         logs you in, once; or {address}/ as {chain.access['name']} with the password {chain.access['password']}\n"
        "         (fills up while history comes in)",
        force=True,
    )
    _fill(chain, database, line, stop)
    line.show(f"console: {address}/   Ctrl-C stops everything; data stays in {chain.data}", force=True)
    while not stop.wait(_POLL_S):
        pass
    return 0


def _fill(chain: Chain, database: Database, line: Line, stop: threading.Event) -> float:
    """Wait until history is in, computed and diagnosed; returns the seconds it took."""
    begin = time.monotonic()

    def filled() -> bool:
        progress = look(chain, database)
        _note_processes(chain, "back-fill")
        line.show(progress.line())
        return progress.filled

    days = max(1.0, chain.options.history / 86_400)
    _await(filled, "the back-fill", days * _FILL_DAY_WITHIN_S, stop)
    took = time.monotonic() - begin
    line.show(f"history is in: {look(chain, database).line()}; took {took:.0f} s", force=True)
    return took


def _headless(chain: Chain, database: Database, line: Line, stop: threading.Event) -> int:
    took = _fill(chain, database, line, stop)
    cost = usage(chain.supervisor)
    end = time.monotonic() + 60 * chain.options.minutes
    while time.monotonic() < end:
        _note_processes(chain, "live")
        line.show(f"live, {end - time.monotonic():.0f} s to go; stored {database.stored_samples():,} samples")
        if stop.wait(_POLL_S):
            raise StoppedError
    line.show("freezing the plants, draining the edges", force=True)
    truths = _freeze(chain, stop)
    _drain(chain, database, truths, stop)
    facts = {
        "history_hours": chain.options.history / 3600,
        "live_minutes": chain.options.minutes,
        "back_fill_seconds": round(took, 1),
        "usage_when_filled": cost,
        "recordings": bool(chain.state.recordings),
        "restarts": {name: chain.supervisor.restarts(name) for name in chain.supervisor.names()},
    }
    if chain.filled_in is not None:
        facts["province_filled_seconds"] = round(chain.filled_in, 1)
    report = build_report(truths, database, accounts=_accounts(chain), facts=facts)
    if chain.province.filled:
        report.checks += chain.province.checks(chain.dsn, chain.ports["api"])
    _publish(report, chain.options)
    return 0 if report.ok else 1


def _freeze(chain: Chain, stop: threading.Event) -> list[Truth]:
    for workshop in chain.workshops:
        workshop.truth.unlink(missing_ok=True)
        chain.supervisor.kill(workshop.simulator, signal.SIGUSR1)
    for workshop in chain.workshops:
        _await(workshop.truth.exists, f"the truth of {workshop.name}", _DRAIN_WITHIN_S, stop)
    return [load_truth(workshop.truth) for workshop in chain.workshops]


def _drain(chain: Chain, database: Database, truths: Sequence[Truth], stop: threading.Event) -> None:
    """Wait for the plants' last changes, stop the edges when all is acknowledged, wait for the last numbers."""
    arrived = lambda: all(has_arrived(database, truth) for truth in truths)  # noqa: E731 - a condition, used once
    _await(arrived, "the plants' last changes in the database", _DRAIN_WITHIN_S, stop)
    with ThreadPoolExecutor() as pool:
        list(pool.map(chain.supervisor.stop, [workshop.edge for workshop in chain.workshops]))
    closed_ms = max(truth.closed_ms for truth in truths)

    def done() -> bool:
        return not (database.marks() or database.undiagnosed() or database.unclosed(closed_ms))

    _await(done, "the worker's last figures", _DRAIN_WITHIN_S, stop)


def _accounts(chain: Chain) -> Accounts:
    status = ("chejian-edge", "status", "--json", "--config")
    edges = [json.loads(chain.run_once(*status, str(workshop.edge_config))) for workshop in chain.workshops]
    return Accounts(edges, json.loads(chain.run_once("chejian-gateway", "ledger", "--json")))


def _publish(report: Report, options: DemoOptions) -> None:
    sys.stdout.write(render(report) + "\n")
    if options.report is not None:
        options.report.write_text(json.dumps(report.to_json(), indent=1, ensure_ascii=False) + "\n", "utf-8")


def _await(condition: Callable[[], bool], what: str, within: float, stop: threading.Event) -> None:
    deadline = time.monotonic() + within
    while not condition():
        if stop.wait(_POLL_S):
            raise StoppedError
        if time.monotonic() > deadline:
            raise StackError(f"{what} did not come within {within:g} s; see the logs of the processes")


def _note_processes(chain: Chain, phase: str) -> None:
    """Keep `processes.json` true: phase and process ids, for people and for tests that kill things."""
    pids = {name: chain.supervisor.status(name).pid for name in chain.supervisor.names()}
    text = json.dumps({"phase": phase, "pids": pids, "ports": chain.ports})
    path = chain.data / "processes.json"
    temporary = path.with_suffix(".new")
    temporary.write_text(text, "utf-8")
    shutil.move(temporary, path)
