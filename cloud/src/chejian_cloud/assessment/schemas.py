"""Request and response bodies of assessments. Numbers that are exact travel as text ("0.7", "1/3")."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from chejian_cloud.jsontypes import Day, Moment, Out
from chejian_cloud.reasons.schemas import In
from chejian_cloud.registry.scope import MAX_ID

Exact = Annotated[
    str, Field(pattern=r"^[0-9]{1,15}(\.[0-9]{1,15}|/[1-9][0-9]{0,14})?$", examples=["0.7", "1/3"])
]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Key = Annotated[int, Field(ge=1, le=MAX_ID, examples=[1])]
Sha = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Words = Annotated[str, Field(max_length=4000)]


class StartIn(In):
    """A new form; of a workshop for standards of workshops, else of an enterprise."""

    standard: str = Field(max_length=64, examples=["gbt37393-2019"])
    enterprise_id: Key | None = None
    workshop_id: Key | None = None
    industry: str = Field(max_length=16, examples=["discrete"])
    due_on: Day | None = None


class AnswerIn(In):
    """An answer; without `given` it is taken back, with `measured` it is what telemetry says."""

    item: str = Field(max_length=128, examples=["1.1"])
    given: list[Exact] = Field(default_factory=list, max_length=100, examples=[[3]])
    base: Exact | None = Field(default=None, examples=[10])
    measured: bool = False
    attachments: list[Sha] = Field(default_factory=list, max_length=20, examples=[[]])


class AnswersIn(In):
    """Answers to save, all or none. `lock` is that of the form as it was read."""

    lock: Key
    answers: list[AnswerIn] = Field(default_factory=list, max_length=2000)
    not_applicable: list[Annotated[str, Field(max_length=128, examples=["1.2"])]] | None = Field(
        default=None, max_length=200
    )


class LockIn(In):
    """The form as it was read."""

    lock: Key


class SubmitIn(LockIn):
    """Hand a form in."""

    comment: Words = ""


class VerdictIn(LockIn):
    """Pass a form on, or return it with a comment and perhaps a deadline."""

    verdict: Literal["pass", "return"]
    comment: Words = ""
    due_on: Day | None = None


class StandardOut(Out):
    """A standard that is at hand."""

    id: str
    version: str
    digest: str
    document_zh: str
    document_en: str
    name_zh: str
    name_en: str
    subject: str
    method: str
    industries: list[str]
    items: int
    measured_items: int
    confidence: str
    source_zh: str
    source_en: str
    note_zh: str
    note_en: str


class AssessmentOut(Out):
    """A form with what was submitted last."""

    assessment_id: int
    enterprise_id: int
    enterprise: str
    enterprise_name_zh: str
    enterprise_name_en: str
    workshop_id: int | None
    workshop: str | None
    workshop_name_zh: str | None
    workshop_name_en: str | None
    standard_id: str
    standard_version: str
    industry: str
    state: str = Field(description="draft, submitted, reviewed, returned or approved")
    revision: int
    due_on: date | None
    late: bool = Field(description="The enterprise's deadline is over, or was when it submitted last.")
    window_start: Moment
    window_end: Moment
    submitted_at: Moment | None
    total: float | None
    level: str | None
    level_number: int | None
    answered: float | None
    measured: float | None = Field(description="Share of the whole that rests on measured answers.")
    attached: float | None
    declared: float | None
    contradictions: int | None


class ItemOut(Out):
    """An item with its answer, and what telemetry says of it."""

    id: str
    node: str
    name_zh: str
    name_en: str
    scale: str
    unit: str
    level: int
    source_zh: str
    source_en: str
    confidence: str
    authority: str
    note_zh: str
    note_en: str
    formula_zh: str
    formula_en: str
    given: list[str]
    base: str | None
    basis: str | None
    attachments: list[dict[str, str]]
    indicator: str
    measured: float | None = Field(description="What telemetry says; null: nothing.")
    completeness: float | None
    tolerance: float
    needs_completeness: float


class NodeOut(Out):
    """A branch of the tree."""

    id: str
    parent: str
    name_zh: str
    name_en: str
    may_be_cut: bool
    cut: bool


class EvidenceOut(Out):
    """A measured indicator."""

    indicator: str
    name_zh: str
    name_en: str
    formula_zh: str
    formula_en: str
    window_start: Moment
    window_end: Moment
    numerator: int
    denominator: int
    value: float | None
    completeness: float
    unit: str
    query: str
    links: list[str]
    detail: list[dict[str, Any]]
    measured_at: Moment


class NotMeasuredOut(Out):
    """An indicator that this platform can't measure yet, and what it would need."""

    indicator: str
    name_zh: str
    name_en: str
    formula_zh: str
    formula_en: str
    needs_zh: str
    needs_en: str


