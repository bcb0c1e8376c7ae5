"""Output of a line by hour and product, counted from samples as the KPIs count."""

from chejian_analytics.kpi import OeeInputs, Windows, hour_windows, product_counts
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us, to_us, utc_now
from chejian_cloud.jsontypes import TimeRange
from chejian_cloud.lines import repository
from chejian_cloud.lines.schemas import LineOutputOut, OutputHour, OutputMachine, ProductName
from chejian_cloud.registry.scope import Scope
from chejian_cloud.registry.service import machines_of
from chejian_cloud.worker.inputs import Reader
from chejian_cloud.worker.many import Span, inputs_of
from chejian_cloud.worker.setup import load_setups

_HOLD_US = 60_000_000
"""[us] How far before the range samples are read; the last count before it is found however old it is."""
_BUSY = ("apt_us", "aust_us", "adet_us", "adot_us")


def output_of(session: Session, line_id: int, period: TimeRange) -> LineOutputOut:
    """Output of a line in the hours that overlap a range.

    The machines are those that the registry names for the line's output, else all of the line.

    Raises:
        NotFoundError: when the line is not registered.
    """
    machines = machines_of(session, Scope(line_id=line_id))
    named = repository.counting(session, line_id)
    counting = [m for m in machines if m.equipment_id in named] if named else machines
    if not counting:
        return LineOutputOut(line_id=line_id, registered=False, machines=[], products=[], hours=[])
    windows = hour_windows(counting[0].timezone, to_us(period.start), to_us(period.end))
    sums: list[dict[str, int]] = [{} for _ in range(len(windows))]
    told = []
    lo, hi = int(windows.start_us[0]), int(windows.end_us[-1])
    setups = load_setups(session, [m.equipment_id for m in counting])
    spans = [Span(Reader(session, setups[m.equipment_id], _HOLD_US), lo, hi) for m in counting]
    for machine, inputs in zip(counting, inputs_of(spans), strict=True):
        counts, inside = _counted(inputs, windows)
        told.append(OutputMachine(equipment_id=machine.equipment_id, code=machine.code, counts=counts))
        _add(sums, inside)
    codes = {code for products in sums for code in products}
    return LineOutputOut(
        line_id=line_id,
        registered=bool(named),
        machines=told,
        products=[ProductName.model_validate(p) for p in repository.products(session, line_id, codes)],
        hours=_hours(session, [m.equipment_id for m in counting], windows, sums),
    )


def _counted(inputs: OeeInputs, windows: Windows) -> tuple[str, list[dict[str, int]]]:
    """Which items a machine counts, and how many of each product in each window."""
    items: list[dict[str, int]] = [{} for _ in range(len(windows))]
    if inputs.good is None and inputs.produced is None:
        return "none", items
    for row in product_counts(inputs, windows):
        count = row.produced if inputs.good is None else row.good
        if count:
            items[row.window][row.product] = count
    return ("produced" if inputs.good is None else "good"), items


def _add(sums: list[dict[str, int]], more: list[dict[str, int]]) -> None:
    for total, products in zip(sums, more, strict=True):
        for code, items in products.items():
            total[code] = total.get(code, 0) + items


def _hours(
    session: Session, equipment_ids: list[int], windows: Windows, sums: list[dict[str, int]]
) -> list[OutputHour]:
    now = to_us(utc_now())
    known: dict[int, list[int]] = {}
    lo, hi = from_us(int(windows.start_us[0])), from_us(int(windows.end_us[-1]))
    for start, terms in repository.hours(session, equipment_ids, lo, hi):
        busy, missing = known.setdefault(to_us(start), [0, 0])
        known[to_us(start)] = [busy + sum(terms[name] for name in _BUSY), missing + terms["no_data_us"]]
    return [
        OutputHour(
            start=from_us(start),
            end=from_us(end),
            provisional=end > now,
            products=products,
            completeness=_share(*known[start]) if start in known else 0.0,
        )
        for start, end, products in zip(windows.start_us.tolist(), windows.end_us.tolist(), sums, strict=True)
        if start < now
    ]


def _share(busy: int, missing: int) -> float | None:
    return busy / (busy + missing) if busy + missing else None
