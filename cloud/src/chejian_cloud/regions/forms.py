"""Forms of regions as the engine takes them: standard, values and result of one, loaded and checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from chejian_analytics.assessment import (
    NORMALISERS,
    Answer,
    AnswerError,
    Method,
    Normaliser,
    Standard,
    StandardRef,
    assess,
    for_region,
)
from chejian_analytics.assessment.result import Assessment as Result
from sqlalchemy.orm import Session

from chejian_cloud.assessment.forms import as_filled, standards
from chejian_cloud.db.regions import RegionAssessment, RegionValue
from chejian_cloud.errors import InvalidRowsError, InvalidValueError, NotFoundError, RowError
from chejian_cloud.regions import repository


@dataclass(frozen=True, slots=True)
class RegionForm:
    """A form with everything that the engine needs.

    Attributes:
        row: of the database.
        standard: in the version of the form, as a region answers it.
        values: by item.
    """

    row: RegionAssessment
    standard: Standard
    values: Mapping[str, RegionValue]

    @property
    def answers(self) -> list[Answer]:
        """As the engine takes them."""
        return [_answer(each) for each in self.values.values()]

    @property
    def normaliser(self) -> tuple[str, Normaliser] | None:
        """Name and function: that of the form, else that of the standard's file, else None."""
        name = self.row.normaliser or self.standard.normaliser
        return (name, NORMALISERS[name]) if name else None

    @property
    def result(self) -> Result:
        """What the engine makes of it."""
        return assess(
            self.standard, self.answers, industry=self.standard.industries[0], normaliser=self.normaliser
        )

    @property
    def weakest(self) -> str | None:
        """Lowest confidence of the values; None without values."""
        return max((each.confidence for each in self.values.values()), default=None)


def _answer(row: RegionValue) -> Answer:
    base = None if row.base is None else Fraction(row.base)
    return Answer(item=row.item, values=(Fraction(row.value),), base=base)


@cache
def _regional(reference: StandardRef) -> Standard:
    return for_region(as_filled(reference))


def regional(name: str) -> Standard:
    """The newest version of a standard for regions.

    Raises:
        NotFoundError: there is none of that id.
        InvalidValueError: it is not for regions.
    """
    try:
        found = standards().get(name)
    except KeyError:
        raise NotFoundError("standard", "standard", name) from None
    if found.subject != "region":
        allowed = ", ".join(each.id for each in standards() if each.subject == "region")
        raise InvalidValueError("standard", name, allowed)
    return _regional(found.reference)


def require(session: Session, key: int) -> RegionAssessment:
    """A form.

    Raises:
        NotFoundError: there is none, or it is of a region that the caller does not oversee.
    """
    found = repository.find(session, key)
    if found is None:
        raise NotFoundError("regional assessment", "region_assessment_id", key)
    return found


def with_values(row: RegionAssessment, values: Sequence[RegionValue]) -> RegionForm:
    """A form of its rows."""
    reference = StandardRef(row.standard_id, row.standard_version, row.standard_digest)
    return RegionForm(row, _regional(reference), {each.item: each for each in values})


def load(session: Session, key: int) -> RegionForm:
    """A form with its values.

    Raises:
        NotFoundError: there is none, or it is of a region that the caller does not oversee.
    """
    return with_values(require(session, key), repository.values(session, [key]))


def check(form: RegionForm, rows: Mapping[str, int] | None = None) -> Result:
    """What the engine makes of a form.

    Args:
        form: with its values.
        rows: number of the row that an item stands in, for errors.

    Raises:
        InvalidRowsError: lists every value that does not fit.
    """
    place = rows or {}
    indicators = {item.id for item in form.standard.items}
    if form.standard.method is Method.INDEX and form.normaliser is None:
        names = ", ".join(NORMALISERS)
        allowed = f"nothing before the form has a normaliser ({names}); or the values of classes as published"
        wrong = [RowError(place.get(i, 0), i, form.values[i].value, allowed, "normaliser", names)
                 for i in form.values if i in indicators]  # fmt: skip
        if wrong:
            raise InvalidRowsError(wrong)
    try:
        return form.result
    except AnswerError as error:
        raise InvalidRowsError(
            sorted(
                (RowError(place.get(r.item, 0), r.item, r.value, r.allowed) for r in error.refusals),
                key=lambda each: each.row,
            )
        ) from error
