"""Schema `app`, assessments: forms with answers, their measured evidence, what was submitted, and what became of it.

Each table names the enterprise, so that row-level security needs no join; foreign keys of two columns keep a child with the
enterprise of its parent. What was submitted, its evidence, attachments and events only grow: triggers refuse other changes.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    LargeBinary,
    Numeric,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from chejian_cloud.db.app import Base

STATES = ("draft", "submitted", "reviewed", "returned", "approved")
"""With the enterprise, the city, the province, the enterprise again, and done."""
EVENTS = ("start", "submit", "return", "review", "approve")


def _enterprise() -> Mapped[int]:
    return mapped_column(ForeignKey("app.enterprise.enterprise_id"), index=True)


def _of_assessment() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["assessment_id", "enterprise_id"], ["app.assessment.assessment_id", "app.assessment.enterprise_id"]
    )


class Assessment(Base):
    """A form: one standard, in one version, for one enterprise or one of its workshops, and one window of evidence.

    `revision` counts submissions from 1 and is that of the next one while the form is open; `lock` counts changes, so that
    two people do not overwrite each other. `due_on` is the deadline of whoever has it now.
    """

    __tablename__ = "assessment"
    __table_args__ = (
        UniqueConstraint("assessment_id", "enterprise_id"),
        CheckConstraint(f"state in {STATES}", name="state"),
        CheckConstraint("window_start < window_end", name="window"),
        CheckConstraint("revision >= 1", name="revision"),
    )
    assessment_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    enterprise_id: Mapped[int] = _enterprise()
    workshop_id: Mapped[int | None] = mapped_column(ForeignKey("app.workshop.workshop_id"), index=True)
    standard_id: Mapped[str]
    standard_version: Mapped[str]
    standard_digest: Mapped[str]
    industry: Mapped[str]
    not_applicable: Mapped[list[str]]
    window_start: Mapped[datetime]
    window_end: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="draft")
    revision: Mapped[int] = mapped_column(server_default="1")
    lock: Mapped[int] = mapped_column(server_default="1")
    due_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]


class AssessmentAnswer(Base):
    """The answer of an open form to an item. `given` and `base` are exact numbers as text ("0.7", "1/3")."""

    __tablename__ = "assessment_answer"
    __table_args__ = (
        _of_assessment(),
        CheckConstraint("basis in ('measured', 'declared with attachment', 'declared')", name="basis"),
    )
    assessment_id: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    enterprise_id: Mapped[int] = _enterprise()
    given: Mapped[list[str]]
    basis: Mapped[str]
    base: Mapped[str | None]
    attachments: Mapped[list[Any]]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_by: Mapped[str]


class AssessmentAttachment(Base):
    """A document that supports an answer; `sha256` is that of `content`."""

    __tablename__ = "assessment_attachment"
    __table_args__ = (_of_assessment(), UniqueConstraint("assessment_id", "sha256", "name"))
    attachment_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    assessment_id: Mapped[int]
    enterprise_id: Mapped[int] = _enterprise()
    name: Mapped[str]
    media_type: Mapped[str]
    sha256: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())
    added_by: Mapped[str]


class AssessmentEvidence(Base):
    """An indicator as it was measured for a revision of a form.

    Attributes:
        numerator: whole number, like the next three; see `chejian_analytics.assessment.Indicator`.
        query: SQL text that gave the facts, with its parameters.
        links: addresses of what the figure was made of.
        detail: what the query gave, by equipment or point, or the months of a trend.
    """

    __tablename__ = "assessment_evidence"
    __table_args__ = (_of_assessment(),)
    assessment_id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    indicator: Mapped[str] = mapped_column(primary_key=True)
    enterprise_id: Mapped[int] = _enterprise()
    window_start: Mapped[datetime]
    window_end: Mapped[datetime]
    numerator: Mapped[int] = mapped_column(BigInteger)
    denominator: Mapped[int] = mapped_column(BigInteger)
    known: Mapped[int] = mapped_column(BigInteger)
    expected: Mapped[int] = mapped_column(BigInteger)
    unit: Mapped[str]
    query: Mapped[str]
    links: Mapped[list[Any]]
    detail: Mapped[list[Any]]
    measured_at: Mapped[datetime]


class AssessmentSubmission(Base):
    """What was submitted: canonical JSON of answers, evidence and result, with its SHA-256.

    The figures beside it are those of the document, for lists. The hash also stands in the event and in the audit journal, so
    that a change of this row shows.
    """

    __tablename__ = "assessment_submission"
    __table_args__ = (_of_assessment(),)
    assessment_id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    enterprise_id: Mapped[int] = _enterprise()
    submitted_at: Mapped[datetime]
    submitted_by: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str]
    total: Mapped[Decimal | None] = mapped_column(Numeric)
    level: Mapped[str | None]
    level_number: Mapped[int | None]
    answered: Mapped[Decimal] = mapped_column(Numeric)
    measured: Mapped[Decimal] = mapped_column(Numeric)
    attached: Mapped[Decimal] = mapped_column(Numeric)
    declared: Mapped[Decimal] = mapped_column(Numeric)
    contradictions: Mapped[int]


class AssessmentEvent(Base):
    """A step of a form: who, when, why; `due_on` is the deadline it sets, `sha256` that of the submission it concerns."""

    __tablename__ = "assessment_event"
    __table_args__ = (_of_assessment(), CheckConstraint(f"kind in {EVENTS}", name="kind"))
    event_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    assessment_id: Mapped[int] = mapped_column(index=True)
    revision: Mapped[int]
    enterprise_id: Mapped[int] = _enterprise()
    kind: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    user_name: Mapped[str]
    comment: Mapped[str]
    due_on: Mapped[date | None]
    sha256: Mapped[str | None]
