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
    spots,
    steps,
)

_ALL = "ARRAY[$enterprise]::text[]"
_DAYS = f"boards.workshop_days({FROM}, {TO}, {_ALL})"
_ENERGY = f"boards.workshop_energy({FROM}, {TO}, {_ALL})"
_CLASS = (
    "CASE WHEN oee IS NULL THEN '无法计算 unknown' WHEN oee < 0.4 THEN '低于 40%' WHEN oee < 0.6 THEN '40-60%'"
    " WHEN oee < 0.85 THEN '60-85%' ELSE '85% 以上 and more' END"
)
_KINDS = {"enterprise": ("企业", "enterprises"), "workshop": ("车间", "workshops"), "line": ("产线", "lines")}
_STATUSES = ", ".join(
    f"count(*) FILTER (WHERE status = '{code}') AS \"{words}\""
    for code, words in (
        ("planned", "计划 planned"),
        ("building", "在建 in construction"),
        ("running", "建成 running"),
        ("recognised", "已认定 recognised"),
        ("withdrawn", "退出 withdrawn"),
    )
)
_LEVELS = ", ".join(
    [
        'count(*) FILTER (WHERE level_number IS NULL) AS "未达级 none"',
        *(f'count(*) FILTER (WHERE level_number = {n}) AS "{n} 级 level {n}"' for n in range(1, 6)),
    ]
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
        Panel(
            id=8,
            kind="timeseries",
            zh="认定进度",
            en="Recognised workshops and the plan",
            asks="按计划吗？已认定的车间数与应认定的车间数，逐日累计 · On plan? Workshops recognised by each day, and those due by then.",
            queries=(
                Query(
                    "SELECT day AS time, count(*) FILTER (WHERE reached_on <= day::date) AS reached, count(*) FILTER (WHERE due_on <="
                    f" day::date) AS due FROM generate_series(date_trunc('day', {FROM}::timestamptz), {TO}::timestamptz,"
                    f" '1 day') day CROSS JOIN boards.programme({_ALL}) WHERE kind = 'workshop' AND milestone = 'recognised'"
                    " GROUP BY 1 ORDER BY 1"
                ),
            ),
            unit="short",
            size=(12, 8),
            fields={
                "reached": {"displayName": "已认定 recognised"},
                "due": {"displayName": "计划 due", "custom.lineStyle": {"fill": "dash", "dash": [10, 10]}},
            },
        ),
        Panel(
            id=9,
            kind="barchart",
            zh="项目状态",
            en="Status of the programme",
            asks="各类项目到了哪一步？· How far are enterprises, workshops and lines?",
            queries=(
                Query(
                    f"SELECT {spots('kind', _KINDS)} AS kind, {_STATUSES} FROM (SELECT DISTINCT enterprise, kind, code, status FROM"
                    f" boards.programme({_ALL})) p GROUP BY 1 ORDER BY 1",
                    table=True,
                ),
            ),
            unit="short",
            size=(12, 8),
            options={"stacking": "normal", "xField": "kind"},
        ),
        Panel(
            id=10,
            kind="barchart",
            zh="评估等级分布",
            en="Levels by year",
            asks="水平在提高吗？已核准的评估，按标准与年份 · Do levels rise? Approved assessments by standard and year.",
            queries=(
                Query(
                    "SELECT standard || ' ' || to_char(submitted_at AT TIME ZONE 'Asia/Shanghai', 'YYYY') AS year,"
                    f" {_LEVELS} FROM boards.assessments({_ALL}) WHERE state = 'approved' GROUP BY 1 ORDER BY 1",
                    table=True,
                ),
            ),
            unit="short",
            size=(12, 9),
            options={"stacking": "normal", "xField": "year"},
        ),
        Panel(
            id=11,
            kind="table",
            zh="各行业得分",
            en="Scores by industry",
            asks="哪个行业领先？四分位数，已核准的评估，少于五份不显示 · Which industry leads? Quartiles of approved assessments; fewer than"
            " five are not shown.",
            queries=(
                Query(
                    "SELECT standard, industry, count(*) AS n, percentile_cont(0.25) WITHIN GROUP (ORDER BY total) AS lower,"
                    " percentile_cont(0.5) WITHIN GROUP (ORDER BY total) AS median, percentile_cont(0.75) WITHIN GROUP (ORDER BY total)"
                    f" AS upper FROM boards.assessments({_ALL}) WHERE state = 'approved' AND total IS NOT NULL GROUP BY 1, 2"
                    " HAVING count(*) >= 5 ORDER BY 1, 2",
                    table=True,
                ),
            ),
            unit="short",
            size=(12, 9),
            defaults={"decimals": 1},
            fields={
                "standard": {"displayName": "标准 standard", "unit": "string"},
                "industry": {"displayName": "行业 industry", "unit": "string"},
                "n": {"displayName": "份数 number", "decimals": 0},
                "lower": {"displayName": "下四分位 lower quartile"},
                "median": {"displayName": "中位数 median"},
                "upper": {"displayName": "上四分位 upper quartile"},
            },
        ),
        Panel(
            id=12,
            kind="table",
            zh="逾期",
            en="Overdue",
            asks="谁误期了？里程碑与评估，迟得最久的在前 · Who is late? Milestones and assessments, the longest first.",
            queries=(
                Query(
                    "SELECT enterprise, code, what, due_on, current_date - due_on AS late FROM (SELECT enterprise, code, milestone AS"
                    f" what, due_on FROM boards.programme({_ALL}) WHERE reached_on IS NULL AND status <> 'withdrawn' UNION ALL"
                    f" SELECT enterprise, coalesce(workshop, '-'), standard, due_on FROM boards.assessments({_ALL}) WHERE state IN"
                    " ('draft', 'returned')) x WHERE due_on < current_date ORDER BY due_on, enterprise, code LIMIT 200",
                    table=True,
                ),
            ),
            unit="string",
            size=(24, 9),
            fields={
                "enterprise": {"displayName": "企业 enterprise"},
                "code": {"displayName": "项目 entry"},
                "what": {"displayName": "事项 what"},
                "due_on": {"displayName": "应于 due", "unit": "dateTimeAsIso"},
                "late": {"displayName": "迟 late", "unit": "d", "decimals": 0},
            },
        ),
    ),
)
