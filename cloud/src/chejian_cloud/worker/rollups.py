"""Rollups of one equipment: the minutes and hours that a change touches, computed from samples, changed rows written.

Only ended minutes and hours have rows: a running one would be written anew with every mark. What is rolled up is known
up to one end per equipment (`work_progress.rolled_until`), which moves on with each unit of work; so a live mark costs
the minutes that have ended since, and a late one the hours that it touches. An hour is always the fold of its minutes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import psycopg
from chejian_analytics.kpi import Buckets, SeriesSamples, fill, fold
from chejian_contract.samples import Quality

from chejian_cloud.clock import HOUR_US, hour_floor
from chejian_cloud.db.arrays import NOTHING, Samples, read_by_series
from chejian_cloud.db.engine import raw_connection
from chejian_cloud.db.rollups import (
    HOUR_TABLE,
    MINUTE_TABLE,
    NO_COUNT,
    ROW,
    RollupPartitions,
    Rows,
    read_rows,
    write_changes,
)
from chejian_cloud.worker.inputs import Reader, has_reading
from chejian_cloud.worker.setup import SeriesInfo

MINUTE_US = 60_000_000
CLOSING_US = 5_000_000
"""[us] after its end until a minute gets its row: by then its last samples have usually come, so that it is written
once. Later ones are marks like any other."""
CELLS = 400_000
"""Minutes x series computed at once: 60 MB of arrays."""
_MINUTES = HOUR_US // MINUTE_US


@dataclass(frozen=True, slots=True)
class Rolled:
    """What a unit of work did to rollups.

    Attributes:
        until_us: end of what is rolled up now [us]; None: nothing is.
        written: rows deleted or added.
    """

    until_us: int | None
    written: int


def closed_until(now_us: int) -> int:
    """End of the last minute that may have a row [us]."""
    return (now_us - CLOSING_US) // MINUTE_US * MINUTE_US


def roll_up(
    reader: Reader,
    partitions: RollupPartitions,
    lo_us: int,
    hi_us: int,
    *,
    until_us: int | None,
    advance_us: int,
    end_us: int,
) -> Rolled:
    """Bring the rollups up to date after a change in [lo_us, hi_us].

    Args:
        reader: of the equipment.
        partitions: of the rollup tables.
        lo_us: first changed time.
        hi_us: last changed time.
        until_us: end of what was rolled up before; None: nothing was.
        advance_us: how far beyond the change the end of what is rolled up may move on.
        end_us: `closed_until` of the present; nothing later is rolled up.
    """
    known = hour_floor(lo_us) if until_us is None else until_us
    start = min(lo_us // MINUTE_US * MINUTE_US, known)
    reach = hi_us + max(reader.hold_us, advance_us)
    if reach < known:  # what is later than `known` is computed when that moves on
        end = min(_minute_after(reader.rollup_reach_us(hi_us, known)), known)
    else:
        end = min(_minute_after(reach), end_us)
    written = 0
    for piece_start, piece_end in _pieces(start, end, max(known, end), len(reader.setup.rolled)):
        written += _roll(reader, partitions, piece_start, piece_end)
    return Rolled(max(known, end), written)


def _minute_after(time_us: int) -> int:
    return -(-time_us // MINUTE_US) * MINUTE_US


def _pieces(start: int, end: int, closed: int, series: int) -> Iterator[tuple[int, int]]:
    """Cut [start, end) into pieces that fit memory: ended hours whole, of the running hour what is asked for.

    A piece that ends with a whole hour is widened to whole hours, as hours are made of all their minutes.
    """
    last_hour = hour_floor(closed)
    step = max(1, CELLS // (max(series, 1) * _MINUTES)) * HOUR_US
    at = hour_floor(start)
    stop = min(-(-end // HOUR_US) * HOUR_US, last_hour)
    while at < stop:
        yield at, min(at + step, stop)
        at += step
    if end > max(start, last_hour):
        yield max(start, last_hour), end


def _roll(reader: Reader, partitions: RollupPartitions, start_us: int, end_us: int) -> int:
    """Compute [start, end) and write what differs: minutes; hours too, when the piece consists of whole ones."""
    whole = (end_us - start_us) % HOUR_US == 0 and start_us % HOUR_US == 0
    series = [s for s in reader.setup.rolled if whole or s.by_minute]
    if not series:
        return 0
    minutes = fill(
        _inputs(reader, series, start_us, end_us), start_us, MINUTE_US, (end_us - start_us) // MINUTE_US
    )
    by_minute = np.array([s.by_minute for s in series])
    connection = raw_connection(reader.session)
    written = _store(connection, partitions, MINUTE_TABLE, series, minutes, MINUTE_US, by_minute)
    if whole:
        hours = fold(minutes, _MINUTES)
        written += _store(connection, partitions, HOUR_TABLE, series, hours, HOUR_US, np.ones_like(by_minute))
    return written


def _store(
    connection: psycopg.Connection,
    partitions: RollupPartitions,
    table: str,
    series: Sequence[SeriesInfo],
    buckets: Buckets,
    width_us: int,
    wanted: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> int:
    rows = _rows(series, buckets, wanted)
    lo, hi = int(buckets.start_us[0]), int(buckets.start_us[-1]) + width_us
    ids = [s.series_id for s, is_wanted in zip(series, wanted, strict=True) if is_wanted]
    stored = read_rows(connection, table, ids, lo, hi) if ids else np.empty(0, ROW)
    if len(rows):
        partitions.ensure(connection, table, int(rows["bucket"].min()), int(rows["bucket"].max()) + 1)
    return write_changes(connection, table, stored, rows)


def _rows(
    series: Sequence[SeriesInfo], buckets: Buckets, wanted: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> Rows:
    row, column = np.nonzero(buckets.present() & wanted[:, None])
    counts = np.array([s.counts for s in series])[row]
    out = np.empty(len(row), ROW)
    out["series_id"] = np.array([s.series_id for s in series])[row]
    out["bucket"] = buckets.start_us[column]
    out["first_time"], out["last_time"] = buckets.first_us[row, column], buckets.last_us[row, column]
    for name in ("known_us", "minimum", "maximum", "first", "last", "samples", "good"):
        out[name] = getattr(buckets, name)[row, column]
    out["mean"] = buckets.mean()[row, column]
    for name in ("increment", "resets"):
        out[name] = np.where(counts, getattr(buckets, name)[row, column], NO_COUNT)
    return out


def _inputs(reader: Reader, series: Sequence[SeriesInfo], start_us: int, end_us: int) -> list[SeriesSamples]:
    """Samples of each series in [start, end) and those before it that still matter in it."""
    connection = raw_connection(reader.session)
    found = read_by_series(connection, [s.series_id for s in series], start_us - reader.hold_us, end_us)
    out = []
    for info in series:
        samples = found.get(info.series_id, NOTHING)
        if info.foreign:
            samples = _with_last(reader, connection, info, samples, start_us)
        out.append(_samples(reader, info, samples, start_us, end_us))
    return out


def _samples(reader: Reader, info: SeriesInfo, samples: Samples, start_us: int, end_us: int) -> SeriesSamples:
    times, values, readable = samples.times_us, samples.values, samples.readable()
    good = samples.quality == int(Quality.GOOD)
    if info.counts and not has_reading(times, samples.usable(), start_us):
        last = reader.last_count([info.series_id], int(times[0]) if times.size else start_us)
        if last is not None:
            times, values = np.append(np.int64(last[0]), times), np.append(last[1], values)
            readable, good = np.append(True, readable), np.append(True, good)
    lapses = np.empty(0, np.int64)
    if info.foreign and times.size:
        lapses = reader.deaths([info.device_id], int(times[0]), end_us)
    return SeriesSamples(
        times, values, readable, good, None if info.foreign else reader.hold_us, lapses, info.counts
    )


def _with_last(
    reader: Reader, connection: psycopg.Connection, info: SeriesInfo, samples: Samples, start_us: int
) -> Samples:
    """Put the last sample before the range in front, however old: it holds until another comes."""
    if samples.times_us.size and samples.times_us[0] < start_us:
        return samples
    since = reader.last_time_us([info.series_id], start_us)
    older = read_by_series(connection, [info.series_id], since, start_us).get(info.series_id, NOTHING)
    return Samples(
        np.concatenate([older.times_us, samples.times_us]),
        np.concatenate([older.values, samples.values]),
        np.concatenate([older.quality, samples.quality]),
    )
