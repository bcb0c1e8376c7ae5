"""Machine states: what happened, who waits for whom, which stops need a reason."""

from deploy.grafana.model import Board, Panel, Query
from deploy.grafana.parts import (
    CONSOLE_URL,
    GREY,
    MACHINES,
    PLACE,
    STACKED,
    STATES,
    state_mappings,
    state_words,
    steps,
    to_machine,
)


def _hours(condition: str) -> str:
    """SQL: hours in which it holds."""
    return f"coalesce(sum(hours) FILTER (WHERE {condition}), 0)"


_SHARES = ", ".join(f'{_hours(f"state = {number}")} AS "{zh} {en}"' for number, (zh, en, _) in STATES.items())
_TOTALS = f"boards.state_hours({MACHINES})"

BOARD = Board(
    uid="chejian-states",
    zh="设备状态",
    en="Machine states",
    about="状态区间带原因；无数据是单独的一类 · State intervals with reasons; no data is a class of its own.",
    console="/",
    since="now-8h",
    variables=(*PLACE, CONSOLE_URL),
    annotations={
        "边缘 edge": "SELECT time, node || ' ' || kind AS text FROM boards.births($__timeFrom(), $__timeTo(), '$enterprise')"
        " WHERE device = '' ORDER BY 1"
    },
    panels=(
        Panel(
            id=1,
            kind="state-timeline",
            zh="状态甘特图",
            en="State timeline",
            asks="发生了什么？· What happened? One row per machine, words in every bar; beyond three days the state at 600 moments.",
            queries=(
                Query(
                    f"SELECT time, equipment AS metric, state AS value FROM boards.timeline({MACHINES}) ORDER BY 1"
                ),
            ),
            unit="short",
            size=(24, 10),
            defaults={
                "mappings": state_mappings(),
                "color": {"mode": "thresholds"},
                "thresholds": steps((None, GREY)),
            },
        ),
        Panel(
            id=2,
            kind="barchart",
            zh="各状态时长",
            en="Time in each state",
            asks="时间去了哪里？· Where did the time go? Hours of the range by machine.",
            queries=(
                Query(
                    f"SELECT equipment, {_SHARES} FROM {_TOTALS} GROUP BY 1 ORDER BY 1",
                    table=True,
                ),
            ),
            unit="h",
            size=(12, 9),
            options={"stacking": "normal", "xField": "equipment"},
            fields={
                f"{zh} {en}": {"color": {"mode": "fixed", "fixedColor": colour}}
                for zh, en, colour in STATES.values()
            },
        ),
        Panel(
            id=3,
            kind="barchart",
            zh="待料与堵料",
            en="Starved and blocked",
            asks="瓶颈在哪？· Where is the bottleneck? Share of the known time by machine.",
            queries=(
                Query(
                    f"SELECT equipment, {_hours('state = 5')} / nullif({_hours('state > 0')}, 0) AS starved,"
                    f" {_hours('state = 6')} / nullif({_hours('state > 0')}, 0) AS blocked"
                    f" FROM {_TOTALS} GROUP BY 1 ORDER BY 1",
                    table=True,
                ),
            ),
            unit="percentunit",
            size=(12, 9),
            options={"xField": "equipment"},
            fields={"starved": {"displayName": "待料 starved"}, "blocked": {"displayName": "堵料 blocked"}},
        ),
        Panel(
            id=4,
            kind="table",
            zh="超过五分钟的停机",
            en="Stops of more than five minutes",
            asks="哪些还没有原因？在控制台填写 · Which have no reason yet? Give it in the console.",
            queries=(
                Query(
                    f"SELECT start, equipment, us / 6e7 AS minutes, {state_words('state')} AS state,"
                    " coalesce(reason_zh || ' ' || reason_en, '未说明 unexplained') AS reason"
                    f" FROM boards.stops({MACHINES}, '5 minutes') WHERE us >= 300000000 ORDER BY start DESC LIMIT 200",
                    table=True,
                ),
            ),
            unit="string",
            size=(14, 10),
            fields={
                "start": {"displayName": "开始 start", "unit": "dateTimeAsIso"},
                "equipment": {"displayName": "设备 equipment"},
                "minutes": {"displayName": "分钟 minutes", "unit": "m", "decimals": 1},
                "state": {"displayName": "状态 state"},
                "reason": {"displayName": "原因 reason"},
            },
            links=(to_machine("填写原因", "Give the reason", "stops"),),
        ),
        Panel(
            id=5,
            kind="timeseries",
            zh="短停次数",
            en="Minor stops",
            asks="哪里在频繁打断？· Where is work interrupted? Number begun in each window.",
            queries=(
                Query(
                    f"SELECT start AS time, equipment AS metric, sum(minor_stops) AS stops FROM boards.terms({MACHINES})"
                    " GROUP BY 1, 2 ORDER BY 1"
                ),
            ),
            unit="short",
            size=(10, 10),
            custom=STACKED,
        ),
    ),
)
