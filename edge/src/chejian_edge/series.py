"""One series: unique source times, order, repeats, deadband and heartbeats.

Times here are whole milliseconds. `source_ms` is the source time of the last accepted reading, `last_ms` that of the
last sample that left (it is later after a shifted reading or a heartbeat). A reading at source time s is

- a repeat, when s is the last source time and its value was seen there, or when s lies in a stretch of history that
  was read whole: dropped, counted as "repeat";
- late at source, when s is older than the last source time: dropped, counted as "late";
- moved to the next free millisecond behind `last_ms`, when that is not before s: the same millisecond with another
  value ("same_ms"), or a source that delivers later than the heartbeat lag ("overtaken"). Nothing is lost, counters
  never run backwards, and the shift is at most what the source was late;
- otherwise a sample at s.

Heartbeats repeat the last value on the grid of whole multiples of the heartbeat since 1970, strictly between two
readings or, live, up to the time for which the source has vouched that nothing older will come.
"""

import json
from typing import NamedTuple

from chejian_contract.samples import Quality
from chejian_contract.signals import SignalKind

from chejian_edge.batch import SETTERS, OpenBatch, SetValue
from chejian_edge.plan import SignalPlan
from chejian_edge.transform import Value

Verdict = str
"""ACCEPTED, or why a reading is no sample, or how it was changed; counters carry it."""

ACCEPTED = "accepted"
REPEAT = "repeat"
LATE = "late"
DEADBAND = "deadband"
SAME_MS = "same_ms"
OVERTAKEN = "overtaken"


class SeriesState(NamedTuple):
    """What a restart needs to know of a series, see `Series`; `value` and `ties` as JSON."""

    alias: int
    last_ms: int
    source_ms: int
    value: str
    quality: int
    ties: str


class Series:
    """State of one signal.

    Attributes:
        alias: permanent Sparkplug alias.
        plan: what it is.
        last_ms: time of the last sample that left, -1 for none.
        source_ms: source time of the last accepted reading, -1 for none.
        value: of the last accepted reading; None with a bad quality, and for waveforms.
        quality: of the last accepted reading.
        ties: values seen at `source_ms`.
        continuous: nothing was missed since the last reading, so heartbeats may fill: the source has been connected, or
            it named that reading again after a loss (as its present value, or as the first one of its history).
        covered_ms: history has been read whole up to here.
        changed: state to be stored with the next commit.
    """

    __slots__ = (
        "_deadband",
        "_heartbeat_ms",
        "_keeps_value",
        "alias",
        "changed",
        "continuous",
        "covered_ms",
        "last_ms",
        "plan",
        "quality",
        "set_value",
        "source_ms",
        "ties",
        "value",
    )

    def __init__(self, alias: int, plan: SignalPlan) -> None:
        self.alias = alias
        self.plan = plan
        self.last_ms = -1
        self.source_ms = -1
        self.value: Value | None = None
        self.quality = Quality.BAD
        self.ties: list[Value | None] = []
        self.continuous = False
        self.covered_ms = -1
        self.changed = False
        self.set_value: SetValue = SETTERS[plan.definition.data_type]
        self._deadband = plan.deadband
        self._heartbeat_ms = plan.heartbeat_ms
        self._keeps_value = plan.definition.kind is not SignalKind.WAVEFORM

    def take(self, source_ms: int, value: Value | None, quality: Quality, out: OpenBatch) -> Verdict:
        """Judge one reading, and append what follows from it to `out`."""
        kept = value if self._keeps_value else None
        if source_ms <= self.source_ms:
            if source_ms < self.source_ms:
                return REPEAT if source_ms <= self.covered_ms else LATE
            if kept in self.ties:
                self.continuous = True  # the source itself says that nothing newer was there
                return REPEAT
        elif self._deadband and self.continuous and self._within_deadband(value, quality):
            return DEADBAND
        verdict = ACCEPTED
        if source_ms > self.last_ms:
            step = self._heartbeat_ms
            if step and self.continuous and (source_ms - 1) // step > self.last_ms // step:
                self.beat(source_ms - 1, out)
            time_ms = source_ms
        else:
            time_ms = self.last_ms + 1
            verdict = SAME_MS if source_ms == self.source_ms or not self._heartbeat_ms else OVERTAKEN
        out.add(self.alias, time_ms, value, quality, self.set_value)
        if source_ms == self.source_ms:
            self.ties.append(kept)
        else:
            self.ties = [kept]
        self.last_ms, self.source_ms, self.value, self.quality = time_ms, source_ms, kept, quality
        self.continuous = self.changed = True
        return verdict

    def _within_deadband(self, value: Value | None, quality: Quality) -> bool:
        return bool(
            quality is Quality.GOOD
            and self.quality is Quality.GOOD
            and isinstance(value, float)
            and isinstance(self.value, float)
            and abs(value - self.value) <= self._deadband
        )

    def beat(self, up_to_ms: int, out: OpenBatch) -> int:
        """Append the heartbeats in (last sample, `up_to_ms`]; none while the last quality is not good.

        Returns:
            how many.
        """
        step = self._heartbeat_ms
        if not step or self.quality is not Quality.GOOD or self.last_ms < 0 or not self.continuous:
            return 0
        start = self.last_ms // step * step + step
        if start > up_to_ms:
            return 0
        count = 0
        for time_ms in range(start, up_to_ms + 1, step):
            out.add(self.alias, time_ms, self.value, Quality.GOOD, self.set_value)
            self.last_ms = time_ms
            count += 1
        self.changed = True
        return count

    def state(self) -> SeriesState:
        """What has to be stored together with the batches that made it."""
        return SeriesState(
            self.alias,
            self.last_ms,
            self.source_ms,
            json.dumps(self.value),
            int(self.quality),
            json.dumps(self.ties),
        )

    def restore(self, state: SeriesState) -> None:
        """Take up where an earlier process stopped."""
        self.last_ms, self.source_ms = state.last_ms, state.source_ms
        self.value, self.ties = json.loads(state.value), json.loads(state.ties)
        self.quality = Quality(state.quality)

    def lost(self) -> None:
        """The source is gone: what it does until the next reading is unknown."""
        self.continuous = False
