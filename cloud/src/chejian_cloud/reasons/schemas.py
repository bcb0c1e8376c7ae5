"""Request and response bodies of reasons."""

from functools import cache
from typing import Annotated, Any, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from chejian_cloud.access.caller import spoken_by
from chejian_cloud.jsontypes import Moment, Out, Time

UserName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(spoken_by),
    Field(examples=["王工"]),
]
"""Who makes the edit. People sign with the name of their account, whatever is sent; a machine says for whom it speaks."""
Comment = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=2000), Field(examples=["更换接触器"])
]


@cache
def _is_flag(body: type[BaseModel], field: str) -> bool:
    kind = body.model_fields[field].annotation
    return bool in {kind, *get_args(kind)}


class In(BaseModel):
    """Base of request bodies: unknown keys are refused, and true is no 1."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_number_for_a_flag(cls, value: Any, info: ValidationInfo) -> Any:
        flag = info.field_name is not None and _is_flag(cls, info.field_name)
        if flag and isinstance(value, int | float | str) and not isinstance(value, bool):
            raise ValueError("true or false")
        if isinstance(value, bool) and not flag:
            raise ValueError("not true or false")
        return value


class ReasonOut(Out):
    """A node of the reason tree, with what it inherits."""

    code: str = Field(examples=["breakdown.electrical"])
    parent: str | None = Field(examples=["breakdown"])
    name_zh: str = Field(examples=["电气故障"])
    name_en: str = Field(examples=["Electrical"])
    loss: str | None = Field(
        examples=["fault"], description="Class of time that its stops count as; null: the state decides."
    )
    category: str | None = Field(examples=["ADET"], description="Its ISO 22400-2 time category.")
    active: bool
    leaf: bool = Field(description="Only leaves can be given to stops.")


class StopOut(Out):
    """A stop, or the part of one that has one reason."""

    equipment_id: int
    start: Moment
    end: Moment
    state: int = Field(examples=[3])
    state_name: str = Field(examples=["FAULT"])
    category: str = Field(examples=["ADET"])
    reason: str | None = Field(examples=["breakdown.electrical"])
    comment: str
    user_name: str = Field(description="Who gave the reason or comment; empty when nobody did.")
    change_id: int | None = Field(description="Line of the journal that says so.")
    needs_reason: bool


class PieceOut(Out):
    """What a change says about a span of time."""

    start: Moment
    end: Moment | None
    reason: str | None
    comment: str


class ChangeOut(Out):
    """A line of the journal."""

    change_id: int
    kind: str = Field(examples=["assign"], description="assign, split, comment or undo")
    undoes: int | None
    undone_by: int | None
    user_name: str
    made_at: Moment
    pieces: list[PieceOut]


class AssignIn(In):
    """Give one reason to a span."""

    start: Time
    end: Time | None = Field(description="null: until the machine produces again.")
    reason: str | None = Field(
        examples=["breakdown.electrical"], description="Code of a leaf of the tree; null clears."
    )
    comment: Comment = ""
    user_name: UserName


class PartIn(In):
    """One part of a split stop; it begins where the part before ends."""

    end: Time
    reason: str | None = Field(examples=["breakdown.electrical"])
    comment: Comment = ""


_PARTS = [
    {"end": "2026-03-02T08:20:00+08:00", "reason": "breakdown.electrical"},
    {"end": "2026-03-02T08:45:00+08:00", "reason": "organisation.maintenance"},
]


class SplitIn(In):
    """Cut a stop into parts that have reasons of their own."""

    start: Time
    parts: list[PartIn] = Field(min_length=2, max_length=20, examples=[_PARTS])
    user_name: UserName


class CommentIn(In):
    """Say something about a span without touching its reasons."""

    start: Time
    end: Time
    comment: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=2000),
        Field(examples=["等待备件"]),
    ]
    user_name: UserName


class UndoIn(In):
    """Take a change back."""

    change_id: int | None = Field(
        default=None,
        ge=1,
        le=2**63 - 1,
        examples=[1],
        description="null: the newest change that is not undone.",
    )
    user_name: UserName
