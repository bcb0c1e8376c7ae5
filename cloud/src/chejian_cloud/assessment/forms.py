"""Forms as the engine takes them: standard, answers and evidence of one, loaded and checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

from chejian_analytics.assessment import (
    Answer,
    AnswerError,
    Attachment,
    Basis,
    Catalogue,
    Indicator,
    Standard,
    StandardRef,
    Window,
    assess,
    load_standards,
)
from chejian_analytics.assessment.result import Assessment as Result
from sqlalchemy.orm import Session

from chejian_cloud.assessment import repository
from chejian_cloud.clock import to_us
from chejian_cloud.db.assessment import (
    Assessment,
    AssessmentAnswer,
    AssessmentAttachment,
    AssessmentEvidence,
)
from chejian_cloud.errors import (
    InvalidRowsError,
    InvalidValueError,
    NotFoundError,
    RowError,
    StandardMissingError,
)

OPEN = ("draft", "returned")
"""States in which the enterprise has the form."""


@cache
def standards() -> Catalogue:
    """The standards at hand."""
    return load_standards()


@dataclass(frozen=True, slots=True)
class Form:
    """A form with everything that the engine needs.

    Attributes:
        row: of the database.
        standard: in the version of the form.
        answers: as the engine takes them, by item.
        evidence: of the open or last revision.
        indicators: the same, by id.
    """

    row: Assessment
    standard: Standard
    answers: tuple[Answer, ...]
    evidence: tuple[AssessmentEvidence, ...]
    indicators: Mapping[str, Indicator]

    @property
    def result(self) -> Result:
        """What the engine makes of it."""
        return assess(
            self.standard,
            self.answers,
            industry=self.row.industry,
            not_applicable=self.row.not_applicable,
            measured=self.indicators.values(),
        )


def standard_of(name: str, version: str = "") -> Standard:
    """A standard by its id.

    Raises:
        NotFoundError: there is none of that id and version.
    """
    try:
        return standards().get(name, version)
    except KeyError:
        raise NotFoundError("standard", "standard", name) from None


def as_filled(reference: StandardRef) -> Standard:
    """The standard that a stored form was filled by.

    Raises:
        StandardMissingError: it is not installed, or its file was changed without a new version.
    """
    try:
        return standards().exactly(reference)
    except KeyError as error:
        raise StandardMissingError(str(error.args[0])) from None


def require(session: Session, assessment_id: int) -> Assessment:
    """A form.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    found = repository.find(session, assessment_id)
    if found is None:
        raise NotFoundError("assessment", "assessment_id", assessment_id)
    return found


def load(session: Session, assessment_id: int) -> Form:
    """A form with answers and evidence.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
        StandardMissingError: see `as_filled`.
    """
    row = require(session, assessment_id)
    reference = StandardRef(row.standard_id, row.standard_version, row.standard_digest)
    kept = tuple(repository.evidence(session, assessment_id, row.revision))
    indicators = {each.indicator: indicator_of(each) for each in kept}
    standard = as_filled(reference)
    stored = repository.answers(session, assessment_id)
    answers = tuple(_answer(each, standard, indicators) for each in stored)
    return Form(row, standard, answers, kept, indicators)


def indicator_of(row: AssessmentEvidence) -> Indicator:
    """Stored evidence as the engine's figure."""
    return Indicator(
        id=row.indicator,
        window=Window(to_us(row.window_start), to_us(row.window_end)),
        numerator=row.numerator,
        denominator=row.denominator,
        known=row.known,
        expected=row.expected,
        unit=row.unit,
    )


def origin_of(row: AssessmentEvidence) -> dict[str, Any]:
    """Where stored evidence came from, as it is frozen."""
    return {
        "query": row.query,
        "links": row.links,
        "detail": row.detail,
        "measured_at": row.measured_at.isoformat(),
    }


def decimal_of(value: Fraction) -> Decimal:
    """A number as lists and their database column hold it, to 28 digits."""
    return Decimal(value.numerator) / Decimal(value.denominator)


def _answer(row: AssessmentAnswer, standard: Standard, indicators: Mapping[str, Indicator]) -> Answer:
    item = next((each for each in standard.items if each.id == row.item), None)
    measured = row.basis == Basis.MEASURED.value and item is not None
    return Answer(
        item=row.item,
        values=tuple(map(Fraction, row.given)),
        basis=Basis(row.basis),
        base=None if row.base is None else Fraction(row.base),
        attachments=tuple(Attachment(a["name"], a["sha256"]) for a in row.attachments),
        indicator=indicators.get(item.evidence) if measured and item is not None else None,
    )


def check(form: Form, order: Sequence[str] = ()) -> Result:
    """What the engine makes of a form.

    Raises:
        InvalidRowsError: lists every answer that does not fit; `order` numbers them.
        InvalidValueError: a node may not be cut.
    """
    try:
        return form.result
    except AnswerError as error:
        place = {item: number for number, item in enumerate(order, 1)}
        raise InvalidRowsError(
            [RowError(place.get(r.item, 0), r.item, r.value, r.allowed) for r in error.refusals]
        ) from error
    except ValueError as error:
        raise InvalidValueError("not_applicable", list(form.row.not_applicable), str(error)) from error


def attachment_of(session: Session, assessment_id: int, attachment_id: int) -> AssessmentAttachment:
    """A document of a form.

    Raises:
        NotFoundError: form or document are not there, or are somebody else's.
    """
    require(session, assessment_id)
    found = repository.attachment(session, assessment_id, attachment_id)
    if found is None:
        raise NotFoundError("attachment", "attachment_id", attachment_id)
    return found
