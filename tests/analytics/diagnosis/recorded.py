"""Reads the public bearing recordings, with the orders and the grid frequency of each rig."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from chejian_analytics.diagnosis import BearingDiagnosis, BearingGeometry, BearingOrders, diagnose_bearing
from numpy.typing import NDArray

CWRU_DE = BearingOrders(3.5848, 5.4152, 0.39828, 4.7135, "6205-2RS")
CWRU_FE = BearingOrders(3.0530, 4.9469, 0.3817, 3.9874, "6203-2RS")
MFPT = BearingOrders(81.125 / 25.0, 118.875 / 25.0, 10.14 / 25.0, 2 * 63.91 / 25.0, "NICE")
ADI = BearingOrders(3.048, 4.952, 0.381, 2 * 1.992, "8 balls, fitted")
IMS = BearingOrders.from_geometry(BearingGeometry(16, 0.331, 2.815, 15.17))
"""Rexnord ZA-2115, at 2000 rpm: NASA prognostics data repository, readme of the bearing data set."""
PARTS = {
    "outer": "outer_race",
    "inner": "inner_race",
    "ball": "rolling_element",
    "roller": "rolling_element",
}
US_MAINS_HZ, IRISH_MAINS_HZ = 60.0, 50.0
IMS_SNAPSHOT, IMS_RPM = 20_480, 2000.0


@dataclass(frozen=True)
class Recording:
    """One bearing of one record: its channels (several axes of one place), and the part that is damaged."""

    group: str
    name: str
    channels: tuple[NDArray[np.float64], ...]
    sample_rate: float
    nominal_rpm: float
    bearing: BearingOrders
    mains_hz: float
    damaged: str | None
    grade: str

    def diagnose(self, seconds: float | None = None, start: float = 0.0) -> BearingDiagnosis:
        """The strongest verdict over the channels, of the whole record or of a piece of it."""
        first, *others = (piece(channel, self.sample_rate, seconds, start) for channel in self.channels)
        return diagnose_bearing(
            first,
            sample_rate=self.sample_rate,
            nominal_rpm=self.nominal_rpm,
            bearing=self.bearing,
            mains_hz=self.mains_hz,
            others=others,
        )


def piece(
    channel: NDArray[np.float64], sample_rate: float, seconds: float | None, start: float = 0.0
) -> NDArray[np.float64]:
    """A part of a channel, from `start` [s] on."""
    if seconds is None:
        return channel
    first = round(start * sample_rate)
    return channel[first : first + round(seconds * sample_rate)]


def cwru_counts(folder: Path, record: int, end: str = "de") -> NDArray[np.float64]:
    """A CWRU channel in g."""
    (path,) = (folder / "cwru").glob(f"{record}_*.npz")
    with np.load(path) as data:
        return np.asarray(data[end] * float(data[f"scale_{end}"]), dtype=np.float64)


def cwru(folder: Path) -> Iterator[Recording]:
    """Every channel of every CWRU record as a bearing of its own; a fault counts at its own end only."""
    for path in sorted((folder / "cwru").glob("*.npz")):
        with np.load(path) as data:
            for end, bearing in (("de", CWRU_DE), ("fe", CWRU_FE)):
                if end not in data.files:
                    continue
                own_end = str(data["fault_end"]).lower() == end
                yield Recording(
                    f"cwru {end}",
                    f"{int(data['record'])}",
                    (np.asarray(data[end] * float(data[f"scale_{end}"])),),
                    float(data["fs"]),
                    float(data["rpm"]),
                    bearing,
                    US_MAINS_HZ,
                    PARTS.get(str(data["label"])) if own_end else None,
                    str(data["grade"]) if "grade" in data.files and own_end else "",
                )


def mfpt(folder: Path) -> Iterator[Recording]:
    """The MFPT fault records."""
    for path in sorted((folder / "mfpt").glob("*.npz")):
        with np.load(path) as data:
            yield Recording(
                "mfpt",
                path.stem,
                (np.asarray(data["x"], dtype=np.float64),),
                float(data["fs"]),
                float(data["shaft_hz"]) * 60.0,
                MFPT,
                US_MAINS_HZ,
                PARTS.get(str(data["label"])),
                "",
            )


def adi(folder: Path) -> Iterator[Recording]:
    """The ADI records, three axes each."""
    for path in sorted((folder / "adi_cbm").glob("*.npz")):
        with np.load(path) as data:
            label = str(data["label"])
            yield Recording(
                f"adi {label.split('_', maxsplit=1)[0]}",
                path.stem,
                tuple(np.asarray(data["xyz"].T, dtype=np.float64)),
                float(data["fs"]),
                float(data["rpm"]),
                ADI,
                IRISH_MAINS_HZ,
                PARTS.get(label.split("_", maxsplit=1)[0]),
                "",
            )


def ims(folder: Path) -> Iterator[Recording]:
    """The IMS excerpts: several snapshots joined to one record, so each of them is a window of its own."""
    for path in sorted((folder / "ims").glob("*.npz")):
        with np.load(path) as data:
            samples = np.asarray(data["x"], dtype=np.float64)
            channels = samples[:, None] if samples.ndim == 1 else samples
            for index in range(len(channels) // IMS_SNAPSHOT):
                block = channels[index * IMS_SNAPSHOT : (index + 1) * IMS_SNAPSHOT]
                yield Recording(
                    "ims",
                    f"{path.stem}#{index + 1}",
                    tuple(np.ascontiguousarray(column) for column in block.T),
                    float(data["fs"]),
                    float(data["rpm"]) if "rpm" in data.files else IMS_RPM,
                    IMS,
                    US_MAINS_HZ,
                    PARTS.get(str(data["label"]).split("_", maxsplit=1)[0]),
                    "",
                )


def everything(folder: Path) -> Iterator[Recording]:
    """All of the above."""
    yield from cwru(folder)
    yield from mfpt(folder)
    yield from adi(folder)
    yield from ims(folder)
