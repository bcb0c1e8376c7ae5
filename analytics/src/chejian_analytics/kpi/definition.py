"""What a KPI is: its words, its clause, what it asks for, and how it is read off a result."""

from collections.abc import Callable
from dataclasses import dataclass

from chejian_contract.signals import Role

from chejian_analytics.kpi.oee import OeeResult

Part = Callable[[OeeResult], int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """A key performance indicator.

    Attributes:
        id: stable key in the database and the API.
        name_zh: 中文名称.
        name_en: English name.
        unit: of the value; "1" is a ratio.
        clause: where the formula is fixed.
        formula: the formula in the standard's symbols.
        formula_version: rises whenever the same inputs would give another number.
        inputs: roles of the signals that it needs.
        function: value of a result; None where undefined.
        numerator: of the value, a whole number below 2^63; None where the value is undefined for want of counts.
        denominator: of the value, a whole number.
    """

    id: str
    name_zh: str
    name_en: str
    unit: str
    clause: str
    formula: str
    formula_version: str
    inputs: tuple[Role, ...]
    function: Callable[[OeeResult], float | None]
    numerator: Part
    denominator: Part
