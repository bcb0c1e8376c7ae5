"""Data health: are the edges there, is anything missing, late or refused."""

from deploy.grafana.model import CONSOLE, Board, Panel, Query
from deploy.grafana.parts import (
    AMBER,
    CONSOLE_URL,
    COVERAGE,
    DASHED,
    GREY,
    MACHINES,
    PLACE,
    RED,
    STACKED,
    known_over_time,
    steps,
)

_RANGE = "$__timeFrom(), $__timeTo(), '$enterprise'"

BOARD = Board(
    uid="chejian-data",
    zh="数据健康",
    en="Data health",
    about="产生 = 入库 + 死信 + 申报丢失 + 在途 · Produced = stored + dead letters + declared lost + waiting.",
    console="/health",
    variables=(*PLACE, CONSOLE_URL),
    annotations={
        "边缘生死 births and deaths": f"SELECT time, node || ' ' || kind AS text FROM boards.births({_RANGE})"
        " WHERE device = '' ORDER BY 1"
    },
    panels=(
        Panel(
            id=1,
            kind="table",
            zh="边缘节点",
            en="Edge nodes",
            asks="谁在线？账平吗？· Who is there? Do the batches balance?",
            queries=(
                Query(
                    "SELECT node, CASE WHEN online THEN '在线 online' ELSE '离线 offline' END AS state, age_s, produced, stored, dead,"
                    " lost, waiting, dead_letters, sequence_gaps, rebirths, contract_version FROM boards.nodes('$enterprise')"
                    " ORDER BY online, age_s DESC NULLS LAST",
                    table=True,
                ),
            ),
            unit="short",
            size=(24, 9),
            fields={
                "node": {"displayName": "节点 node", "unit": "string"},
                "state": {"displayName": "状态 state", "unit": "string"},
                "age_s": {"displayName": "距上次 since last", "unit": "s", "decimals": 0},
                "produced": {"displayName": "产生批次 produced"},
                "stored": {"displayName": "入库 stored"},
                "dead": {"displayName": "死信批次 dead"},
                "lost": {"displayName": "申报丢失 lost"},
                "waiting": {"displayName": "在途 waiting"},
                "dead_letters": {"displayName": "30 天死信 dead letters"},
                "sequence_gaps": {"displayName": "序号缺口 gaps"},
                "rebirths": {"displayName": "要求重生 rebirths"},
                "contract_version": {"displayName": "约定版本 contract", "unit": "string"},
            },
            links=({"title": "控制台 · Console", "url": f"{CONSOLE}/health", "targetBlank": True},),
        ),
        Panel(
            id=2,
            kind="bargauge",
            zh="最久没有数据的设备",
            en="Longest without data",
            asks="谁沉默了？前 20 名，秒 · Who is silent? The 20 oldest newest values.",
            queries=(
                Query(
                    "SELECT equipment, age_s FROM boards.freshness('$enterprise', ARRAY[$equipment]::text[])"
                    " ORDER BY age_s DESC NULLS FIRST LIMIT 20",
                    table=True,
                ),
            ),
            unit="s",
            size=(12, 9),
            defaults={"min": 0, "thresholds": steps((None, GREY), (120, AMBER), (600, RED))},
        ),
        Panel(
            id=3,
            kind="bargauge",
            zh="存储转发积压",
            en="Store-and-forward backlog",
            asks="还有多少在途？批次 · How many batches are on their way?",
            queries=(
                Query(
                    "SELECT node, waiting FROM boards.nodes('$enterprise') ORDER BY waiting DESC NULLS LAST LIMIT 20",
                    table=True,
                ),
            ),
            unit="short",
            size=(12, 9),
            defaults={"min": 0, "thresholds": steps((None, GREY), (1000, AMBER))},
        ),
        known_over_time(
            4,
            "完整率",
            "Completeness",
            "缺了什么？· What is missing? Known share of planned busy time.",
            select=f"equipment AS metric, {COVERAGE} AS known",
            source=f"boards.oee({MACHINES})",
            size=(12, 8),
        ),
        Panel(
            id=5,
            kind="timeseries",
            zh="样本数与质量",
            en="Samples and their quality",
            asks="读数好吗？· Are readings good? Samples of each ended hour.",
            queries=(
                Query(
                    "SELECT hour AS time, sum(good) AS good, sum(samples - good) AS other FROM"
                    f" boards.sample_quality({MACHINES}) GROUP BY 1 ORDER BY 1"
                ),
            ),
            unit="short",
            size=(12, 8),
            custom=STACKED,
            fields={
                "good": {"displayName": "好 good"},
                "other": {"displayName": "可疑或坏 uncertain or bad"},
            },
        ),
        Panel(
            id=6,
            kind="table",
            zh="死信",
            en="Dead letters",
            asks="什么没能入库？· What could not be stored, and why?",
            queries=(
                Query(
                    f"SELECT time, node, topic, samples, reason FROM boards.dead_letters({_RANGE}) ORDER BY time DESC LIMIT 200",
                    table=True,
                ),
            ),
            unit="string",
            size=(16, 8),
            fields={
                "time": {"displayName": "收到 received", "unit": "dateTimeAsIso"},
                "node": {"displayName": "节点 node"},
                "topic": {"displayName": "主题 topic"},
                "samples": {"displayName": "样本 samples", "unit": "short"},
                "reason": {"displayName": "原因 reason"},
            },
        ),
        Panel(
            id=7,
            kind="table",
            zh="待计算",
            en="Waiting for computation",
            asks="数字是最新的吗？· Are the numbers up to date? Marks that the worker has still to take.",
            queries=(
                Query("SELECT kind, marks, oldest FROM boards.backlog('$enterprise') ORDER BY 1", table=True),
            ),
            unit="short",
            size=(8, 8),
            fields={
                "kind": {"displayName": "种类 kind", "unit": "string"},
                "marks": {"displayName": "标记 marks"},
                "oldest": {"displayName": "最早 oldest", "unit": "dateTimeAsIso"},
            },
        ),
        Panel(
            id=8,
            kind="timeseries",
            zh="边缘时钟偏差",
            en="Clock offset of edges",
            asks="时钟准吗？每次上线时网关时钟减边缘时钟，含传输时间 · Are clocks right? At each birth: the gateway's clock less the"
            " edge's, which holds the way of the message.",
            queries=(
                Query(
                    f"SELECT time, node AS metric, behind_s FROM boards.births({_RANGE}) WHERE kind = 'NBIRTH'"
                    " AND behind_s IS NOT NULL ORDER BY 1"
                ),
            ),
            unit="s",
            size=(24, 7),
            custom={**DASHED, "showPoints": "always"},
            defaults={"decimals": 1, "thresholds": steps((None, AMBER), (-1, GREY), (5, AMBER))},
        ),
    ),
)
