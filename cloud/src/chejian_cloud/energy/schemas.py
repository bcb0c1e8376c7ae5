"""Response bodies of energy.

`amount` is always whole register units (Wh, g, L), exact; `value` is the same in the carrier's unit (kWh, kg, m3, t).
"per unit" means for one good item of the output: of the machine for a meter that counts one machine, of the machines
that the registry names as output for a line, of all its lines for a workshop.
"""

from pydantic import Field

from chejian_cloud.jsontypes import Moment, Number, Out

_KINDS = "hour, shift or day"
_FLAGS = (
    "meter_gap: readings too far apart; meter_reset: the register fell, what it shows counts from 0; meter_rollover;"
    " meter_replaced; no_factor: no conversion factor holds; meter_missing: a meter that is needed has no value here"
)


class FactorUsed(Out):
    """The conversion factor that a figure was computed with, frozen into it."""

    kgce: str = Field(examples=["0.1229"], description="[kgce per unit], decimal text as tabulated.")
    unit: str = Field(examples=["kWh"])
    per_unit: int = Field(examples=[1000], description="Register units in one unit.")
    value: str = Field(examples=["equivalent"], description="equivalent 当量值 or equal 等价值")
    valid_from: str = Field(examples=["2009-01-01"], description="First day.")
    valid_to: str | None = Field(description="First day on which it no longer holds; null: still in force.")
    source: str = Field(examples=["GB/T 2589-2020 Annex A (2008 edition: the same)"])
    confidence: str = Field(examples=["A"], description="A: two sources, B: one, C: to be verified")
    origin: str = Field(examples=["chejian"], description="chejian: ships with it; site: the site's own")


class FactorOut(Out):
    """A registered conversion factor to standard coal."""

    carrier: str = Field(examples=["electricity"])
    unit: str = Field(examples=["kWh"])
    value: str = Field(examples=["equivalent"], description="equivalent 当量值 or equal 等价值")
    kgce: str = Field(examples=["0.1229"], description="[kgce per unit]")
    valid_from: str = Field(examples=["2009-01-01"])
    valid_to: str | None
    source: str
    confidence: str = Field(examples=["A"])
    note: str
    origin: str = Field(examples=["chejian"], description="chejian or site; the site's wins")
    used: bool = Field(description="Whether figures of today use it.")


class Reading(Out):
    """The newest value of a signal."""

    time: Moment
    value: Number = Field(examples=[61220310400.0])
    unit: str = Field(examples=["Wh"])
    quality: int = Field(examples=[192], description="192 good, 64 uncertain, 0 bad, 500 stale")


class MeterOut(Out):
    """A meter with its place in the tree and what it shows now."""

    equipment_id: int = Field(examples=[12])
    code: str = Field(examples=["EM-Q02"])
    name_zh: str = Field(examples=["蒸发器电表"])
    name_en: str = Field(examples=["Evaporator electricity meter"])
    type: str = Field(examples=["electricity_meter"])
    workshop_id: int
    workshop: str = Field(examples=["QQH-W1"])
    line_id: int
    line: str = Field(examples=["P1"])
    carrier: str = Field(examples=["electricity"])
    unit: str = Field(examples=["kWh"], description="Of the carrier.")
    register_unit: str = Field(examples=["Wh"])
    per_unit: int = Field(examples=[1000], description="Register units in one unit.")
    parent: str | None = Field(examples=["EM-Q01"], description="Code of the meter above it.")
    parent_id: int | None
    machines: list[str] = Field(examples=[["EVP-01"]], description="Codes of what it counts.")
    made_on_site: bool = Field(
        description="The site makes this medium from energy counted elsewhere: not added to standard coal."
    )
    interval_s: float = Field(examples=[60.0], description="Distance of its readings [s].")
    modulus: int | None = Field(description="Where the register starts again at 0.")
    reading: Reading | None = Field(description="Newest register value.")
    rate: Reading | None = Field(description="Newest rate: kW, kg/h or m3/h.")


class EnergyValueOut(Out):
    """What a meter shows of one window; never without completeness, flags and factor."""

    equipment_id: int = Field(examples=[12], description="Of the meter.")
    meter: str = Field(examples=["EM-Q02"])
    carrier: str = Field(examples=["electricity"])
    unit: str = Field(examples=["kWh"])
    register_unit: str = Field(examples=["Wh"])
    window: str = Field(examples=["shift"], description=_KINDS)
    start: Moment
    end: Moment
    amount: int = Field(examples=[1804233], description="Register units, exact.")
    value: float = Field(examples=[1804.233], description="In `unit`.")
    output: int | None = Field(
        examples=[96], description="Good items of its machine; null unless it counts exactly one."
    )
    per_unit: Number = Field(examples=[18.794], description="`value` for one good item; null without output.")
    kgce: Number = Field(examples=[221.74], description="Standard coal; null without a factor.")
    kgce_per_unit: Number
    factor: FactorUsed | None
    completeness: float = Field(examples=[1.0], description="Share of the (elapsed) window with readings.")
    flags: list[str] = Field(examples=[[]], description=_FLAGS)
    provisional: bool = Field(
        description="true while the window is open; the numbers are of its elapsed part"
    )
    formula_version: str = Field(examples=["1"])
    computed_at: Moment


