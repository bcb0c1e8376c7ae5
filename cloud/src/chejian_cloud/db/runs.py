"""Schema `app`, recomputations that people ask for: what was asked, and how far each has come."""

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from chejian_cloud.db.app import Base


class RecomputeRun(Base):
    """One `chejian-cloud recompute`; `finished_at` NULL: it may be resumed."""

    __tablename__ = "recompute_run"
    run_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    lo: Mapped[datetime]
    hi: Mapped[datetime]
    code: Mapped[str | None]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]


class RecomputePiece(Base):
    """A span of one equipment that one transaction computes; `done_at` is written in that transaction."""

    __tablename__ = "recompute_piece"
    run_id: Mapped[int] = mapped_column(
        ForeignKey("app.recompute_run.run_id", ondelete="CASCADE"), primary_key=True
    )
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"), primary_key=True)
    lo: Mapped[datetime] = mapped_column(primary_key=True)
    hi: Mapped[datetime]
    done_at: Mapped[datetime | None]
