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
            asks="当时判断对吗？· Was it right? The newest 200 that named a part or could not tell.",
            queries=(
                Query(
                    f"SELECT time, equipment, signal, {_VERDICT}, score, reason, method || ' ' || method_version AS version"
                    f" FROM boards.diagnoses({MACHINES}) WHERE part IS NOT NULL OR confidence = 'cannot_tell'"
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
    ),
)
