"""Request and response bodies of the programme."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from chejian_cloud.db.programme import BASES
from chejian_cloud.jsontypes import Day, Moment, Out
from chejian_cloud.reasons.schemas import In
from chejian_cloud.registry.scope import MAX_ID

Kind = Literal["enterprise", "workshop", "line"]
Status = Literal["planned", "building", "running", "recognised", "withdrawn"]
Key = Annotated[int, Field(ge=1, le=MAX_ID, examples=[1])]
Name = Annotated[str, Field(min_length=1, max_length=200, examples=["哈尔滨动力装备车间"])]
Words = Annotated[str, Field(max_length=1000)]
Amount = Annotated[float, Field(ge=-1e12, le=1e12, examples=[12.5])]
Share = Annotated[float, Field(ge=0, le=1)]


class CityOut(Out):
    """A city of the region; `column` and `row` are its place on the schematic map, from 0."""

    code: str
    name_zh: str
    name_en: str
    role: str
    column: int
    row: int


class FieldOut(Out):
    """A field of the plan; `authority` says whether the plan names it."""

    id: str
    name_zh: str
    name_en: str
    group: str
    authority: str
    industry: str


class CheckOut(Out):
    """A check of the plan's figures against each other; `agrees` is null where the plan states nothing."""

    id: str
    name_zh: str
    name_en: str
    value: float
    stated: float | None
    agrees: bool | None


class PlanOut(Out):
    """The plan that the programme is held against."""

    id: str
    version: str
    digest: str
    name_zh: str
    name_en: str
    region: str
    source_zh: str
    source_en: str
    places_source_zh: str
    places_source_en: str
    cities: list[CityOut]
    fields: list[FieldOut]
    checks: list[CheckOut]


class OutlineOut(Out):
    """Outlines of a city: rings of [longitude, latitude] in degrees."""

    code: str
    rings: list[list[tuple[float, float]]]


class MapOut(Out):
    """The map that this site was given."""

    approval_number: str | None = Field(description="Null: there is none, and a schematic map is drawn.")
    source: str
    cities: list[OutlineOut]


class MilestoneOut(Out):
    """A step of an entry; `overdue`: it was due and is not reached."""

    kind: str
    due_on: date | None
    reached_on: date | None
    overdue: bool


class EntryOut(Out):
    """An enterprise, workshop or line of the programme."""

    programme_entry_id: int
    enterprise_id: int
    enterprise: str
    enterprise_name_zh: str
    enterprise_name_en: str
    workshop_id: int | None
    line_id: int | None
    kind: str
    code: str
    name_zh: str
    name_en: str
    city_code: str
    sector: str
    industry: str
    status: str
    investment: int = Field(description="Yuan in all.")
    counts_from: date | None
    changed_at: Moment
    changed_by: str
    milestones: list[MilestoneOut]


class EntryChange(In):
    """What the province may change of an entry; places and fields are those of the plan."""

    name_zh: Name
    name_en: Name
    city_code: Annotated[str, Field(pattern="^[0-9]{6}$", examples=["230100"])]
    sector: Annotated[str, Field(max_length=64, examples=["power"])]
    industry: Literal["discrete", "process"]
    status: Status
    investment: Annotated[int, Field(ge=0, le=10**15)] = 0
    counts_from: Day | None = None
    workshop_id: Key | None = None
    line_id: Key | None = None


class EntryIn(EntryChange):
    """A new entry; it may be planned long before workshop or line are registered."""

    enterprise_id: Key
    kind: Kind
    code: Annotated[str, Field(min_length=1, max_length=64, examples=["HRB-W1"])]


class MilestoneIn(In):
    """When a step is due and when it was reached; neither: it is no step of this entry."""

    due_on: Day | None = None
    reached_on: Day | None = None


class ObservationIn(In):
    """What was observed of a target on a day, in the target's unit."""

    value: Amount
    completeness: Share = 1.0
    source: Name
    note: Words = ""


class EnergyYearIn(In):
    """Energy and growth of a year; energy in any unit that stays the same (the plan: 10 000 tce)."""

    energy: Annotated[float, Field(gt=0, le=1e12, examples=[11_500.0])]
    growth: Annotated[
        float,
        Field(gt=-1, le=10, examples=[0.05], description="Of value added at comparable prices; 0.05: 5 %."),
    ]
    basis: Literal[BASES]  # type: ignore[valid-type] # a tuple of texts
    source: Name


class PointOut(Out):
    """A value on a day."""

    day: date
    value: float


class ObservationOut(Out):
    """What was observed of a target; `derived`: from entries or energy years, else entered by the province.

    Words that were entered are the same in both languages.
    """

    day: date
    value: float
    completeness: float
    measured: float
    source_zh: str
    source_en: str
    note_zh: str
    note_en: str
    derived: bool


class ReasonOut(Out):
    """Why a status is given: what is, and what it is held against."""

    why: str
    value: float
    limit: float


class TargetOut(Out):
    """A target, where it stands, and the plan's line that this is told by."""

    id: str
    name_zh: str
    name_en: str
    phrase: str
    kind: str
    unit: str
    up: bool
    base_year: int
    baseline: float | None
    baseline_source_zh: str
    baseline_source_en: str
    due_year: int
    value: float | None
    upper: float | None
    method_zh: str
    method_en: str
    data_zh: str
    data_en: str
    source_zh: str
    source_en: str
    confidence: str
    note_zh: str
    note_en: str
    status: str
    reasons: list[ReasonOut]
    observed: float | None
    observed_on: date | None
    planned: float | None
    progress: float | None
    projected: float | None
    required: float | None
    line: list[PointOut]
    observations: list[ObservationOut]


