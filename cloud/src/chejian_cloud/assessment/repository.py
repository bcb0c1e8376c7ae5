"""Queries of forms, answers, evidence and submissions."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, func, select, text
from sqlalchemy.orm import Session

from chejian_cloud.db.app import Enterprise, Workshop
from chejian_cloud.db.assessment import (
    Assessment,
    AssessmentAnswer,
    AssessmentAttachment,
    AssessmentEvent,
    AssessmentEvidence,
    AssessmentSubmission,
)
from chejian_cloud.db.programme import ProgrammeMilestone
from chejian_cloud.paging import Part

_LIST = text("""
SELECT a.assessment_id, a.enterprise_id, e.code AS enterprise, e.name_zh AS enterprise_name_zh, e.name_en AS enterprise_name_en,
       a.workshop_id, w.code AS workshop, w.name_zh AS workshop_name_zh, w.name_en AS workshop_name_en,
       a.standard_id, a.standard_version, a.industry, a.state, a.revision, a.due_on, a.window_start, a.window_end,
       COALESCE((COALESCE(CASE WHEN a.state IN ('draft', 'returned') THEN NULL ELSE s.submitted_at END, now())
                 AT TIME ZONE 'Asia/Shanghai')::date > d.due_on, false) AS late,
       s.submitted_at, s.total, s.level, s.level_number, s.answered, s.measured, s.attached, s.declared, s.contradictions
  FROM app.assessment a JOIN app.enterprise e USING (enterprise_id) LEFT JOIN app.workshop w USING (workshop_id)
  LEFT JOIN LATERAL (SELECT * FROM app.assessment_submission x WHERE x.assessment_id = a.assessment_id
                      ORDER BY x.revision DESC LIMIT 1) s ON true
  LEFT JOIN LATERAL (SELECT x.due_on FROM app.assessment_event x
                      WHERE x.assessment_id = a.assessment_id AND x.kind IN ('start', 'return')
                      ORDER BY x.event_id DESC LIMIT 1) d ON true
 WHERE (CAST(:standard AS text) IS NULL OR a.standard_id = :standard)
   AND (CAST(:key AS integer) IS NULL OR a.assessment_id = :key)
   AND (CAST(:below AS bigint) IS NULL OR a.assessment_id < :below)
 ORDER BY a.assessment_id DESC LIMIT :limit
