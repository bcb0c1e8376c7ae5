"""What the enterprise does with a form: start it pre-filled, save answers, add documents, measure again."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from chejian_analytics.assessment import Basis, Indicator, Standard, WeightsMissingError, assess, measure
from chejian_analytics.assessment.canonical import exact_text
from sqlalchemy.orm import Session

from chejian_cloud.assessment import documents, repository
from chejian_cloud.assessment import evidence as measuring
from chejian_cloud.assessment.facts import Place
from chejian_cloud.assessment.forms import OPEN, Form, check, load, require, standard_of
from chejian_cloud.assessment.schemas import AnswerIn, StartIn
from chejian_cloud.clock import from_us
from chejian_cloud.db.assessment import Assessment, AssessmentAnswer, AssessmentAttachment, AssessmentEvidence
from chejian_cloud.errors import ConflictError, InvalidRowsError, InvalidValueError, NotFoundError, RowError


def start(session: Session, asked: StartIn, user: str, now: datetime) -> int:
    """A new form, pre-filled with what telemetry measures well enough; answers its id.

    Raises:
        NotFoundError: standard, enterprise or workshop are not there, or are somebody else's.
        InvalidValueError: the standard is not for such a subject or industry.
    """
    standard = standard_of(asked.standard)
    enterprise_id = _subject(session, standard, asked)
    try:
        assess(standard, (), industry=asked.industry)
    except (WeightsMissingError, ValueError) as error:
        raise InvalidValueError("industry", asked.industry, str(error)) from error
    place = measuring.place_at(now, enterprise_id, asked.workshop_id)
    row = Assessment(
        enterprise_id=enterprise_id,
        workshop_id=asked.workshop_id,
        standard_id=standard.id,
        standard_version=standard.version,
        standard_digest=standard.digest,
        industry=asked.industry,
        not_applicable=[],
        window_start=place.start,
        window_end=place.end,
        due_on=asked.due_on,
        created_by=user,
    )
    session.add(row)
    session.flush()
    repository.add_event(session, row, "start", user, now, due_on=asked.due_on)
    _measure(session, row, standard, place, user, now)
    return row.assessment_id


def _subject(session: Session, standard: Standard, asked: StartIn) -> int:
    """Id of the enterprise that the form is of."""
    wanted = "workshop_id" if standard.subject == "workshop" else "enterprise_id"
    if standard.subject == "region":
        raise InvalidValueError("standard", standard.id, "a standard for enterprises or workshops")
    if getattr(asked, wanted) is None:
        raise InvalidValueError(wanted, None, f"the {standard.subject} that {standard.id} is for")
    if asked.workshop_id is not None:
        workshop = repository.workshop(session, asked.workshop_id)
        if workshop is None:
            raise NotFoundError("workshop", "workshop_id", asked.workshop_id)
        return workshop.enterprise_id
    enterprise = repository.enterprise(session, asked.enterprise_id or 0)
    if enterprise is None:
        raise NotFoundError("enterprise", "enterprise_id", asked.enterprise_id)
    return enterprise.enterprise_id


def measure_again(session: Session, assessment_id: int, lock: int, user: str, now: datetime) -> None:
    """Look at the last 30 days anew: new evidence, and new values of the answers that it gives.

    Raises:
        NotFoundError: the form is not there, or is somebody else's.
        ConflictError: somebody changed the form meanwhile, or it is not with the enterprise.
    """
    form = load(session, assessment_id)
    take_open(session, form.row, lock)
    place = measuring.place_at(now, form.row.enterprise_id, form.row.workshop_id)
    form.row.window_start, form.row.window_end = place.start, place.end
    repository.drop_evidence(session, assessment_id, form.row.revision)
    taken = [a.item for a in form.answers if a.basis is Basis.MEASURED]
    repository.drop_answers(session, assessment_id, taken)
    session.expire_all()
    _measure(session, form.row, form.standard, place, user, now)


def _measure(
    session: Session, row: Assessment, standard: Standard, place: Place, user: str, now: datetime
) -> None:
    found = measuring.measure_all(session, place)
    session.add_all(_stored(row, each, now) for each in found)
    answered = {each.item for each in repository.answers(session, row.assessment_id)}
    by_id = {each.indicator.id: each.indicator for each in found}
    for item in standard.items:
        indicator = by_id.get(item.evidence)
        if indicator is None or indicator.value is None or item.id in answered:
            continue
        if indicator.completeness >= item.needs_completeness:
            session.add(_measured(row, item.id, indicator, user, now))
    session.flush()


def _measured(row: Assessment, item: str, indicator: Indicator, user: str, now: datetime) -> AssessmentAnswer:
    value = measure(item, indicator).values[0]
    return AssessmentAnswer(
        assessment_id=row.assessment_id,
        enterprise_id=row.enterprise_id,
        item=item,
        given=[exact_text(value)],
        basis=Basis.MEASURED.value,
        base=None,
        attachments=[],
        changed_at=now,
        changed_by=user,
    )


def _stored(row: Assessment, each: measuring.Evidence, now: datetime) -> AssessmentEvidence:
    figure = each.indicator
    detail: list[object] = list(each.detail)
    if each.trend is not None:
        detail.append({"trend": measuring.moved_words(each.trend)})
    return AssessmentEvidence(
        assessment_id=row.assessment_id,
        revision=row.revision,
        indicator=figure.id,
        enterprise_id=row.enterprise_id,
        window_start=from_us(figure.window.start_us),
        window_end=from_us(figure.window.end_us),
        numerator=figure.numerator,
        denominator=figure.denominator,
        known=figure.known,
        expected=figure.expected,
        unit=figure.unit,
        query=each.query,
        links=list(each.links),
        detail=detail,
        measured_at=now,
    )


def take_open(session: Session, row: Assessment, lock: int) -> None:
    """Claim a form that is with the enterprise for a change.

    Raises:
        ConflictError: somebody changed it meanwhile, or it is not with the enterprise.
    """
    if row.state not in OPEN:
        raise ConflictError(f"the form is {row.state}; it is changed only while it is {' or '.join(OPEN)}")
    take(session, row, lock)


def take(session: Session, row: Assessment, lock: int) -> None:
    """Claim a form for a change.

    Raises:
        ConflictError: somebody changed it meanwhile.
    """
    if not repository.take(session, row.assessment_id, lock):
        raise ConflictError(
            f"somebody changed the form meanwhile (lock {row.lock}, not {lock}); load it again"
        )
    session.refresh(row)


def save(
    session: Session,
    assessment_id: int,
    lock: int,
    given: Sequence[AnswerIn],
    cut: Sequence[str] | None,
    user: str,
    now: datetime,
) -> None:
    """Store answers of an open form, all or none; items that are not named keep theirs.

    Raises:
        NotFoundError: the form is not there, or is somebody else's.
        ConflictError: somebody changed the form meanwhile, or it is not with the enterprise.
        InvalidRowsError: lists every answer that does not fit.
    """
    form = load(session, assessment_id)
    take_open(session, form.row, lock)
    held = {each["sha256"]: each["name"] for each in repository.attachments(session, assessment_id)}
    rows = [_row(form, each, held, number, user, now) for number, each in enumerate(given, 1)]
    repository.drop_answers(session, assessment_id, [each.item for each in given])
    session.expire_all()
    session.add_all(row for row in rows if row is not None)
    if cut is not None:
        form.row.not_applicable = sorted(set(cut))
    session.flush()
    check(load(session, assessment_id), [each.item for each in given])


def _row(
    form: Form, each: AnswerIn, held: Mapping[str, str], number: int, user: str, now: datetime
) -> AssessmentAnswer | None:
    """The row of an answer; None where it is taken back."""
    item = next((i for i in form.standard.items if i.id == each.item), None)
    if each.measured:
        indicator = form.indicators.get(item.evidence) if item is not None else None
        if indicator is None or indicator.value is None:
            raise InvalidRowsError([RowError(number, each.item, "measured", "an item with a measured value")])
        return _measured(form.row, each.item, indicator, user, now)
    if not each.given:
        return None
    missing = [sha for sha in each.attachments if sha not in held]
    if missing:
        raise InvalidRowsError(
            [RowError(number, each.item, missing[0], "the hash of an attachment of this form")]
        )
    return AssessmentAnswer(
        assessment_id=form.row.assessment_id,
        enterprise_id=form.row.enterprise_id,
        item=each.item,
        given=[exact_text(Fraction(value)) for value in each.given],
        basis=(Basis.ATTACHED if each.attachments else Basis.DECLARED).value,
        base=None if each.base is None else exact_text(Fraction(each.base)),
        attachments=[{"name": held[sha], "sha256": sha} for sha in each.attachments],
        changed_at=now,
        changed_by=user,
    )


def attach(
    session: Session, assessment_id: int, document: tuple[str, bytes, str | None], user: str, now: datetime
) -> str:
    """Keep a document for an open form; answers its SHA-256. The same document again changes nothing.

    Args:
        session: whose transaction it belongs to.
        assessment_id: of the form.
        document: name, content, and the SHA-256 that the sender has counted, or None.
        user: who adds it.
        now: when.

    Raises:
        NotFoundError: the form is not there, or is somebody else's.
        ConflictError: the form is not with the enterprise, or has documents enough.
        InvalidValueError: it is no document that a form takes.
    """
    row = require(session, assessment_id)
    if row.state not in OPEN:
        raise ConflictError(
            f"the form is {row.state}; documents are added only while it is {' or '.join(OPEN)}"
        )
    name, content, counted = document
    kind = documents.checked(name, content, counted)
    sha256 = hashlib.sha256(content).hexdigest()
    before = repository.attachments(session, assessment_id)
    if any((a["sha256"], a["name"]) == (sha256, name) for a in before):
        return sha256
    if len(before) >= documents.MOST:
        raise ConflictError(f"the form has {documents.MOST} documents; more are not taken")
    session.add(
        AssessmentAttachment(
            assessment_id=assessment_id,
            enterprise_id=row.enterprise_id,
            name=name,
            media_type=kind,
            sha256=sha256,
            content=content,
            added_at=now,
            added_by=user,
        )
    )
    session.flush()
    return sha256
