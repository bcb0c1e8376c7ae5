"""What officials do with an open form: start it, save values, import a table of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from chejian_analytics.assessment import Method, Standard
from chejian_analytics.assessment.canonical import exact_text
from sqlalchemy.orm import Session

from chejian_cloud.db.regions import RegionAssessment, RegionValue
from chejian_cloud.errors import ConflictError, ForbiddenError, InvalidRowsError, InvalidValueError, RowError
from chejian_cloud.regions import repository, table
from chejian_cloud.regions.forms import RegionForm, check, load, regional
from chejian_cloud.regions.schemas import RegionStartIn, ValueIn

_CHINA_CODE = "100000"


def start(session: Session, asked: RegionStartIn, user: str, now: datetime) -> int:
    """A new form; answers its id.

    Raises:
        NotFoundError: there is no such standard.
        InvalidValueError: the standard is not for regions, or not for this one, or takes no normaliser.
        ForbiddenError: the caller does not oversee the region.
        ConflictError: there is a form of that region, year and standard.
    """
    standard = regional(asked.standard)
    if standard.region not in {_CHINA_CODE, asked.region} and standard.region[:2] != asked.region[:2]:
        raise InvalidValueError("region", asked.region, f"{standard.region} or a city of it")
    _check_normaliser(standard, asked.normaliser)
    if asked.region not in {row["code"] for row in repository.names(session)}:
        raise ForbiddenError(f"region {asked.region} is not one that you oversee")
    before = repository.same(session, asked.region, asked.year, standard.id)
    if before is not None:
        raise ConflictError(
            f"there is a form of {asked.region}, {asked.year} and {standard.id} already: {before.region_assessment_id}"
        )
    row = RegionAssessment(
        region=asked.region,
        year=asked.year,
        standard_id=standard.id,
        standard_version=standard.version,
        standard_digest=standard.digest,
        normaliser=asked.normaliser,
        created_by=user,
    )
    session.add(row)
    session.flush()
    session.refresh(row)
    repository.add_event(session, row, "start", user, now)
    session.flush()
    return row.region_assessment_id


def _check_normaliser(standard: Standard, name: str) -> None:
    if name and standard.method is not Method.INDEX:
        raise InvalidValueError("normaliser", name, f'"": {standard.id} is no index')


def take(session: Session, row: RegionAssessment, lock: int) -> None:
    """Claim a form for a change.

    Raises:
        ConflictError: somebody changed it meanwhile.
    """
    if not repository.take(session, row.region_assessment_id, lock):
        raise ConflictError(
            f"somebody changed the form meanwhile (lock {row.lock}, not {lock}); load it again"
        )
    session.refresh(row)


def take_open(session: Session, row: RegionAssessment, lock: int) -> None:
    """Claim a form that is open.

    Raises:
        ConflictError: somebody changed it meanwhile, or it was submitted.
    """
    if row.state != "draft":
        raise ConflictError("the form was submitted; reopen it to change it")
    take(session, row, lock)


def save(
    session: Session,
    key: int,
    lock: int,
    given: Sequence[ValueIn],
    normaliser: str | None,
    user: str,
    now: datetime,
) -> None:
    """Store values of an open form, all or none; items that are not named keep theirs.

    Raises:
        NotFoundError: there is none, or it is of a region that the caller does not oversee.
        ConflictError: somebody changed it meanwhile, or it was submitted.
        InvalidValueError: the standard takes no normaliser.
        InvalidRowsError: lists every value that does not fit.
    """
    form = load(session, key)
    take_open(session, form.row, lock)
    if normaliser is not None:
        _check_normaliser(form.standard, normaliser)
        form.row.normaliser = normaliser
    _store(session, form, given, {each.item: number for number, each in enumerate(given, 1)}, user, now)


def import_table(
    session: Session, key: int, lock: int, data: bytes, user: str, now: datetime
) -> tuple[int, list[str]]:
    """Store the values of a CSV or Excel table, all or none; answers how many rows it has, and the items that changed.

    Raises:
        NotFoundError: there is none, or it is of a region that the caller does not oversee.
        ConflictError: somebody changed it meanwhile, or it was submitted.
        InvalidRowsError: lists every value that does not fit, by row and column.
    """
    form = load(session, key)
    take_open(session, form.row, lock)
    given, places = table.read(form.standard, data)
    changed = [each.item for each in given if _differs(form.values.get(each.item), each)]
    _store(session, form, given, places, user, now)
    return len(given), changed


def _differs(before: RegionValue | None, after: ValueIn) -> bool:
    names = ("value", "base", "source", "confidence", "note")
    if before is None or after.value is None:
        return (before is None) != (after.value is None)
    return any(_same_text(getattr(before, n)) != _same_text(getattr(after, n)) for n in names)


def _same_text(value: str | None) -> str | Fraction | None:
    try:
        return None if value is None else Fraction(value)
    except (ValueError, ZeroDivisionError):
        return value


def _store(
    session: Session,
    form: RegionForm,
    given: Sequence[ValueIn],
    places: Mapping[str, int],
    user: str,
    now: datetime,
) -> None:
    _check_rows(given, places)
    repository.drop_values(session, form.row.region_assessment_id, [each.item for each in given])
    session.expire_all()
    session.add_all(_row(form.row, each, user, now) for each in given if each.value is not None)
    session.flush()
    check(load(session, form.row.region_assessment_id), places)


def _check_rows(given: Sequence[ValueIn], places: Mapping[str, int]) -> None:
    wrong = [
        RowError(
            places[each.item], "source", "", "document, table or page that the value is from", "required"
        )
        for each in given
        if each.value is not None and not each.source
    ]
    items = [each.item for each in given]
    wrong += [
        RowError(places[item], item, item, "each item once", "twice")
        for item in sorted(set(items))
        if items.count(item) > 1
    ]
    if wrong:
        raise InvalidRowsError(wrong)


def _row(form: RegionAssessment, each: ValueIn, user: str, now: datetime) -> RegionValue:
    return RegionValue(
        region_assessment_id=form.region_assessment_id,
        region=form.region,
        item=each.item,
        value=exact_text(Fraction(each.value or "0")),
        base=None if each.base is None else exact_text(Fraction(each.base)),
        source=each.source,
        confidence=each.confidence,
        note=each.note,
        changed_at=now,
        changed_by=user,
    )
