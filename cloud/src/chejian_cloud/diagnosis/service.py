"""Diagnoses for the API, and the spectrum behind each, computed anew from the stored waveform."""

from datetime import datetime
from itertools import pairwise

import numpy as np
from chejian_analytics.diagnosis import envelope_spectrum
from chejian_analytics.diagnosis.severity import BAND_HZ, SLOW_BAND_HZ, SLOW_RPM, velocity_spectrum
from sqlalchemy import Row
from sqlalchemy.orm import Session

from chejian_cloud.db.app import Bearing
from chejian_cloud.diagnosis import repository
from chejian_cloud.diagnosis.courses import course_of, severity_of
from chejian_cloud.diagnosis.levels import GRAVITIES
from chejian_cloud.diagnosis.repository import Told
from chejian_cloud.diagnosis.schemas import (
    DiagnosisDetail,
    DiagnosisOut,
    Marker,
    SpectrumOut,
    VelocityMarker,
    VelocityOut,
)
from chejian_cloud.errors import InvalidValueError, NotFoundError
from chejian_cloud.paging import Part
from chejian_cloud.registry.service import require_equipment

MARKED_HARMONICS = 5
"""Harmonics of each part that are marked: as many as the method reads of an outer race."""
VELOCITY_ORDERS = 12.0
"""Shaft orders that a velocity spectrum shows: past the eighth, which looseness raises."""
_LABELS = {"bpfo": "BPFO", "bpfi": "BPFI", "bsf2": "2xBSF", "ftf": "FTF"}
_PARTS = {"bpfo": "outer_race", "bpfi": "inner_race", "bsf2": "rolling_element", "ftf": "cage"}
_MIN_VALUES = 16
"""Fewest values that make a spectrum (`envelope_spectrum`)."""


def newest_of(
    session: Session,
    equipment_id: int,
    part: Part,
    before: datetime | None = None,
    method: str | None = None,
) -> list[DiagnosisOut]:
    """Diagnoses of an equipment (by one method), newest first.

    Raises:
        NotFoundError: when the equipment is not registered.
    """
    require_equipment(session, equipment_id)
    return [
        DiagnosisOut.model_validate(_columns(row))
        for row in repository.newest(session, equipment_id, part, before, method)
    ]


def describe(session: Session, diagnosis_id: int) -> DiagnosisDetail:
    """One diagnosis with its evidence.

    Raises:
        NotFoundError: when there is none.
    """
    row = _require(session, diagnosis_id)
    bearing = repository.bearing(session, row.Diagnosis.equipment_id, row.Diagnosis.series_id)
    return DiagnosisDetail.model_validate(
        {
            **_columns(row),
            "bearing": bearing.designation if bearing else None,
            "unit": repository.unit_of(session, row.Diagnosis.series_id),
            "evidence": row.Diagnosis.evidence,
            "severity": severity_of(session, row.Diagnosis, bearing),
            "course": course_of(session, row.Diagnosis, bearing, serial=row.serial),
        }
    )


def spectrum_of(session: Session, diagnosis_id: int, max_hz: float, max_points: int) -> SpectrumOut:
    """Squared envelope spectrum of a diagnosed waveform.

    Args:
        session: read session.
        diagnosis_id: of the diagnosis.
        max_hz: last frequency [Hz]; cut to just below half the sample rate.
        max_points: most points; of each bucket of neighbouring bins the largest is kept, so that no line is lost.

    Raises:
        NotFoundError: when there is no such diagnosis, or its waveform is gone.
        InvalidValueError: when the waveform is too short or holds values that are no numbers.
    """
    diagnosis = _require(session, diagnosis_id).Diagnosis
    stored = repository.waveform(session, diagnosis.series_id, diagnosis.time)
    if stored is None:
        raise NotFoundError("stored waveform", "time", diagnosis.time.isoformat())
    signal = np.frombuffer(stored["data"], "<f4").astype(np.float64)
    if signal.size < _MIN_VALUES or not np.isfinite(signal).all():
        raise InvalidValueError(
            "diagnosis_id", diagnosis_id, f"a waveform of {_MIN_VALUES} or more finite values"
        )
    highest = min(max_hz, stored["sample_rate"] / 2 * 0.999)
    hz, value, background = envelope_spectrum(signal, stored["sample_rate"], highest)
    keep = _largest_of_buckets(value, max_points)
    shaft_hz = diagnosis.evidence.get("shaft_hz")
    bearing = repository.bearing(session, diagnosis.equipment_id, diagnosis.series_id)
    return SpectrumOut(
        diagnosis_id=diagnosis_id,
        shaft_hz=shaft_hz,
        frequency=hz[keep].tolist(),
        value=value[keep].tolist(),
        background=background[keep].tolist(),
        markers=_markers(bearing, shaft_hz, highest) if bearing and shaft_hz else [],
    )


