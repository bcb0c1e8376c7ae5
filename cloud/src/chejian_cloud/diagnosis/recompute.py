"""Computing a verdict again from its evidence: the stored window, speed, bearing and frozen baseline."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy.orm import Session

from chejian_cloud.db.diagnosis import Diagnosis, DiagnosisBaseline
from chejian_cloud.diagnosis import repository
from chejian_cloud.diagnosis.methods import Frozen, Given, by_id, judge
from chejian_cloud.diagnosis.schemas import DifferenceOut, RecomputedOut
from chejian_cloud.errors import InvalidValueError, NotFoundError

MOST_DIFFERENCES = 50
_COLUMNS = ("part", "confidence", "reason", "score")


def recompute(session: Session, diagnosis_id: int) -> RecomputedOut:
    """Compute a stored verdict again and compare every number of it.

    Raises:
        NotFoundError: when there is no such diagnosis, or its waveform is no longer kept.
        InvalidValueError: when its method reads no single window.
    """
    row = repository.one(session, diagnosis_id)
    if row is None:
        raise NotFoundError("diagnosis", "diagnosis_id", diagnosis_id)
    diagnosis = row.Diagnosis
    reader = by_id(diagnosis.method)
    if reader is None:
        raise InvalidValueError("diagnosis_id", diagnosis_id, "a diagnosis of a method that reads a waveform")
    stored = repository.waveform(session, diagnosis.series_id, diagnosis.time)
    if stored is None:
        raise NotFoundError("stored waveform", "time", diagnosis.time.isoformat())
    given = Given(
        stored["sample_rate"], diagnosis.nominal_rpm, diagnosis.bearing, _frozen(session, diagnosis)
    )
    anew = judge(reader, stored["data"], given)
    before = {**{name: getattr(diagnosis, name) for name in _COLUMNS}, "evidence": diagnosis.evidence}
    found = [*_differences("", before, anew)]
    return RecomputedOut(
        diagnosis_id=diagnosis_id,
        same=not found,
        method_version=reader.method.version,
        stored_method_version=diagnosis.method_version,
        part=anew["part"],
        confidence=anew["confidence"],
        score=anew["score"],
        differences=found[:MOST_DIFFERENCES],
    )


def _frozen(session: Session, diagnosis: Diagnosis) -> Frozen | None:
    row = session.get(DiagnosisBaseline, diagnosis.baseline_id) if diagnosis.baseline_id else None
    return None if row is None else Frozen(row.baseline_id, row.version, row.content)


def _differences(place: str, before: Any, anew: Any) -> Iterator[DifferenceOut]:
    """Places where two structures differ; numbers must be equal to the last bit."""
    if isinstance(before, Mapping) and isinstance(anew, Mapping):
        for name in sorted({*before, *anew}):
            yield from _differences(f"{place}.{name}".lstrip("."), before.get(name), anew.get(name))
    elif isinstance(before, list) and isinstance(anew, list) and len(before) == len(anew):
        for i, (a, b) in enumerate(zip(before, anew, strict=True)):
            yield from _differences(f"{place}[{i}]", a, b)
    elif before != anew:
        yield DifferenceOut(place=place, stored=str(before), recomputed=str(anew))
