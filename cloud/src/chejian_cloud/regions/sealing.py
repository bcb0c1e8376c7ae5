"""The way of a region's form: submitted and frozen, reopened for a new revision; and whether what was frozen is as it was."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

from chejian_analytics.assessment import Frozen, submission
from sqlalchemy.orm import Session

from chejian_cloud.assessment.forms import decimal_of
from chejian_cloud.clock import to_us
from chejian_cloud.db.regions import RegionSubmission
from chejian_cloud.errors import ConflictError, InvalidValueError, NotFoundError
from chejian_cloud.regions import platform, repository
from chejian_cloud.regions import schemas as out
from chejian_cloud.regions.filling import take, take_open
from chejian_cloud.regions.forms import RegionForm, check, load, require


def submit(session: Session, key: int, asked: out.RegionStepIn, user: str, now: datetime) -> RegionSubmission:
    """Freeze a form: values with their sources, what the platform measured, and the result.

    Raises:
        NotFoundError: there is none, or it is of a region that the caller does not oversee.
        ConflictError: somebody changed it meanwhile, or it was submitted.
        InvalidValueError: it has no value.
    """
    form = load(session, key)
    take_open(session, form.row, asked.lock)
    if not form.values:
        raise InvalidValueError("values", 0, "at least one value")
    result = check(form)
    frozen = submission(
        f"{form.row.region}/{form.row.year}",
        form.answers,
        (),
        result,
        submitted_at_us=to_us(now),
        revision=form.row.revision,
        context=_context(session, form),
    )
    kept = RegionSubmission(
        region_assessment_id=key,
        revision=form.row.revision,
        region=form.row.region,
        submitted_at=now,
        submitted_by=user,
        content=frozen.content,
        sha256=frozen.sha256,
        total=None if result.total is None else decimal_of(result.total),
        answered=decimal_of(result.answered),
    )
    session.add(kept)
    form.row.state = "submitted"
    repository.add_event(session, form.row, "submit", user, now, comment=asked.comment, sha256=frozen.sha256)
    session.flush()
    return kept


def _context(session: Session, form: RegionForm) -> dict[str, Any]:
    names = ("source", "confidence", "note", "changed_by")
    return {
        "values": {
            item: {name: getattr(row, name) for name in names} | {"changed_at": row.changed_at.isoformat()}
            for item, row in form.values.items()
        },
        "platform": platform.frozen(platform.figures(session, form.standard, form.row.region, form.row.year)),
    }


def reopen(session: Session, key: int, asked: out.RegionStepIn, user: str, now: datetime) -> None:
    """Open a submitted form for a new revision, with the values that it had; the frozen one stays.

    Raises:
        NotFoundError: there is none, or it is of a region that the caller does not oversee.
        ConflictError: somebody changed it meanwhile, or it is open.
        InvalidValueError: no comment says why.
    """
    row = require(session, key)
    if row.state != "submitted":
        raise ConflictError("the form is open")
    if not asked.comment.strip():
        raise InvalidValueError("comment", asked.comment, "why it is opened again")
    take(session, row, asked.lock)
    row.state, row.revision = "draft", row.revision + 1
    repository.add_event(session, row, "reopen", user, now, comment=asked.comment)
    session.flush()


def revisions(session: Session, key: int) -> list[out.RegionRevisionOut]:
    """What was submitted, by revision.

    Raises:
        NotFoundError: there is none, or it is of a region that the caller does not oversee.
    """
    require(session, key)
    told = []
    for each in repository.submissions(session, key):
        wrong = list(broken(session, each))
        told.append(
            out.RegionRevisionOut(
                revision=each.revision,
                submitted_at=each.submitted_at,
                submitted_by=each.submitted_by,
                sha256=each.sha256,
                intact=not wrong,
                broken=wrong,
                total=None if each.total is None else float(each.total),
            )
        )
    return told


def document_of(session: Session, key: int, revision: int) -> bytes:
    """What was submitted, byte for byte.

    Raises:
        NotFoundError: there is none, or it is of a region that the caller does not oversee.
    """
    require(session, key)
    for each in repository.submissions(session, key):
        if each.revision == revision:
            return bytes(each.content)
    raise NotFoundError("revision", "revision", revision)


def broken(session: Session, each: RegionSubmission) -> Iterator[str]:
    """Parts of a submission that are not as they were: of content, step, journal, figures."""
    key, revision = each.region_assessment_id, each.revision
    frozen = Frozen(bytes(each.content), each.sha256)
    if not frozen.intact:
        yield "content"
    steps = {
        e.sha256 for e in repository.events(session, key) if (e.kind, e.revision) == ("submit", revision)
    }
    if steps != {each.sha256}:
        yield "step"
    if not set(repository.journalled(session, key, revision)) <= {each.sha256}:
        yield "journal"
    if frozen.intact and not _has_figures(each, frozen.document()):
        yield "figures"


def _has_figures(each: RegionSubmission, document: Mapping[str, Any]) -> bool:
    result = document["result"]
    total = None if result["total"] is None else decimal_of(Fraction(result["total"]))
    told = (each.revision, each.total, each.answered)
    return told == (document["revision"], total, decimal_of(Fraction(result["answered"])))
