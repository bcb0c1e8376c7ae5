"""What several boards share: variables, conditions, formulas, colours with words."""

from collections.abc import Mapping

from deploy.grafana.model import CONSOLE, Json, Panel, Query, Variable

FROM, TO = "$__timeFrom()", "$__timeTo()"
MACHINES = f"{FROM}, {TO}, '$enterprise', ARRAY[$equipment]::text[]"
"""Arguments of most functions: the range and the chosen machines."""
BY_SHIFT = f"{MACHINES}, ARRAY[$shift]::text[]"
METERS = f"{FROM}, {TO}, '$enterprise', ARRAY[$meter]::text[]"

BUSY = "nullif(sum(busy_us), 0)::float8"
UNTIMED = "bool_and(no_counts) OR bool_or(no_ideal)"
UNJUDGED = "bool_and(no_counts) OR bool_or(no_quality)"
OEE = f"CASE WHEN {UNTIMED} OR bool_or(no_quality) THEN NULL ELSE sum(effective_us)::float8 / {BUSY} END"
AVAILABILITY = f"sum(apt_us)::float8 / {BUSY}"
EFFECTIVENESS = (
    f"CASE WHEN {UNTIMED} THEN NULL ELSE sum(ideal_us)::float8 / nullif(sum(apt_us), 0)::float8 END"
)
QUALITY = f"CASE WHEN {UNJUDGED} THEN NULL ELSE sum(good)::float8 / nullif(sum(produced), 0)::float8 END"
COVERAGE = "sum(busy_us)::float8 / nullif(sum(busy_us) + sum(no_data_us), 0)::float8"
"""Numerators and denominators are added first; what a window lacks makes the ratio unknown, never zero."""

ENTERPRISE = Variable(
    name="enterprise",
    zh="企业",
    en="Enterprise",
    sql="SELECT enterprise AS __value, name_zh || ' ' || enterprise AS __text FROM boards.enterprise ORDER BY 1",
)
ENTERPRISES = Variable(name="enterprise", zh="企业", en="Enterprise", sql=ENTERPRISE.sql, multi=True)
WORKSHOP = Variable(
    name="workshop",
    zh="车间",
    en="Workshop",
    sql=(
        "SELECT workshop AS __value, name_zh || ' ' || workshop AS __text FROM boards.workshop"
        " WHERE enterprise = '$enterprise' ORDER BY 1"
    ),
)
LINE = Variable(
    name="line",
    zh="产线",
    en="Line",
    sql=(
        "SELECT line AS __value, name_zh || ' ' || line AS __text FROM boards.line"
        " WHERE enterprise = '$enterprise' AND workshop = '$workshop' ORDER BY 1"
    ),
    multi=True,
)
_EQUIPMENT = (
    "SELECT equipment AS __value, name_zh || ' ' || equipment AS __text FROM boards.equipment"
    " WHERE enterprise = '$enterprise' AND workshop = '$workshop' AND line IN ($line) AND {kind} ORDER BY 1"
)
EQUIPMENT = Variable(
    name="equipment", zh="设备", en="Equipment", sql=_EQUIPMENT.format(kind="NOT meter"), multi=True
)
METER = Variable(name="meter", zh="计量表", en="Meter", sql=_EQUIPMENT.format(kind="meter"), multi=True)
SHIFT = Variable(
    name="shift",
    zh="班次",
    en="Shift",
    sql="SELECT shift AS __value, shift AS __text FROM boards.shifts('$enterprise', '$workshop') ORDER BY 1",
    multi=True,
    everything="NULL",
)
BARS: Json = {"drawStyle": "bars", "fillOpacity": 70}
STACKED: Json = {**BARS, "stacking": {"mode": "normal", "group": "A"}}
DASHED: Json = {"thresholdsStyle": {"mode": "dashed"}}
"""Field options of time series: amounts of windows, the same on top of each other, thresholds as dashed lines."""

