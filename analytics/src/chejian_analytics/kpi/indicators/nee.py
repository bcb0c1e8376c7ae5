"""Net equipment effectiveness: OEE that does not blame set-up."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi
from chejian_analytics.kpi.oee import OeeResult, nee_numerator


def _numerator_us(result: OeeResult) -> int | None:
    """Sum of PRI x GQ x AUPT / APT, rounded down to whole microseconds so that it fits a 64-bit column."""
    return nee_numerator(result) // result.apt_us if result.apt_us and result.nee is not None else None


KPI: Kpi[OeeResult] = Kpi(
    id="nee",
    name_zh="净设备效率",
    name_en="Net equipment effectiveness",
    clause="ISO 22400-2:2014, net equipment effectiveness index",
    formula="AUPT / PBT * effectiveness * quality ratio",
    inputs=(Role.MACHINE_STATE, Role.PRODUCED_COUNT, Role.GOOD_COUNT, Role.SCRAP_COUNT, Role.PRODUCT),
    needs=("ideal cycle", "shift calendar"),
    upper=None,
    exact=lambda r: r.nee,
    stored=True,
    numerator=_numerator_us,
    denominator=lambda r: r.busy_us,
)
