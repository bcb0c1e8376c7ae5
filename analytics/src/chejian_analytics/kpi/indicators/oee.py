"""Overall equipment effectiveness: what the good items should have taken, of the planned busy time."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi
from chejian_analytics.kpi.oee import OeeResult

KPI: Kpi[OeeResult] = Kpi(
    id="oee",
    name_zh="设备综合效率",
    name_en="Overall equipment effectiveness",
    clause="ISO 22400-2:2014, overall equipment effectiveness index",
    formula="sum(PRI * GQ) / PBT = availability * effectiveness * quality ratio",
    inputs=(Role.MACHINE_STATE, Role.PRODUCED_COUNT, Role.GOOD_COUNT, Role.SCRAP_COUNT, Role.PRODUCT),
    formula_version="2",  # 2: the stored terms tell the classes below the categories
    needs=("ideal cycle", "shift calendar"),
    upper=None,
    exact=lambda r: r.oee,
    stored=True,
    numerator=lambda r: r.effective_us if r.oee is not None else None,
    denominator=lambda r: r.busy_us,
)
