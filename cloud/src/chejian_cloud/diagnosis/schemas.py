"""Response bodies of diagnoses."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from chejian_cloud.jsontypes import Moment, Number, Out, Time
from chejian_cloud.reasons.schemas import Comment, UserName


class DiagnosisOut(Out):
    """Result of one method on one waveform."""

    diagnosis_id: int = Field(examples=[1])
    equipment_id: int = Field(examples=[5])
    series_id: int = Field(examples=[44])
    time: Moment
    method: str = Field(examples=["bearing_envelope"])
    method_version: str = Field(examples=["1"])
    part: str | None = Field(
        examples=["outer_race"],
        description="outer_race, inner_race, rolling_element, cage, or null: none named",
    )
    confidence: str = Field(
        examples=["confirmed"],
        description="confirmed, probable, impulsive_unassigned, none (no damage found) or cannot_tell",
    )
    reason: str | None = Field(examples=[None], description="Why nothing can be told; with cannot_tell only.")
    score: Number = Field(examples=[4.1])
    nominal_rpm: Number = Field(examples=[1772.0], description="Shaft speed given to the method [1/min].")
    serial: str | None = Field(examples=["M-000130"], description="Part under test at that time.")
    computed_at: Moment
    baseline_id: int | None = Field(description="Frozen baseline that judged it; null: cold start.")
    answer: str | None = Field(description="Engineers' answer that holds: confirmed, rejected, or null.")


class SeverityOut(Out):
    """Vibration of the machine against the zones of ISO 10816-3."""

    velocity_mm_s: Number = Field(
        examples=[2.1], description="Velocity RMS in the band of the standard [mm/s]."
    )
    zone: str | None = Field(description="A to D; null where group and support are not registered.")
    limits: list[float] | None = Field(description="A/B, B/C, C/D [mm/s].")
    zone_group: int | None
    support: str | None


class CourseOut(Out):
    """How the indicator behind a verdict went since the machine was healthy, up to this window."""

    indicator: str = Field(
        examples=["outer_race"],
        description="A bearing's part: level of its lines over background [nat]; velocity: its natural logarithm, of mm/s.",
    )
    windows: int = Field(description="Windows after the baseline that were read.")
    onset: Moment | None = Field(description="When it left its baseline for good.")
    growth_per_day: Number = Field(description="Slope since then (Sen) [nat per day].")
    limit: Number = Field(description="Value up to which the time is counted.")
    limit_is: str = Field(
        examples=["serious_change"],
        description="zone_d: the limit of zone D; serious_change: 20 dB over the machine's own baseline.",
    )
    low_days: Number = Field(
        description="Lower end of the 90 % interval until the limit, if it goes on as it did [d]."
    )
    best_days: Number
    high_days: Number
    reason: str | None = Field(
        examples=["inside_baseline"],
        description="Why no time can be told: no_baseline, baseline_too_short, other_part_each_window, inside_baseline, "
        "too_few_since_onset, no_monotone_trend, growth_not_steady, limit_reached or interval_too_wide; null with an interval.",
    )


class DiagnosisDetail(DiagnosisOut):
    """A diagnosis with its evidence."""

    bearing: str | None = Field(examples=["6205-2RS JEM SKF"])
    unit: str = Field(
        examples=["m/s2"], description="Of the signal's values, and of what the evidence tells of them."
    )
    evidence: dict[str, Any] = Field(
        description="What the method returned: lines, masks, features, counter-evidence."
    )
    severity: SeverityOut | None = Field(description="Of the window; null where no velocity was measured.")
    course: CourseOut | None = Field(
        description="Of a named bearing part, or of the velocity behind a verdict on the shaft; else null."
    )


class Marker(Out):
    """Where a line of a part is expected."""

    part: str = Field(examples=["outer_race"])
    order: int = Field(examples=[1], description="Harmonic number.")
    hz: float = Field(examples=[105.87])
    label: str = Field(examples=["1x BPFO"])


class SpectrumOut(Out):
    """Squared envelope spectrum of a diagnosed waveform."""

    diagnosis_id: int
    shaft_hz: Number = Field(examples=[29.53])
    frequency: list[float] = Field(description="[Hz]")
    value: list[float] = Field(description="Squared envelope spectrum; largest value of each plotted bucket.")
    background: list[float] = Field(description="Its background at the same frequencies.")
    markers: list[Marker]


class VelocityMarker(Out):
    """A frequency that is worth a look."""

    label: str = Field(examples=["1x"])
    hz: float


class VelocityOut(Out):
    """Velocity spectrum of a diagnosed waveform."""

    diagnosis_id: int
    frequency: list[float] = Field(description="[Hz]")
    value: list[float] = Field(description="RMS of each bin [mm/s]; largest of each plotted bucket.")
    markers: list[VelocityMarker]


class DifferenceOut(Out):
    """A place where a verdict that was computed again differs from the stored one."""

    place: str = Field(examples=["evidence.lines[0].ratio"])
    stored: str
    recomputed: str


class RecomputedOut(Out):
    """A verdict that was computed again from its stored window, speed, bearing and baseline."""

    diagnosis_id: int
    same: bool = Field(description="Whether every number is the same to the last bit.")
    method_version: str = Field(description="That computed it now; another version may differ.")
    stored_method_version: str
    part: str | None
    confidence: str
    score: Number
    differences: list[DifferenceOut] = Field(description="At most 50.")


class BaselineOut(Out):
    """A frozen baseline."""

    baseline_id: int
    equipment_id: int
    signal: str = Field(examples=["Vibration/DriveEnd"])
    method: str = Field(examples=["shaft_orders"])
    method_version: str
    version: str = Field(examples=["auto-3f6c1a2b9d04"], description="Names its windows and numbers.")
    automatic: bool = Field(description="Frozen from the first healthy windows, not by a person.")
    active: bool = Field(description="Whether it judges windows of this moment.")
    windows: list[Moment] = Field(description="Times of the windows that it was made of.")
    content: dict[str, Any] = Field(description="What the method computed of them; empty: withdrawn.")
    rpm_lo: float = Field(description="Lowest nominal speed of its windows [1/min].")
    rpm_hi: float
    valid_from: Moment = Field(description="First time that it judges.")
    user_name: str
    comment: str
    created_at: Moment


class BaselineIn(BaseModel):
    """Windows that an engineer vouches for as healthy."""

    model_config = ConfigDict(extra="forbid")

    signal: str = Field(min_length=1, max_length=200, examples=["Vibration/DriveEnd"])
    start: Time = Field(description="First time of the windows.")
    end: Time = Field(description="End, excluded.")
    valid_from: Time | None = Field(
        default=None, description="First time that it judges; default: just after the last window."
    )
    comment: Comment = ""
    user_name: UserName


class WindowOut(Out):
    """What was measured of one window."""

    series_id: int
    time: Moment
    nominal_rpm: Number
    shaft_hz: Number
    velocity_mm_s: Number = Field(description="Velocity RMS in the band of ISO 10816-3 [mm/s].")
    zone: str | None = Field(description="A to D; null where group and support are not registered.")
    rms: Number = Field(description="Of acceleration [unit of the signal].")
    peak: Number
    kurtosis: Number
    parts: dict[str, float] = Field(description="Score of each bearing part [nat].")
    orders: dict[str, float] = Field(description="RMS amplitude of each shaft order [unit of the signal].")


class TrendOut(Out):
    """Windows of one signal over time, with what they are held against."""

    signal: str
    unit: str
    limits: list[float] | None = Field(description="Zone limits A/B, B/C, C/D of ISO 10816-3 [mm/s].")
    zone_group: int | None
    support: str | None
    windows: list[WindowOut] = Field(description="Oldest first; the newest where there are more than asked.")
    baselines: list[BaselineOut] = Field(description="Newest of each method, without their content.")


class WaterfallOut(Out):
    """Spectra of one signal over time, by order of shaft speed."""

    signal: str
    kind: str
    unit: str = Field(description="Of the levels: nat over background, or dB over 0.0001 mm/s.")
    order_step: float
    level_step: float = Field(description="Levels are whole numbers of this.")
    orders: dict[str, float] = Field(description="Orders of the bearing's parts, of the shaft and the mains.")
    times: list[Moment]
    levels: list[list[int]] = Field(description="For each time a row of levels from order 0 on.")
