"""Planted faults in the database that the worker reads: each named rightly, nothing else named, over a day and a week.

Cheaper than the whole chain (`test_week.py`): what the simulated machines tell is written as the gateway writes it, states
mapped as the edge maps them, by a node without a ledger, so that a value holds until the next one.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from chejian.demo.plants import plant_file
from chejian.report.database import Database
from chejian.report.evidence import Evidence
from chejian.report.faults import judge_faults
from chejian.report.truth import load_truth
from chejian_cloud.registry.seed import seed
from chejian_contract.signals import SignalKind
from chejian_contract.templates import equipment_types
from chejian_simulators.assembly import STATE_CODES
from chejian_simulators.model import MachinePast, PlantModel
from chejian_simulators.plant import load_plant
from chejian_simulators.truth import write_truth

from tests.cloud.conftest import _build
from tests.cloud.worker.rounds import Bench
from tests.fixtures.fix_postgres import DatabaseServer

pytestmark = [pytest.mark.soak, pytest.mark.timeout(9000)]

EPOCH = datetime(2026, 3, 2, tzinfo=UTC)
EPOCH_MS = int(EPOCH.timestamp() * 1000)
JUDGED = {"bearing", "imbalance", "filter_clogging", "drifting_sensor"}
"""Kinds that diagnoses find; the others are flags of counters and meters, which stay out of this test."""
PLANTED = {
    "harbin": set[tuple[str, str]](),
    "jiamusi": {("bearing", "MTS-21"), ("imbalance", "MTS-22")},
    "qiqihar": {("filter_clogging", "SPD-01"), ("drifting_sensor", "EVP-01")},
}
"""What the plants' files plant, so that a fault nobody planted any more cannot pass unseen; Harbin's machines are sound."""
_TYPES = {SignalKind.STATE: 3, SignalKind.TOTAL_INCREASING: 4, SignalKind.MEASUREMENT: 10}
_TABLES = {
    "sample": "COPY telemetry.sample (time, value, series_id, quality) FROM STDIN",
    "text": "COPY telemetry.text_sample (time, value, series_id, quality) FROM STDIN",
    "waveform": "COPY telemetry.waveform (time, data, series_id, quality, sample_rate) FROM STDIN",
}
GOOD, BAD = 192, 0


def told(past: MachinePast, signal: str) -> Iterator[tuple[int, Any]]:
    """Times [ms] and values of a signal; states as the contract numbers them."""
    states = {code: int(state) for state, code in STATE_CODES[past.config.type].items()}
    series = past.series.get(signal)
    if series is None:
        return
    for time_ms, value in zip(series.times, series.values, strict=True):
        yield time_ms, states[int(str(value))] if signal == "State/MachineState" else value


def write(connection: psycopg.Connection, model: PlantModel) -> None:
    """All that the machines told, with a mark for each hour."""
    (node,) = _one(
        connection,
        "INSERT INTO telemetry.node (group_id, edge_node, online) VALUES (%s, %s, true) RETURNING node_id",
        (model.plant.group, model.plant.node),
    )
    for code, past in model.machines.items():
        (device,) = _one(
            connection,
            "INSERT INTO telemetry.device (node_id, name, online) VALUES (%s, %s, true) RETURNING device_id",
            (node, code),
        )
        for signal in equipment_types()[past.config.type].signals.values():
            datatype = _TYPES.get(signal.kind, 30 if signal.kind is SignalKind.WAVEFORM else 12)
            (series,) = _one(
                connection,
                "INSERT INTO telemetry.series (device_id, name, datatype, unit, quantity, kind, role)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING series_id",
                (device, signal.name, datatype, signal.unit, signal.quantity, signal.kind, signal.role),
            )
            _copy(connection, series, told(past, signal.name))
        hours = (model.now_ms - EPOCH_MS) // 3_600_000
        connection.execute(
            "INSERT INTO telemetry.dirty (device_id, hour, lo, hi)"
            " SELECT %s, h, h, h + interval '59 min 59 s' FROM generate_series(%s::timestamptz, %s, interval '1 hour') h",
            (device, EPOCH, EPOCH + timedelta(hours=hours - 1)),
        )


def _one(connection: psycopg.Connection, query: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return tuple(row)


def _copy(connection: psycopg.Connection, series: int, values: Iterator[tuple[int, Any]]) -> None:
    rows = [(datetime.fromtimestamp(ms / 1000, UTC), value) for ms, value in values]
    if not rows:
        return
    sample = next((value for _, value in rows if value is not None), 0.0)
    kind = "text" if isinstance(sample, str) else "sample" if isinstance(sample, int | float) else "waveform"
    with connection.cursor() as cursor, cursor.copy(_TABLES[kind]) as copy:
        for time, value in rows:
            if kind == "waveform":
                copy.write_row((time, value.samples().tobytes(), series, GOOD, float(value.sample_rate)))
            else:
                silent = value is None
                copy.write_row(
                    (
                        time,
                        ("" if kind == "text" else 0.0) if silent else value,
                        series,
                        BAD if silent else GOOD,
                    )
                )


@pytest.mark.parametrize("hours", [24, 168])
@pytest.mark.parametrize(
    ("plant", "seed_number"),
    [("jiamusi", 1), ("qiqihar", 1), ("harbin", 1), ("jiamusi", 5), ("qiqihar", 2), ("harbin", 2)],
)
def test_planted_faults_are_named_and_nothing_else(
    postgres_server: DatabaseServer,
    make_database: Callable[..., str],
    tmp_path: Path,
    plant: str,
    seed_number: int,
    hours: int,
) -> None:
    dsn = make_database(template=postgres_server.template("cloud", _build))
    seed(dsn, plant_file(plant, "registry.toml"))
    model = PlantModel(load_plant(plant), seed=seed_number, epoch_ms=EPOCH_MS)
    end_ms = EPOCH_MS + hours * 3_600_000
    model.advance(end_ms)
    with psycopg.connect(dsn) as connection:
        write(connection, model)
    with Bench(dsn, EPOCH + timedelta(hours=hours), diagnosis_budget=3600.0) as bench:
        bench.settle(diagnose=True)
    write_truth(model, end_ms, tmp_path / "truth.json")
    truth = load_truth(tmp_path / "truth.json")
    with closing(Database(dsn)) as database:
        evidence = Evidence(
            truth,
            truth.closed_ms,
            [],
            {code: database.diagnoses(code) for code in truth.equipment},
            {},
            {code: database.named(code) for code in truth.equipment},
        )
    verdicts = [v for v in judge_faults(evidence) if v.kind in JUDGED or v.verdict == "false"]
    for v in verdicts:
        delay = "" if v.delay_s is None else f", delay {v.delay_s / 3600:.2f} h"
        sys.stdout.write(
            f"\n{plant} seed {seed_number} {hours} h: {v.kind} {v.subject}: {v.verdict}{delay}; {v.evidence}"
        )
    shown = json.dumps([str(v) for v in verdicts], indent=1)
    assert {v.verdict for v in verdicts} <= {"found"}, shown
    assert {(v.kind, v.subject) for v in verdicts} == PLANTED[plant], shown
