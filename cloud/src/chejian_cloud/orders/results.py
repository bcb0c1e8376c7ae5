"""What became of orders: planned against actual, and the KPIs of ISO 22400-2 by order, from samples and stored facts.

An order is told for one work unit (ISA-95 job order). Where the machine has a signal of role `order`, its times count;
elsewhere those that another system told.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from chejian_analytics.kpi import (
    INDICATORS,
    Kpi,
    OeeInputs,
    Order,
    OrderResult,
    Scope,
    order_result,
    pri_steps,
)
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
from chejian_cloud.worker.inputs import Reader, reader_of
from chejian_cloud.worker.many import Span, Texts, inputs_of, texts_of
from chejian_cloud.worker.setup import load_setups

MAX_RESULTS = 500
"""Orders of one answer: each is read from samples."""
_KPIS: tuple[Kpi[OrderResult], ...] = tuple(k for k in INDICATORS if k.scope is Scope.ORDER)
_DEFINED = {
    kpi.id: {
        name: getattr(kpi, name)
        for name in ("id", "name_zh", "name_en", "unit", "clause", "formula", "formula_version")
    }
    for kpi in _KPIS
}
"""What is told of each KPI whatever the order."""


@dataclass(frozen=True, slots=True)
class _Run:
    """An order in work [us since 1970]; `end_us` is None while it goes on, `until_us` what is told until, after the start."""

    code: str
    start_us: int
    end_us: int | None
    until_us: int

    @classmethod
    def of(cls, code: str, start_us: int, end_us: int | None, now_us: int) -> Self:
        """An order that started and may have ended by now."""
        until = now_us if end_us is None else end_us
        return cls(code, start_us, end_us, max(until, start_us + 1))


def results_in(session: Session, settings: Settings, place: Place, period: TimeRange) -> list[OrderResultOut]:
    """Orders of a place that were in work in a range, or are planned in it and have not begun, by machine and start.

    Raises:
        NotFoundError: when the workshop or the line is not registered.
        InvalidValueError: for a range with too many orders.
    """
    machines = {m.equipment_id: m for m in machines_of(session, place)}
    planned = _planned(session, machines, period)
    readers = {
        key: reader_of(session, settings, setup) for key, setup in load_setups(session, machines).items()
    }
    works = _works(session, readers, planned, period)
    waiting = {key: _waiting(machines[key], works.get(key, ()), rows) for key, rows in planned.items()}
    if sum(map(len, works.values())) + sum(map(len, waiting.values())) > MAX_RESULTS:
        raise _too_many(period)
    spans = [Span(readers[key], run.start_us, run.until_us) for key in machines for run in works.get(key, ())]
    inputs = inputs_of(spans)
    out: list[OrderResultOut] = []
    for key, machine in machines.items():
        by_code = {row["code"]: row for row in planned.get(key, ())}
        out += [
            _result(next(inputs), readers[key], machine, run, by_code.get(run.code))
            for run in works.get(key, ())
        ]
        out += waiting.get(key, [])
    return out


def _planned(session: Session, machines: Collection[int], period: TimeRange) -> dict[int, list[RowMapping]]:
    """Orders of a range that other systems told, by machine."""
    rows = repository.orders(session, machines, period.start, period.end, Part(MAX_RESULTS + 1))
    if len(rows) > MAX_RESULTS:  # each of them is told
        raise _too_many(period)
    out: dict[int, list[RowMapping]] = {}
    for row in rows:
        out.setdefault(row["equipment_id"], []).append(row)
    return out


def _too_many(period: TimeRange) -> InvalidValueError:
    allowed = f"a range with at most {MAX_RESULTS} orders"
    return InvalidValueError("to", period.end.isoformat(), allowed)


def _works(
    session: Session,
    readers: Mapping[int, Reader],
    planned: Mapping[int, Sequence[RowMapping]],
    period: TimeRange,
) -> dict[int, list[_Run]]:
    """Orders in work by machine."""
    now = to_us(utc_now())
    lo, hi = to_us(period.start), min(to_us(period.end), now)
    if lo >= hi:
        return {}
    telling = [key for key, reader in readers.items() if reader.setup.of(Role.ORDER)]
    told = texts_of(session, [(readers[key].setup.of(Role.ORDER), lo, now) for key in telling])
    runs = {key: _told_by_signal(rows, hi, now) for key, rows in zip(telling, told, strict=True)}
    others = {key: rows for key, rows in planned.items() if key not in runs}
    return runs | {key: _told_by_others(rows, hi, now) for key, rows in others.items()}


def _told_by_others(planned: Sequence[RowMapping], hi: int, now: int) -> list[_Run]:
    told = [row for row in planned if row["started_at"] is not None and row["started_at"] < from_us(hi)]
    ends = [None if row["ended_at"] is None else to_us(row["ended_at"]) for row in told]
    return [
        _Run.of(row["code"], to_us(row["started_at"]), end, now) for row, end in zip(told, ends, strict=True)
    ]


def _told_by_signal(texts: Texts, hi: int, now: int) -> list[_Run]:
    """Several runs of one order are told from the first start to the last end."""
    times = [to_us(row.time) for row in texts]
    runs: dict[str, _Run] = {}
    for row, start, end in zip(texts, times, [*times[1:], None], strict=True):
        if row.value and (row.value in runs or start < hi):
            first = runs[row.value].start_us if row.value in runs else start
            runs[row.value] = _Run.of(row.value, first, end, now)
    return list(runs.values())


def _result(
    inputs: OeeInputs, reader: Reader, machine: EquipmentOut, run: _Run, plan: RowMapping | None
) -> OrderResultOut:
    product = plan["product"] if plan is not None else _product(inputs.products)
    steps = pri_steps([run.start_us], [product], reader.setup.cycles)
    pri = int(steps.at(np.array([run.start_us + 1], np.int64))[0])  # a product counts from the instant behind
    order = Order(
        id=run.code,
        product=product,
        planned_quantity=plan["quantity"] if plan is not None else 0,
        start_us=run.start_us,
        end_us=run.until_us,
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


def _waiting(
    machine: EquipmentOut, runs: Sequence[_Run], planned: Sequence[RowMapping]
) -> list[OrderResultOut]:
    """Orders that have not begun: the plan, and no numbers."""
    begun = {run.code for run in runs}
    kpis = [_kpi(kpi, None) for kpi in _KPIS]
    return [
        OrderResultOut(**_plan(machine, row["code"], row["product"], row), kpis=kpis)
        for row in planned
        if row["code"] not in begun
    ]


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
    numbers = {
        "value": value,
        "numerator": None if found is None else kpi.numerator(found),
        "denominator": None if found is None else kpi.denominator(found),
    }
    return OrderKpi.model_validate(_DEFINED[kpi.id] | numbers | {"reason": reason})


def _reason(kpi: Kpi[OrderResult], found: OrderResult) -> str:
    if kpi.id == "actual_to_planned_scrap_ratio" and found.order.planned_scrap is None:
        return "no_planned_scrap"
    return "not_counted" if kpi.numerator(found) is None else "zero_denominator"
