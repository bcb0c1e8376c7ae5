"""A small plant for the report's tests: two hours, a machine behind a meter, a gap, and planted faults."""

from typing import Any

from chejian.report.truth import HOUR_MS, EquipmentTruth, Truth

END_MS = 2 * HOUR_MS


def hour(start_ms: int, made: dict[str, int]) -> dict[str, Any]:
    by_product = {p: {"produced": n, "good": n, "scrap": 0} for p, n in made.items()}
    times = dict.fromkeys(
        ("not_scheduled_us", "planned_stop_us", "no_data_us", "adot_us", "adet_us", "aust_us"), 0
    )
    total = sum(made.values())
    return {
        "start_ms": start_ms,
        "end_ms": start_ms + HOUR_MS,
        **times,
        "apt_us": HOUR_MS * 1000,
        "produced": total,
        "good": total,
        "scrap": 0,
        "by_product": by_product,
        "ideal_us": HOUR_MS * 500,
        "availability": 1.0,
        "effectiveness": 0.5,
        "quality_ratio": 1.0,
        "oee": 0.5,
    }


def waveform(time_ms: int, part: str | None) -> dict[str, Any]:
    return {
        "time_ms": time_ms,
        "part": part,
        "grade": None,
        "source": "model",
        "count": 12_000,
        "sample_rate": 12_000,
    }


MACHINE = EquipmentTruth(
    "M-1",
    states=((0, END_MS, 1),),
    counts={"produced": list(range(50)), "good": list(range(50)), "scrap": []},
    windows={
        "hour": (hour(0, {"P": 30}), hour(HOUR_MS, {"Q": 20})),
        "shift": (hour(0, {"P": 30, "Q": 20}) | {"code": "A", "end_ms": END_MS},),
    },
    waveforms=(waveform(HOUR_MS // 2, None), waveform(HOUR_MS + 60_000, "outer_race")),
    energy={
        "electricity": {
            "hours": [
                {"start_ms": 0, "by_order": {"o1": 60_000_000}},
                {"start_ms": HOUR_MS, "by_order": {"o2": 40_000_000}},
            ]
        }
    },
    orders=(
        {"id": "o1", "product": "P", "start_ms": 0, "end_ms": HOUR_MS, "good": 30},
        {"id": "o2", "product": "Q", "start_ms": HOUR_MS, "end_ms": END_MS, "good": 20},
    ),
    tells_orders=True,
)


def meter(**changes: Any) -> dict[str, Any]:
    windows = [
        {"start_ms": 0, "end_ms": HOUR_MS, "amount": 60_000, "complete": True},
        {"start_ms": HOUR_MS, "end_ms": END_MS, "amount": 40_000, "complete": True},
    ]
    return {
        "carrier": "electricity",
        "unit": "Wh",
        "machines": ["M-1"],
        "children": [],
        "interval_ms": 60_000,
        "records": 121,
        "first": [0, 5],
        "last": [END_MS, 100_005],
        "total": 100_000,
        "hours": windows,
        "shifts": [{"code": "A", "start_ms": 0, "end_ms": END_MS, "amount": 100_000, "complete": True}],
        **changes,
    }


def fault(kind: str, equipment: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "equipment": equipment, "signal": None, "onset_ms": HOUR_MS, "end_ms": None, **more}


def truth(*faults: dict[str, Any], **meters: dict[str, Any]) -> Truth:
    return Truth("p", "g", "N", 1, 0, END_MS + 60_000, {"M-1": MACHINE}, meters, faults)


def energy_row(
    amount: int, output: int, shares: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    return {
        "amount": amount,
        "output": output,
        "completeness": 1.0,
        "covered_us": HOUR_MS * 1000,
        "kgce": 1.0,
        "flags": [],
        "provisional": False,
        "shares": shares or {},
        **changes,
    }


def share(product: str, order: str, amount: int, output: int) -> dict[str, Any]:
    part = {"amount": amount, "us": HOUR_MS * 1000, "output": output}
    return {"product": {product: part}, "order": {order: part}}


def energy() -> dict[str, dict[int, dict[str, Any]]]:
    """What a right platform stores of the meter."""
    return {
        "hour": {
            0: energy_row(60_000, 30, share("P", "o1", 60_000, 30)),
            HOUR_MS: energy_row(40_000, 20, share("Q", "o2", 40_000, 20)),
        },
        "shift": {0: energy_row(100_000, 50)},
    }
