"""The plant as one stream of changes: machines made from the plant file, their pasts kept by signal."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chejian_simulators.assembly import build_machines
from chejian_simulators.changes import Change, Machine, Piece
from chejian_simulators.energy import Consumption, Draw
from chejian_simulators.faults import faults_of
from chejian_simulators.history import Series
from chejian_simulators.meters import Metering
from chejian_simulators.plant import MachineConfig, Plant
from chejian_simulators.steel import steel_year
from chejian_simulators.work import Outcome

__all__ = ["MachinePast", "OrderPast", "PlantModel", "Series"]

DAY_MS = 86_400_000
KEEP_MS = 8 * DAY_MS
"""[ms] How long measured values can be read back: a week's outage and a day to spare."""
FORGET_EVERY_MS = 3_600_000
"""[ms] How often older ones are dropped."""
LASTING = ("State/", "Counts/", "Order/", "Motor/SerialNumber", "Vibration/")
"""Beginnings of the signals that the truth needs whole; about a tenth of all changes."""


@dataclass(slots=True)
class OrderPast:
    """What became of an order at one machine.

    Attributes:
        product: what is made.
        start_ms: begin of its set-up or first piece.
        planned: pieces ordered; 0 where the machine follows another one's batches.
        end_ms: end of its last piece so far; none before the first.
        counts: pieces by outcome.
    """

    product: str
    start_ms: int
    planned: int = 0
    end_ms: int | None = None
    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))


class MachinePast:
    """A machine's past up to where it was advanced.

    Args:
        config: the machine.
        source: its stream.
        epoch_ms: start of what it consumes.
    """

    def __init__(self, config: MachineConfig, source: Machine, epoch_ms: int) -> None:
        self.config = config
        self.series: dict[str, Series] = {}
        self.consumption = Consumption(epoch_ms)
        self.orders: dict[str, OrderPast] = {}
        self._began_ms: dict[str, int] = {}
        self._stream = source.changes()
        self._ahead = next(self._stream)

    @property
    def next_due_ms(self) -> int:
        """When the stream goes on."""
        return self._ahead.due_ms

    @property
    def begun_ms(self) -> Mapping[str, int]:
        """When work on each order began, also on those without a piece so far."""
        return self._began_ms

    def advance(self, until_ms: int) -> list[Change]:
        """Changes due before `until_ms` that were not advanced over yet; they become part of the past."""
        found = []
        while self._ahead.due_ms < until_ms:
            told = self._ahead
            if isinstance(told, Change):
                self.series.setdefault(told.signal, Series()).append(told.time_ms, told.value)
                found.append(told)
            elif isinstance(told, Draw):
                self.consumption.add(told)
                self._began_ms.setdefault(told.order, told.due_ms)
            else:
                self._finish(told)
            self._ahead = next(self._stream)
        return found

    def forget(self, before_ms: int) -> None:
        """Drop what only readers of the history need."""
        for signal, series in self.series.items():
            if not signal.startswith(LASTING):
                series.forget(before_ms)

    def _finish(self, piece: Piece) -> None:
        order = self.orders.get(piece.order.id)
        if order is None:
            begun = self._began_ms.get(piece.order.id, piece.due_ms)
            order = self.orders[piece.order.id] = OrderPast(piece.order.product, begun)
        order.planned = max(order.planned, piece.order.planned)
        order.end_ms = piece.due_ms
        order.counts[piece.outcome] += 1


class PlantModel:
    """All machines and meters of a plant.

    Args:
        plant: the plant file.
        seed: fixes everything random.
        epoch_ms: start of the plant's history.
        recordings: folder of public recordings for the test stands and replaying meters; none takes the physical model.
        replay_end_ms: where the recording of a replaying meter ends; none takes the epoch.
        keep_ms: how long measured values can be read back.
    """

    def __init__(
        self,
        plant: Plant,
        *,
        seed: int,
        epoch_ms: int,
        recordings: Path | None = None,
        replay_end_ms: int | None = None,
        keep_ms: int = KEEP_MS,
    ) -> None:
        self.plant, self.seed, self.epoch_ms = plant, seed, epoch_ms
        self.now_ms = epoch_ms
        self.changes_total = 0
        self.faults = faults_of(plant, epoch_ms)
        sources = build_machines(plant, epoch_ms, seed, recordings, self.faults)
        self.machines: Mapping[str, MachinePast] = {
            config.code: MachinePast(config, sources[config.code], epoch_ms) for config in plant.machine
        }
        replays = recordings is not None and any(m.replay for m in plant.meter)
        year = (
            steel_year(recordings, epoch_ms if replay_end_ms is None else replay_end_ms)
            if replays and recordings
            else None
        )
        consumptions = {code: machine.consumption for code, machine in self.machines.items()}
        self.metering = Metering(plant.meter, consumptions, plant.load, epoch_ms, self.faults, year)
        self._keep_ms = keep_ms
        self._forgot_ms = epoch_ms

    @property
    def next_due_ms(self) -> int:
        """When the stream of any machine goes on."""
        return min(machine.next_due_ms for machine in self.machines.values())

    def advance(self, until_ms: int) -> Sequence[tuple[str, Change]]:
        """Move to `until_ms` and return (equipment code, change) of all changes due before it, in that order."""
        parts = [[(code, c) for c in machine.advance(until_ms)] for code, machine in self.machines.items()]
        found = list(heapq.merge(*parts, key=lambda item: item[1].due_ms))
        self.changes_total += len(found)
        self.now_ms = max(self.now_ms, until_ms)
        self.metering.advance(self.now_ms)
        if self.now_ms - self._forgot_ms >= FORGET_EVERY_MS:
            self._forgot_ms = self.now_ms
            for machine in self.machines.values():
                machine.forget(self.now_ms - self._keep_ms)
        return found
