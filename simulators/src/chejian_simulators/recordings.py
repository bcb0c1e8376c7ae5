"""Public bearing recordings played as motors under test: one record is one motor, each exactly as published.

Reads the CWRU drive-end records as NumPy archives: `de` int16 counts, `scale_de` g per count, `fs` Hz, `rpm`, `load_hp`,
`label`, `fault_end`, `grade`, `record` (Case Western Reserve University Bearing Data Center; grades: Smith & Randall 2015,
doi:10.1016/j.ymssp.2015.04.021).
"""

import functools
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chejian_simulators.motors import Motor
from chejian_simulators.vibration import Part

KILOWATT_PER_HP = 0.7457
"""[kW] of one mechanical horsepower."""
DRIVE_END_RATE = 12_000
"""[Hz] Rate of the drive-end fault records that are played."""
PARTS: Mapping[str, Part | None] = {
    "inner": Part.INNER_RACE,
    "outer": Part.OUTER_RACE,
    "ball": Part.ROLLING_ELEMENT,
    "normal": None,
}
"""Labels of the records and the part that they name."""


class RecordingError(Exception):
    """A folder or file of recordings can't be used; the text names it and says what is expected."""


@dataclass(frozen=True, slots=True)
class RecordBlock:
    """One recording.

    Attributes:
        path: the archive.
        record: its number.
        sample_rate: [Hz].
        count: number of values.
        rpm: nominal speed as published [rpm].
        load_hp: load as published [hp].
        fault: faulty part, none for the normal record.
        fault_end: "DE", "FE" or "".
        grade: Smith & Randall's grade of the drive-end channel, if there is one.
    """

    path: Path
    record: int
    sample_rate: int
    count: int
    rpm: float
    load_hp: float
    fault: Part | None
    fault_end: str
    grade: str | None

    @property
    def part(self) -> str | None:
        """Faulty part; None for the normal record."""
        return None if self.fault is None else self.fault.value

    @property
    def source(self) -> str:
        """Where it comes from: `cwru:` and the number of the record."""
        return f"cwru:{self.record}"

    def samples(self) -> NDArray[np.float32]:
        """Counts times scale as singles [g], shape (count,)."""
        return _read(self.path)


@functools.lru_cache(maxsize=8)  # 8 blocks of 490 kB: what one page of history and the live value need
def _read(path: Path) -> NDArray[np.float32]:
    with np.load(path, allow_pickle=False) as archive:
        made = (archive["de"] * float(archive["scale_de"])).astype(np.float32)
    made.flags.writeable = False
    return np.asarray(made)


def read_record(path: Path) -> RecordBlock:
    """Read what is known about one recording.

    Raises:
        RecordingError: names the file and what is wrong with it.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            grade = str(archive["grade"]) if "grade" in archive.files else ""
            return RecordBlock(
                path=path,
                record=int(archive["record"]),
                sample_rate=int(archive["fs"]),
                count=int(archive["de"].size),
                rpm=float(archive["rpm"]),
                load_hp=float(archive["load_hp"]),
                fault=PARTS[str(archive["label"])],
                fault_end=str(archive["fault_end"]),
                grade=grade or None,
            )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise RecordingError(
            f"{path}: no recording as described in chejian_simulators.recordings ({error})"
        ) from error


@dataclass(frozen=True, slots=True)
class RecordedMotors:
    """Motors that give recordings, in a fixed order, over and over.

    Attributes:
        code: equipment code of the stand, part of the serial numbers.
        play_list: the records in their order, at least one.
    """

    code: str
    play_list: tuple[RecordBlock, ...]

    def motor(self, number: int, time_ms: int) -> Motor:  # noqa: ARG002 - recordings know no time
        """The motor of test `number` (from 0)."""
        block = self.play_list[number % len(self.play_list)]
        load_kw = round(block.load_hp * KILOWATT_PER_HP, 3)
        return Motor(f"{self.code}-{number + 1:05d}-{block.record}", load_kw, block)


def read_folder(folder: Path) -> tuple[RecordBlock, ...]:
    """All recordings in `folder/cwru`, or in `folder` itself, by record number.

    Raises:
        RecordingError: when there is none, or one can't be read.
    """
    inner = folder / "cwru"
    source = inner if inner.is_dir() else folder
    records = tuple(sorted((read_record(p) for p in source.glob("*.npz")), key=lambda r: r.record))
    if not records:
        raise RecordingError(f"{source}: no recordings; expected CWRU records as .npz in it or in {inner}")
    return records


def play_list(folder: Path, kind: str, sample_rate: int) -> tuple[RecordBlock, ...]:
    """Records that a stand plays.

    Args:
        folder: see `read_folder`.
        kind: "faults" for the drive-end fault records, "healthy" for normal ones.
        sample_rate: [Hz]; only records of this rate (a channel has one rate).

    Returns:
        In the order of their numbers, so that every record comes once before any comes twice. Records of faults at
        the other end are left out: what they say about the drive-end bearing is not known.

    Raises:
        RecordingError: when no record fits.
    """
    fitting = tuple(
        r
        for r in read_folder(folder)
        if r.sample_rate == sample_rate
        and (r.fault is None if kind == "healthy" else r.fault is not None and r.fault_end == "DE")
    )
    if not fitting:
        raise RecordingError(
            f"{folder}: no record fits; expected {kind} drive-end records at {sample_rate} Hz"
        )
    return fitting