CONSOLE_URL = Variable(name="console", default="http://localhost:8080", hidden=True)
PLACE = (ENTERPRISE, WORKSHOP, LINE, EQUIPMENT)

GREY, PALE, BLUE, AMBER, RED, INK = "#7d868d", "#b9c0c5", "#2f5d8a", "#d98200", "#c0262d", "#3a4148"
STATES: Mapping[int, tuple[str, str, str]] = {
    0: ("无数据", "no data", "#e8e8e8"),
    1: ("运行", "producing", GREY),
    2: ("调整", "setup", BLUE),
    3: ("故障", "fault", RED),
    4: ("停机", "stopped", AMBER),
    5: ("待料", "starved", "#8a6d1f"),
    6: ("堵料", "blocked", "#6a4c93"),
    7: ("空闲", "idle", PALE),
    8: ("维护", "maintenance", "#1f7a6d"),
    9: ("关机", "off", INK),
}
"""Words and colour of each state; the words are always shown, so that none is told by colour alone."""
LOSSES: Mapping[str, tuple[str, str]] = {
    "breakdowns": ("故障", "breakdowns"),
    "setup_adjustments": ("换型调整", "set-up"),
    "minor_stops": ("短停与等待", "minor stops, waiting"),
    "reduced_speed": ("速度损失", "reduced speed"),
    "defects": ("质量损失", "defects"),
    "other": ("未说明停机与无订单", "unexplained, no order"),
}


def steps(*pairs: tuple[float | None, str]) -> Json:
    """Thresholds: from each value on its colour."""
    return {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in pairs]}


KNOWN = steps((None, AMBER), (0.95, GREY))
"""Below 95 % known a figure is no fact."""


def known_over_time(
    panel: int, zh: str, en: str, asks: str, *, select: str, source: str, size: tuple[int, int]
) -> Panel:
    """A line per machine or meter: which share of each window is known.

    Args:
        panel: its id.
        zh: title.
        en: the same in English.
        asks: the question that it answers.
        select: the line's name as `metric` and the share.
        source: windows with `start`.
        size: in the grid.
    """
    return Panel(
        id=panel,
        kind="timeseries",
        zh=zh,
        en=en,
        asks=asks,
        queries=(Query(f"SELECT start AS time, {select} FROM {source} GROUP BY 1, 2 ORDER BY 1"),),
        unit="percentunit",
        size=size,
        defaults={"min": 0, "max": 1, "thresholds": KNOWN},
        custom=DASHED,
    )


def to_machine(zh: str, en: str, page: str, field: str = "equipment") -> Json:
    """A link from a table's row to a page of its machine; the console finds the machine by its code.

    Args:
        zh: title.
        en: the same in English.
        page: `oee`, `stops` or `diagnosis`, or empty for the machine's own page.
        field: column that holds the code.
    """
    at = f"{CONSOLE}/at/${{enterprise:percentencode}}/equipment/${{__data.fields.{field}:percentencode}}"
    return {"title": f"{zh} · {en}", "url": f"{at}?page={page}", "targetBlank": True}


def state_mappings() -> list[Json]:
    """Value mappings of state numbers to words and colours."""
    options = {
        str(number): {"text": f"{zh} {en}", "color": colour, "index": index}
        for index, (number, (zh, en, colour)) in enumerate(STATES.items())
    }
    return [{"type": "value", "options": options}]


def state_words(column: str) -> str:
    """SQL expression of a state's words."""
    cases = " ".join(f"WHEN {number} THEN '{zh} {en}'" for number, (zh, en, _) in STATES.items())
    return f"CASE {column} {cases} END"


def spots(column: str, words: Mapping[str, tuple[str, str]]) -> str:
    """SQL expression that gives each code its Chinese and English words."""
    cases = " ".join(f"WHEN '{code}' THEN '{zh} {en}'" for code, (zh, en) in words.items())
    return f"CASE {column} {cases} ELSE {column} END"
