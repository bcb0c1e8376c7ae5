"""Response bodies of diagnoses."""

from typing import Any

from pydantic import Field

from chejian_cloud.jsontypes import Moment, Number, Out


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


class DiagnosisDetail(DiagnosisOut):
    """A diagnosis with its evidence."""

    bearing: str | None = Field(examples=["6205-2RS JEM SKF"])
    evidence: dict[str, Any] = Field(
        description="What the method returned: lines, masks, features, counter-evidence."
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
