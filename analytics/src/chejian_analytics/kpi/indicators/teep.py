"""Total effective equipment performance: OEE against the calendar instead of the planned busy time."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi
from chejian_analytics.kpi.oee import OeeResult

KPI: Kpi[OeeResult] = Kpi(
    id="teep",
    name_zh="完全有效生产率",
    name_en="Total effective equipment performance",
    clause="not in ISO 22400-2; TPM practice",
    formula="sum(PRI * GQ) / (calendar time - time without data)",
    inputs=(Role.MACHINE_STATE, Role.PRODUCED_COUNT, Role.GOOD_COUNT, Role.SCRAP_COUNT, Role.PRODUCT),
    confidence="B",
    needs=("ideal cycle", "shift calendar"),
    upper=None,
    numerator=lambda r: r.effective_us if r.oee is not None else None,
    denominator=lambda r: r.calendar_us - r.no_data_us,
)
