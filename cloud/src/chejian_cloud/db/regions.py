"""Schema `app`, assessments of regions: values that officials enter for a region and year, and what they submitted of them.

Each table names the region, so that row-level security needs no join; foreign keys of two columns keep a child with the region of
its parent. What was submitted and the steps only grow: triggers refuse other changes.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Identity,
    LargeBinary,
    Numeric,
    SmallInteger,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from chejian_cloud.db.app import Base

STATES = ("draft", "submitted")
EVENTS = ("start", "submit", "reopen")


def _of_form() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["region_assessment_id", "region"],
        ["app.region_assessment.region_assessment_id", "app.region_assessment.region"],
    )


class RegionAssessment(Base):
    """A form: one standard, in one version, for one region and year.

    Attributes:
        region: code of GB/T 2260.
        normaliser: by which an index makes indicators comparable; "": that of the standard's file, if it has one.
        revision: of the open form or of the last submission, from 1.
        lock: counts changes, so that two people do not overwrite each other.
    """

    __tablename__ = "region_assessment"
    __table_args__ = (
        UniqueConstraint("region", "year", "standard_id"),
        UniqueConstraint("region_assessment_id", "region"),
        CheckConstraint(f"state in {STATES}", name="state"),
        CheckConstraint("revision >= 1", name="revision"),
        CheckConstraint("year BETWEEN 1990 AND 2100", name="year"),
    )
    region_assessment_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    region: Mapped[str]
    year: Mapped[int] = mapped_column(SmallInteger)
    standard_id: Mapped[str]
    standard_version: Mapped[str]
    standard_digest: Mapped[str]
    normaliser: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="draft")
    revision: Mapped[int] = mapped_column(server_default="1")
    lock: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str]


class RegionValue(Base):
    """The value of an item, or of a class of an index as published, with who says so.

    Attributes:
        value: exact number as text ("0.7", "1/3"); `base` is that of the base year of an index.
        source: document, table or page.
        confidence: a key of `chejian_analytics.assessment.CONFIDENCE`.
    """

    __tablename__ = "region_value"
    __table_args__ = (
        _of_form(),
        CheckConstraint("confidence in ('A', 'B', 'C', 'D')", name="confidence"),
        CheckConstraint("source <> ''", name="source"),
    )
    region_assessment_id: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    region: Mapped[str]
    value: Mapped[str]
    base: Mapped[str | None]
    source: Mapped[str]
    confidence: Mapped[str]
    note: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_by: Mapped[str]


class RegionSubmission(Base):
    """What was submitted: canonical JSON of values, sources, platform figures and result, with its SHA-256.

    The hash also stands in the step and in the audit journal, so that a change of this row shows.
    """

    __tablename__ = "region_submission"
    __table_args__ = (_of_form(),)
    region_assessment_id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    region: Mapped[str]
    submitted_at: Mapped[datetime]
    submitted_by: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str]
    total: Mapped[Decimal | None] = mapped_column(Numeric)
    answered: Mapped[Decimal] = mapped_column(Numeric)


class RegionEvent(Base):
    """A step of a form: who, when, why; `sha256` is that of the submission it concerns."""

    __tablename__ = "region_event"
    __table_args__ = (_of_form(), CheckConstraint(f"kind in {EVENTS}", name="kind"))
    event_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    region_assessment_id: Mapped[int] = mapped_column(index=True)
    revision: Mapped[int]
    region: Mapped[str]
    kind: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    user_name: Mapped[str]
    comment: Mapped[str]
    sha256: Mapped[str | None]
