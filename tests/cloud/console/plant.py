"""Three workshops in the real tables: a day of states and KPIs, diagnoses, ledgers, dead letters, a foreign node.

The rows are plausible and consistent (times sum up, ledgers balance), not the worker's own results: what is tested here
are pages, not numbers. Everything follows from the seed and the moment `now`.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta

import numpy as np
import psycopg
from chejian_analytics.diagnosis import BearingOrders, diagnose_bearing
from chejian_analytics.kpi import KPIS, OeeTerms, oee
from chejian_cloud.db import app as a
from chejian_cloud.db.engine import make_engine
from chejian_cloud.db.migrate import migrate as migrate_app
from chejian_contract.signals import SignalDef, SignalKind
from chejian_contract.states import STATE_CATEGORY, MachineState
from chejian_contract.templates import equipment_types
from chejian_gateway.migrate import migrate as migrate_telemetry
from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from tests.cloud.console.plant_meters import METERS, fill_meters
from tests.cloud.console.plant_shifts import SHANGHAI, shift_times, shift_windows

HOUR = timedelta(hours=1)
HISTORY = 26 * HOUR
GAP = (timedelta(hours=9), timedelta(hours=8, minutes=10))
"""CNC-03 was silent from 9 h to 8 h 10 min before now."""
STOPS = ((time(12), 30), (time(18), 20), (time(0), 30), (time(6), 20))
BEARING = BearingOrders(bpfo=3.5848, bpfi=5.4152, ftf=0.39828, bsf2=4.7135, name="6205-2RS JEM SKF")
MACHINES = (
    ("CNC-01", "L1", "cnc_machining_centre", "1号加工中心", "Machining centre 1"),
    ("CNC-02", "L1", "cnc_machining_centre", "2号加工中心", "Machining centre 2"),
    ("CNC-03", "L1", "cnc_machining_centre", "3号加工中心", "Machining centre 3"),
    ("CNC-04", "L1", "cnc_machining_centre", "4号加工中心", "Machining centre 4"),
    ("MTS-01", "T1", "motor_test_stand", "1号电机试验台", "Motor test stand 1"),
    ("MTS-02", "T1", "motor_test_stand", "2号电机试验台", "Motor test stand 2"),
)
DAIRY = (
    ("EVP-01", "P1", "evaporator", "蒸发器", "Evaporator"),
    ("SPD-01", "P1", "spray_dryer", "喷雾干燥塔", "Spray dryer"),
    ("FIL-01", "P1", "filling_line", "1号灌装线", "Filling line 1"),
    ("FIL-02", "P1", "filling_line", "2号灌装线", "Filling line 2"),
    ("PCK-01", "P1", "packing_line", "包装线", "Packing line"),
)
"""Machines of the second workshop in the order of their flow, which is not that of their codes."""
WORKSHOPS = {
    "HRB-W1": ("哈尔滨动力装备车间", "Harbin power equipment workshop", "230100"),
    "QQR-W1": ("齐齐哈尔乳粉车间", "Qiqihar milk powder workshop", "230200"),
    "JMS-W1": ("佳木斯电机车间", "Jiamusi motor workshop", "230800"),
}
"""Code -> names and city; the third one has no machines yet."""
LINES = {
    "L1": ("HRB-W1", "机加线", "Machining line"),
    "T1": ("HRB-W1", "试验线", "Test line"),
    "P1": ("QQR-W1", "乳粉生产线", "Powder line"),
}
FAULTS = (("outer_race", 3.5848), ("inner_race", 5.4152), (None, 0.0), (None, 0.0))
SAMPLE_RATE = 12_000.0
RPM = 1797.0


@dataclass(frozen=True)
class Interval:
    """A run of one state and category."""

    start: datetime
    end: datetime
    state: int
    category: str


def fill(dsn: str, now: datetime, *, seed: int = 5, history: bool = True) -> None:
    """Migrate the empty database `dsn` and store the plant as it would stand at `now`.

    Args:
        dsn: URL of an empty database.
        now: present moment, aware.
        seed: of all that is random.
        history: False leaves the registry alone, as before the first message.
    """
    migrate_telemetry(dsn)
    migrate_app(dsn)
    ids = _register(dsn, now)
    if not history:
        return
    with psycopg.connect(dsn) as connection:
        _partitions(connection)
        node = _node(connection, now)
        dairy = _dairy_node(connection, now)
        for code, line, type_, _, _ in MACHINES + DAIRY:
            rng = random.Random(f"{seed}/{code}")
            intervals = list(_day(rng, code, now))
            _store_states(connection, ids[code], intervals)
            _store_kpis(connection, ids[code], intervals, now, ideal_s=90 if type_.startswith("cnc") else 600)
            series = _series(
                connection, dairy if line == "P1" else node, code, type_, now, rng, int(intervals[-1].state)
            )
            if type_ == "motor_test_stand":
                _store_diagnoses(connection, ids[code], series, now, seed)
        fill_meters(connection, ids, dairy, now, seed)
        _foreign(connection, now)


def _register(dsn: str, now: datetime) -> dict[str, int]:
    engine = make_engine(dsn, application="tests")
    with Session(engine) as session, session.begin():
        enterprise = a.Enterprise(code="hlj-demo", name_zh="黑龙江示范企业", name_en="Heilongjiang demo")
        calendar = a.Calendar(code="2S", timezone="Asia/Shanghai")
        session.add_all([enterprise, calendar])
        session.flush()
        first, second = shift_times(now)
        shifts = (("A", "白班", "Day", first, second), ("B", "夜班", "Night", second, first))
        session.add_all(
            a.Shift(calendar_id=calendar.calendar_id, code=c, name_zh=z, name_en=e, start=s, end=t)
            for c, z, e, s, t in shifts
        )
        workshops = {
            code: a.Workshop(
                enterprise_id=enterprise.enterprise_id,
                calendar_id=calendar.calendar_id,
                code=code,
                name_zh=zh,
                name_en=en,
                timezone="Asia/Shanghai",
                city_code=city,
            )
            for code, (zh, en, city) in WORKSHOPS.items()
        }
        session.add_all(workshops.values())
        session.flush()
        lines = {
            code: a.Line(workshop_id=workshops[workshop].workshop_id, code=code, name_zh=zh, name_en=en)
            for code, (workshop, zh, en) in LINES.items()
        }
        session.add_all(lines.values())
        session.flush()
        ids = {}
        for position, (code, line, type_, zh, en) in enumerate(MACHINES + DAIRY + METERS):
            machine = a.Equipment(
                enterprise_id=enterprise.enterprise_id,
                workshop_id=lines[line].workshop_id,
                line_id=lines[line].line_id,
                code=code,
                name_zh=zh,
                name_en=en,
                type=type_,
                position=position,
            )
            session.add(machine)
            session.flush()
            ids[code] = machine.equipment_id
            node = LINES[line][0]
            session.add(
                a.EquipmentFeed(
                    equipment_id=machine.equipment_id, group_id="hlj-demo", edge_node=node, device=code
                )
            )
            if type_ == "motor_test_stand":
                session.add(
                    a.Bearing(
                        equipment_id=machine.equipment_id,
                        position="drive_end",
                        designation=BEARING.name,
                        signal="Vibration/DriveEnd",
                        bpfo=BEARING.bpfo,
                        bpfi=BEARING.bpfi,
                        ftf=BEARING.ftf,
                        bsf2=BEARING.bsf2,
                        mains_hz=60.0,
                    )
                )
    engine.dispose()
    return ids


def _partitions(connection: psycopg.Connection) -> None:
    for table in ("sample", "text_sample", "waveform"):
        connection.execute(f"CREATE TABLE telemetry.{table}_all PARTITION OF telemetry.{table} DEFAULT")


def _node(connection: psycopg.Connection, now: datetime) -> int:
    row = connection.execute(
        "INSERT INTO telemetry.node (group_id, edge_node, ledger_id, contract_version, online, bd_seq, born_at,"
        " last_seen, sequence_gaps) VALUES ('hlj-demo', 'HRB-W1', 4611686018427387904, '1', true, 3, %s, %s, 2)"
        " RETURNING node_id",
        (now - 3 * HOUR, now),
    ).fetchone()
    assert row is not None
    connection.execute(
        "INSERT INTO telemetry.ledger (node_id, ledger_id, stored, dead, lost, stored_samples, dead_samples,"
        " produced_batches, produced_samples, announced_at) VALUES (%s, 4611686018427387904,"
        " '{[1,1200),[1203,8001)}', '{[1200,1202)}', '{[1202,1203)}', 150233, 12, 8004, 150300, %s)",
        (row[0], now - timedelta(seconds=4)),
    )
    connection.execute(
        "INSERT INTO telemetry.dead_letter (received, topic, node_id, ledger_id, batch, samples, reason, payload)"
        " VALUES (%s, 'spBv1.0/hlj-demo/DDATA/HRB-W1/CNC-02', %s, 4611686018427387904, 1200, 6,"
        " 'alias 77 is unknown', 'x'), (%s, 'spBv1.0/hlj-demo/DDATA/HRB-W1/CNC-04', %s, 4611686018427387904, 1201, 6,"
        " 'source time 2019-01-01T00:00:00Z is too old', 'y')",
        (now - 5 * HOUR, row[0], now - 4 * HOUR, row[0]),
    )
    return int(row[0])


def _dairy_node(connection: psycopg.Connection, now: datetime) -> int:
    row = connection.execute(
        "INSERT INTO telemetry.node (group_id, edge_node, ledger_id, contract_version, online, bd_seq, born_at,"
        " last_seen, sequence_gaps) VALUES ('hlj-demo', 'QQR-W1', 4711, '1', true, 1, %s, %s, 0)"
        " RETURNING node_id",
        (now - HISTORY, now),
    ).fetchone()
    assert row is not None
    connection.execute(
        "INSERT INTO telemetry.ledger (node_id, ledger_id, stored, dead, lost, stored_samples, dead_samples,"
        " produced_batches, produced_samples, announced_at) VALUES (%s, 4711, '{[1,501)}', '{}', '{}', 9000, 0,"
        " 500, 9000, %s)",
        (row[0], now - timedelta(seconds=4)),
    )
    return int(row[0])


def _planned_stop(moment: datetime) -> tuple[bool, datetime]:
    """Whether a planned stop runs at `moment`, and when that changes."""
    edges = []
    for day in (-1, 0, 1):
        for at, minutes in STOPS:
            start = datetime.combine(moment.astimezone(SHANGHAI).date() + timedelta(days=day), at, SHANGHAI)
            end = start + timedelta(minutes=minutes)
            if start <= moment < end:
                return True, end.astimezone(UTC)
            if start > moment:
                edges.append(start.astimezone(UTC))
    return False, min(edges)


def _day(rng: random.Random, code: str, now: datetime) -> Iterator[Interval]:
    """Contiguous intervals from the begin of the history to now; the running states differ by machine."""
    last = {"CNC-02": MachineState.FAULT, "CNC-04": MachineState.STARVED, "MTS-02": MachineState.IDLE}.get(
        code
    )
    moment, state = now - HISTORY, MachineState.PRODUCING
    others = [s for s in MachineState if s not in (MachineState.PRODUCING, MachineState.OFF)]
    while moment < now:
        minutes = rng.uniform(15, 90) if state == MachineState.PRODUCING else rng.uniform(1, 20)
        end = min(now, moment + timedelta(minutes=minutes))
        if now - end < timedelta(minutes=12):
            end = now
            state = last or state
        yield from _cut(code, moment, end, state, now)
        moment = end
        state = rng.choice(others) if state == MachineState.PRODUCING else MachineState.PRODUCING


def _cut(code: str, start: datetime, end: datetime, state: MachineState, now: datetime) -> Iterator[Interval]:
    silent = (now - GAP[0], now - GAP[1]) if code == "CNC-03" else (now, now)
    while start < end:
        stopped, change = _planned_stop(start)
        upto = min([end, change] + [edge for edge in silent if start < edge])
        known = not silent[0] <= start < silent[1]
        if not known:
            yield Interval(start, upto, 0, "NO_DATA")
        else:
            yield Interval(start, upto, int(state), "PDT" if stopped else STATE_CATEGORY[state].value)
        start = upto


def _store_states(connection: psycopg.Connection, equipment: int, intervals: Sequence[Interval]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            'INSERT INTO app.state_interval (equipment_id, start, "end", state, category) VALUES (%s, %s, %s, %s, %s)',
            [(equipment, i.start, i.end, i.state, i.category) for i in intervals],
        )


def _windows(now: datetime) -> Iterator[tuple[str, datetime, datetime]]:
    local = now.astimezone(SHANGHAI)
    hour = now.replace(minute=0, second=0, microsecond=0)
    for back in range(25):
        yield "hour", hour - back * HOUR, hour - (back - 1) * HOUR
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    yield "day", midnight, midnight + 24 * HOUR
    for start, end in shift_windows(now, HISTORY):
        yield "shift", start, end


def _terms(intervals: Sequence[Interval], start: datetime, end: datetime, ideal_s: int) -> OeeTerms:
    sums = dict.fromkeys(("APT", "AUST", "ADET", "ADOT", "PDT", "NO_DATA"), 0)
    for i in intervals:
        length = min(i.end, end) - max(i.start, start)
        if length > timedelta():
            sums[i.category] += round(length.total_seconds() * 1_000_000)
    calendar = round((end - start).total_seconds() * 1_000_000)
    sums["NO_DATA"] += calendar - sum(sums.values())
    produced = sums["APT"] // round(ideal_s * 1_060_000)
    good = produced - produced // 40
    us = ideal_s * 1_000_000
    return OeeTerms(
        calendar_us=calendar,
        not_scheduled_us=0,
        planned_stop_us=sums["PDT"],
        no_data_us=sums["NO_DATA"],
        adot_us=sums["ADOT"],
        adet_us=sums["ADET"],
        aust_us=sums["AUST"],
        apt_us=sums["APT"],
        ideal_us=produced * us,
        effective_us=good * us,
        produced=produced,
        good=good,
        scrap=produced - good,
    )


def _store_kpis(
    connection: psycopg.Connection, equipment: int, intervals: Sequence[Interval], now: datetime, ideal_s: int
) -> None:
    for kind, start, end in _windows(now):
        result = oee(_terms(intervals, start, min(end, now), ideal_s))
        for kpi in KPIS:
            connection.execute(
                'INSERT INTO app.kpi_value (equipment_id, kpi, window_kind, start, "end", value, numerator, denominator,'
                " completeness, flags, formula_version, provisional, inputs, computed_at)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    equipment,
                    kpi.id,
                    kind,
                    start,
                    end,
                    kpi.function(result),
                    kpi.numerator(result),
                    kpi.denominator(result),
                    result.completeness,
                    list(result.flags),
                    kpi.formula_version,
                    end > now,
                    Jsonb(result.terms() if kpi.id == "oee" else {}),
                    now,
                ),
            )


def _series(
    connection: psycopg.Connection,
    node: int,
    code: str,
    type_: str,
    now: datetime,
    rng: random.Random,
    state: int,
) -> dict[str, int]:
    device = connection.execute(
        "INSERT INTO telemetry.device (node_id, name, workshop, line, equipment_type, online, born_at)"
        " VALUES (%s, %s, 'HRB-W1', '', %s, true, %s) RETURNING device_id",
        (node, code, type_, now - HISTORY),
    ).fetchone()
    assert device is not None
    ids = {}
    for signal in equipment_types()[type_].signals.values():
        row = connection.execute(
            "INSERT INTO telemetry.series (device_id, name, datatype, unit, quantity, kind, role, sample_rate)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING series_id",
            (
                device[0],
                signal.name,
                12 if signal.kind == SignalKind.EVENT else 10,
                signal.unit,
                signal.quantity.value,
                signal.kind.value,
                signal.role.value,
                SAMPLE_RATE if signal.kind == SignalKind.WAVEFORM else 0,
            ),
        ).fetchone()
        assert row is not None
        ids[signal.name] = int(row[0])
        _store_samples(connection, int(row[0]), signal, now, rng, state)
    return ids


def _store_samples(
    connection: psycopg.Connection,
    series: int,
    signal: SignalDef,
    now: datetime,
    rng: random.Random,
    state: int,
) -> None:
    text = "SHAFT-A" if signal.role.value == "product" else "M-000130"
    if signal.kind == SignalKind.EVENT:
        connection.execute(
            "INSERT INTO telemetry.text_sample (time, series_id, quality, value) VALUES (%s, %s, 192, %s)",
            (now - HISTORY, series, text),
        )
        connection.execute(
            "INSERT INTO telemetry.settled_value VALUES (%s, %s, NULL, %s, 192)",
            (series, now - timedelta(seconds=20), text),
        )
        return
    if signal.kind == SignalKind.WAVEFORM:
        return
    value = 20.0
    with connection.cursor().copy(
        "COPY telemetry.sample (time, value, series_id, quality) FROM STDIN"
    ) as copy:
        for minute in range(int(HISTORY / timedelta(minutes=1)), -1, -1):
            value += rng.uniform(0, 1) if signal.kind == SignalKind.TOTAL_INCREASING else rng.gauss(0, 0.4)
            number = float(state) if signal.kind == SignalKind.STATE else value
            number = float(int(number)) if signal.kind == SignalKind.TOTAL_INCREASING else number
            quality = 64 if minute % 400 == 7 else 192
            copy.write_row((now - timedelta(minutes=minute, seconds=3), number, series, quality))
    connection.execute(
        "INSERT INTO telemetry.settled_value VALUES (%s, %s, %s, NULL, 192)",
        (series, now - timedelta(seconds=3), number),
    )


def vibration(order: float, seed: int, seconds: float = 4.0) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Acceleration [g] of a bearing that strikes `order` times a turn; 0 for a healthy one."""
    rng = np.random.default_rng(seed)
    count = round(seconds * SAMPLE_RATE)
    signal = rng.normal(0.0, 0.05, count)
    if order:
        period = 60.0 / (order * RPM)
        strikes = np.arange(0.0, seconds, period)
        strikes += rng.normal(
            0.0, 0.005 * period, strikes.size
        )  # rolling elements slip: no two strikes are alike
        ring = np.arange(round(0.006 * SAMPLE_RATE)) / SAMPLE_RATE
        for start in np.clip(strikes * SAMPLE_RATE, 0, count - ring.size).astype(int):
            signal[start : start + ring.size] += (
                rng.normal(1.0, 0.1) * np.exp(-ring * 900.0) * np.sin(2 * np.pi * 3300.0 * ring)
            )
    return signal.astype(np.float32)