def velocity_of(session: Session, diagnosis_id: int, max_points: int) -> VelocityOut:
    """Velocity spectrum of a diagnosed waveform from the lowest frequency of ISO 10816-3 up to `VELOCITY_ORDERS`.

    Raises:
        NotFoundError: when there is no such diagnosis, or its waveform is gone.
        InvalidValueError: when the signal is no acceleration, or its shaft speed is not known.
    """
    diagnosis = _require(session, diagnosis_id).Diagnosis
    stored = repository.waveform(session, diagnosis.series_id, diagnosis.time)
    if stored is None:
        raise NotFoundError("stored waveform", "time", diagnosis.time.isoformat())
    gravity = GRAVITIES.get(repository.unit_of(session, diagnosis.series_id))
    shaft_hz = diagnosis.evidence.get("shaft_hz")
    if gravity is None or not shaft_hz:
        raise InvalidValueError("diagnosis_id", diagnosis_id, "a readable acceleration with a shaft speed")
    acceleration = np.frombuffer(stored["data"], "<f4").astype(np.float64) / gravity
    hz, velocity = velocity_spectrum(acceleration - acceleration.mean(), stored["sample_rate"])
    lowest = (SLOW_BAND_HZ if shaft_hz * 60.0 < SLOW_RPM else BAND_HZ)[0]
    inside = slice(*np.searchsorted(hz, (lowest, VELOCITY_ORDERS * shaft_hz)))
    hz, velocity = hz[inside], velocity[inside]
    keep = _largest_of_buckets(velocity, max_points)
    mains_hz = diagnosis.bearing.get("mains_hz") or 0.0
    marked = [(f"{n}x", n * shaft_hz) for n in (1, 2, 3)]
    marked += [(f"2x{mains_hz:g} Hz", 2 * mains_hz)] if mains_hz else []
    return VelocityOut(
        diagnosis_id=diagnosis_id,
        frequency=hz[keep].tolist(),
        value=velocity[keep].tolist(),
        markers=[VelocityMarker(label=label, hz=place) for label, place in marked],
    )


def _require(session: Session, diagnosis_id: int) -> Row[Told]:
    row = repository.one(session, diagnosis_id)
    if row is None:
        raise NotFoundError("diagnosis", "diagnosis_id", diagnosis_id)
    return row


def _columns(row: Row[Told]) -> dict[str, object]:
    beside = ("serial", "answer")
    names = [name for name in DiagnosisOut.model_fields if name not in beside]
    columns = {name: getattr(row.Diagnosis, name) for name in names}
    return {**columns, **{name: getattr(row, name) for name in beside}}


def _largest_of_buckets(value: np.ndarray[tuple[int], np.dtype[np.float64]], max_points: int) -> list[int]:
    edges = np.unique(np.linspace(0, value.size, min(max_points, value.size) + 1).astype(np.int64))
    return [int(lo) + int(np.argmax(value[lo:hi])) for lo, hi in pairwise(edges)]


def _markers(bearing: Bearing, shaft_hz: float, max_hz: float) -> list[Marker]:
    out = []
    for key, label in _LABELS.items():
        for order in range(1, MARKED_HARMONICS + 1):
            hz = order * getattr(bearing, key) * shaft_hz
            if hz <= max_hz:
                out.append(Marker(part=_PARTS[key], order=order, hz=hz, label=f"{order}x {label}"))
    return out
