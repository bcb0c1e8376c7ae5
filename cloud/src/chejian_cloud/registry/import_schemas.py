"""Response bodies of registry imports."""

from pydantic import Field

from chejian_cloud.jsontypes import Out
from chejian_cloud.problems import RowProblem


class ImportOut(Out):
    """What came, or would come, of a registry table."""

    rows: int = Field(examples=[2000], description="Rows below the header.")
    workshops_added: int = Field(examples=[1])
    workshops_changed: int = Field(examples=[0])
    lines_added: int = Field(examples=[4])
    lines_changed: int = Field(examples=[0])
    equipment_added: int = Field(examples=[1990])
    equipment_changed: int = Field(examples=[4])
    equipment_unchanged: int = Field(examples=[6])
    feeds_added: int = Field(examples=[1990], description="Devices that feed an equipment from now on.")
    hours_marked: int = Field(
        default=0, examples=[0], description="Hours that are computed anew because of it."
    )


class ChangeOut(Out):
    """A value that a table would add or change."""

    row: int = Field(examples=[2])
    kind: str = Field(examples=["equipment"])
    code: str = Field(examples=["CNC-01"])
    column: str = Field(examples=["name_zh"], description="'' for what is new.")
    before: str = Field(examples=["一号加工中心"])
    after: str = Field(examples=["一号立式加工中心"])


class ImportPreview(ImportOut):
    """What a table would change, or every error in it."""

    error_count: int = Field(examples=[1], description="All errors; `errors` holds the first 1000.")
    errors: list[RowProblem]
    changes: list[ChangeOut] = Field(description="The first 500; none while there are errors.")