class CertificationOut(Out):
    """A step of 贯标: certification to the management system of integration (GB/T 23001), as the programme has it."""

    programme_entry_id: int
    kind: str
    due_on: date | None
    reached_on: date | None
    overdue: bool


class ContradictionOut(Out):
    """A declared answer that telemetry contradicts, with both numbers."""

    item: str
    declared: float
    measured: float
    tolerance: float
    completeness: float
    indicator: str
    over_declared: bool


class EventOut(Out):
    """A step."""

    revision: int
    kind: str
    at: Moment
    user_name: str
    comment: str
    due_on: date | None = Field(description="The deadline that the step sets.")
    late: bool = Field(description="A submission after its deadline.")
    sha256: str | None


class AttachmentOut(Out):
    """A document of a form."""

    attachment_id: int
    name: str
    media_type: str
    size: int = Field(description="[byte]")
    sha256: str
    added_at: Moment
    added_by: str


class FormOut(AssessmentOut):
    """A form as it is filled in."""

    lock: int
    standard: StandardOut
    nodes: list[NodeOut]
    items: list[ItemOut]
    evidence: list[EvidenceOut]
    not_measured: list[NotMeasuredOut]
    certification: list[CertificationOut] = Field(
        description="Steps of the enterprise's entries in the programme."
    )
    contradictions_now: list[ContradictionOut]
    too_incomplete: list[str]
    attachments: list[AttachmentOut]
    events: list[EventOut]


class ScoreOut(Out):
    """A node's score, 0 to 1."""

    id: str
    name_zh: str
    name_en: str
    value: float


class LevelOut(Out):
    """A level of a ladder; null id: none reached."""

    ladder: str
    id: str | None
    number: int
    name_zh: str
    name_en: str


class GapOut(Out):
    """A condition of the next level that does not hold."""

    level: str
    subject: str
    name_zh: str
    name_en: str
    value: float | None
    at_least: float


class MoveOut(Out):
    """A change of one answer that leads towards the next level."""

    item: str
    name_zh: str
    name_en: str
    before: list[float]
    to: list[float]
    change: float
    gain: float
    basis: str | None


class AdviceOut(Out):
    """What would lead to the next level of a ladder, least change first."""

    ladder: str
    level: LevelOut | None
    reachable: bool
    moves: list[MoveOut]
    alone: list[MoveOut]


class ResultOut(Out):
    """What the engine makes of a form as it is now."""

    total: float | None
    answered: float
    measured: float
    attached: float
    declared: float
    levels: list[LevelOut]
    scores: list[ScoreOut]
    level_scores: list[float]
    radar: list[ScoreOut]
    gaps: list[GapOut]
    advice: list[AdviceOut]
    contradictions: list[ContradictionOut]


class RevisionOut(Out):
    """What was submitted; `intact`: document, hashes, figures, evidence and attachments are as they were."""

    revision: int
    submitted_at: Moment
    submitted_by: str
    sha256: str
    intact: bool
    broken: list[str] = Field(
        description="What is not as it was: content, step, journal, figures, evidence, attachments."
    )
    total: float | None
    level: str | None
    contradictions: int


class ChangeOut(Out):
    """A place where two revisions differ; answers go by item, evidence by indicator, attachments by hash."""

    part: str = Field(description="answers, measured, attachments, evidence or result")
    key: str
    field: str = Field(description='Place within it, "" for the whole.')
    path: str
    before: Any
    after: Any


class GroupOut(Out):
    """Quartiles of other enterprises' newest approved totals, with two significant digits; null where nobody is told."""

    group: Literal["industry", "province"]
    others: int | None
    lower: float | None
    median: float | None
    upper: float | None
    reason: Literal["", "few", "deducible"] = Field(
        description="few: fewer others than `least`; deducible: with what else is told, a small group would show."
    )


class BenchmarkOut(Out):
    """The last submitted total beside others of the industry and of the whole province, who stay unknown."""

    least: int
    own: float | None
    groups: list[GroupOut]
