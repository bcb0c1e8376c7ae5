"""What a simulated plant has said, as an edge should have stored it; and what a database has, without heartbeats."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
from chejian_edge.driver import Raw
from chejian_edge.plan import SignalPlan, load_plan
from chejian_edge.transform import Value
from chejian_simulators.changes import Value as Told
from chejian_simulators.model import PlantModel
from chejian_simulators.plant import load_plant

Point = tuple[int, Any]
"""Time [ms UTC], value."""

_ROWS = """
SELECT device.name || '/' || series.name, (extract(epoch FROM t.time) * 1000)::bigint, t.{value}
  FROM telemetry.{table} t JOIN telemetry.series USING (series_id) JOIN telemetry.device USING (device_id)
 ORDER BY 1, 2, 3
"""
_TABLES = {"sample": "value", "text_sample": "value", "waveform": "data"}


def told(truth: Mapping[str, Any], config: Path) -> dict[str, list[Point]]:
    """Every change that the simulator's model made, passed through what the edge's configuration says of its signal.

    Args:
        truth: the simulator's truth file: seed, epoch and end name the very same changes.
        config: edge.toml.
    """
    model = PlantModel(load_plant(truth["plant"]), seed=truth["seed"], epoch_ms=truth["epoch_ms"])
    model.advance(truth["end_ms"])
    found = {}
    for signal in load_plan(config).signals:
        if signal.device not in model.machines:
            continue  # a meter: its records are counters read by polling, see the report's energy checks
        series = model.machines[signal.device].series.get(signal.definition.name)
        if series is not None:
            pairs = zip(series.times, series.values, strict=True)
            found[f"{signal.device}/{signal.definition.name}"] = _published(signal, pairs)
    return found


def _published(signal: SignalPlan, pairs: Iterable[tuple[int, Told]]) -> list[Point]:
    points: list[Point] = []
    for time_ms, value in pairs:
        made: Value = signal.transform(_raw(value))
        near = isinstance(made, float) and points and abs(made - points[-1][1]) <= signal.deadband
        if not (signal.deadband and near):
            points.append((time_ms, made))
    return points


def _raw(value: Told) -> Raw:
    if value is None or isinstance(value, int | float | str):
        return value
    block: list[float] = value.samples().tolist()
    return block


def stored(dsn: str) -> dict[str, list[Point]]:
    """All rows by "device/signal", in the order of time."""
    found: dict[str, list[Point]] = {}
    with psycopg.connect(dsn) as connection:
        for table, value in _TABLES.items():
            for name, time_ms, content in connection.execute(_ROWS.format(table=table, value=value).encode()):
                found.setdefault(name, []).append((time_ms, content))
    return found


def without_heartbeats(points: list[Point], heartbeat_ms: int) -> list[Point]:
    """Drop repeats of the last value that stand on the heartbeat grid."""
    kept = points[:1]
    kept += [b for a, b in pairwise(points) if a[1] != b[1] or b[0] % heartbeat_ms]
    return kept
