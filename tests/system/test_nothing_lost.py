"""System test A: parts killed and everything else broken at random under load; nothing lost, doubled or changed."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from chejian_simulators.machines.cnc import STATE_CODES

from tests.faults.timescale import Timescale
from tests.faults.waiting import until
from tests.fixtures.fix_faults import MakeCell, MakeClock, MakeDisk
from tests.fixtures.fix_store import MakeTimescale
from tests.system.account import Account, differences
from tests.system.chain import Chain, Postgres
from tests.system.chaos import Chaos, produced_by
from tests.system.reference import Reference
from tests.system.sources import stored, without_heartbeats
from tests.system.workshop import make_workshop

SEED = int(os.environ.get("CHEJIAN_SOAK_SEED", "20261124"))
SOAK_FAULTS = int(os.environ.get("CHEJIAN_SOAK_FAULTS", "300"))
SOAK_GATEWAYS = int(os.environ.get("CHEJIAN_SOAK_GATEWAYS", "2"))
SOAK_LOG = Path(os.environ.get("CHEJIAN_SOAK_LOG", ".chejian/soak-faults.tsv"))

NUMBERS = {code: int(state) for state, code in STATE_CODES.items()}
HEARTBEAT_MS = 30_000

Say = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """How much of everything.

    Attributes:
        replicas: gateways.
        faults: how many.
        hours: of the plant's life that are played.
        seconds: in which they are played.
        pause: longest time between two faults [s].
        kinds: of faults to choose from; none: all.
    """

    replicas: int
    faults: int
    hours: float
    seconds: float
    pause: float
    kinds: Sequence[str] = ()


PEERS = ("kill gateway", "freeze", "restored backup", "full broker", "kill", "read-only database")
"""What gateways that share the data have to survive together."""
SHORT = (
    Run(replicas=1, faults=15, hours=12, seconds=45, pause=0.5),
    Run(replicas=2, faults=6, hours=6, seconds=15, pause=0.5, kinds=PEERS),
    Run(replicas=4, faults=6, hours=6, seconds=15, pause=0.5, kinds=PEERS),
)


@pytest.mark.system
@pytest.mark.timeout(420)
@pytest.mark.parametrize("run", SHORT, ids=lambda run: f"{run.replicas} gateways")
def test_nothing_is_lost_doubled_or_changed(
    run: Run,
    tmp_path: Path,
    network_cells: MakeCell,  # asked for, so that a machine without them deselects this test
    small_disks: MakeDisk,
    fake_clock: MakeClock,
    say: Say,
) -> None:
    torment(run, SEED + run.replicas, tmp_path, tmp_path / "faults.tsv", say)


@pytest.mark.system
@pytest.mark.store
@pytest.mark.timeout(420)
def test_nothing_is_lost_doubled_or_changed_on_timescaledb(
    tmp_path: Path,
    network_cells: MakeCell,
    small_disks: MakeDisk,
    fake_clock: MakeClock,
    timescale: MakeTimescale,
    say: Say,
) -> None:
    run = Run(replicas=2, faults=15, hours=12, seconds=45, pause=0.5)
    torment(run, SEED, tmp_path, tmp_path / "faults.tsv", say, store=timescale)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_soak(
    tmp_path: Path, network_cells: MakeCell, small_disks: MakeDisk, fake_clock: MakeClock, say: Say
) -> None:
    SOAK_LOG.parent.mkdir(parents=True, exist_ok=True)
    run = Run(replicas=SOAK_GATEWAYS, faults=SOAK_FAULTS, hours=48, seconds=SOAK_FAULTS * 6.0, pause=1.0)
    torment(run, SEED, tmp_path, SOAK_LOG.resolve(), say, patient=True)


@pytest.fixture
def say(pytestconfig: pytest.Config, capfd: pytest.CaptureFixture[str]) -> Say:
    """Function that prints a line at once."""

    def line(text: str) -> None:
        with capfd.disabled():
            pytestconfig.get_terminal_writer().line(text)

    return line


def torment(
    run: Run,
    seed: int,
    folder: Path,
    log: Path,
    say: Say,
    *,
    patient: bool = False,
    store: Callable[[Path], Postgres | Timescale] = Postgres,
) -> None:
    """Break a chain under load, let it finish, and compare it with a chain that nothing has disturbed."""
    began = time.monotonic()
    plant = make_workshop(seed, run.hours, time.time_ns() // 1_000_000)
    say(f"\nseed {seed}: {run.faults} faults on {run.replicas} gateways; log {log}")
    with Chain(folder, plant, replicas=run.replicas, store=store) as chain:
        assert chain.editions() == {"postgresql" if store is Postgres else "timescaledb-apache"}
        seconds = chain.start_edges((plant.to_ms - plant.from_ms) / 1000 / run.seconds)
        chaos = Chaos(chain, seed, log, patient=patient)
        break_at_random(chain, chaos, run, say)
        patience = 120 + 10 * run.hours  # a buffer torn at the end reads the whole past again
        until(chain.drained, seconds + patience, "the edges drained")
        say(
            f"[{time.monotonic() - began:5.0f} s] drained; {sum(chaos.done.values())} faults {dict(chaos.done)},"
        )
        say(
            f"          {chaos.second} kills in the middle of them, {chain.device_deaths()} deaths of devices"
        )
        until(lambda: chain.unfinished() == 0, patience, "the last figures")
        for name in (*chain.edges, *chain.gateways, "worker"):
            chain.supervisor.stop(name)
        account = compare(chain, chaos, folder)
        rows = {node: account.samples[node]["rows"] for node in account.samples}
        figures = {name: len(found) for name, found in account.figures.items()}
        say(f"[{time.monotonic() - began:5.0f} s] rows {rows}; equal to the reference: {figures}")


def break_at_random(chain: Chain, chaos: Chaos, run: Run, say: Say) -> None:
    """One fault after another, with progress now and then."""
    began = time.monotonic()
    for number, kind in enumerate(chaos.plan(run.faults, run.kinds), 1):
        chaos.run(kind)
        chaos.pause(run.pause)
        if number % 25 == 0:
            flight = {edge: chain.status(edge)["in_flight_batches"] for edge in chain.edges}
            say(f"[{time.monotonic() - began:5.0f} s] {number} faults, in flight {flight}")
    chaos.close()


def check_complete(chain: Chain, node: str) -> None:
    """The source keeps its history: a node's rows are all that its machines have said, and heartbeats."""
    rows = stored(chain.dsn)
    for name, (times, values) in chain.plant.of(node).items():
        told = list(zip(times, values, strict=True))
        if name.endswith("State/MachineState"):
            told = [(time_ms, NUMBERS[code]) for time_ms, code in told]
        found = without_heartbeats(rows[name], HEARTBEAT_MS)
        missing, extra = sorted(set(told) - set(found)), sorted(set(found) - set(told))
        assert found == told, (
            f"{name}: missing {missing[:3]} of {len(missing)}, {extra[:3]} of {len(extra)} too much"
        )


def compare(chain: Chain, chaos: Chaos, folder: Path) -> Account:
    """Close the account of each node, then hold the figures against the reference's."""
    end = datetime.fromtimestamp(chain.plant.to_ms / 1000, UTC)
    account = Account(chain.dsn, end)
    for edge, node in chain.edges.items():
        account.check(node, chain.status(edge))
        # A buffer that went back in time has made some samples again, under another identity: the source still had
        # them. How many is for the reference to say; without such damage there is none.
        if node not in chaos.torn:
            assert account.doubles(node) == 0, f"{node}: {account.doubles(node)} rows doubled"
            check_complete(chain, node)
    delivered = {key: entry["stored"] for key, entry in account.ledger.items()}
    reference = Reference(chain, folder / "reference")
    expected = reference.feed(produced_by(chain, chaos, delivered), end)
    assert account.figures["kpi_value"], "no figure was compared"
    found = differences(account, expected)
    assert not found, "\n".join(found)
    return account
