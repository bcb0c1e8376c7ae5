"""The province: a hundred workshops at a look."""

from deploy.grafana.model import CONSOLE, Board, Panel, Query
from deploy.grafana.parts import (
    AMBER,
    AVAILABILITY,
    BARS,
    CONSOLE_URL,
    COVERAGE,
    ENTERPRISES,
    FROM,
    GREY,
    OEE,
    RED,
    STACKED,
    TO,
    steps,
)

_ALL = "ARRAY[$enterprise]::text[]"
_DAYS = f"boards.workshop_days({FROM}, {TO}, {_ALL})"
_ENERGY = f"boards.workshop_energy({FROM}, {TO}, {_ALL})"
_CLASS = (
    "CASE WHEN oee IS NULL THEN '无法计算 unknown' WHEN oee < 0.4 THEN '低于 40%' WHEN oee < 0.6 THEN '40-60%'"
    " WHEN oee < 0.85 THEN '60-85%' ELSE '85% 以上 and more' END"
)

BOARD = Board(
    uid="chejian-province",
    zh="全省总览",
    en="Province",
    about="按天汇总；每个数字都能下钻到车间 · By day; every number leads to its workshop.",
    console="/",
    since="now-30d",
    refresh="5m",
    variables=(ENTERPRISES, CONSOLE_URL),
    panels=(
        Panel(
            id=1,
            kind="stat",
            zh="规模",
            en="Size",
            asks="接入了多少？· How much is connected?",
            queries=(
                Query(
                    'SELECT count(*) AS "车间 workshops", sum(lines) AS "产线 lines", sum(machines) AS "设备 machines",'
                    f' sum(online) AS "在线边缘 edges online" FROM boards.workshops({_ALL})',
                    table=True,
                ),
            ),
            unit="short",
            size=(12, 5),
            defaults={"decimals": 0},
        ),
        Panel(
            id=2,
            kind="stat",
            zh="全省指标",
            en="Of all workshops",
            asks="所选时段的总和 · Sums of the range's days.",
            queries=(
                Query(
                    f'SELECT {OEE} AS "OEE", {AVAILABILITY} AS "时间开动率 A", {COVERAGE} AS "完整率 coverage" FROM {_DAYS}',
                    table=True,
                ),
            ),
            unit="percentunit",
            size=(12, 5),
            defaults={"decimals": 1},
        ),
        Panel(
            id=3,
            kind="timeseries",
            zh="OEE 走势",
            en="OEE over time",
            asks="在改善吗？· Does it improve? All workshops, weighted by time.",
            queries=(
                Query(
                    f'SELECT day AS time, {OEE} AS "OEE", {AVAILABILITY} AS "A" FROM {_DAYS} GROUP BY 1 ORDER BY 1'
                ),
            ),
            unit="percentunit",
            size=(12, 8),
            defaults={"min": 0, "max": 1},
        ),
        Panel(
            id=4,
            kind="timeseries",
            zh="水平分布",
            en="Workshops by OEE",
            asks="多少车间达到什么水平？· How many workshops reach which level? By day.",
            queries=(
                Query(
                    f"SELECT day AS time, {_CLASS} AS metric, count(*) AS workshops FROM (SELECT day, enterprise, workshop,"
                    f" {OEE} AS oee FROM {_DAYS} GROUP BY 1, 2, 3) x GROUP BY 1, 2 ORDER BY 1"
                ),
            ),
            unit="short",
            size=(12, 8),
            custom=STACKED,
        ),
        Panel(
            id=5,
            kind="table",
            zh="车间一览",
            en="Workshops",
            asks="谁需要帮助？· Who needs help? Sums of the range's days.",
            queries=(
                Query(
                    "SELECT w.enterprise, w.workshop, w.name_zh, w.name_en, w.city_code, w.machines, d.oee, d.coverage, e.kgce,"
                    " CASE WHEN w.edges IS NULL THEN '未接入 none' WHEN w.online = w.edges THEN '在线 online'"
                    " ELSE '离线 offline' END AS edges"
                    f" FROM boards.workshops({_ALL}) w"
                    f" LEFT JOIN (SELECT enterprise, workshop, {OEE} AS oee, {COVERAGE} AS coverage FROM {_DAYS} GROUP BY 1, 2) d"
                    " ON d.enterprise = w.enterprise AND d.workshop = w.workshop"
                    " LEFT JOIN (SELECT enterprise, workshop, CASE WHEN sum(unknown) = 0 THEN sum(kgce ORDER BY day) END AS kgce"
                    f" FROM {_ENERGY} GROUP BY 1, 2) e ON e.enterprise = w.enterprise AND e.workshop = w.workshop"
                    " ORDER BY d.oee NULLS FIRST",
                    table=True,
                ),
            ),
            unit="string",
            size=(24, 12),
            fields={
                "enterprise": {"displayName": "企业 enterprise"},
                "workshop": {"displayName": "车间 workshop"},
                "name_zh": {"displayName": "名称"},
                "name_en": {"displayName": "name"},
                "city_code": {"displayName": "地市 city"},
                "machines": {"displayName": "设备 machines", "unit": "short"},
                "oee": {"displayName": "OEE", "unit": "percentunit", "decimals": 1},
                "coverage": {"displayName": "完整率 coverage", "unit": "percentunit", "decimals": 1},
                "kgce": {"displayName": "标准煤 kgce", "unit": "short", "decimals": 0},
                "edges": {"displayName": "边缘 edges"},
            },
            links=(
                {
                    "title": "控制台 · Console",
                    "url": f"{CONSOLE}/at/${{__data.fields.enterprise:percentencode}}/workshops/${{__data.fields.workshop:percentencode}}?page=oee",
                    "targetBlank": True,
                },
            ),
        ),
        Panel(
            id=6,
            kind="timeseries",
            zh="综合能耗",
            en="Energy consumption",
            asks="各天折标准煤 · Standard coal by day; a day with an unknown factor is left out.",
            queries=(
                Query(
                    f"SELECT day AS time, sum(kgce ORDER BY enterprise, workshop) AS kgce FROM {_ENERGY} GROUP BY 1"
                    " HAVING sum(unknown) = 0 ORDER BY 1"
                ),
            ),
            unit="masskg",
            size=(12, 8),
            custom=BARS,
            fields={"kgce": {"displayName": "标准煤 kgce"}},
        ),
        Panel(
            id=7,
            kind="bargauge",
            zh="最久没有消息的车间",
            en="Longest without a sign of life",
            asks="谁失联了？前 20 名 · Who is silent? The oldest 20.",
            queries=(
                Query(
                    f"SELECT enterprise || ' ' || workshop AS workshop, age_s FROM boards.workshops({_ALL})"
                    " WHERE age_s IS NOT NULL ORDER BY age_s DESC LIMIT 20",
                    table=True,
                ),
            ),
            unit="s",
            size=(12, 8),
            defaults={"min": 0, "thresholds": steps((None, GREY), (300, AMBER), (3600, RED))},
        ),
    ),
)
