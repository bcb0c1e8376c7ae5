"""The recorded half-year of a steel plant's electricity, as a meter's increments.

15-minute values of DAEWOO Steel, Gwangyang, 2018 (UCI Machine Learning Repository, id 851). Dates are dd/mm/yyyy; the value
of an interval is stamped at its end; the interval that ends at midnight is stamped with the day before. The rows are in
order, and their order is what counts here: the stamps are only checked.
"""

import csv
import gzip
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from chejian_simulators.recordings import RecordingError

INTERVAL_MS = 900_000
"""[ms] of the recording."""
_STEP = timedelta(minutes=15)
_FILE = "steel_first_half.csv.gz"
_DATE, _USAGE = "date", "Usage_kWh"
_FORMAT = "%d/%m/%Y %H:%M"


@dataclass(frozen=True, slots=True)
class SteelYear:
    """The recording on the time line.

    Attributes:
        start_ms: begin of the first interval [ms since 1970 UTC].
        rows_wh: energy of each interval [Wh], in file order.
        midnight_rows: rows stamped with the day before.
    """

    start_ms: int
    rows_wh: tuple[int, ...]
    midnight_rows: int

    @property
    def end_ms(self) -> int:
        """End of the last interval."""
        return self.start_ms + len(self.rows_wh) * INTERVAL_MS


def steel_year(folder: Path, end_ms: int) -> SteelYear:
    """Read the recording and shift it to end at the last quarter of an hour before `end_ms`.

    A truth up to `end_ms` knows what was stamped before it, so it has every row.

    Args:
        folder: holds `steel/steel_first_half.csv.gz`, or the file itself.
        end_ms: where it ends [ms since 1970 UTC].

    Raises:
        RecordingError: names the file, the row and what is wrong.
    """
    inner = folder / "steel" / _FILE
    path = inner if inner.exists() else folder / _FILE
    rows, midnights = _read(path)
    start = (end_ms - 1) // INTERVAL_MS * INTERVAL_MS - len(rows) * INTERVAL_MS
    return SteelYear(start, rows, midnights)


def _read(path: Path) -> tuple[tuple[int, ...], int]:
    rows: list[int] = []
    midnights = 0
    expected: datetime | None = None
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                stamp = datetime.strptime(row[_DATE], _FORMAT).replace(tzinfo=UTC)
                midnight = (stamp.hour, stamp.minute) == (0, 0)
                midnights += midnight
                ended = stamp + timedelta(days=1) if midnight else stamp
                if expected is not None and ended != expected:
                    raise RecordingError(
                        f"{path}: line {number}: {row[_DATE]!r} is not 15 min after the row before"
                    )
                expected = ended + _STEP
                rows.append(_watt_hours(row[_USAGE]))
    except (
        OSError,
        EOFError,
        UnicodeDecodeError,
        KeyError,
        TypeError,
        ValueError,
        InvalidOperation,
    ) as error:
        raise RecordingError(
            f"{path}: no recording as described in chejian_simulators.steel ({error})"
        ) from error
    if not rows:
        raise RecordingError(f"{path}: no rows; expected columns {_DATE} and {_USAGE}")
    return tuple(rows), midnights


def _watt_hours(text: str) -> int:
    exact = Decimal(text) * 1000
    if exact != exact.to_integral_value() or exact < 0:
        raise ValueError(f"{text!r} kWh are no whole Wh")
    return int(exact)
