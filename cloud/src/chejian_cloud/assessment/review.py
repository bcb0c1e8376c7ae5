"""The way of a form: submitted, reviewed by the city, approved by the province, or returned; and what was frozen."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from chejian_analytics.assessment import MIN_PEERS, Basis, Frozen, changes, submission
from chejian_analytics.assessment.result import Assessment as Result
from sqlalchemy.orm import Session

from chejian_cloud.assessment import filling, forms, repository
from chejian_cloud.assessment import schemas as out
from chejian_cloud.assessment.forms import Form
from chejian_cloud.clock import to_us
from chejian_cloud.db.assessment import Assessment, AssessmentEvidence, AssessmentSubmission
from chejian_cloud.errors import ConflictError, InvalidValueError, NotFoundError


def submit(
    session: Session, assessment_id: int, asked: out.SubmitIn, user: str, now: datetime
) -> AssessmentSubmission:
    """Freeze a form and hand it to the city.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
        ConflictError: somebody changed it meanwhile, or it is not with the enterprise.
        InvalidValueError: nothing is answered.
    """
    form = forms.load(session, assessment_id)
    filling.take_open(session, form.row, asked.lock)
    result = forms.check(form)
    if not form.answers:
        raise InvalidValueError("answers", 0, "at least one answer")
    frozen = _freeze(session, form, result, now)
    level = next((each for each in result.levels.values() if each), None)
    kept = AssessmentSubmission(
        assessment_id=assessment_id,
        revision=form.row.revision,
        enterprise_id=form.row.enterprise_id,
        submitted_at=now,
        submitted_by=user,
        content=frozen.content,
        sha256=frozen.sha256,
        total=None if result.total is None else _decimal(result.total),
        level=level.id if level else None,
        level_number=level.number if level else None,
        answered=_decimal(result.answered),
        measured=_decimal(result.founded[Basis.MEASURED]),
        attached=_decimal(result.founded[Basis.ATTACHED]),
        declared=_decimal(result.founded[Basis.DECLARED]),
        contradictions=len(result.findings.contradictions),
    )
    session.add(kept)
    form.row.state, form.row.due_on = "submitted", None
    repository.add_event(session, form.row, "submit", user, now, comment=asked.comment, sha256=frozen.sha256)
    return kept


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _freeze(session: Session, form: Form, result: Result, now: datetime) -> Frozen:
    enterprise = repository.enterprise(session, form.row.enterprise_id)
    workshop = repository.workshop(session, form.row.workshop_id) if form.row.workshop_id else None
    subject = "/".join(each.code for each in (enterprise, workshop) if each is not None)
    context = {
        each.indicator: {
            "query": each.query,
            "links": each.links,
            "detail": each.detail,
            "measured_at": each.measured_at.isoformat(),
        }
        for each in form.evidence
    }
    return submission(
        subject,
        form.answers,
        form.indicators.values(),
        result,
        submitted_at_us=to_us(now),
        revision=form.row.revision,
        context=context,
    )


def judge(
    session: Session, assessment_id: int, asked: out.VerdictIn, user: str, now: datetime, *, step: str
) -> None:
    """Pass a form on or return it, as city (`step` "review") or province ("approve").

    Raises:
        NotFoundError: there is none, or it is somebody else's.
        ConflictError: somebody changed it meanwhile, it is not at that step, or its submission is no longer intact.
        InvalidValueError: a return without a comment.
    """
    row = forms.require(session, assessment_id)
    at = {"review": "submitted", "approve": "reviewed"}[step]
    if row.state != at:
        raise ConflictError(f"the form is {row.state}; this step is for one that is {at}")
    if asked.verdict == "return" and not asked.comment.strip():
        raise InvalidValueError("comment", asked.comment, "what the enterprise has to change")
    filling.take(session, row, asked.lock)
    last = repository.submissions(session, assessment_id)[-1]
    if not _intact(session, last):
        raise ConflictError(
            f"revision {last.revision} was changed after it was submitted; it can't be judged"
        )
    more = {"comment": asked.comment, "due_on": asked.due_on, "sha256": last.sha256}
    if asked.verdict == "pass":
        row.state = {"review": "reviewed", "approve": "approved"}[step]
        repository.add_event(session, row, step, user, now, **more)
    else:
        repository.add_event(session, row, "return", user, now, **more)
        _reopen(session, row)
    row.due_on = asked.due_on


def _reopen(session: Session, row: Assessment) -> None:
    """A returned form is a new revision, with the answers and the evidence that it had."""
    names = [c.name for c in AssessmentEvidence.__table__.columns]
    kept = repository.evidence(session, row.assessment_id, row.revision)
    session.add_all(
        AssessmentEvidence(**{name: getattr(each, name) for name in names} | {"revision": row.revision + 1})
        for each in kept
    )
    row.state, row.revision = "returned", row.revision + 1


def _intact(session: Session, each: AssessmentSubmission) -> bool:
    """Whether content and hash agree, and both with the hash that the step recorded."""
    recorded = {
        e.sha256
        for e in repository.events(session, each.assessment_id)
        if e.kind == "submit" and e.revision == each.revision
    }
    return Frozen(bytes(each.content), each.sha256).intact and recorded == {each.sha256}


def revisions(session: Session, assessment_id: int) -> list[out.RevisionOut]:
    """What was submitted, by revision.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    forms.require(session, assessment_id)
    return [
        out.RevisionOut(
            revision=each.revision,
            submitted_at=each.submitted_at,
            submitted_by=each.submitted_by,
            sha256=each.sha256,
            intact=_intact(session, each),
            total=None if each.total is None else float(each.total),
            level=each.level,
            contradictions=each.contradictions,
        )
        for each in repository.submissions(session, assessment_id)
    ]


def document_of(session: Session, assessment_id: int, revision: int) -> bytes:
    """What was submitted, byte for byte.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    return bytes(_submission(session, assessment_id, revision).content)


def _submission(session: Session, assessment_id: int, revision: int) -> AssessmentSubmission:
    forms.require(session, assessment_id)
    for each in repository.submissions(session, assessment_id):
        if each.revision == revision:
            return each
    raise NotFoundError("revision", "revision", revision)


def differences(session: Session, assessment_id: int, before: int, after: int) -> list[out.ChangeOut]:
    """Where two revisions differ.

    Raises:
        NotFoundError: one is not there, or somebody else's.
        ConflictError: one was changed after it was submitted.
    """
    old, new = (_submission(session, assessment_id, number) for number in (before, after))
    try:
        newer: dict[str, Any] = Frozen(bytes(new.content), new.sha256).document()
        found = changes(Frozen(bytes(old.content), old.sha256), newer)
    except ValueError as error:
        raise ConflictError(str(error)) from error
    return [out.ChangeOut(path=c.path, before=c.frozen, after=c.found) for c in found]


def benchmark(session: Session, assessment_id: int) -> out.BenchmarkOut:
    """Where a form stands among the approved ones of other enterprises, without telling any of them.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    forms.require(session, assessment_id)
    kept = repository.submissions(session, assessment_id)
    own = float(kept[-1].total) if kept and kept[-1].total is not None else None
    groups = [
        out.GroupOut.model_validate({**row, "group": row["of_group"]})
        for row in repository.peers(session, assessment_id, MIN_PEERS)
    ]
    return out.BenchmarkOut(least=MIN_PEERS, own=own, groups=groups)
