"""OEE: is the line on plan, when did it slip, what took the time."""

from deploy.grafana.model import Board, Panel, Query
from deploy.grafana.parts import (
    AMBER,
    AVAILABILITY,
    BY_SHIFT,
    CONSOLE_URL,
    COVERAGE,
    DASHED,
    EFFECTIVENESS,
    GREY,
    KNOWN,
    LOSSES,
    MACHINES,
    OEE,
    PLACE,
    QUALITY,
    RED,
    SHIFT,
    STACKED,
    known_over_time,
    state_words,
    steps,
    to_machine,
)

_FOUR = f"""SELECT {OEE} AS "OEE", {AVAILABILITY} AS "时间开动率 A", {EFFECTIVENESS} AS "性能开动率 E",
       {QUALITY} AS "合格品率 Q" """
_BEFORE = BY_SHIFT.replace("$__timeFrom()", "$__timeFrom()::timestamptz - interval '7 days'").replace(
    "$__timeTo()", "$__timeTo()::timestamptz - interval '7 days'"
)
_RATIO = {"min": 0, "max": 1, "decimals": 1}
_BAND = steps((None, RED), (0.6, AMBER), (0.85, GREY))
_SIX = """SELECT start AS time,
       sum(fault_us + maintenance_us) / 3.6e9 AS breakdowns, sum(setup_us) / 3.6e9 AS setup_adjustments,
       sum(minor_stop_us + starved_us + blocked_us) / 3.6e9 AS minor_stops, sum(speed_us) / 3.6e9 AS reduced_speed,
       sum(quality_us) / 3.6e9 AS defects, sum(stop_us + no_order_us) / 3.6e9 AS other"""