def _store_diagnoses(
    connection: psycopg.Connection, equipment: int, series: dict[str, int], now: datetime, seed: int
) -> None:
    waveform = series["Vibration/DriveEnd"]
    for number, (_, order) in enumerate(FAULTS):
        taken = now - timedelta(minutes=4 + 12 * number)
        data = vibration(order, seed + number)
        connection.execute(
            "INSERT INTO telemetry.waveform VALUES (%s, %s, %s, 192, %s)",
            (taken, SAMPLE_RATE, waveform, data.tobytes()),
        )
        found = diagnose_bearing(
            data.astype(np.float64), sample_rate=SAMPLE_RATE, nominal_rpm=RPM, bearing=BEARING, mains_hz=60.0
        )
        connection.execute(
            "INSERT INTO app.diagnosis (equipment_id, series_id, time, method, method_version, part, confidence, reason,"
            " score, nominal_rpm, bearing, evidence, computed_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                equipment,
                waveform,
                taken,
                found.method,
                found.version,
                found.part,
                found.confidence,
                found.reason,
                found.score,
                RPM,
                Jsonb(asdict(BEARING)),
                Jsonb(asdict(found)),
                taken + timedelta(seconds=8),
            ),
        )
    connection.execute(
        "INSERT INTO telemetry.settled_value VALUES (%s, %s, NULL, NULL, 192)",
        (waveform, now - timedelta(minutes=4)),
    )


def _foreign(connection: psycopg.Connection, now: datetime) -> None:
    """A node that knows no ledger, with a name that tries to be HTML."""
    connection.execute(
        "WITH n AS (INSERT INTO telemetry.node (group_id, edge_node, online, born_at, last_seen)"
        " VALUES ('visitors', 'ignition-7', true, %(now)s, %(now)s) RETURNING node_id),"
        " d AS (INSERT INTO telemetry.device (node_id, name, online) SELECT node_id, 'boiler', true FROM n"
        " RETURNING device_id),"
        " s AS (INSERT INTO telemetry.series (device_id, name, datatype, unit)"
        " SELECT device_id, v.name, 10, 'degC' FROM d, (VALUES ('Steam/Temperature'), ('<b>Flue</b>')) AS v(name)"
        " RETURNING series_id)"
        " INSERT INTO telemetry.settled_value SELECT series_id, %(now)s, 143.25, NULL, 192 FROM s",
        {"now": now},
    )
