"""Bodies of registry edits, and the registry of an enterprise as a tree whose nodes can be edited."""

from typing import Annotated

from chejian_contract.equipment import MAX_CODE_LENGTH, check_code
from chejian_contract.errors import IdentifierError
from chejian_contract.templates import equipment_types
from pydantic import AfterValidator, Field, StringConstraints

from chejian_cloud.jsontypes import Out
from chejian_cloud.reasons.schemas import In, UserName
from chejian_cloud.registry.scope import MAX_ID

_MAX_POSITION = 32_767
"""Largest number of the column (PostgreSQL smallint)."""


def _code(text: str) -> str:
    try:
        return check_code(text, "registry")
    except IdentifierError as error:
        raise ValueError(str(error)) from error


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("text without control characters")
    return text


def _type(text: str) -> str:
    if text not in equipment_types():
        raise ValueError(", ".join(equipment_types()))
    return text


Code = Annotated[str, StringConstraints(min_length=1, max_length=MAX_CODE_LENGTH), AfterValidator(_code)]
NameZh = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_printable),
]
NameEn = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_printable)]
Type = Annotated[str, StringConstraints(max_length=64), AfterValidator(_type)]
CityCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Position = Annotated[int, Field(ge=0, le=_MAX_POSITION)]
Id = Annotated[int, Field(ge=1, le=MAX_ID)]


class NamesIn(In):
    """Names of an enterprise or a line, and who gives them."""

    name_zh: NameZh = Field(examples=["机加线"])
    name_en: NameEn = Field(default="", examples=["Machining line"])
    user_name: UserName = Field(examples=["王工"])


class NewIn(NamesIn):
    """A new enterprise or line."""

    code: Code = Field(examples=["L2"])


class WorkshopIn(NamesIn):
    """A workshop as it is to be."""

    city_code: CityCode = Field(examples=["230100"], description="GB/T 2260.")
    calendar: str = Field(
        max_length=64, examples=["HRB-2S"], description="Code of a calendar; its time zone holds."
    )


class NewWorkshopIn(WorkshopIn):
    """A new workshop."""

    code: Code = Field(examples=["HRB-W2"])


class EquipmentIn(NamesIn):
    """An equipment as it is to be; another line moves it."""

    type: Type = Field(examples=["cnc_machining_centre"])
    position: Position = Field(examples=[3], description="Place in the flow of the line.")
    line_id: Id = Field(examples=[1])


class NewEquipmentIn(NamesIn):
    """A new equipment of a line."""

    code: Code = Field(examples=["CNC-07"])
    type: Type = Field(examples=["cnc_machining_centre"])
    position: Position | None = Field(default=None, examples=[3], description="null: behind the last one.")


class AddedOut(Out):
    """The id of what was added."""

    id: int = Field(examples=[7])


class Node(Out):
    """Something that can be edited; `etag` is what its edit takes as `If-Match`."""

    id: int = Field(examples=[1])
    code: str = Field(examples=["L1"])
    name_zh: str = Field(examples=["机加线"])
    name_en: str = Field(examples=["Machining line"])
    etag: str = Field(default="", examples=['"0f343b0931126a20f133d67c2b018a3b"'])


class EquipmentNode(Node):
    """An equipment of the tree."""

    type: str = Field(examples=["cnc_machining_centre"])
    position: int = Field(examples=[1])
    line_id: int = Field(examples=[1])


class LineNode(Node):
    """A line of the tree."""

    equipment: list[EquipmentNode]


class WorkshopNode(Node):
    """A workshop of the tree."""

    city_code: str = Field(examples=["230100"])
    calendar: str = Field(examples=["HRB-2S"])
    lines: list[LineNode]


class RegistryOut(Node):
    """An enterprise with all below it, in the order of the codes; equipment in that of the flow."""

    calendars: list[str] = Field(
        examples=[["HRB-2S"]], description="Codes of calendars that its workshops may use."
    )
    workshops: list[WorkshopNode]
