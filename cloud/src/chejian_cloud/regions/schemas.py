"""Request and response bodies of assessments of regions. Numbers that are exact travel as text ("0.7", "1/3")."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from chejian_cloud.assessment.schemas import Exact, Key, StandardOut, Words
from chejian_cloud.jsontypes import Moment, Out
from chejian_cloud.reasons.schemas import In

Region = Annotated[str, Field(pattern="^[0-9]{6}$", examples=["230000"], description="Code of GB/T 2260.")]
Year = Annotated[int, Field(ge=1990, le=2100, examples=[2015])]
Normaliser = Literal["", "ratio", "logarithmic", "points"]
Confidence = Literal["A", "B", "C", "D"]
Source = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
ItemId = Annotated[str, Field(max_length=128, examples=["infrastructure"])]


class RegionStartIn(In):
    """A new form of a region for a year."""

    standard: str = Field(max_length=64, examples=["regional-index-2015"])
    region: Region
    year: Year
    normaliser: Normaliser = ""


class ValueIn(In):
    """A value with its source; without `value` it is taken back."""

    item: ItemId
    value: Exact | None = Field(default=None, examples=["80.2"])
    base: Exact | None = Field(
        default=None, description="Value of the base year, for indicators of an index."
    )
    source: Source = Field(default="", examples=["blue book 2015, table 3"])
    confidence: Confidence = "C"
    note: Annotated[str, Field(max_length=1000)] = ""


class ValuesIn(In):
    """Values to save, all or none; items that are not named keep theirs. `lock` is that of the form as it was read."""

    lock: Key
    values: list[ValueIn] = Field(default_factory=list, max_length=500)
    normaliser: Normaliser | None = Field(default=None, description="null: as it was.")


class RegionStepIn(In):
    """A step of a form as it was read."""

    lock: Key
    comment: Words = ""


class RegionOut(Out):
    """A province or city that the caller oversees."""

    code: str
    name_zh: str
    name_en: str


class RegionFormBrief(Out):
    """A form with what was submitted last."""

    region_assessment_id: int
    region: str
    region_name_zh: str
    region_name_en: str
    year: int
    standard_id: str
    standard_version: str
    normaliser: str
    state: str = Field(description="draft or submitted")
    revision: int
    submitted_at: Moment | None
    submitted_total: float | None


class PlatformEnterpriseOut(Out):
    """What one enterprise brings to a figure of the platform."""

    enterprise_id: int
    enterprise_name_zh: str
    enterprise_name_en: str
    value: float | None = Field(description="null: nothing submitted, or too incomplete to count.")
    completeness: float | None = Field(description="Of its measurement; null: nothing was measured.")
    assessment_ids: list[int]


class PlatformOut(Out):
    """What the enterprises on this platform measured, or declared, of an item: another figure than the region's."""

    basis: Literal["measured", "declared"]
    value: float | None
    answered: int = Field(
        description="Enterprises whose submitted evidence is complete enough, or who answered."
    )
    asked: int = Field(description="Enterprises of the region on this platform.")
    indicator: str
    needs_completeness: float
    enterprises: list[PlatformEnterpriseOut]


class ReferenceOut(Out):
    """A published figure beside the own one."""

    year: int
    kind: str
    value: float
    difference: float | None
    source_zh: str
    source_en: str
    confidence: str


class RegionItemOut(Out):
    """An item with its value, and what the platform's enterprises measured."""

    id: str
    node: str
    name_zh: str
    name_en: str
    scale: str
    unit: str
    lower_is_better: bool
    formula_zh: str
    formula_en: str
    definition_source_zh: str
    definition_source_en: str
    definition_confidence: str
    authority: str
    value: str | None
    base: str | None
    source: str | None
    confidence: str | None
    note: str
    changed_by: str | None
    changed_at: Moment | None
    points: float | None = Field(description="Of an index: what the normaliser makes of value and base.")
    share: float | None = Field(
        description="Of an index: weight in the total, 0 to 1, as the class counts now."
    )
    references: list[ReferenceOut]
    platform: PlatformOut | None = Field(description="null: nothing on this platform measures it.")


class RegionNodeOut(Out):
    """A class of an index, or a branch of other standards."""

    id: str
    name_zh: str
    name_en: str
    weight: float | None = Field(description="In the total, 0 to 1.")
    points: float | None
    answered: float
    value: str | None = Field(description="As published; it wins over the indicators of the class.")
    source: str | None
    confidence: str | None
    note: str
    changed_by: str | None
    changed_at: Moment | None
    may_be_given: bool


class RegionResultOut(Out):
    """What the engine makes of a form as it is now."""

    total: float | None
    answered: float
    normaliser: str
    weakest: str | None = Field(description="Lowest confidence of the values that the result rests on.")


class RegionEventOut(Out):
    """A step."""

    revision: int
    kind: str
    at: Moment
    user_name: str
    comment: str
    sha256: str | None


class RegionFormOut(RegionFormBrief):
    """A form with values, sources, result and steps."""

    lock: int
    standard: StandardOut
    nodes: list[RegionNodeOut]
    items: list[RegionItemOut]
    result: RegionResultOut
    events: list[RegionEventOut]


class RegionRevisionOut(Out):
    """What was submitted; `intact`: document, hashes and figures are as they were."""

    revision: int
    submitted_at: Moment
    submitted_by: str
    sha256: str
    intact: bool
    broken: list[str] = Field(description="What is not as it was: content, step, journal, figures.")
    total: float | None


class ColumnOut(Out):
    """A column of the comparison."""

    id: str
    name_zh: str
    name_en: str
    scale: str
    unit: str


class ComparedOut(Out):
    """A region's figures of a year: of a form, or as the standard's file has them published."""

    region_assessment_id: int | None = Field(description="null: published.")
    region: str
    region_name_zh: str
    region_name_en: str
    year: int
    standard_version: str
    normaliser: str
    state: str = Field(description="draft, submitted or published")
    source_zh: str = Field(description="Of published figures; those of a form are with each value.")
    source_en: str
    total: float | None
    values: dict[str, float | None]
    answered: float
    weakest: str | None


class ComparisonOut(Out):
    """Regions and years of one standard side by side."""

    standard: StandardOut
    has_total: bool
    columns: list[ColumnOut]
    rows: list[ComparedOut]


class ImportedOut(Out):
    """What a file changed."""

    rows: int
    changed: list[str]
    form: RegionFormOut


Document = dict[str, Any]