BOARD = Board(
    uid="chejian-oee",
    zh="设备综合效率",
    en="OEE",
    about="OEE 由时间与产量累加后相除，从不平均百分比 · OEE from summed times and counts, never a mean of percentages.",
    console="/",
    variables=(*PLACE, SHIFT, CONSOLE_URL),
    annotations={
        "设备诊断 diagnosis": f"SELECT time, equipment || ' ' || confidence || ' ' || coalesce(part, '') AS text"
        f" FROM boards.diagnoses({MACHINES}) WHERE confidence = 'confirmed' ORDER BY 1"
    },
    panels=(
        Panel(
            id=1,
            kind="stat",
            zh="综合效率及三率",
            en="OEE and its factors",
            asks="按计划吗？所选时段内已存窗口之和 · On plan? Sum of the stored windows that overlap the range.",
            queries=(Query(f"{_FOUR} FROM boards.oee({BY_SHIFT})", table=True),),
            unit="percentunit",
            size=(12, 5),
            defaults={"decimals": 1, "thresholds": _BAND},
        ),
        Panel(
            id=2,
            kind="stat",
            zh="一周之前",
            en="A week before",
            asks="同一时段，七天前 · The same range seven days earlier.",
            queries=(Query(f"{_FOUR} FROM boards.oee({_BEFORE})", table=True),),
            unit="percentunit",
            size=(8, 5),
            defaults={"decimals": 1, "thresholds": _BAND},
        ),
        Panel(
            id=3,
            kind="stat",
            zh="数据完整率",
            en="Data coverage",
            asks="低于 95% 时 OEE 不是事实 · Below 95 % OEE is no fact.",
            queries=(Query(f'SELECT {COVERAGE} AS "已知 known" FROM boards.oee({BY_SHIFT})', table=True),),
            unit="percentunit",
            size=(4, 5),
            defaults={"decimals": 1, "thresholds": KNOWN},
        ),
        Panel(
            id=4,
            kind="timeseries",
            zh="OEE 走势",
            en="OEE over time",
            asks="何时开始下滑？目标带 60% 与 85% · When did it slip? Bands at 60 % and 85 %.",
            queries=(
                Query(
                    f'SELECT start AS time, {OEE} AS "OEE", {AVAILABILITY} AS "A", {EFFECTIVENESS} AS "E", {QUALITY} AS "Q"'
                    f" FROM boards.oee({BY_SHIFT}) GROUP BY 1 ORDER BY 1"
                ),
            ),
            unit="percentunit",
            size=(14, 9),
            defaults={**_RATIO, "thresholds": _BAND},
            custom=DASHED,
        ),
        Panel(
            id=5,
            kind="timeseries",
            zh="六大损失",
            en="Six big losses",
            asks="结构性还是偶发？· Structural or one-off? Hours of all chosen machines in each window.",
            queries=(Query(f"{_SIX} FROM boards.terms({BY_SHIFT}) GROUP BY 1 ORDER BY 1"),),
            unit="h",
            size=(10, 9),
            custom=STACKED,
            fields={code: {"displayName": f"{zh} {en}"} for code, (zh, en) in LOSSES.items()},
        ),
        Panel(
            id=6,
            kind="barchart",
            zh="停机帕累托",
            en="Downtime Pareto",
            asks="先解决什么？各原因的分钟数与累计份额 · What to fix first? Minutes by reason, cumulative share.",
            queries=(
                Query(
                    "SELECT reason, minutes, sum(minutes) OVER (ORDER BY minutes DESC, reason) / nullif(sum(minutes) OVER (), 0)"
                    " AS cumulative, stops FROM (SELECT coalesce(reason_zh || ' ' || reason_en,"
                    f" '未说明 unexplained: ' || {state_words('state')}) AS reason, sum(us) / 6e7 AS minutes, sum(stops)::bigint AS stops"
                    f" FROM boards.downtime({MACHINES}) GROUP BY 1) x ORDER BY minutes DESC LIMIT 15",
                    table=True,
                ),
            ),
            unit="m",
            size=(12, 9),
            options={"xField": "reason"},
            fields={
                "minutes": {"displayName": "分钟 minutes"},
                "cumulative": {"displayName": "累计 cumulative", "unit": "percentunit"},
                "stops": {"displayName": "次数 stops", "unit": "short"},
            },
        ),
        Panel(
            id=7,
            kind="timeseries",
            zh="产量：实际与理想",
            en="Output: actual and ideal",
            asks="能完成数量吗？累计 · Will we make the number? Cumulative; ideal is busy time at the ideal cycle.",
            queries=(
                Query(
                    "SELECT time, sum(made) OVER (ORDER BY time) AS actual, sum(possible) OVER (ORDER BY time) AS ideal FROM"
                    " (SELECT start AS time, sum(produced) AS made,"
                    " sum(busy_us::float8 * produced / nullif(ideal_us, 0)) AS possible"
                    f" FROM boards.oee({BY_SHIFT}) GROUP BY 1) x ORDER BY 1"
                ),
            ),
            unit="short",
            size=(12, 9),
            fields={"actual": {"displayName": "实际 actual"}, "ideal": {"displayName": "理想 ideal"}},
        ),
        Panel(
            id=8,
            kind="barchart",
            zh="节拍分布",
            en="Cycle time against ideal",
            asks="速度损失还是短停？窗口平均节拍与理想节拍之比 · Speed loss? Mean cycle of each window over its ideal cycle.",
            queries=(
                Query(
                    "SELECT round((apt_us::numeric / nullif(ideal_us, 0)) / 0.05) * 0.05 AS ratio, count(*) AS windows"
                    f" FROM boards.oee({BY_SHIFT}) WHERE ideal_us > 0 GROUP BY 1 ORDER BY 1",
                    table=True,
                ),
            ),
            unit="short",
            size=(12, 8),
            options={"orientation": "vertical", "xField": "ratio"},
            fields={"windows": {"displayName": "窗口数 windows"}},
        ),
        Panel(
            id=9,
            kind="timeseries",
            zh="废品与返工",
            en="Scrap and rework",
            asks="哪台设备？· Which machine? Items of each window; an uncounted one has no line.",
            queries=(
                Query(
                    "SELECT start AS time, equipment AS metric, sum(coalesce(scrap, 0) + coalesce(rework, 0)) AS items"
                    f" FROM boards.terms({BY_SHIFT}) WHERE scrap IS NOT NULL OR rework IS NOT NULL GROUP BY 1, 2 ORDER BY 1"
                ),
            ),
            unit="short",
            size=(12, 8),
            custom=STACKED,
        ),
        Panel(
            id=10,
            kind="table",
            zh="设备一览，最差在前",
            en="Machines, worst first",
            asks="哪台先看？· Which one first? Availability, failures, MTBF and MTTR of the range.",
            queries=(
                Query(
                    "SELECT o.equipment, o.oee, o.availability, o.effectiveness, o.quality, o.coverage, t.mtbf, t.mttr, t.failures"
                    f" FROM (SELECT equipment, {OEE} AS oee, {AVAILABILITY} AS availability, {EFFECTIVENESS} AS effectiveness,"
                    f" {QUALITY} AS quality, {COVERAGE} AS coverage FROM boards.oee({BY_SHIFT}) GROUP BY 1) o"
                    " JOIN (SELECT equipment, sum(failures) AS failures,"
                    " sum(apt_us + setup_us)::float8 / nullif(sum(failures), 0)::float8 / 3.6e9 AS mtbf,"
                    " sum(fault_us + maintenance_us)::float8 / nullif(sum(failures), 0)::float8 / 3.6e9 AS mttr"
                    f" FROM boards.terms({BY_SHIFT}) GROUP BY 1) t ON t.equipment = o.equipment ORDER BY o.oee NULLS LAST",
                    table=True,
                ),
            ),
            unit="percentunit",
            size=(24, 9),
            defaults={"decimals": 1},
            fields={
                "equipment": {"displayName": "设备 equipment", "unit": "string"},
                "oee": {"displayName": "OEE"},
                "availability": {"displayName": "时间开动率 A"},
                "effectiveness": {"displayName": "性能开动率 E"},
                "quality": {"displayName": "合格品率 Q"},
                "coverage": {"displayName": "完整率 coverage"},
                "mtbf": {"displayName": "MTBF", "unit": "h"},
                "mttr": {"displayName": "MTTR", "unit": "h"},
                "failures": {"displayName": "故障次数 failures", "unit": "short", "decimals": 0},
            },
            links=(to_machine("控制台", "Console", "oee"),),
        ),
        known_over_time(
            11,
            "完整率走势",
            "Coverage over time",
            "何时缺数据？· When were data missing? Known share of planned busy time by machine.",
            select=f"equipment AS metric, {COVERAGE} AS coverage",
            source=f"boards.oee({BY_SHIFT})",
            size=(24, 7),
        ),
    ),
)
