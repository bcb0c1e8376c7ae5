"""What polling remembers of a unit and of a block, and which readings follow from an answer."""

from chejian_contract.samples import Quality

from chejian_edge.backoff import Backoff
from chejian_edge.driver import Burst, Raw, Reading
from chejian_edge.drivers.modbus.blocks import Block, Field
from chejian_edge.drivers.modbus.playback import Playback

UNSEEN_STEPS = 3
"""Usual steps between two stamps that may be missing behind a silence before the signals count as unknown in between."""
OLD_MS = 120_000
"""Stamps older than this are history: four heartbeats of 30 s."""


class Unit:
    """One unit id and whether it answers.

    Attributes:
        number: unit id.
        backoff: pauses between questions while it is silent.
        silent: why it did not answer the last time; "" when it did.
        retry_at: monotonic [s]; a silent unit is not asked before.
    """

    def __init__(self, number: int, retry_max: float) -> None:
        self.number = number
        self.backoff = Backoff(retry_max)
        self.silent = ""
        self.retry_at = 0.0


class Poll:
    """One block in the rota.

    Attributes:
        block: what is read; a refused one is parted.
        unit: that is asked.
        due: monotonic [s].
        quality: last told of the block as a whole.
        playback: pace of a stamped device that plays its past.
        refused: pauses while the device refuses the block, else None.
        missed: turns in a row that came too late.
    """

    def __init__(self, block: Block, unit: Unit, due: float) -> None:
        self.block = block
        self.unit = unit
        self.due = due
        self.quality = Quality.GOOD
        self.playback = Playback(block.every)
        self.refused: Backoff | None = None
        self.missed = 0
        self._seen: bytes | None = None
        self._stamp_ms: int | None = None
        self._step_ms = 0
        self._unseen = False

    def __lt__(self, other: "Poll") -> bool:
        return self.due < other.due

    def forget(self) -> None:
        """Tell everything again with the next answer."""
        self._seen = None

    def answer(self, data: bytes, *, now_ms: int, now: float) -> Burst:
        """What the device says, against what it said before.

        Args:
            data: content of the block.
            now_ms: [ms UTC] of the answer.
            now: the same, monotonic [s].
        """
        before_ms = self._stamp_ms
        time_ms, new_stamp = self._time(data, now_ms, now)
        seen, self._seen = self._seen, data
        readings: list[Reading] = []
        if new_stamp and before_ms is not None and self._is_gap((time_ms or 0) - before_ms):
            readings += [(key, before_ms + 1, now_ms, None, Quality.STALE) for key in self.block.keys]
        if data != seen:
            for field in self.block.fields:
                part = data[field.begin : field.end]
                if new_stamp or seen is None or part != seen[field.begin : field.end]:
                    value, quality = _decoded(field, part)
                    readings.append((field.key, time_ms, now_ms, value, quality))
        complete = now_ms if time_ms is None else min(time_ms, now_ms)
        return Burst(readings, complete, self.block.keys, historical=complete < now_ms - OLD_MS)

    def _time(self, data: bytes, now_ms: int, now: float) -> tuple[int | None, bool]:
        """Time of the answer [ms UTC], None when the device's clock is not set; and whether it is a new stamp."""
        stamp = self.block.stamp
        if stamp is None:
            return now_ms, False
        begin, end = self.block.stamp_at
        stamp_ms = stamp.time_ms(data[begin:end])
        if stamp_ms is None or stamp_ms == self._stamp_ms:
            return stamp_ms, False
        self._stamp_ms = stamp_ms
        self.playback.advanced(stamp_ms, now_ms, now)
        return stamp_ms, True

    def _is_gap(self, step_ms: int) -> bool:
        """Whether nothing is known between two stamps `step_ms` [ms] apart: by `gap`, or by the usual step after a silence."""
        unseen, self._unseen = self._unseen, False
        usual = max(self._step_ms, round(self.block.every * 1000))
        limit = self.block.gap_ms or (UNSEEN_STEPS * usual if unseen else None)
        gap = limit is not None and step_ms > limit
        if not gap:
            self._step_ms = step_ms
        return gap

    def without_value(self, quality: Quality, now_ms: int) -> Burst | None:
        """Say, once, that the signals have no value from now on.

        With a stamp nothing is said: the device's clock stands, nothing vouches for the signals, and what was between
        the last stamp and the next one is told when that comes. A logger may have lost nothing.
        """
        if self.quality is quality:
            return None
        self.quality = quality
        if self.block.stamp is not None:
            self._unseen = True
            return None
        self.forget()
        return Burst([(key, now_ms, now_ms, None, quality) for key in self.block.keys], None, ())


def _decoded(field: Field, part: bytes) -> tuple[Raw, Quality]:
    try:
        return field.address.decode(part), Quality.GOOD
    except ValueError:
        return None, Quality.BAD
