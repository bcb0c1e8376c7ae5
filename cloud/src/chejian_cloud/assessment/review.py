"""The way of a form: submitted, reviewed by the city, approved by the province, or returned; and what was frozen."""

from datetime import datetime
from typing import Any

from chejian_analytics.assessment import MIN_PEERS, Basis, Change, Frozen, changes, freeze, submission
from chejian_analytics.assessment.result import Assessment as Result
from sqlalchemy.orm import Session

from chejian_cloud.assessment import filling, forms, repository, seals
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
        total=None if result.total is None else forms.decimal_of(result.total),
        level=level.id if level else None,
        level_number=level.number if level else None,
        answered=forms.decimal_of(result.answered),
        measured=forms.decimal_of(result.founded[Basis.MEASURED]),
        attached=forms.decimal_of(result.founded[Basis.ATTACHED]),
        declared=forms.decimal_of(result.founded[Basis.DECLARED]),
        contradictions=len(result.findings.contradictions),
    )
    session.add(kept)
    form.row.state, form.row.due_on = "submitted", None
    repository.add_event(session, form.row, "submit", user, now, comment=asked.comment, sha256=frozen.sha256)
    return kept


def _freeze(session: Session, form: Form, result: Result, now: datetime) -> Frozen:
    enterprise = repository.enterprise(session, form.row.enterprise_id)
    workshop = repository.workshop(session, form.row.workshop_id) if form.row.workshop_id else None
    subject = "/".join(each.code for each in (enterprise, workshop) if each is not None)
    context = {
        "evidence": {each.indicator: forms.origin_of(each) for each in form.evidence},
        "attachments": [
            {name: each[name] for name in ("name", "media_type", "sha256", "size")}
            for each in repository.attachments(session, form.row.assessment_id)
        ],
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
    changed = seals.broken(session, last)
    if changed:
        raise ConflictError(
            f"revision {last.revision} was changed after it was submitted ({', '.join(changed)}); it can't be judged"
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


def revisions(session: Session, assessment_id: int) -> list[out.RevisionOut]:
    """What was submitted, by revision.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    forms.require(session, assessment_id)
    kept = repository.submissions(session, assessment_id)
    broken = {each.revision: seals.broken(session, each) for each in kept}
    return [
        out.RevisionOut(
            revision=each.revision,
            submitted_at=each.submitted_at,
            submitted_by=each.submitted_by,
            sha256=each.sha256,
            intact=not broken[each.revision],
            broken=list(broken[each.revision]),
            total=None if each.total is None else float(each.total),
            level=each.level,
            contradictions=each.contradictions,
        )
        for each in kept
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
        parts = [_by_key(Frozen(bytes(each.content), each.sha256).document()) for each in (old, new)]
    except ValueError as error:
        raise ConflictError(str(error)) from error
    return [_change(each) for each in changes(freeze(parts[0]), parts[1])]


def _by_key(document: dict[str, Any]) -> dict[str, Any]:
    """A frozen document whose lists are named: an answer more does not make all that follow it other ones."""
    context = document["context"]
    return {
        "answers": {each["item"]: each for each in document["answers"]},
        "measured": {each["id"]: each for each in document["measured"]},
        "attachments": {each["sha256"]: each for each in context["attachments"]},
        "evidence": context["evidence"],
        "result": document["result"],
    }


def _change(each: Change) -> out.ChangeOut:
    part, *rest = each.path.strip("/").split("/")
    key = rest[0] if rest else ""
    field = "/".join(rest[1:])
    return out.ChangeOut(
        part=part, key=key, field=field, path=each.path, before=each.frozen, after=each.found
    )


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