""")
_TAKE = text("""
UPDATE app.assessment SET lock = lock + 1 WHERE assessment_id = :key AND lock = :lock RETURNING lock
""")
_JOURNALLED = text("SELECT sha256 FROM app.assessment_journalled(:key) WHERE revision = :revision")
_PEERS = text("SELECT * FROM app.assessment_peers(:key, :least)")


def find(session: Session, assessment_id: int) -> Assessment | None:
    """A form."""
    return session.get(Assessment, assessment_id, populate_existing=True)


def listed(
    session: Session, part: Part, *, standard: str | None = None, key: int | None = None
) -> Sequence[RowMapping]:
    """Forms with what was submitted last, newest first."""
    below = part.after[0] if part.after else None
    values = {"standard": standard, "key": key, "below": below, "limit": part.limit}
    return session.execute(_LIST, values).mappings().all()


def take(session: Session, assessment_id: int, lock: int) -> bool:
    """Count a change of a form up, if nobody else changed it since `lock`; it stays locked until the transaction ends."""
    return session.execute(_TAKE, {"key": assessment_id, "lock": lock}).first() is not None


def workshop(session: Session, workshop_id: int) -> Workshop | None:
    """A workshop."""
    return session.get(Workshop, workshop_id)


def enterprise(session: Session, enterprise_id: int) -> Enterprise | None:
    """An enterprise."""
    return session.get(Enterprise, enterprise_id)


def answers(session: Session, assessment_id: int) -> Sequence[AssessmentAnswer]:
    """Answers of a form, by item."""
    statement = (
        select(AssessmentAnswer).filter_by(assessment_id=assessment_id).order_by(AssessmentAnswer.item)
    )
    return session.scalars(statement).all()


def drop_answers(session: Session, assessment_id: int, items: Iterable[str]) -> None:
    """Take answers back."""
    rows = AssessmentAnswer.assessment_id == assessment_id, AssessmentAnswer.item.in_(list(items))
    session.execute(delete(AssessmentAnswer).where(*rows))


def evidence(session: Session, assessment_id: int, revision: int) -> Sequence[AssessmentEvidence]:
    """Evidence of a revision, by indicator."""
    statement = (
        select(AssessmentEvidence)
        .filter_by(assessment_id=assessment_id, revision=revision)
        .order_by(AssessmentEvidence.indicator)
    )
    return session.scalars(statement).all()


def drop_evidence(session: Session, assessment_id: int, revision: int) -> None:
    """Take evidence of an open revision away; the database refuses it where the revision was submitted."""
    rows = AssessmentEvidence.assessment_id == assessment_id, AssessmentEvidence.revision == revision
    session.execute(delete(AssessmentEvidence).where(*rows))


def attachments(session: Session, assessment_id: int) -> Sequence[RowMapping]:
    """Attachments of a form without their content."""
    a = AssessmentAttachment
    size = func.length(a.content).label("size")
    columns = (a.attachment_id, a.name, a.media_type, size, a.sha256, a.added_at, a.added_by)
    statement = select(*columns).where(a.assessment_id == assessment_id).order_by(a.attachment_id)
    return session.execute(statement).mappings().all()


def attachment_hashes(session: Session, assessment_id: int) -> Sequence[RowMapping]:
    """Attachments of a form with the hash that is stored, and that of the content as it is now."""
    a = AssessmentAttachment
    found = func.encode(func.sha256(a.content), "hex").label("found")
    return (
        session.execute(select(a.name, a.sha256, found).where(a.assessment_id == assessment_id))
        .mappings()
        .all()
    )


def attachment(session: Session, assessment_id: int, attachment_id: int) -> AssessmentAttachment | None:
    """An attachment of a form."""
    keys = {"assessment_id": assessment_id, "attachment_id": attachment_id}
    return session.scalars(select(AssessmentAttachment).filter_by(**keys)).one_or_none()


def submissions(session: Session, assessment_id: int) -> Sequence[AssessmentSubmission]:
    """What was submitted, by revision."""
    statement = (
        select(AssessmentSubmission)
        .filter_by(assessment_id=assessment_id)
        .order_by(AssessmentSubmission.revision)
    )
    return session.scalars(statement).all()


def journalled(session: Session, assessment_id: int, revision: int) -> Sequence[str]:
    """Hashes that the audit journal has of a revision."""
    return session.scalars(_JOURNALLED, {"key": assessment_id, "revision": revision}).all()


def events(session: Session, assessment_id: int) -> Sequence[AssessmentEvent]:
    """Steps of a form, oldest first."""
    statement = (
        select(AssessmentEvent).filter_by(assessment_id=assessment_id).order_by(AssessmentEvent.event_id)
    )
    return session.scalars(statement).all()


def certification(session: Session, enterprise_id: int) -> Sequence[ProgrammeMilestone]:
    """Steps of GB/T 23001 of an enterprise's entries in the programme."""
    m = ProgrammeMilestone
    steps = m.enterprise_id == enterprise_id, m.kind.startswith("gbt23001_", autoescape=True)
    return session.scalars(select(m).where(*steps)).all()


def peers(session: Session, assessment_id: int, least: int) -> Sequence[RowMapping]:
    """Quartiles of other enterprises' approved totals: those of the industry, then those of all industries."""
    return session.execute(_PEERS, {"key": assessment_id, "least": least}).mappings().all()


def add_event(session: Session, form: Assessment, kind: str, user: str, at: datetime, **more: Any) -> None:
    """Record a step."""
    keys = {
        "assessment_id": form.assessment_id,
        "enterprise_id": form.enterprise_id,
        "revision": form.revision,
    }
    session.add(AssessmentEvent(**keys, kind=kind, user_name=user, at=at, **{"comment": "", **more}))
