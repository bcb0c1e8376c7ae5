"""The province of the boards as the API and the console read it: every KPI of each window, more signals, orders, forms.

`benchmarks.board_plant` makes what boards read. Added here: the KPIs beside OEE, eight signals a machine with their newest
values, inspections, production orders, a counter's rule, life-cycle files and tariffs. States reach back a week, minutes a
day, raw samples an hour: what one answer of the API reads at most by default.
"""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from chejian.stack import EmbeddedPostgres
from chejian_analytics.kpi import KPIS
from chejian_cloud.db.migrate import migrate as migrate_app
from chejian_gateway.migrate import migrate as migrate_telemetry

from benchmarks.board_plant import Province, fill

_KPIS = """
INSERT INTO app.kpi_value (equipment_id, kpi, window_kind, start, "end", value, numerator, denominator, completeness, flags,
                           formula_version, provisional, inputs, computed_at)
SELECT v.equipment_id, k.kpi, v.window_kind, v.start, v."end", least(1, v.value * 1.1), v.numerator, v.denominator,
       v.completeness, v.flags, v.formula_version, v.provisional, '{}', v.computed_at
  FROM app.kpi_value v CROSS JOIN unnest(%(kpis)s::text[]) AS k(kpi)
 WHERE v.kpi = 'oee'
"""
_FACTS = """
INSERT INTO telemetry.series (device_id, name, datatype, unit, quantity, kind, role)
SELECT d.device_id, 'Signal/' || k, CASE k WHEN 1 THEN 12 ELSE 10 END, '', 'ratio', 'measurement', CASE k WHEN 1 THEN 'product' ELSE '' END
  FROM telemetry.device d, generate_series(1, 8) k WHERE d.name NOT LIKE '%%-E%%';
INSERT INTO telemetry.settled_value (series_id, time, value, text, quality)
SELECT series_id, %(now)s, 1, CASE role WHEN 'product' THEN 'P-1' END, 192 FROM telemetry.series WHERE name LIKE 'Signal/%%';
INSERT INTO app.product (enterprise_id, code, name_zh, name_en)
SELECT enterprise_id, 'P-1', '产品', 'Product' FROM app.enterprise;
INSERT INTO app.ideal_cycle (equipment_id, product_id, valid_from, cycle_us)
SELECT e.equipment_id, p.product_id, '2020-01-01', 85000000 FROM app.equipment e JOIN app.product p USING (enterprise_id)
 WHERE e.type <> 'electricity_meter';
INSERT INTO app.production_order (equipment_id, product_id, code, quantity, planned_start, planned_end, started_at, ended_at,
                                  source, user_name, changed_at)
SELECT e.equipment_id, p.product_id, 'MO-' || e.code || '-' || k, 800, t, t + interval '20 hours', t,
       CASE WHEN k > 0 THEN t + interval '21 hours' END, 'api', 'planner', t
  FROM app.equipment e JOIN app.product p USING (enterprise_id) CROSS JOIN generate_series(0, %(days)s - 1) k
 CROSS JOIN LATERAL (SELECT %(now)s::timestamptz - (k * 24 + 6) * interval '1 hour' AS t) x
 WHERE e.type <> 'electricity_meter' ORDER BY t, 1;
INSERT INTO app.inspection_result (equipment_id, time, scrap, rework, comment, user_name)
SELECT e.equipment_id, %(now)s::timestamptz - k * interval '20 hours', 1, 0, '', 'inspector'
  FROM app.equipment e, generate_series(1, %(days)s) k WHERE e.type <> 'electricity_meter';
INSERT INTO app.counter_rule (equipment_id, role, modulus)
SELECT equipment_id, 'good_count', 65536 FROM app.equipment WHERE type <> 'electricity_meter';
"""
_FILES = """
INSERT INTO app.name_plate (equipment_id, manufacturer, model, serial_number, commissioned_on, remark, user_name, changed_at)
SELECT equipment_id, 'Works', type, code, %(now)s::date - %(days)s, '', 'engineer', %(now)s FROM app.equipment;
INSERT INTO app.maintenance_order (equipment_id, kind, title, description, state, found, opened_at, opened_by, started_at,
                                   started_by, closed_at, closed_by, changed_at, changed_by)
SELECT e.equipment_id, 'preventive', 'Service', '', 'done', '', t, 'planner', t, 'fitter', t + interval '1 hour', 'fitter',
       t + interval '1 hour', 'fitter'
  FROM app.equipment e CROSS JOIN generate_series(1, %(days)s, 10) k
 CROSS JOIN LATERAL (SELECT %(now)s::timestamptz - k * interval '1 day' AS t) x ORDER BY t, 1;
INSERT INTO app.fitted_part (equipment_id, code, name, serial_number, place, remark, fitted_at, fitted_by, removal_remark)
SELECT equipment_id, '6205-' || k, 'Bearing', code || '-' || k, 'P' || k, '', %(now)s::timestamptz - %(days)s * interval '1 day',
       'fitter', '' FROM app.equipment, generate_series(1, 5) k;
INSERT INTO app.energy_tariff (enterprise_id, carrier, valid_from, currency, unit, peak, flat, valley, seasons, remark,
                               changed_by, changed_at)
SELECT enterprise_id, 'electricity', '2026-01-01', 'CNY', 'kWh', 0.975, 0.65, 0.325, %(seasons)s::jsonb, '', 'planner', %(now)s
  FROM app.enterprise;
"""
_SEASONS = [
    {
        "months": list(range(1, 13)),
        "periods": [
            {"start": "08:30", "end": "11:30", "band": "peak"},
            {"start": "11:30", "end": "23:00", "band": "flat"},
            {"start": "23:00", "end": "08:30", "band": "valley"},
        ],
    }
]


