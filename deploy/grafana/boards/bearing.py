"""Bearings: what is wrong, how sure, how fast it grows."""

from collections.abc import Mapping

from deploy.grafana.model import Board, Json, Panel, Query
from deploy.grafana.parts import (
    AMBER,
    CONSOLE_URL,
    GREY,
    MACHINES,
    PLACE,
    RED,
    STACKED,
    spots,
    steps,
    to_machine,
)

_PARTS = {
    "outer_race": ("外圈", "outer race"),
    "inner_race": ("内圈", "inner race"),
    "rolling_element": ("滚动体", "rolling element"),
    "cage": ("保持架", "cage"),
}
_CONFIDENCE = {
    "confirmed": ("确认", "confirmed"),
    "probable": ("很可能", "probable"),
    "impulsive_unassigned": ("有冲击，未定位", "shocks, no part"),
    "none": ("未见缺陷", "nothing found"),
    "cannot_tell": ("无法判断", "cannot tell"),
}
_NEWEST = f"SELECT DISTINCT ON (equipment, signal) * FROM boards.diagnoses({MACHINES}) ORDER BY equipment, signal, time DESC"
_VERDICT = f"{spots('confidence', _CONFIDENCE)} AS verdict, coalesce({spots('part', _PARTS)}, '-') AS part"
_ANSWERS = {"confirmed": ("正确", "right"), "rejected": ("不对", "wrong")}
_ZONES = {
    "A": ("A 新机", "A new"),
    "B": ("B 可长期运行", "B unrestricted"),
    "C": ("C 限期运行", "C limited"),
    "D": ("D 会损坏", "D damage"),
}
_JUDGED = (
    "CASE WHEN confidence = 'cannot_tell' THEN '无法判断 cannot tell' WHEN own_baseline THEN '按自身基线 own baseline'"
    " ELSE '按固定阈值 fixed thresholds' END"
)
_NAMES: Mapping[str, Json] = {
    "time": {"displayName": "时间 time", "unit": "dateTimeAsIso"},
    "equipment": {"displayName": "设备 equipment"},
    "signal": {"displayName": "测点 signal"},
    "verdict": {"displayName": "结论 verdict"},
    "part": {"displayName": "部位 part"},
    "score": {"displayName": "得分 score", "unit": "short", "decimals": 2},
    "rpm": {"displayName": "转速 speed", "unit": "rotrpm"},
    "kurtosis": {"displayName": "峭度 kurtosis", "unit": "short", "decimals": 1},
    "reason": {"displayName": "无法判断的原因 why not"},
    "version": {"displayName": "方法版本 version"},
    "answer": {"displayName": "答复 answer"},
    "found": {"displayName": "实际发现 found"},
    "answered": {"displayName": "答复时间 answered", "unit": "dateTimeAsIso"},
}


def _trend(panel: int, zh: str, en: str, asks: str, column: str, unit: str) -> Panel:
    return Panel(
        id=panel,
        kind="timeseries",
        zh=zh,
        en=en,
        asks=asks,
        queries=(
            Query(
                f"SELECT time, equipment || ' ' || coalesce(signal, '') AS metric, {column} FROM boards.diagnoses({MACHINES})"
                f" WHERE {column} IS NOT NULL ORDER BY 1"
            ),
        ),
        unit=unit,
        size=(12, 8),
        custom={"showPoints": "always"},
    )


