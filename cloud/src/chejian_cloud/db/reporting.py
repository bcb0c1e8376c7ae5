"""Schema `app`, reports that are made by a schedule and kept as files."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from chejian_cloud.db.app import Base

WINDOWS = ("shift", "day", "month")
FORMATS = ("pdf", "xlsx")
LANGUAGES = ("zh", "en")
STATES = ("due", "made", "failed")


class ReportSchedule(Base):
    """Which report of a workshop is made whenever a window of its own calendar has ended.

    Attributes:
        delay_s: [s] after the end of the window: late data come in, and people give reasons.
        keep_days: how long its reports are kept.
        since: windows that ended before it get no report.
    """

    __tablename__ = "report_schedule"
    __table_args__ = (
        UniqueConstraint("workshop_id", "window_kind", "format", "language"),
        CheckConstraint(f"window_kind in {WINDOWS}", name="window_kind"),
        CheckConstraint(f"format in {FORMATS}", name="format"),
        CheckConstraint(f"language in {LANGUAGES}", name="language"),
        CheckConstraint("delay_s BETWEEN 0 AND 86400", name="delay"),
        CheckConstraint("keep_days BETWEEN 1 AND 3660", name="keep"),
    )
    report_schedule_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("app.enterprise.enterprise_id"))
    workshop_id: Mapped[int] = mapped_column(ForeignKey("app.workshop.workshop_id"))
    window_kind: Mapped[str]
    format: Mapped[str]
    language: Mapped[str]
    delay_s: Mapped[int]
    keep_days: Mapped[int]
    active: Mapped[bool]
    since: Mapped[datetime]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]


class StoredReport(Base):
    """The report of one window: due, made (and then never changed), or given up after several attempts.

    Attributes:
        start: of the window.
        end: of the window.
        attempts: that failed.
        error: of the last attempt; "" once it is made.
        size: [byte].
        sha256: of `content`, in hexadecimal digits.
        keep_until: when it is deleted.
    """

    __tablename__ = "stored_report"
    __table_args__ = (
        UniqueConstraint("workshop_id", "window_kind", "format", "language", "start"),
        CheckConstraint(f"state in {STATES}", name="state"),
        CheckConstraint("(state = 'made') = (content IS NOT NULL)", name="made"),
        CheckConstraint("sha256 = encode(sha256(content), 'hex') AND size = length(content)", name="sealed"),
        CheckConstraint('start < "end"', name="forward"),
    )
    stored_report_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("app.enterprise.enterprise_id"))
    workshop_id: Mapped[int] = mapped_column(ForeignKey("app.workshop.workshop_id"))
    window_kind: Mapped[str]
    format: Mapped[str]
    language: Mapped[str]
    start: Mapped[datetime]
    end: Mapped[datetime]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str] = mapped_column(server_default="")
    due_at: Mapped[datetime]
    made_at: Mapped[datetime | None]
    size: Mapped[int | None]
    sha256: Mapped[str | None]
    keep_until: Mapped[datetime]
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


Index("ix_stored_report_due", StoredReport.state, postgresql_where=StoredReport.state == "due")
Index("ix_stored_report_end", StoredReport.end, StoredReport.stored_report_id)
