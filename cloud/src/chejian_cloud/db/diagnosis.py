"""Schema `app`, diagnoses: verdicts with their evidence, frozen baselines, what windows measured, people's answers."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from chejian_cloud.db.app import Base


class DiagnosisBaseline(Base):
    """A machine's own healthy windows as one method reads them: frozen. A row is never changed; a new one is added.

    `content` is what the method computed of `windows` ([series_id, time in us since 1970]); empty withdraws an automatic
    baseline whose windows are no longer the first healthy ones. It judges windows from `valid_from` on, of speeds from
    `rpm_lo` to `rpm_hi`. `version` names windows and numbers (a hash), so equal baselines have equal names.
    """

    __tablename__ = "diagnosis_baseline"
    baseline_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"))
    signal: Mapped[str]
    method: Mapped[str]
    method_version: Mapped[str]
    version: Mapped[str]
    automatic: Mapped[bool]
    windows: Mapped[list[Any]]
    content: Mapped[dict[str, Any]]
    rpm_lo: Mapped[float]
    rpm_hi: Mapped[float]
    valid_from: Mapped[datetime]
    user_name: Mapped[str]
    comment: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


Index(
    "ix_diagnosis_baseline_newest",
    DiagnosisBaseline.equipment_id,
    DiagnosisBaseline.signal,
    DiagnosisBaseline.method,
    DiagnosisBaseline.baseline_id.desc(),
)


class Diagnosis(Base):
    """Result of one method on one window of one signal.

    `confidence` is the method's class ("confirmed" ... "none", "cannot_tell"), `reason` says why nothing can be told,
    `part` is NULL unless one is named. Speed, bearing orders and baseline that were used are kept, so that a late speed
    sample or an edited bearing is noticed, and the verdict can be computed again from its evidence.
    """

    __tablename__ = "diagnosis"
    __table_args__ = (UniqueConstraint("series_id", "time", "method"),)
    diagnosis_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"))
    series_id: Mapped[int]
    time: Mapped[datetime]
    method: Mapped[str]
    method_version: Mapped[str]
    part: Mapped[str | None]
    confidence: Mapped[str]
    reason: Mapped[str | None]
    score: Mapped[float | None]
    nominal_rpm: Mapped[float | None]
    bearing: Mapped[dict[str, Any]]
    evidence: Mapped[dict[str, Any]]
    computed_at: Mapped[datetime]
    baseline_id: Mapped[int | None] = mapped_column(ForeignKey("app.diagnosis_baseline.baseline_id"))


Index("ix_diagnosis_newest", Diagnosis.equipment_id, Diagnosis.time.desc())


class DiagnosisTask(Base):
    """A waveform that waits for its diagnosis; deleted in the transaction that stores the result."""

    __tablename__ = "diagnosis_task"
    series_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time: Mapped[datetime] = mapped_column(primary_key=True)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"))
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())


class VibrationWindow(Base):
    """What was measured of one stored waveform; it stays when the waveform itself is no longer kept.

    `chain` names the versions of all methods that read the window, `bearing` and `nominal_rpm` what they were given:
    where one differs from what holds now, the window is read again. `envelope` and `velocity` are levels by order of
    shaft speed (`chejian_cloud.diagnosis.levels`), one byte each, for trends and waterfalls; empty: not readable.
    """

    __tablename__ = "vibration_window"
    series_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time: Mapped[datetime] = mapped_column(primary_key=True)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"))
    chain: Mapped[str]
    nominal_rpm: Mapped[float | None]
    bearing: Mapped[dict[str, Any]]
    shaft_hz: Mapped[float | None]
    velocity_mm_s: Mapped[float | None]
    zone: Mapped[str | None]
    rms: Mapped[float | None]
    peak: Mapped[float | None]
    kurtosis: Mapped[float | None]
    parts: Mapped[dict[str, Any]]
    orders: Mapped[dict[str, Any]]
    envelope: Mapped[bytes] = mapped_column(LargeBinary)
    velocity: Mapped[bytes] = mapped_column(LargeBinary)


Index("ix_vibration_window_newest", VibrationWindow.equipment_id, VibrationWindow.time.desc())


class KeptWindow(Base):
    """A waveform that outlives raw retention: see `chejian_cloud.worker.kept_windows`."""

    __tablename__ = "kept_window"
    series_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time: Mapped[datetime] = mapped_column(primary_key=True)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"))
    sample_rate: Mapped[float]
    data: Mapped[bytes] = mapped_column(LargeBinary)


class DiagnosisLabel(Base):
    """An engineer's answer to a diagnosis; the table only grows, the newest line of a diagnosis holds.

    `part`, `confidence`, versions: the verdict as it was when it was answered; a diagnosis computed anew may say
    something else. `found` is what was found instead, where that is known.
    """

    __tablename__ = "diagnosis_label"
    __table_args__ = (
        CheckConstraint("answer in ('confirmed', 'rejected', 'withdrawn')", name="answer"),
        CheckConstraint("answer = 'rejected' OR found IS NULL", name="found"),
    )
    label_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    diagnosis_id: Mapped[int] = mapped_column(ForeignKey("app.diagnosis.diagnosis_id"), index=True)
    answer: Mapped[str]
    found: Mapped[str | None]
    comment: Mapped[str]
    part: Mapped[str | None]
    confidence: Mapped[str]
    method_version: Mapped[str]
    baseline: Mapped[str]
    user_name: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WaveformRequest(Base):
    """An engineer's wish for the next window of a machine's waveforms, until `expires_at`; the table only grows.

    What became of it the gateway notes in `telemetry.waveform_request`. It reads `app.wanted_waveform`, a view of the open
    ones without names and comments.
    """

    __tablename__ = "waveform_request"
    __table_args__ = (CheckConstraint("expires_at > asked_at", name="expires"),)
    request_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("app.equipment.equipment_id"))
    device_id: Mapped[int]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(index=True)
    comment: Mapped[str]
    user_name: Mapped[str]


Index("ix_waveform_request_newest", WaveformRequest.equipment_id, WaveformRequest.request_id.desc())
