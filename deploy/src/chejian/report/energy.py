"""Energy of meters, in the counter's unit (Wh, g, L): exact by window, and per unit of what their machine made."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from chejian.report.checks import Check, WindowFigures
from chejian.report.thresholds import thresholds
from chejian.report.truth import HOUR_MS, EquipmentTruth, Row, Truth

Found = Mapping[str, Mapping[int, Row]]
"""Rows of `Database.energy`: by kind of window and start [ms]."""


def meter_figures(truth: Truth, code: str, found: Found, end_ms: int) -> list[WindowFigures]:
    """Truth beside measurement for each hour and shift of a meter that closed before `end_ms`.

    Args:
        truth: of the plant.
        code: of the meter.
        found: what is stored of it.
        end_ms: end of closed time [ms].
    """
    meter = truth.meters[code]
    machine = only_machine(truth, meter)
    out = []
    for kind, rows in (("hour", meter["hours"]), ("shift", meter["shifts"])):
        for row in rows:
            if row["end_ms"] > end_ms:
                continue
            have = found.get(kind, {}).get(row["start_ms"])
            out.append(
                WindowFigures(
                    code,
                    kind,
                    str(row.get("code", "")),
                    int(row["start_ms"]),
                    int(row["end_ms"]),
                    _expected(meter, machine, kind, row),
                    {} if have is None else _measured(have),
                )
            )
    return out


def only_machine(truth: Truth, meter: Row) -> EquipmentTruth | None:
    """The machine behind a meter that measures exactly one and nothing else."""
    codes = meter["machines"]
    return truth.equipment[codes[0]] if len(codes) == 1 and not meter["children"] else None


def _expected(meter: Row, machine: EquipmentTruth | None, kind: str, row: Row) -> Row:
    output = None
    if machine is not None:
        made = {w["start_ms"]: w["good"] for w in machine.windows[kind]}
        output = made.get(row["start_ms"])
    return {
        "carrier": meter["carrier"],
        "unit": meter["unit"],
        "amount": row["amount"],
        "completeness": 1.0 if row["complete"] else None,
        "output": output,
        "per_unit": row["amount"] / output if output else None,
    }


def _measured(row: Row) -> Row:
    output = row["output"]
    names = ("amount", "completeness", "covered_us", "output", "kgce", "flags", "provisional")
    return {**{n: row[n] for n in names}, "per_unit": row["amount"] / output if output else None}


def compare_meter(truth: Truth, code: str, windows: Sequence[WindowFigures], found: Found) -> Iterator[Check]:
    """Every closed window exact, the whole run exact, energy per unit right; a recording played to its last row.

    A window whose edge fell into a silence has an amount that only its total can prove; it must say so.
    """
    meter = truth.meters[code]
    have = [w for w in windows if w.measured and not w.measured["provisional"]]
    yield Check(code, "closed windows of the meter computed", have == list(windows), len(have), len(windows))
    whole = [w for w in have if w.truth["completeness"] == 1.0]
    wrong = sum(w.measured["amount"] != w.truth["amount"] for w in whole)
    yield Check(code, "windows whose energy differs", wrong == 0, wrong, 0)
    partial = [w for w in have if w.truth["completeness"] != 1.0]
    silent = sum(w.measured["completeness"] == 1.0 for w in partial)
    yield Check(code, "windows without a reading at an edge shown as complete", silent == 0, silent, 0)
    total = sum(int(row["amount"]) for row in found.get("hour", {}).values())
    yield Check(
        code, f"energy of the whole run [{meter['unit']}]", total == meter["total"], total, meter["total"]
    )
    yield from _per_unit(code, whole)


def _per_unit(code: str, windows: Sequence[WindowFigures]) -> Iterator[Check]:
    limit = thresholds().energy_per_unit.limit
    errors = [
        relative(w.measured["per_unit"], w.truth["per_unit"])
        for w in windows
        if w.kind == "shift" and w.truth["per_unit"] is not None
    ]
    if errors:
        worst = max(errors)
        yield Check(code, "energy per unit by shift, largest error", worst <= limit, worst, f"<= {limit:g}")


def relative(measured: float | None, expected: float) -> float:
    """Relative error; 1 when nothing was measured."""
    return 1.0 if measured is None else abs(measured - expected) / expected


def compare_shares(truth: Truth, code: str, found: Found, end_ms: int) -> Iterator[Check]:
    """Energy per unit by product and by order, of a meter with one machine, over the closed hours.

    Args:
        truth: of the plant.
        code: of the meter.
        found: what is stored of it.
        end_ms: end of closed time [ms].
    """
    meter = truth.meters[code]
    machine = only_machine(truth, meter)
    if machine is None:
        return
    hours = [
        hour
        for hour in machine.energy[str(meter["carrier"])]["hours"]
        if hour["start_ms"] + HOUR_MS <= end_ms
    ]
    rows = [row for start, row in sorted(found.get("hour", {}).items()) if start + HOUR_MS <= end_ms]
    most = max((sum(hour["by_order"].values()) for hour in hours), default=0) / 1000
    step = thresholds().meter_steps.limit * most * meter["interval_ms"] / HOUR_MS
    for kind, label, amount, good, changes in (
        *_products(machine, hours, end_ms),
        *_orders(machine, hours, end_ms),
    ):
        have = [row["shares"].get(kind, {}).get(label, {}) for row in rows]
        used, made = (sum(int(share.get(name) or 0) for share in have) for name in ("amount", "output"))
        allowed = max(thresholds().energy_per_unit.limit, changes * step / amount)
        error = relative(used / made if made else None, amount / good)
        name = f"energy per unit by {kind} [{meter['unit']}]"
        measured = f"{label}: {used} / {made}, {100 * error:.4f} % off"
        ok = made == good and error <= allowed
        yield Check(code, name, ok, measured, f"{amount:.3f} / {good}, at most {100 * allowed:.4f} %")


Share = tuple[str, str, float, int, int]
"""Kind and label; energy [counter units] and good items; times at which it began or ended."""


def _products(machine: EquipmentTruth, hours: Sequence[Row], end_ms: int) -> Iterator[Share]:
    product_of = {order["id"]: str(order["product"]) for order in machine.orders}
    amounts: dict[str, int] = {}
    for hour in hours:
        for order, amount in hour["by_order"].items():
            product = product_of.get(order, "")
            amounts[product] = amounts.get(product, 0) + amount
    for product, amount in amounts.items():
        windows = [w["by_product"].get(product, {}) for w in machine.windows["hour"] if w["end_ms"] <= end_ms]
        good = sum(made.get("good", 0) for made in windows)
        changes = 2 * sum(order["product"] == product for order in machine.orders)
        if product and good:
            yield "product", product, amount / 1000, good, changes


def _orders(machine: EquipmentTruth, hours: Sequence[Row], end_ms: int) -> Iterator[Share]:
    """Orders that were finished in closed time: another one has begun behind them."""
    finished = (
        [a for a, b in pairwise(machine.orders) if b["start_ms"] <= end_ms] if machine.tells_orders else []
    )
    for order in finished:
        amount = sum(hour["by_order"].get(order["id"], 0) for hour in hours)
        if amount and order["good"]:
            yield "order", str(order["id"]), amount / 1000, int(order["good"]), 2
