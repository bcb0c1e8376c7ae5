"""How a number came about: computed once more from the samples, with every interval, count, cycle and reason shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chejian_analytics.kpi import (
    KPIS,
    LOSSES,
    NO_REASON,
    OeeInputs,
    OeeResult,
    TimeIntervals,
    Windows,
    product_counts,
    time_intervals,
    window_oee,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us, to_us, utc_now
from chejian_cloud.config import Settings
from chejian_cloud.db.app import KpiRevision, KpiValue
from chejian_cloud.errors import InvalidValueError, NotFoundError
from chejian_cloud.kpi.losses import bars, steps
from chejian_cloud.kpi.report_schemas import (
    CycleUsed,
    ExplainedCorrection,
    ExplainedInterval,
    ExplainedProduct,
    ExplanationOut,
)
from chejian_cloud.kpi.schemas import KpiOut, KpiRevisionOut, KpiValueOut
from chejian_cloud.kpi.stored import Classified, classified, hours_of
from chejian_cloud.reasons.tree import ReasonNode, load_tree
from chejian_cloud.registry.service import require_equipment
from chejian_cloud.states.service import state_name
from chejian_cloud.worker.inputs import Reader, make_reader
from chejian_cloud.worker.retention import floor_us

MAX_INTERVALS = 5000
"""Intervals in one explanation; a day of a busy machine has a few hundred."""


@dataclass(frozen=True, slots=True)
class _Made:
    """What the window was made of."""

    classified: Classified | None
    result: OeeResult | None
    inputs: OeeInputs | None


def explain(
    session: Session, settings: Settings, equipment_id: int, *, kpi: str, window: str, start: datetime
) -> ExplanationOut:
    """Explain one stored value.

    Raises:
        NotFoundError: when the equipment or the value does not exist.
        InvalidValueError: for a KPI that is not computed by window.
    """
    definition = next((k for k in KPIS if k.id == kpi), None)
    if definition is None:
        raise InvalidValueError("kpi", kpi, ", ".join(k.id for k in KPIS))
    equipment = require_equipment(session, equipment_id)
    row = session.get(KpiValue, (equipment_id, kpi, window, start))
    whole = session.get(KpiValue, (equipment_id, "oee", window, start))
    if row is None or whole is None:
        raise NotFoundError(f"{kpi} of this {window}", "start", start.isoformat())
    reader = make_reader(session, settings, equipment_id)
    lo, hi = to_us(row.start), min(to_us(row.end), to_us(row.computed_at))
    now_us = to_us(utc_now())
    floor = floor_us(reader.setup.calendar, now_us, round(settings.raw_retention * 1_000_000))
    made = _from_samples(reader, lo, hi) if lo >= floor else _from_storage(reader, lo, hi, row)
    tree = load_tree(session)
    agrees = None if made.inputs is None or made.result is None else made.result.terms() == whole.inputs
    return ExplanationOut(
        equipment_id=equipment_id,
        code=equipment.code,
        name_zh=equipment.name_zh,
        name_en=equipment.name_en,
        timezone=equipment.timezone,
        kpi=KpiOut.model_validate(definition),
        value=KpiValueOut.model_validate(row),
        terms=whole.inputs,
        waterfall=steps(made.result),
        from_samples=made.inputs is not None,
        agrees=agrees,
        intervals=_intervals(made.classified, tree),
        products=_products(reader, made.inputs, lo, hi),
        corrections=_corrections(made.inputs),
        reasons=bars([made.classified], tree, None) if made.classified else [],
        revisions=_revisions(session, row),
    )


def _from_samples(reader: Reader, lo: int, hi: int) -> _Made:
    inputs = reader.oee_inputs(lo, hi)
    found = Classified(time_intervals(inputs, lo, hi), tuple(inputs.reasons))
    (result,) = window_oee(inputs, Windows.of([lo], [hi]))
    return _Made(found, result, inputs)


def _from_storage(reader: Reader, lo: int, hi: int, row: KpiValue) -> _Made:
    hours = hours_of(reader.session, [row.equipment_id], row.start, row.end).get(row.equipment_id, [])
    result = hours[0].result() if row.window_kind == "hour" and hours else None
    key = reader.setup.equipment_id
    return _Made(classified(reader.session, {key: reader.setup}, lo, hi).get(key), result, None)


def _intervals(found: Classified | None, tree: Mapping[str, ReasonNode]) -> list[ExplainedInterval]:
    if found is None:
        return []
    intervals = found.intervals
    return [_interval(intervals, i, found, tree) for i in range(min(len(intervals), MAX_INTERVALS))]


def _interval(
    intervals: TimeIntervals, i: int, found: Classified, tree: Mapping[str, ReasonNode]
) -> ExplainedInterval:
    index = int(intervals.reason[i])
    code = None if index == NO_REASON else found.spans[index].reason
    node = tree.get(code) if code is not None else None
    state = int(intervals.state[i])
    return ExplainedInterval(
        start=from_us(int(intervals.start_us[i])),
        end=from_us(int(intervals.end_us[i])),
        state=state,
        state_name=state_name(state),
        category=intervals.names()[i],
        loss=LOSSES[int(intervals.loss[i])].value,
        reason=code,
        reason_zh=node.name_zh if node else None,
        reason_en=node.name_en if node else None,
    )


def _products(reader: Reader, inputs: OeeInputs | None, lo: int, hi: int) -> list[ExplainedProduct]:
    if inputs is None:
        return []
    return [
        ExplainedProduct(
            product=row.product,
            produced=row.produced,
            good=row.good,
            scrap=row.scrap,
            rework=row.rework,
            ideal_us=row.ideal_us,
            unknown_items=row.unknown_items,
            cycles=_cycles(reader, row.product, lo, hi),
        )
        for row in product_counts(inputs, Windows.of([lo], [hi]))
    ]


def _cycles(reader: Reader, product: str, lo: int, hi: int) -> list[CycleUsed]:
    """Ideal cycles of a product that were valid in the window."""
    own = sorted((c for c in reader.setup.cycles if c.product == product), key=lambda c: c.valid_from_us)
    valid = [
        c
        for i, c in enumerate(own)
        if c.valid_from_us < hi and (i + 1 == len(own) or own[i + 1].valid_from_us > lo)
    ]
    return [CycleUsed(seconds=c.pri_us / 1_000_000, valid_from=from_us(c.valid_from_us)) for c in valid]


def _corrections(inputs: OeeInputs | None) -> list[ExplainedCorrection]:
    found = inputs.corrections if inputs is not None else ()
    return [ExplainedCorrection(time=from_us(c.time_us), scrap=c.scrap, rework=c.rework) for c in found]


def _revisions(session: Session, row: KpiValue) -> list[KpiRevisionOut]:
    statement = (
        select(KpiRevision)
        .filter_by(equipment_id=row.equipment_id, kpi=row.kpi, window_kind=row.window_kind, start=row.start)
        .order_by(KpiRevision.revised_at.desc())
    )
    return [KpiRevisionOut.model_validate(r) for r in session.scalars(statement)]
