"""Response bodies of lines."""

from pydantic import Field

from chejian_cloud.jsontypes import Moment, Number, Out


class OutputMachine(Out):
    """A machine whose count is the line's output."""

    equipment_id: int = Field(examples=[4])
    code: str = Field(examples=["PCK-01"])
    counts: str = Field(
        examples=["good"],
        description="good: good items; produced: it counts no good ones; none: it has no counter",
    )


class OutputHour(Out):
    """What a line put out in one hour."""

    start: Moment
    end: Moment
    provisional: bool = Field(description="true while the hour runs; the numbers are of its elapsed part")
    products: dict[str, int] = Field(
        examples=[{"POWDER-25": 412}],
        description="Items by product code; '' before the first product was told.",
    )
    completeness: Number = Field(
        description="Known part of the planned busy time of the counting machines; null: nothing was scheduled."
    )


class ProductName(Out):
    """A product of the answer."""

    code: str = Field(examples=["SHAFT-A"])
    name_zh: str
    name_en: str


class LineOutputOut(Out):
    """Output of a line by hour and product."""

    line_id: int = Field(examples=[1])
    registered: bool = Field(
        description="true: the registry names the machines that count; false: all machines of the line do"
    )
    machines: list[OutputMachine]
    products: list[ProductName] = Field(description="Names of the registered ones among the products.")
    hours: list[OutputHour]