class EnergyYearOut(Out):
    """A year of the chain of energy and value added; intensity is relative to the first year."""

    year: int
    energy: float
    growth: float
    basis: str
    source: str
    intensity: float | None
    change: float | None


class CityCountsOut(Out):
    """What a city has in the programme, as far as the caller sees it."""

    code: str
    workshops: int
    recognised: int
    lines: int
    lines_recognised: int
    enterprises: int
    investment: int
    reporting: int = Field(description="Workshops whose data arrived lately.")
    stale: int = Field(description="Registered workshops whose data did not.")
    contradicted: int = Field(description="Workshops with a declared answer that telemetry contradicts.")
    oee: float | None = Field(description="Effective time / planned busy time of the last three months.")
    oee_completeness: float | None


class WorstOut(Out):
    """The declared answer that is farthest from what telemetry says."""

    item: str
    name_zh: str
    name_en: str
    declared: float
    measured: float
    completeness: float


class RankedOut(Out):
    """A workshop's place by its newest submission; shares of the whole by what the answers rest on."""

    place: int = Field(description="From 1, unlike `rank` without ties.")
    rank: int | None = Field(description="Null: nothing submitted, or only one enterprise is seen.")
    rank_before: int | None
    programme_entry_id: int
    enterprise: str
    code: str
    name_zh: str
    name_en: str
    city_code: str
    sector: str
    status: str
    assessment_id: int | None
    state: str | None
    submitted_at: Moment | None
    total: float | None
    total_before: float | None
    level: str | None
    level_zh: str
    level_en: str
    level_number: int | None
    measured: float | None
    attached: float | None
    declared: float | None
    contradictions: int | None
    worst: WorstOut | None


class LevelCountOut(Out):
    """Workshops at a level at the end of a year (or now)."""

    year: int
    level: str | None
    level_zh: str
    level_en: str
    level_number: int
    workshops: int


class AxisOut(Out):
    """An axis of the radar: quartiles of the newest submissions; null where they are too few to stay unknown."""

    id: str
    name_zh: str
    name_en: str
    lower: float | None
    median: float | None
    upper: float | None
    own: float | None


class DistributionOut(Out):
    """How the workshops' newest submissions are spread."""

    standard: str
    name_zh: str
    name_en: str
    least: int = Field(description="Fewest enterprises of which quartiles are told.")
    enterprises: int
    levels: list[LevelCountOut]
    axes: list[AxisOut]


class MonthOut(Out):
    """A month of a trend; for many workshops' energy an index: used / what the baseline would have used."""

    start: Moment
    value: float | None
    completeness: float | None


class MovedOut(Out):
    """How a quotient moved from its first months to its last ones."""

    indicator: str
    unit: str
    baseline: float | None
    recent: float | None
    difference: float | None
    relative: float | None
    direction: int = Field(description="1 rising, -1 falling, 0: not told from chance (Mann-Kendall, 5 %).")
    completeness: float | None = Field(description="Of the recent months.")
    baseline_months: int
    recent_months: int
    months: list[MonthOut]


class TrendRowOut(MovedOut):
    """The same of one workshop."""

    programme_entry_id: int
    code: str
    name_zh: str
    name_en: str
    city_code: str
    sector: str


class ReportingOut(Out):
    """When a workshop was heard last; `stale`: too long ago, or never."""

    programme_entry_id: int
    workshop_id: int
    enterprise: str
    code: str
    name_zh: str
    name_en: str
    city_code: str
    sector: str
    status: str
    machines: int
    edges: int
    online: int
    last_seen: Moment | None
    silent_days: float | None
    stale: bool


class FormBriefOut(Out):
    """An assessment of a workshop or its enterprise, with what telemetry contradicts in what was submitted."""

    assessment_id: int
    standard_id: str
    standard_zh: str
    standard_en: str
    state: str
    revision: int
    submitted_at: Moment | None
    total: float | None
    level_zh: str
    level_en: str
    measured: float | None
    attached: float | None
    declared: float | None
    contradictions: list[WorstOut]


class ConcernOut(Out):
    """Why an entry is at risk: `kind` overdue (with the milestone), stale or contradicted; `value` days or answers."""

    kind: str
    milestone: str | None
    value: float | None


class EntryDetailOut(EntryOut):
    """An entry with everything that it stands on."""

    standing: Literal["on track", "at risk"]
    concerns: list[ConcernOut]
    reporting: ReportingOut | None
    oee: MovedOut | None
    energy: MovedOut | None
    assessments: list[FormBriefOut]


class IntensityOut(Out):
    """Where a path of energy and value added leads."""

    yearly: list[float]
    total: float
    met: bool
    energy: float
    cap: float
    saving: float
    needed_rate: float


class CountOut(Out):
    """Where a pace leads."""

    reached: float
    met: bool
    needed: float
    years: float | None


class SectorsOut(Out):
    """What sectors come to together."""

    total: float
    efficiency: float
    structure: float
    energy: float
    growth: float
