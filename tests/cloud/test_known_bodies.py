"""Bodies of values that are not validated are written like those that are."""

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from chejian_cloud.kpi.schemas import EquipmentKpis, KpiValueOut
from pydantic import TypeAdapter

START = datetime(2026, 3, 2, 8, tzinfo=timezone(timedelta(hours=8)))
VALUES: dict[str, Any] = {
    "kpi": "oee",
    "window": "hour",
    "start": START,
    "end": START.astimezone(UTC) + timedelta(hours=1, microseconds=1),
    "value": 0.1,
    "numerator": 1e16,
    "denominator": 3.0,
    "completeness": None,
    "flags": ["mixed_products"],
    "formula_version": "1",
    "provisional": False,
    "inputs": {"good": 3, "text": "车间"},
    "computed_at": START,
}


@pytest.mark.parametrize("value", [0.0, 1e-7, math.nan, math.inf, None])
def test_a_known_body_is_written_like_a_validated_one(value: float | None) -> None:
    values = VALUES | {"value": value}
    validated = KpiValueOut.model_validate(values | {"window_kind": values["window"]})
    known = KpiValueOut.known(dict(values))
    adapter = TypeAdapter(list[EquipmentKpis])
    machines = [EquipmentKpis(equipment_id=1, code="CNC-01", values=[own]) for own in (validated, known)]
    first, second = (adapter.dump_json([machine]) for machine in machines)
    assert first == second
    assert known.model_fields_set == validated.model_fields_set


def test_known_bodies_do_not_share_what_they_hold() -> None:
    first, second = KpiValueOut.known(dict(VALUES)), KpiValueOut.known(VALUES | {"kpi": "availability"})
    first.kpi = "effectiveness"
    assert (first.kpi, second.kpi) == ("effectiveness", "availability")
