"""Orders planned against actual as rows of a file."""

from collections.abc import Iterable
from typing import Any, Final

from chejian_analytics.kpi import INDICATORS, Scope

from chejian_cloud.orders.result_schemas import OrderResultOut

_TIMES: Final = {
    "poet_s": "planned_execution_us",
    "pri_s": "pri_us",
    "aoet_s": "aoet_us",
    "pbt_s": "pbt_us",
    "aubt_s": "aubt_us",
    "apt_s": "apt_us",
    "aust_s": "aust_us",
    "adet_s": "adet_us",
    "no_data_s": "no_data_us",
}
"""Column -> field of microseconds."""
_KPIS: Final = tuple(kpi.id for kpi in INDICATORS if kpi.scope is Scope.ORDER)
HEAD: Final = (
    *("order", "workshop", "line", "machine", "product", "poq", "pq", "gq", "sq", "rq"),
    *(
        "planned_start",
        "planned_end",
        "start",
        "end",
        "psq",
        "psut_s",
        *_TIMES,
        "completeness",
        "flags",
        *_KPIS,
    ),
)
"""Columns; quantities and times by their symbols in ISO 22400-2."""


def table(orders: Iterable[OrderResultOut]) -> Iterable[list[Any]]:
    """Rows below `HEAD`; times are seconds, as every other system takes them."""
    for order in orders:
        values = {kpi.id: kpi.value for kpi in order.kpis}
        yield [
            *(order.code, order.workshop, order.line, order.equipment, order.product),
            *(order.quantity, order.produced, order.good, order.scrap, order.rework),
            *(order.planned_start, order.planned_end, order.start, order.end),
            *(order.planned_scrap, order.setup_seconds),
            *(_seconds(getattr(order, field)) for field in _TIMES.values()),
            order.completeness,
            " ".join(order.flags),
            *(values[kpi] for kpi in _KPIS),
        ]


def _seconds(us: int | None) -> float | None:
    return None if us is None else us / 1e6
