"""Bodies of labels: what engineers answer to a diagnosis, and how often a method was right."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chejian_cloud.jsontypes import Moment, Number, Out
from chejian_cloud.reasons.schemas import Comment, UserName

Found = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class LabelIn(BaseModel):
    """An engineer's answer to a diagnosis."""

    model_config = ConfigDict(extra="forbid")

    answer: Literal["confirmed", "rejected", "withdrawn"] = Field(
        description="confirmed: what it says is so; rejected: it is not; withdrawn: the newest answer is taken back."
    )
    found: Found | None = Field(
        default=None,
        examples=["outer_race"],
        description="With rejected only: what was found instead, where that is known.",
    )
    comment: Comment = ""
    user_name: UserName


class LabelOut(Out):
    """A line of the answers to a diagnosis."""

    label_id: int
    diagnosis_id: int
    answer: str = Field(examples=["confirmed"])
    found: str | None
    comment: str
    part: str | None = Field(description="Part that the diagnosis named when it was answered.")
    confidence: str
    method_version: str
    baseline: str = Field(description="Version of the baseline that it was judged by; empty: cold start.")
    user_name: str
    made_at: Moment


class PrecisionOut(Out):
    """How often a method was right at one site, by the answers that hold."""

    workshop_id: int
    workshop: str = Field(examples=["HRB-W1"])
    method: str = Field(examples=["bearing_envelope"])
    named: int = Field(description="Diagnoses of this method that name a part, answered or not.")
    confirmed: int = Field(description="Named parts that were confirmed.")
    rejected: int = Field(description="Named parts that were rejected.")
    missed: int = Field(description="Diagnoses that named nothing, where a fault was found.")
    precision: Number = Field(description="confirmed / (confirmed + rejected); null without an answer.")
    low: Number = Field(description="Lower end of its 95 % interval (Wilson).")
    high: Number = Field(description="Upper end.")