class ShareOut(Out):
    """Energy of one machine state, product or order."""

    label: str = Field(
        examples=["7"],
        description="State number, '0' for no data; or product or order, '' when none is told.",
    )
    name: str | None = Field(
        examples=["IDLE"], description="Name of the state; null for products and orders."
    )
    amount: int = Field(examples=[120033], description="Register units, exact.")
    value: float = Field(examples=[120.033])
    part: Number = Field(examples=[0.066], description="Of the total of the same windows, 0 to 1.")
    seconds: float = Field(examples=[5400.0], description="How long it held.")
    output: int | None = Field(description="Good items; null for states and without a counter.")
    per_unit: Number
    kgce: Number
    kgce_per_unit: Number


class SharesWindow(Out):
    """The shares of one window."""

    start: Moment
    end: Moment
    provisional: bool
    completeness: float
    shares: list[ShareOut]


class SharesOut(Out):
    """A meter's energy by state, product or order over the windows of a range."""

    equipment_id: int = Field(examples=[12], description="Of the meter.")
    meter: str = Field(examples=["EM-Q02"])
    machine: str = Field(examples=["EVP-01"])
    carrier: str = Field(examples=["electricity"])
    unit: str = Field(examples=["kWh"])
    register_unit: str = Field(examples=["Wh"])
    by: str = Field(examples=["states"], description="states, products or orders")
    window: str = Field(examples=["hour"], description=_KINDS)
    start: Moment | None = Field(description="Start of the first window; null: there is none.")
    end: Moment | None = Field(description="End of the last window.")
    amount: int = Field(description="Register units of all windows; the shares add up to it.")
    value: float
    completeness: Number = Field(description="Of the least complete window.")
    provisional: bool
    shares: list[ShareOut] = Field(
        description="Over all windows, largest first; of orders over the whole days of each order."
    )
    windows: list[SharesWindow] = Field(description="Of each window, earliest first.")


class CarrierSum(Out):
    """One carrier of a line or workshop in one window."""

    carrier: str = Field(examples=["electricity"])
    unit: str = Field(examples=["kWh"])
    register_unit: str = Field(examples=["Wh"])
    amount: int | None = Field(
        description="Its top meters less the sub-meters that stand elsewhere; null: one of them has no value."
    )
    value: Number
    per_unit: Number
    kgce: Number
    kgce_per_unit: Number
    counted: bool = Field(description="Whether its kgce is in the total; false: the site makes it itself.")
    sub_metered: int | None = Field(
        description="Register units that the meters directly below its top meters show; null: there are none."
    )
    remainder: int | None = Field(
        description="Unmetered: top meters with sub-meters less these. Negative: tree, ratio or readings are wrong."
    )
    remainder_completeness: Number = Field(
        description="Of the least complete meter of the remainder; null: there are no sub-meters."
    )
    completeness: float = Field(description="Of the least complete meter that makes the amount.")
    flags: list[str] = Field(description=_FLAGS + " Of all meters that are needed.")
    meters: list[str] = Field(examples=[["EM-Q02", "EM-Q03"]], description="Its top meters.")
    factors: list[FactorUsed] = Field(description="Distinct factors that were used.")


class WorkshopEnergy(Out):
    """Energy of a workshop's running shift."""

    workshop_id: int = Field(examples=[1])
    start: Moment
    end: Moment
    provisional: bool
    kgce: Number = Field(description="Comprehensive energy consumption (GB/T 2589-2020); null: incomplete.")
    carriers: list[CarrierSum]


class EnergySumOut(Out):
    """Energy of a line or workshop in one window."""

    window: str = Field(examples=["shift"], description=_KINDS)
    start: Moment
    end: Moment
    provisional: bool
    output: int | None = Field(description="Good items of the output machines; null: none counts.")
    output_machines: list[str] = Field(examples=[["PCK-01"]])
    output_completeness: Number = Field(description="Of the least complete of them.")
    kgce: Number = Field(description="Comprehensive energy consumption (GB/T 2589-2020); null: incomplete.")
    kgce_per_unit: Number
    carriers: list[CarrierSum]
