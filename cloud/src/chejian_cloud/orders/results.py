"""What became of orders: planned against actual, and the KPIs of ISO 22400-2 by order, from samples and stored facts.

An order is told for one work unit (ISA-95 job order). Where the machine has a signal of role `order`, its times count;
elsewhere those that another system told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from chejian_analytics.kpi import INDICATORS, Kpi, Order, OrderResult, Scope, order_result, pri_steps
from chejian_contract.signals import Role
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us, to_us, utc_now
from chejian_cloud.config import Settings
from chejian_cloud.errors import InvalidValueError
from chejian_cloud.jsontypes import TimeRange
from chejian_cloud.orders import repository
from chejian_cloud.orders.result_schemas import OrderKpi, OrderResultOut
from chejian_cloud.paging import Part
from chejian_cloud.registry.schemas import EquipmentOut
from chejian_cloud.registry.scope import Scope as Place
from chejian_cloud.registry.service import machines_of
from chejian_cloud.worker.inputs import Reader, make_reader

MAX_RESULTS = 500
"""Orders of one answer: each is read from samples."""
_KPIS: tuple[Kpi[OrderResult], ...] = tuple(k for k in INDICATORS if k.scope is Scope.ORDER)


@dataclass(frozen=True, slots=True)
class _Run:
    """An order in work [us since 1970]; `end_us` is None while it goes on."""

    code: str
    start_us: int
    end_us: int | None


def results_in(session: Session, settings: Settings, place: Place, period: TimeRange) -> list[OrderResultOut]:
    """Orders of a place that were in work in a range, or are planned in it and have not begun, by machine and start.

    Raises:
        NotFoundError: when the workshop or the line is not registered.
        InvalidValueError: for a range with too many orders.
    """
    out: list[OrderResultOut] = []
    for machine in machines_of(session, place):
        reader = make_reader(session, settings, machine.equipment_id)
        planned = repository.orders(
            session, machine.equipment_id, period.start, period.end, Part(MAX_RESULTS + 1)
        )
        by_code = {row["code"]: row for row in planned}
        runs = _runs(reader, planned, period)
        out += [_result(reader, machine, run, by_code.get(run.code)) for run in runs]
        begun = {run.code for run in runs}
        out += [_waiting(machine, row) for row in planned if row["code"] not in begun]
        if len(out) > MAX_RESULTS:
            allowed = f"a range with at most {MAX_RESULTS} orders"
            raise InvalidValueError("to", period.end.isoformat(), allowed)
    return out


def _runs(reader: Reader, planned: Sequence[RowMapping], period: TimeRange) -> list[_Run]:
    """Orders in work; several runs of one order are told from the first start to the last end."""
    now = to_us(utc_now())
    lo, hi = to_us(period.start), min(to_us(period.end), now)
    if lo >= hi:
        return []
    if not reader.setup.of(Role.ORDER):
        told = [row for row in planned if row["started_at"] is not None and row["started_at"] < from_us(hi)]
        ends = [None if row["ended_at"] is None else to_us(row["ended_at"]) for row in told]
        return [_Run(row["code"], to_us(row["started_at"]), end) for row, end in zip(told, ends, strict=True)]
    texts = reader.texts(Role.ORDER, lo, now)
    times = [to_us(row.time) for row in texts]
    runs: dict[str, _Run] = {}
    for row, start, end in zip(texts, times, [*times[1:], None], strict=True):
        if row.value and (row.value in runs or start < hi):
            first = runs[row.value].start_us if row.value in runs else start
            runs[row.value] = _Run(row.value, first, end)
    return list(runs.values())


def _result(reader: Reader, machine: EquipmentOut, run: _Run, plan: RowMapping | None) -> OrderResultOut:
    end = run.end_us if run.end_us is not None else to_us(utc_now())
    inputs = reader.oee_inputs(run.start_us, max(end, run.start_us + 1))
    product = plan["product"] if plan is not None else _product(inputs.products)
    steps = pri_steps([run.start_us], [product], reader.setup.cycles)
    pri = int(steps.at(np.array([run.start_us + 1], np.int64))[0])  # a product counts from the instant behind
    order = Order(
        id=run.code,
        product=product,
        planned_quantity=plan["quantity"] if plan is not None else 0,
        start_us=run.start_us,
        end_us=max(end, run.start_us + 1),
        pri_us=pri or None,
        planned_setup_us=plan["setup_us"] if plan is not None else 0,
        planned_scrap=plan["planned_scrap"] if plan is not None else None,
    )
    found = order_result(order, [inputs])
    terms = found.terms
    return OrderResultOut(
        **_plan(machine, run.code, product, plan),
        planned_execution_us=order.planned_execution_us if plan is not None else None,
        pri_us=order.pri_us,
        start=from_us(run.start_us),
        end=None if run.end_us is None else from_us(run.end_us),
        produced=terms.produced,
        good=terms.good,
        scrap=terms.scrap,
        rework=terms.rework,
        ideal_us=terms.ideal_us,
        aoet_us=found.aoet_us,
        pbt_us=terms.busy_us,
        aubt_us=found.aubt_us,
        apt_us=terms.apt_us,
        aust_us=terms.aust_us,
        adet_us=terms.adet_us,
        no_data_us=terms.no_data_us,
        completeness=terms.completeness,
        flags=list(terms.flags),
        kpis=[_kpi(kpi, found) for kpi in _KPIS],
    )


def _product(products: Sequence[str]) -> str:
    """The product that was told last before the order's end."""
    return products[-1] if products else ""


def _waiting(machine: EquipmentOut, plan: RowMapping) -> OrderResultOut:
    """An order that has not begun: the plan, and no numbers."""
    return OrderResultOut(
        **_plan(machine, plan["code"], plan["product"], plan),
        kpis=[_kpi(kpi, None) for kpi in _KPIS],
    )


def _plan(machine: EquipmentOut, code: str, product: str, plan: RowMapping | None) -> dict[str, Any]:
    names = ("quantity", "planned_start", "planned_end", "setup_seconds", "planned_scrap")
    return {name: plan[name] if plan is not None else None for name in names} | {
        "code": code,
        "product": product,
        "equipment_id": machine.equipment_id,
        "equipment": machine.code,
        "line_id": machine.line_id,
        "line": machine.line,
        "workshop": machine.workshop,
    }


def _kpi(kpi: Kpi[OrderResult], found: OrderResult | None) -> OrderKpi:
    value = kpi.function(found) if found is not None else None
    reason = None
    if value is None:
        reason = "not_begun" if found is None else _reason(kpi, found)
    told = {
        name: getattr(kpi, name)
        for name in ("id", "name_zh", "name_en", "unit", "clause", "formula", "formula_version")
    }
    numbers = {
        "value": value,
        "numerator": None if found is None else kpi.numerator(found),
        "denominator": None if found is None else kpi.denominator(found),
    }
    return OrderKpi.model_validate(told | numbers | {"reason": reason})


def _reason(kpi: Kpi[OrderResult], found: OrderResult) -> str:
    if kpi.id == "actual_to_planned_scrap_ratio" and found.order.planned_scrap is None:
        return "no_planned_scrap"
    return "not_counted" if kpi.numerator(found) is None else "zero_denominator"
