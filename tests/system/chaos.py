"""Random faults on a chain, reproducible by their seed; each is written to a log when it is over."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from tests.faults import processes
from tests.faults.broker import flood
from tests.faults.buffers import cut_wal, spoil_page
from tests.faults.database import ColdCopy, read_only
from tests.faults.forgery import Forger
from tests.faults.network import has_netem
from tests.faults.waiting import until
from tests.system import workshop
from tests.system.chain import Chain
from tests.system.reference import Produced, copy_buffer

_BACK_S = 90.0
"""A part has to answer again so long after its fault [s]."""
_NOBODY = "spBv1.0/nobody/NDATA/flood"
"""A topic that gateways read, of a node that does not exist."""
_SECOND = 0.3
"""Share of faults during which something else is killed."""
_ROOM_S = 5.0
"""An edge looks every second whether a disk that was full has room again [s]."""
_LONG_S = 35.0
"""Longer than the 30 s after which the database ends the session of a gateway that stands still [s]."""


@dataclass(frozen=True)
class Kind:
    """A kind of fault: its weight among the others, and how to do it; returns its target."""

    weight: int
    do: Callable[[], str]


class Chaos:
    """Faults of all kinds.

    Args:
        chain: running.
        seed: of the choice of kinds, targets and durations.
        log: file that takes one line per fault.
        patient: also faults that outlast the database's patience with a silent gateway (30 s).

    Attributes:
        done: faults by kind.
        second: kills in the middle of another fault.
        kept: node, identity and copy of buffers as they were before their file was damaged, oldest first.
        torn: nodes whose file was damaged.
    """

    def __init__(self, chain: Chain, seed: int, log: Path, *, patient: bool = False) -> None:
        self.done: Counter[str] = Counter()
        self.second = 0
        self.kept: list[tuple[str, int, Path]] = []
        self.torn: set[str] = set()
        self._chain = chain
        self._rng = random.Random(seed)
        self._log: TextIO = log.open("w", encoding="utf-8", buffering=1)
        self._began = time.monotonic()
        self._backup = ColdCopy(chain.postgres.cluster, chain.folder / "backup")
        self.kinds: Mapping[str, Kind] = {
            "kill": Kind(10, self._kill),
            "kill gateway": Kind(3, self._kill_gateway),
            "freeze": Kind(4, self._freeze),
            "cut": Kind(3, self._cut),
            "full broker": Kind(2, self._full_broker),
            "small packets": Kind(1, self._small_packets),
            "flood": Kind(1, self._flood),
            "full buffer disk": Kind(2, self._full_buffer_disk),
            "full database disk": Kind(2, self._full_database_disk),
            "read-only database": Kind(2, self._read_only),
            "clock": Kind(2, self._clock),
            "forged acknowledgement": Kind(2, self._forge),
            "torn buffer": Kind(1, self._tear),
            "lost source": Kind(2, self._lose_source),
            "restored backup": Kind(1, self._restore),
        }
        if patient:
            self.kinds = {**self.kinds, "long freeze": Kind(1, self._long_freeze)}
        if has_netem():
            self.kinds = {**self.kinds, "bad line": Kind(2, self._bad_line)}

    def plan(self, count: int, among: Sequence[str] = ()) -> list[str]:
        """So many kinds in a random order: each at least once if there is room, the rest by weight.

        Args:
            count: of faults.
            among: kinds to choose from; none: all.
        """
        names = list(among or self.kinds)
        plan = self._rng.sample(names, min(count, len(names)))
        weights = [self.kinds[n].weight for n in names]
        plan += self._rng.choices(names, weights, k=count - len(plan))
        self._rng.shuffle(plan)
        if (
            plan[-1] == "restored backup"
        ):  # edges that have nothing to say look only every 30 s; let them speak
            plan.reverse()
        return plan

    def run(self, kind: str) -> None:
        """Do one fault and wait until its target is back."""
        began = time.monotonic()
        self._log.write(f"{began - self._began:9.2f}\t{kind}\t")
        target = self.kinds[kind].do()
        self._log.write(f"{target}\t{time.monotonic() - began:.2f}\n")
        self.done[kind] += 1

    def pause(self, longest: float) -> None:
        """Let the chain work for a random time [s]."""
        time.sleep(self._rng.uniform(0.0, longest))

    def _hold(self, longest: float, *, database: bool = True) -> None:
        """Let a fault last; in one of three another part is killed meanwhile, and nobody waits for it."""
        self.pause(longest)
        if self._rng.random() < _SECOND:
            name = self._some(database=database)
            if self._chain.pid(name) is not None:
                self._chain.supervisor.kill(name)
                self.second += 1
            self.pause(longest)

    def _some(self, *, database: bool = True) -> str:
        chain = self._chain
        names = ["broker", "worker", *chain.gateways, *chain.edges] + ["postgres"] * database
        return self._rng.choice(names)

    def _edge(self) -> str:
        return self._rng.choice(list(self._chain.edges))

    def _back(self, name: str) -> None:
        self._chain.wait_ready(name, within=_BACK_S)

    def _kill(self) -> str:
        name = self._some()
        self._chain.restart(name)
        return name

    def _kill_gateway(self) -> str:
        """One of them: the host, or another that the others have to work for."""
        name = self._rng.choice(self._chain.gateways)
        self._chain.restart(name)
        return name

    def _freeze(self) -> str:
        name = self._some()
        with processes.frozen(self._pid(name)):
            self._hold(4.0)
        self._back(name)
        return name

    def _long_freeze(self) -> str:
        name = self._rng.choice(self._chain.gateways)
        with processes.frozen(self._pid(name)):
            time.sleep(_LONG_S)
        self._back(name)
        return name

    def _pid(self, name: str) -> int:
        self._back(name)
        pid = self._chain.pid(name)
        assert pid is not None, name
        return pid

    def _cut(self) -> str:
        edge = self._edge()
        with self._chain.cells[edge].cut():
            self._hold(8.0)
        self._back(edge)
        return edge

    def _bad_line(self) -> str:
        edge = self._edge()
        with self._chain.cells[edge].impaired(delay_ms=80, loss_percent=10):
            self._hold(8.0)
        self._back(edge)
        return edge

    def _full_broker(self) -> str:
        chain, gateway = self._chain, self._rng.choice(self._chain.gateways)
        with chain.broker.limited(lambda: chain.restart("broker"), max_queued_messages=2):
            self.pause(2.0)
            with processes.frozen(self._pid(gateway)):
                flood(chain.broker.url, _NOBODY, 15_000)  # fills its socket: what comes now is dropped
                self._hold(3.0)
        return f"broker, {gateway} frozen"

    def _small_packets(self) -> str:
        chain = self._chain
        with chain.broker.limited(lambda: chain.restart("broker"), max_packet_size=1500):
            self._hold(3.0)
        return "broker"

    def _flood(self) -> str:
        self._back("broker")
        flood(self._chain.broker.url, _NOBODY, 5000)
        return "broker"

    def _full_buffer_disk(self) -> str:
        """The buffer may drop acknowledged batches, oldest first."""
        edge = self._edge()
        self._back(edge)
        before = self._chain.supervisor.restarts(edge)
        with self._chain.buffer_disks[edge].full():
            self._hold(4.0)
        freed = time.monotonic()
        reserve = self._chain.buffer_of(edge).with_name(self._chain.buffer_of(edge).name + ".reserve")

        def grows_again() -> bool:
            restarted = self._chain.supervisor.restarts(edge) > before  # then it may have no reserve to show
            return reserve.exists() or (restarted and time.monotonic() - freed > _ROOM_S)

        until(grows_again, _BACK_S, f"the buffer of {edge} may grow again")
        self._back(edge)
        return edge

    def _full_database_disk(self) -> str:
        with self._chain.database_disk.full():
            self._hold(4.0)
        self._back("postgres")
        return "postgres"

    def _read_only(self) -> str:
        self._back("postgres")
        with read_only(self._chain.dsn):
            self._hold(4.0, database=False)
        return "postgres"

    def _clock(self) -> str:
        name = self._rng.choice(list(self._chain.clocks))
        seconds = self._rng.choice((-1, 1)) * self._rng.uniform(1, 3600)
        with self._chain.clocks[name].shifted(seconds):
            self._hold(6.0)
        return f"{name} by {seconds:+.0f} s"

    def _forge(self) -> str:
        edge = self._edge()
        status = self._chain.status(edge)
        self._back("broker")
        with Forger(self._chain.broker.url, workshop.GROUP, self._chain.edges[edge]) as forger:
            forger.wrong_identity()
            forger.garbage()
            forger.too_early(status["ledger_id"], status["produced_batches"])
            forger.too_much(status["ledger_id"], status["produced_batches"])
        return edge

    def _tear(self) -> str:
        """The edge dies, its file is damaged, it starts again. What the file held before is kept aside."""
        chain, edge = self._chain, self._edge()
        self._back(edge)
        chain.supervisor.kill(edge, signal.SIGKILL)
        chain.supervisor.wait(edge, within=10)
        self._keep(edge)
        self.torn.add(chain.edges[edge])
        how = self._rng.choice(("log cut", "body", "series"))
        if how == "log cut":
            cut_wal(chain.buffer_of(edge), keep=self._rng.random())
        else:
            spoil_page(chain.buffer_of(edge), table=how)
        chain.supervisor.resume(edge)
        self._back(edge)
        return f"{edge}, {how}" + " spoilt" * (how != "log cut")

    def _lose_source(self) -> str:
        """Away for longer than its devices outlive it; what happened meanwhile is read from its history."""
        edge = self._edge()
        self._back(edge)
        away = workshop.replay_file(self._chain.folder, self._chain.edges[edge]).with_suffix(".away")
        away.touch()
        try:
            time.sleep(workshop.DEVICE_TIMEOUT_S)
            self._hold(4.0)
        finally:
            away.unlink()
        self._back(edge)
        return edge

    def _keep(self, edge: str) -> None:
        status = self._chain.status(edge)
        aside = copy_buffer(
            self._chain.buffer_of(edge), self._chain.folder / "kept" / f"{len(self.kept)}.sqlite"
        )
        self.kept.append((self._chain.edges[edge], status["ledger_id"], aside))

    def _restore(self) -> str:
        """The database is copied, works on for a while, and is put back to what it was."""
        self._with_database_down(self._backup.take)
        self._hold(6.0)
        self._with_database_down(self._backup.put_back)
        return "postgres"

    def _with_database_down(self, work: Callable[[], None]) -> None:
        chain = self._chain
        self._back("postgres")
        chain.supervisor.stop("postgres")
        work()
        chain.supervisor.resume("postgres")
        until(chain.postgres.ready, _BACK_S, "the database is back")

    def close(self) -> None:
        """Close the log."""
        self._log.close()


def produced_by(
    chain: Chain, chaos: Chaos, stored: Mapping[tuple[str, int], list[tuple[int, int]]]
) -> list[Produced]:
    """All that the run's edges have produced and delivered, identities of a node in the order of their beginning.

    Args:
        chain: its edges stopped.
        chaos: knows what buffers held before they were damaged.
        stored: batches that the database has, by node and identity.

    Raises:
        AssertionError: an identity has stored batches, and no buffer file is known that had it.
    """
    copies: dict[tuple[str, int], list[Path]] = {}
    present = [
        (node, chain.status(edge)["ledger_id"], chain.buffer_of(edge)) for edge, node in chain.edges.items()
    ]
    for node, ledger_id, path in [*chaos.kept, *present]:
        copies.setdefault((node, ledger_id), []).insert(0, path)
    for edge, node in chain.edges.items():
        for path in chain.deleted_by(edge).glob("*.sqlite"):
            copies.setdefault((node, int(path.stem)), []).append(path)
    unknown = {key for key, ranges in stored.items() if ranges} - copies.keys()
    assert not unknown, f"nobody has kept what was produced as {unknown}"
    return [Produced(key[0], paths, stored.get(key, [])) for key, paths in copies.items()]
