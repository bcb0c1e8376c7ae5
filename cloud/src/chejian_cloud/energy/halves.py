"""What meters show of half hours, from their readings: for hours in which a price changes."""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from chejian_analytics.energy import Meter, consumption, meter, without_repeats
from chejian_analytics.kpi import Windows
from sqlalchemy.orm import Session

from chejian_cloud.db.arrays import Samples, read_spans
from chejian_cloud.db.engine import raw_connection
from chejian_cloud.worker.inputs import Reader, as_one
from chejian_cloud.worker.meters import MeterReader, meter_reader
from chejian_cloud.worker.setup import load_setups

HALF_US: Final = 1_800_000_000
"""[us] in half an hour."""
_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Half:
    """An hour of a meter by its readings.

    Attributes:
        first: register units of its first half.
        whole: of all of it; another number than what is stored tells that these readings do not suffice.
        covered_us: time of the first half between readings that are near enough.
    """

    first: int
    whole: int
    covered_us: int


def halves_of(
    session: Session, meters: Collection[int], hours: Sequence[int]
) -> Mapping[tuple[int, int], Half]:
    """Halves of some hours by meter and start of the hour.

    Args:
        session: of the request or the unit.
        meters: ids.
        hours: starts [us since 1970], sorted; only readings near them are read.
    """
    if not hours:
        return {}
    setups = load_setups(session, meters)
    readers = [meter_reader(Reader(session, setup, hold_us=0)) for setup in setups.values()]
    known = [reader for reader in readers if reader is not None]
    spans = [(reader, span) for reader in known for span in _spans(reader, hours)]
    asked = [(reader.series, lo, hi) for reader, (lo, hi) in spans]
    found = read_spans(raw_connection(session), asked)
    parts = [as_one(samples, reader.series) for (reader, _), samples in zip(spans, found, strict=True)]
    out: dict[tuple[int, int], Half] = {}
    for reader in known:
        own = [part for (other, _), part in zip(spans, parts, strict=True) if other is reader]
        out |= dict(_halves(reader, _meter(reader, own), hours))
    return out


def _spans(reader: MeterReader, hours: Sequence[int]) -> Iterator[_Span]:
    """The hours with as much around them as decides what they show; those that touch are one."""
    margin = reader.max_gap_us + reader.interval_us
    lo, hi = hours[0] - margin, hours[0] + 2 * HALF_US + margin
    for start in hours[1:]:
        if start - margin > hi:
            yield lo, hi
            lo = start - margin
        hi = start + 2 * HALF_US + margin
    yield lo, hi


def _meter(reader: MeterReader, parts: Sequence[Samples]) -> Meter:
    times = np.concatenate([part.times_us for part in parts])
    values = np.concatenate([part.usable() for part in parts])
    times, values = without_repeats(times, values, interval_us=reader.interval_us)
    return meter(
        times,
        values,
        max_gap_us=reader.max_gap_us,
        modulus=reader.modulus,
        replacements=reader.replacements,
    )


def _halves(reader: MeterReader, of: Meter, hours: Sequence[int]) -> Iterator[tuple[tuple[int, int], Half]]:
    starts = np.array(list(itertools.chain.from_iterable((h, h + HALF_US) for h in hours)), np.int64)
    used = consumption(of, Windows(starts, starts + HALF_US))
    amounts, covered = used.amount.tolist(), used.covered_us.tolist()
    for i, start in enumerate(hours):
        first, second = amounts[2 * i : 2 * i + 2]
        yield (reader.setup.equipment_id, start), Half(first, first + second, covered[2 * i])
