"""The OEE family as `Kpi` objects. Clauses name the KPI sheet of ISO 22400-2:2014 by its title."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi
from chejian_analytics.kpi.oee import OeeResult, nee_numerator

_COUNTS = (Role.PRODUCED_COUNT, Role.GOOD_COUNT, Role.SCRAP_COUNT)


def _nee_numerator_us(result: OeeResult) -> int | None:
    """Sum of PRI x GQ x AUPT / APT, rounded down to whole microseconds so that it fits a 64-bit column."""
    return nee_numerator(result) // result.apt_us if result.apt_us and result.nee is not None else None


OEE = Kpi(
    id="oee",
    name_zh="设备综合效率",
    name_en="Overall equipment effectiveness",
    unit="1",
    clause="ISO 22400-2:2014, overall equipment effectiveness index",
    formula="sum(PRI * GQ) / PBT = availability * effectiveness * quality ratio",
    formula_version="2",
    inputs=(Role.MACHINE_STATE, *_COUNTS, Role.PRODUCT),
    function=lambda r: r.oee,
    numerator=lambda r: r.effective_us if r.oee is not None else None,
    denominator=lambda r: r.busy_us,
)

AVAILABILITY = Kpi(
    id="availability",
    name_zh="可用率",
    name_en="Availability",
    unit="1",
    clause="ISO 22400-2:2014, availability",
    formula="APT / PBT",
    formula_version="1",
    inputs=(Role.MACHINE_STATE,),
    function=lambda r: r.availability,
    numerator=lambda r: r.apt_us,
    denominator=lambda r: r.busy_us,
)

EFFECTIVENESS = Kpi(
    id="effectiveness",
    name_zh="有效性",
    name_en="Effectiveness",
    unit="1",
    clause="ISO 22400-2:2014, effectiveness",
    formula="sum(PRI * PQ) / APT",
    formula_version="1",
    inputs=(Role.MACHINE_STATE, Role.PRODUCED_COUNT, Role.PRODUCT),
    function=lambda r: r.effectiveness,
    numerator=lambda r: r.ideal_us if r.effectiveness is not None else None,
    denominator=lambda r: r.apt_us,
)

QUALITY_RATIO = Kpi(
    id="quality_ratio",
    name_zh="质量合格率",
    name_en="Quality ratio",
    unit="1",
    clause="ISO 22400-2:2014, quality ratio",
    formula="GQ / PQ",
    formula_version="1",
    inputs=_COUNTS,
    function=lambda r: r.quality_ratio,
    numerator=lambda r: r.good if r.quality_ratio is not None else None,
    denominator=lambda r: r.produced,
)

NEE = Kpi(
    id="nee",
    name_zh="净设备效率",
    name_en="Net equipment effectiveness",
    unit="1",
    clause="ISO 22400-2:2014, net equipment effectiveness index",
    formula="AUPT / PBT * effectiveness * quality ratio",
    formula_version="1",
    inputs=(Role.MACHINE_STATE, *_COUNTS, Role.PRODUCT),
    function=lambda r: r.nee,
    numerator=_nee_numerator_us,
    denominator=lambda r: r.busy_us,
)
