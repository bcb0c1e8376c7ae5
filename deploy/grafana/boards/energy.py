"""Energy: what runs now, what a piece costs, what is used while nothing is made."""

from deploy.grafana.model import Board, Panel, Query, Variable
from deploy.grafana.parts import (
    BARS,
    CONSOLE_URL,
    ENTERPRISE,
    LINE,
    METER,
    METERS,
    SHIFT,
    STACKED,
    STATES,
    WORKSHOP,
    known_over_time,
    state_words,
)

_BY_SHIFT = f"{METERS}, ARRAY[$shift]::text[]"
_LIMIT = Variable(name="demand_kw", zh="合同需量 kW", en="Contracted demand", default="1000")
_EXPECTED = f"boards.energy_expected({_BY_SHIFT})"
_DASHES = {"fill": "dash", "dash": [10, 10]}
_ELECTRIC = "carrier = 'electricity'"

BOARD = Board(
    uid="chejian-energy",
    zh="能源",
    en="Energy",
    about="用量来自表计读数之差，精确到寄存器单位 · Amounts are differences of meter readings, exact to the register's unit.",
    console="/",
    variables=(ENTERPRISE, WORKSHOP, LINE, METER, SHIFT, _LIMIT, CONSOLE_URL),
    panels=(
        Panel(
            id=1,
            kind="timeseries",
            zh="十五分钟需量",
            en="Demand over 15 minutes",
            asks="会超最大需量吗？所选电表之和 · Will we exceed the maximum demand? Sum of the chosen electricity meters.",
            queries=(
                Query(
                    "SELECT time, sum(kw) AS demand, $demand_kw::float8 AS contracted FROM (SELECT date_bin('15 minutes', time,"
                    " '2000-01-01 00:00:00+00') AS time, equipment, avg(CASE unit WHEN 'W' THEN value / 1000.0 ELSE value END)"
                    f" AS kw FROM boards.signal({METERS}, 'active_power') GROUP BY 1, 2) x GROUP BY 1 ORDER BY 1"
                ),
            ),
            unit="kwatt",
            size=(14, 9),
            fields={
                "demand": {"displayName": "需量 demand"},
                "contracted": {
                    "displayName": "合同需量 contracted",
                    "custom.lineStyle": _DASHES,
                },
            },
        ),
        Panel(
            id=2,
            kind="timeseries",
            zh="用电量",
            en="Electricity",
            asks="哪块表？· Which meter? Energy of each window by meter.",
            queries=(
                Query(
                    f"SELECT start AS time, meter AS metric, sum(amount) AS amount FROM boards.energy({_BY_SHIFT})"
                    f" WHERE {_ELECTRIC} GROUP BY 1, 2 ORDER BY 1"
                ),
            ),
            unit="kwatth",
            size=(10, 9),
            custom=BARS,
        ),
        Panel(
            id=3,
            kind="timeseries",
            zh="单位产品电耗",
            en="Electricity per item",
            asks="比以前差吗？单机电表，同一窗口的用电与合格品 · Worse than before? Meters of one machine: energy over good items.",
            queries=(
                Query(
                    "SELECT start AS time, meter AS metric, sum(amount) / nullif(sum(output), 0) AS per_item"
                    f" FROM boards.energy({_BY_SHIFT}) WHERE {_ELECTRIC} AND output IS NOT NULL GROUP BY 1, 2 ORDER BY 1"
                ),
            ),
            unit="kwatth",
            size=(12, 8),
            defaults={"decimals": 3},
        ),
        Panel(
            id=4,
            kind="xychart",
            zh="电耗与产量",
            en="Energy against output",
            asks="基础负荷是多少？· What is the base load? One point per whole window of meters of one machine, beside the line of the"
            " 28 days before.",
            queries=(
                Query(
                    f"SELECT output::float8 AS output, amount, expected FROM {_EXPECTED} WHERE {_ELECTRIC} ORDER BY 1",
                    table=True,
                ),
            ),
            unit="kwatth",
            size=(12, 8),
            custom={"show": "points", "pointSize": {"fixed": 5}},
            fields={
                "output": {"displayName": "产量 output", "unit": "short"},
                "amount": {"displayName": "用电 energy"},
                "expected": {"displayName": "期望 expected"},
            },
        ),
        Panel(
            id=9,
            kind="timeseries",
            zh="用电与期望",
            en="Energy and what was expected",
            asks="比期望差吗？期望来自此前 28 天同类窗口的产量回归，带宽为两倍标准误差 · Worse than expected? From output, by the line"
            " through the windows of the 28 days before; the band is twice its standard error. Sum of meters of one machine.",
            queries=(
                Query(
                    "SELECT start AS time, sum(amount) AS amount, sum(expected) AS expected, sum(expected) - sqrt(sum(band * band))"
                    f" AS low, sum(expected) + sqrt(sum(band * band)) AS high FROM {_EXPECTED} WHERE {_ELECTRIC}"
                    " GROUP BY 1 HAVING count(*) = count(expected) OR count(expected) = 0 ORDER BY 1"
                ),
            ),
            unit="kwatth",
            size=(14, 8),
            fields={
                "amount": {"displayName": "用电 energy"},
                "expected": {"displayName": "期望 expected"},
                "low": {"displayName": "下限 low", "custom.lineStyle": _DASHES},
                "high": {"displayName": "上限 high", "custom.lineStyle": _DASHES},
            },
        ),
        Panel(
            id=10,
            kind="timeseries",
            zh="偏差累计",
            en="CUSUM of the deviation",
            asks="从何时起变差？用电减期望，逐窗累加 · Since when? Energy less what was expected, added up; meters of one machine with"
            " at least ten windows in the 28 days before.",
            queries=(
                Query(
                    "SELECT start AS time, meter AS metric, sum(amount - expected) OVER (PARTITION BY meter ORDER BY start) AS"
                    f" deviation FROM {_EXPECTED} WHERE {_ELECTRIC} AND expected IS NOT NULL ORDER BY 1"
                ),
            ),
            unit="kwatth",
            size=(10, 8),
        ),
        Panel(
            id=5,
            kind="timeseries",
            zh="各状态用电",
            en="Electricity by machine state",
            asks="不生产时浪费了多少？· What is wasted while not producing?",
            queries=(
                Query(
                    f"SELECT start AS time, {state_words('state')} AS metric, sum(amount) AS amount"
                    f" FROM boards.energy_states({METERS}) WHERE {_ELECTRIC} GROUP BY 1, 2 ORDER BY 1"
                ),
            ),
            unit="kwatth",
            size=(14, 9),
            custom=STACKED,
            fields={
                f"{zh} {en}": {"color": {"mode": "fixed", "fixedColor": colour}}
                for zh, en, colour in STATES.values()
            },
        ),
        Panel(
            id=6,
            kind="barchart",
            zh="一天中的用电",
            en="Electricity by hour of the day",
            asks="夜里和周末的基础负荷？· Base load at night? Mean of each local hour; ranges of up to three days.",
            queries=(
                Query(
                    "SELECT to_char(e.start AT TIME ZONE w.timezone, 'HH24') AS hour, avg(e.amount) AS amount"
                    f" FROM boards.energy({METERS}) e JOIN boards.workshop w ON w.workshop = e.workshop"
                    f" AND w.enterprise = '$enterprise' WHERE e.{_ELECTRIC} GROUP BY 1 ORDER BY 1",
                    table=True,
                ),
            ),
            unit="kwatth",
            size=(10, 9),
            options={"orientation": "vertical", "xField": "hour"},
            fields={"amount": {"displayName": "平均 mean"}},
        ),
        Panel(
            id=7,
            kind="table",
            zh="折标准煤",
            en="Standard coal by carrier",
            asks="系数及来源一并给出；场内自制能源不计入 · With factor and source; media made on site are not counted.",
            queries=(
                Query(
                    "SELECT carrier, unit, sum(amount) AS amount, CASE WHEN count(*) = count(kgce) THEN sum(kgce ORDER BY"
                    " start, meter) END AS kgce, max(factor ->> 'kgce') AS factor, max(factor ->> 'source') AS source"
                    f" FROM boards.energy({_BY_SHIFT}) WHERE top AND NOT made_on_site GROUP BY 1, 2 ORDER BY 1",
                    table=True,
                ),
            ),
            unit="short",
            size=(14, 7),
            fields={
                "carrier": {"displayName": "品种 carrier", "unit": "string"},
                "unit": {"displayName": "单位 unit", "unit": "string"},
                "amount": {"displayName": "用量 amount", "decimals": 1},
                "kgce": {"displayName": "标准煤 kgce", "decimals": 1},
                "factor": {"displayName": "系数 factor", "unit": "string"},
                "source": {"displayName": "来源 source", "unit": "string"},
            },
        ),
        known_over_time(
            8,
            "表计完整率",
            "Completeness of meters",
            "数字能信吗？· Can the numbers be trusted? Share of each window between near readings.",
            select="meter AS metric, min(completeness) AS completeness",
            source=f"boards.energy({METERS})",
            size=(10, 7),
        ),
    ),
)