BOARD = Board(
    uid="chejian-bearing",
    zh="轴承诊断",
    en="Bearing diagnosis",
    about="每个结论都带证据等级；看不清时说看不清 · Every verdict has its class of evidence; what can't be told is said.",
    console="/",
    since="now-7d",
    variables=(*PLACE, CONSOLE_URL),
    annotations={
        "确认 confirmed": f"SELECT time, equipment || ' ' || coalesce(part, '') AS text FROM boards.diagnoses({MACHINES})"
        " WHERE confidence = 'confirmed' ORDER BY 1"
    },
    panels=(
        Panel(
            id=1,
            kind="table",
            zh="最新结论",
            en="Newest verdicts",
            asks="我该做什么？· What do I do? The newest diagnosis of each signal in the range.",
            queries=(
                Query(
                    f"SELECT time, equipment, signal, {_VERDICT}, score, rpm, kurtosis FROM ({_NEWEST}) d ORDER BY score DESC NULLS LAST",
                    table=True,
                ),
            ),
            unit="string",
            size=(24, 8),
            fields={
                k: _NAMES[k]
                for k in ("time", "equipment", "signal", "verdict", "part", "score", "rpm", "kurtosis")
            },
            links=(to_machine("频谱", "Spectrum", "diagnosis"),),
        ),
        Panel(
            id=2,
            kind="timeseries",
            zh="诊断得分",
            en="Diagnosis score",
            asks="发展多快？2.2 起很可能，3.3 起确认 · How fast? From 2.2 probable, from 3.3 confirmed [nat].",
            queries=(
                Query(
                    "SELECT time, equipment || ' ' || coalesce(signal, '') AS metric, score FROM"
                    f" boards.diagnoses({MACHINES}) WHERE score IS NOT NULL ORDER BY 1"
                ),
            ),
            unit="short",
            size=(12, 8),
            defaults={"thresholds": steps((None, GREY), (2.2, AMBER), (3.3, RED))},
            custom={"showPoints": "always", "thresholdsStyle": {"mode": "dashed"}},
        ),
        _trend(
            3,
            "加速度有效值",
            "Acceleration RMS",
            "总振动在增长吗？· Does the overall level grow?",
            "rms",
            "accG",
        ),
        _trend(
            4,
            "峭度",
            "Kurtosis",
            "有冲击吗？高斯噪声为 3 · Are there shocks? Gaussian noise has 3.",
            "kurtosis",
            "short",
        ),
        _trend(
            5,
            "诊断时的转速",
            "Speed at the diagnosis",
            "工况可比吗？· Are the conditions alike?",
            "rpm",
            "rotrpm",
        ),
        Panel(
            id=6,
            kind="timeseries",
            zh="结论构成",
            en="Verdicts by day",
            asks="多少次无法判断？· How often can't it be told? Number by UTC day.",
            queries=(
                Query(
                    f"SELECT date_bin('1 day', time, '2000-01-01 00:00:00+00') AS time, {spots('confidence', _CONFIDENCE)}"
                    f" AS metric, count(*) AS n FROM boards.diagnoses({MACHINES}) GROUP BY 1, 2 ORDER BY 1"
                ),
            ),
            unit="short",
            size=(10, 9),
            custom=STACKED,
        ),
        Panel(
            id=7,
            kind="table",
            zh="诊断历史",
            en="History",
            asks="当时判断对吗？· Was it right? The newest 200 that found something or could not tell.",
            queries=(
                Query(
                    f"SELECT time, equipment, signal, {_VERDICT}, score, reason, method || ' ' || method_version AS version"
                    f" FROM boards.diagnoses({MACHINES}) WHERE confidence <> 'none'"
                    " ORDER BY time DESC LIMIT 200",
                    table=True,
                ),
            ),
            unit="string",
            size=(14, 9),
            fields={
                k: _NAMES[k]
                for k in ("time", "equipment", "signal", "verdict", "part", "score", "reason", "version")
            },
        ),
        Panel(
            id=8,
            kind="timeseries",
            zh="振动速度有效值",
            en="Velocity RMS",
            asks="整机振动严重吗？10 Hz 起，毫米每秒 · How severe is the machine's vibration? From 10 Hz [mm/s].",
            queries=(
                Query(
                    "SELECT time, equipment || ' ' || coalesce(signal, '') AS metric, velocity_mm_s FROM"
                    f" boards.vibration({MACHINES}) WHERE velocity_mm_s IS NOT NULL ORDER BY 1"
                ),
            ),
            unit="suffix: mm/s",
            size=(12, 8),
            custom={"showPoints": "always"},
        ),
        Panel(
            id=9,
            kind="timeseries",
            zh="振动烈度区",
            en="Severity zones",
            asks="ISO 10816-3 的 A 至 D 区各多少次？按 UTC 日 · How often in zones A to D of ISO 10816-3? By UTC day; machines"
            " without group and support have none.",
            queries=(
                Query(
                    f"SELECT date_bin('1 day', time, '2000-01-01 00:00:00+00') AS time, {spots('zone', _ZONES)} AS metric,"
                    f" count(*) AS windows FROM boards.vibration({MACHINES}) WHERE zone IS NOT NULL GROUP BY 1, 2 ORDER BY 1"
                ),
            ),
            unit="short",
            size=(12, 8),
            custom=STACKED,
        ),
        Panel(
            id=10,
            kind="timeseries",
            zh="判断依据",
            en="What judged them",
            asks="模型适用吗？按自身基线、按固定阈值、无法判断各多少次 · Does the model fit? Windows judged beside the machine's own"
            " healthy ones, by fixed thresholds, or not at all, by UTC day.",
            queries=(
                Query(
                    f"SELECT date_bin('1 day', time, '2000-01-01 00:00:00+00') AS time, {_JUDGED} AS metric, count(*) AS n"
                    f" FROM boards.diagnoses({MACHINES}) GROUP BY 1, 2 ORDER BY 1"
                ),
            ),
            unit="short",
            size=(10, 8),
            custom=STACKED,
        ),
        Panel(
            id=11,
            kind="table",
            zh="工程师的答复",
            en="Answers of engineers",
            asks="判断对吗？· Was it right? The newest 200 answers to diagnoses of the range.",
            queries=(
                Query(
                    f"SELECT time, equipment, method, coalesce({spots('part', _PARTS)}, '-') AS part,"
                    f" {spots('answer', _ANSWERS)} AS answer, coalesce({spots('found', _PARTS)}, '-') AS found, answered"
                    f" FROM boards.answers({MACHINES}) ORDER BY answered DESC LIMIT 200",
                    table=True,
                ),
            ),
            unit="string",
            size=(14, 8),
            fields={
                "method": {"displayName": "方法 method"},
                **{k: _NAMES[k] for k in ("time", "equipment", "part", "answer", "found", "answered")},
            },
        ),
    ),
)
