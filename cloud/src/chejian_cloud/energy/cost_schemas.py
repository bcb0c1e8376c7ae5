"""Response bodies of the cost of energy. Money is exact decimal text, so that parts add up to their total."""

from pydantic import Field

from chejian_cloud.jsontypes import Moment, Number, Out


class CostBand(Out):
    """Energy and cost of one band of one tariff."""

    valid_from: str | None = Field(
        examples=["2026-01-01"], description="First day of the tariff; null: none is registered of that time."
    )
    band: str | None = Field(
        examples=["peak"],
        description="sharp 尖峰, peak 高峰, flat 平段, valley 低谷, deep_valley 深谷; null without a tariff.",
    )
    price: str | None = Field(examples=["0.9750"], description="Per unit.")
    amount: int = Field(examples=[352000], description="Register units of the time that is known, exact.")
    value: float = Field(examples=[352.0], description="In `unit`.")
    cost: str | None = Field(
        examples=["343.2"], description="Of `amount`, exact; null without a tariff: unknown, not 0."
    )
    share: Number = Field(description="Of the carrier's cost, 0 to 1; null without one.")
    hours: float = Field(examples=[12.0], description="Time of the band in the range.")
    unknown_hours: float = Field(
        examples=[0.0], description="Of it without a known amount: neither in `amount` nor in `cost`."
    )
    completeness: float = Field(examples=[1.0], description="Part of the time with readings, 0 to 1.")


class CarrierCost(Out):
    """Cost of one carrier; what no tariff is of has energy and no cost."""

    carrier: str = Field(examples=["electricity"])
    unit: str = Field(examples=["kWh"])
    register_unit: str = Field(examples=["Wh"])
    currency: str = Field(examples=["CNY"])
    meters: list[str] = Field(examples=[["EM-01"]], description="Its top meters.")
    amount: int = Field(description="Register units of all bands.")
    value: float
    cost: str | None = Field(
        examples=["1022.4"], description="Of the bands with a tariff, exact; null: no tariff is registered."
    )
    mean_price: Number = Field(examples=[0.68], description="`cost` per unit of what has a tariff.")
    cost_per_item: Number = Field(description="For one good item of the output; null without output.")
    unpriced: float = Field(examples=[0.0], description="Energy of time without a tariff, in `unit`.")
    unknown_hours: float = Field(examples=[0.0])
    completeness: float = Field(examples=[1.0])
    tariffs: list[str] = Field(examples=[["2026-01-01"]], description="First days of the tariffs used.")
    remarks: list[str] = Field(examples=[["示例电价"]], description="Of these tariffs, in their order.")
    bands: list[CostBand] = Field(description="By tariff and band; their amounts and costs add up exactly.")


class CostOut(Out):
    """Cost of a workshop's energy over whole hours."""

    start: Moment
    end: Moment = Field(description="Up to the present at most.")
    provisional: bool = Field(description="Whether an hour of it is still open.")
    output: int | None = Field(description="Good items of the output machines; null: none counts.")
    output_machines: list[str] = Field(examples=[["PCK-01"]])
    carriers: list[CarrierCost]
