"""Labels: engineers confirm or reject diagnoses. Answers are kept for people and for files; no method reads them.

An answer is undone by another one. Of each diagnosis the newest answer holds.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from chejian_cloud.db.diagnosis import DiagnosisLabel
from chejian_cloud.diagnosis import label_repository as repository
from chejian_cloud.diagnosis.label_schemas import LabelIn, LabelOut, PrecisionOut
from chejian_cloud.diagnosis.repository import one
from chejian_cloud.errors import InvalidValueError, NotFoundError
from chejian_cloud.paging import Part
from chejian_cloud.registry.scope import Scope

HEAD = (
    *("workshop", "machine", "signal", "time", "method", "method_version", "baseline", "part", "confidence"),
    *("answer", "found", "comment", "user_name", "made_at", "holds"),
)
"""Columns of the file."""
_QUANTILE = 1.959963984540054
"""Of the standard normal distribution, for an interval of 95 %."""


def add(session: Session, diagnosis_id: int, body: LabelIn) -> LabelOut:
    """Store an answer with the verdict that it is about.

    Raises:
        NotFoundError: when there is no such diagnosis.
        InvalidValueError: `found` without a rejection, or nothing to take back.
    """
    row = one(session, diagnosis_id)
    if row is None:
        raise NotFoundError("diagnosis", "diagnosis_id", diagnosis_id)
    diagnosis = row.Diagnosis
    if body.found is not None and body.answer != "rejected":
        raise InvalidValueError("found", body.found, "nothing, or with the answer 'rejected'")
    known = repository.labels_of(session, diagnosis_id, Part(1))
    if body.answer == "withdrawn" and (not known or known[0].answer == "withdrawn"):
        raise InvalidValueError(
            "answer", body.answer, "confirmed or rejected: there is no answer to take back"
        )
    label = DiagnosisLabel(
        diagnosis_id=diagnosis_id,
        part=diagnosis.part,
        confidence=diagnosis.confidence,
        method_version=diagnosis.method_version,
        baseline=diagnosis.evidence.get("baseline", ""),
        **body.model_dump(),
    )
    session.add(label)
    session.flush()
    session.refresh(label)
    return LabelOut.model_validate(label)


def labels_of(session: Session, diagnosis_id: int, part: Part) -> list[LabelOut]:
    """Answers to a diagnosis, newest first.

    Raises:
        NotFoundError: when there is no such diagnosis.
    """
    if one(session, diagnosis_id) is None:
        raise NotFoundError("diagnosis", "diagnosis_id", diagnosis_id)
    return [LabelOut.model_validate(label) for label in repository.labels_of(session, diagnosis_id, part)]


def precision(session: Session, scope: Scope) -> list[PrecisionOut]:
    """How often each method was right at each site."""
    return [_precision(row) for row in repository.precision(session, scope)]


def table(session: Session, scope: Scope) -> Iterable[list[Any]]:
    """Rows below `HEAD`: every answer, undone ones too."""
    return _cells(repository.rows(session, scope))


def _cells(rows: Iterable[RowMapping]) -> Iterator[list[Any]]:
    for row in rows:
        yield ["yes" if row[name] is True else "no" if row[name] is False else row[name] for name in HEAD]


def _precision(row: RowMapping) -> PrecisionOut:
    low, high = wilson(row["confirmed"], row["confirmed"] + row["rejected"])
    answered = row["confirmed"] + row["rejected"]
    share = row["confirmed"] / answered if answered else None
    return PrecisionOut.model_validate({**row, "precision": share, "low": low, "high": high})


def wilson(hits: int, trials: int) -> tuple[float | None, float | None]:
    """95 % interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    Args:
        hits: 0 to `trials`.
        trials: >= 0.

    Returns:
        Lower and upper end, 0 to 1; None without a trial.
    """
    if not trials:
        return None, None
    share, square = hits / trials, _QUANTILE * _QUANTILE
    centre = share + square / (2 * trials)
    half = _QUANTILE * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    scale = 1 + square / trials
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)
