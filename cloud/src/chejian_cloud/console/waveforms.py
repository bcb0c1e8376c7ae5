"""The raw window behind a diagnosis as CSV, so that anyone can check the verdict with their own tools."""

from collections.abc import Iterator

import numpy as np
from sqlalchemy.orm import Session

from chejian_cloud.diagnosis import repository
from chejian_cloud.errors import NotFoundError

CHUNK = 8192
"""Values per piece of the answer, about 100 kB of text."""


def waveform_csv(session: Session, diagnosis_id: int) -> Iterator[str]:
    """Lines of a CSV file: comments with series, start and sample rate, then one value a line in the signal's unit.

    The waveform is read before this returns; only its formatting is lazy. Values are written with nine significant
    digits, which tell every IEEE 754 single from its neighbours.

    Raises:
        NotFoundError: there is no such diagnosis, or its waveform is no longer kept.
    """
    row = repository.one(session, diagnosis_id)
    if row is None:
        raise NotFoundError("diagnosis", "diagnosis_id", diagnosis_id)
    diagnosis = row.Diagnosis
    stored = repository.waveform(session, diagnosis.series_id, diagnosis.time)
    if stored is None:
        raise NotFoundError("stored waveform", "time", diagnosis.time.isoformat())
    head = (
        f"# series_id,{diagnosis.series_id}\n# start,{diagnosis.time.isoformat()}\n"
        f"# sample_rate_hz,{stored['sample_rate']:.17g}\nvalue\n"
    )
    return _lines(head, np.frombuffer(stored["data"], "<f4"))


def _lines(head: str, values: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Iterator[str]:
    yield head
    for first in range(0, values.size, CHUNK):
        yield "".join(f"{value:.9g}\n" for value in values[first : first + CHUNK].tolist())