def top_up(dsn: str, province: Province, now: datetime) -> None:
    """Add to the stored province what the API reads beside the boards."""
    others = [k.id for k in KPIS if k.id != "oee"]
    with psycopg.connect(dsn, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute("SET timezone = 'UTC'; SET work_mem = '256MB'; SET maintenance_work_mem = '256MB'")
        connection.execute(_FACTS, {"now": now, "days": province.days})
        connection.execute(_FILES, {"now": now, "days": province.days, "seasons": json.dumps(_SEASONS)})
        connection.execute(_KPIS, {"kpis": others})
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")


def add_size(parser: argparse.ArgumentParser, *, days: int) -> None:
    """Add the options that say how large a province is, and where it stays."""
    parser.add_argument("--workshops", type=int, default=100)
    parser.add_argument("--machines", type=int, default=20, help="of each workshop")
    parser.add_argument("--days", type=int, default=days)
    parser.add_argument("--data", type=Path, help="folder that keeps the filled server")


def province_of(options: argparse.Namespace) -> Province:
    """The province of the options of `add_size`."""
    return Province(
        workshops=options.workshops,
        machines=options.machines,
        days=options.days,
        minutes=min(25, options.days),
        raw=1,
        states=min(8, options.days),
    )


@contextmanager
def filled(province: Province, folder: Path) -> Iterator[tuple[EmbeddedPostgres, datetime]]:
    """A server over the folder with the province in it, filled unless it has been, and the moment at which it stands.

    Raises:
        SystemExit: the folder holds another province.
    """
    done = folder / "filled.json"
    if not done.exists():
        start = time.perf_counter()
        end = datetime.now(UTC).replace(microsecond=0)
        with EmbeddedPostgres(folder / "data", durable=False) as server:
            fill(server.dsn(), province, end)
            print(f"what boards read: {time.perf_counter() - start:.0f} s", flush=True)
            top_up(server.dsn(), province, end)
        done.write_text(json.dumps({"province": asdict(province), "end": end.isoformat()}), "utf-8")
        print(f"filled in {time.perf_counter() - start:.0f} s", flush=True)
    kept = json.loads(done.read_text("utf-8"))
    if kept["province"] != asdict(province):
        raise SystemExit(f"{folder}: holds {kept['province']}, not {asdict(province)}")
    with EmbeddedPostgres(folder / "data") as server:
        migrate_telemetry(server.dsn())
        migrate_app(server.dsn())
        yield server, datetime.fromisoformat(kept["end"])
