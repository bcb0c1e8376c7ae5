"""The cases say the same to an engine that shares no code with ours, so they are not merely what ours does."""

from typing import Any

import pytest

from tests.analytics.kpi import golden
from tests.analytics.kpi.second_engine import Engine, at


@pytest.mark.parametrize("name", golden.names())
def test_another_engine_gets_what_a_case_says(name: str) -> None:
    case = golden.read(name)
    engine = Engine(case)
    for given in case["windows"]:
        span = at(given["start"]), at(given["end"])
        assert engine.seconds(*span) == {k: v for k, v in given["seconds"].items() if v}
        told: dict[str, Any] = {**engine.counts(*span), **engine.events(*span)}
        for key, value in {**given.get("counts", {}), **given.get("events", {})}.items():
            assert told[key] == value, key
        kpis = engine.kpis(*span)
        for key, value in given["kpis"].items():
            assert kpis[key] == (None if value is None else pytest.approx(value, abs=1e-9)), key
        if "completeness" in given:
            assert engine.completeness(*span) == pytest.approx(given["completeness"], abs=1e-12)
