"""What boards are made of: panels, variables and whole boards as the JSON that Grafana 11 to 13 provision (classic, v1).

A panel's SQL reads only functions and views of schema `boards`. Titles are Chinese and English in one, so that one board serves
both; units, legends, tooltips and ids are set here for all, since Grafana's own defaults leave them out.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SCHEMA_VERSION = 42
"""Classic model as Grafana 12 writes it; 11 reads it, 13 migrates it on load."""
DATASOURCE = {"type": "grafana-postgresql-datasource", "uid": "chejian-timescale"}
"""The uid is the same in every organisation of Grafana; role and orgId of the datasource differ."""
TAG = "chejian"
CONSOLE = "${console}"
"""Address of the console, a hidden variable of each board."""
WIDTH = 24

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """One statement of a panel.

    Attributes:
        sql: with Grafana's macros and variables.
        table: a table; else time series, with a column `time`.
    """

    sql: str
    table: bool = False

    def target(self, letter: str) -> Json:
        """The panel's target of that letter."""
        return {
            "refId": letter,
            "datasource": DATASOURCE,
            "editorMode": "code",
            "rawQuery": True,
            "rawSql": self.sql,
            "format": "table" if self.table else "time_series",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A panel; `id` is its name for links and alerts and never changes.

    Attributes:
        id: unique in its board.
        kind: Grafana's panel type.
        zh: title.
        en: the same in English.
        asks: the question that it answers, and over which window; shown behind the i.
        queries: its statements.
        unit: of all fields without one of their own, a Grafana unit id.
        size: width and height in the grid of 24 columns.
        options: of the panel type, over the defaults.
        custom: field options of the panel type.
        defaults: further field defaults: mappings, thresholds, min, max, decimals.
        fields: by field name, the properties that differ.
        links: of a cell or point.
    """

    id: int
    kind: str
    zh: str
    en: str
    asks: str
    queries: tuple[Query, ...]
    unit: str
    size: tuple[int, int] = (12, 8)
    options: Json = field(default_factory=dict)
    custom: Json = field(default_factory=dict)
    defaults: Json = field(default_factory=dict)
    fields: Mapping[str, Json] = field(default_factory=dict)
    links: Sequence[Json] = ()

    def json(self, x: int, y: int) -> Json:
        """The panel at a place of the grid."""
        options, custom = _DEFAULTS.get(self.kind, ({}, {}))
        defaults: Json = {"unit": self.unit, **self.defaults}
        if merged := {**custom, **self.custom}:
            defaults["custom"] = merged
        if self.links:
            defaults["links"] = list(self.links)
        return {
            "id": self.id,
            "type": self.kind,
            "title": f"{self.zh} · {self.en}",
            "description": self.asks,
            "datasource": DATASOURCE,
            "gridPos": {"x": x, "y": y, "w": self.size[0], "h": self.size[1]},
            "targets": [q.target(chr(65 + i)) for i, q in enumerate(self.queries)],
            "options": {**options, **self.options},
            "fieldConfig": {
                "defaults": defaults,
                "overrides": [_override(n, p) for n, p in self.fields.items()],
            },
            "transparent": False,
        }


def _override(name: str, properties: Json) -> Json:
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties.items()],
    }


_LEGEND = {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []}
_TOOLTIP = {"mode": "multi", "sort": "none"}
_REDUCE = {"values": False, "calcs": ["lastNotNull"], "fields": ""}
_DEFAULTS: Mapping[str, tuple[Json, Json]] = {
    "timeseries": (
        {"legend": _LEGEND, "tooltip": _TOOLTIP},
        {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 0, "showPoints": "auto", "spanNulls": False},
    ),
    "stat": (
        {"reduceOptions": _REDUCE, "colorMode": "value", "graphMode": "none", "textMode": "value_and_name",
         "justifyMode": "auto", "orientation": "auto"},
        {},
    ),
    "table": ({"showHeader": True, "cellHeight": "sm"}, {"filterable": True}),
    "barchart": (
        {"legend": _LEGEND, "tooltip": _TOOLTIP, "orientation": "horizontal", "showValue": "auto", "stacking": "none"},
        {"fillOpacity": 80, "lineWidth": 1},
    ),
    "bargauge": (
        {"reduceOptions": {**_REDUCE, "values": True}, "displayMode": "basic", "orientation": "horizontal",
         "showUnfilled": True, "valueMode": "text"},
        {},
    ),
    "state-timeline": (
        {"legend": _LEGEND, "tooltip": {"mode": "single"}, "showValue": "auto", "mergeValues": True, "rowHeight": 0.8,
         "alignValue": "left"},
        {"fillOpacity": 80, "lineWidth": 0},
    ),
    "xychart": ({"legend": _LEGEND, "tooltip": {"mode": "single"}, "mapping": "auto", "series": []}, {}),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable of a board, asked from the database, or a text that the reader types.

    Attributes:
        name: of it.
        zh: label.
        en: the same in English.
        sql: columns `__value` and `__text`; "" for a text box.
        multi: several values, or all.
        everything: what "all" stands for in SQL; "" for the list of all values.
        default: of a text box.
        hidden: not shown.
    """

    name: str
    zh: str = ""
    en: str = ""
    sql: str = ""
    multi: bool = False
    everything: str = ""
    default: str = ""
    hidden: bool = False

    def json(self) -> Json:
        """The entry of `templating.list`."""
        common: Json = {
            "name": self.name,
            "label": f"{self.zh} {self.en}".strip(),
            "hide": 2 if self.hidden else 0,
            "skipUrlSync": False,
        }
        if not self.sql:
            current = {"text": self.default, "value": self.default, "selected": True}
            return {
                **common,
                "type": "textbox",
                "query": self.default,
                "current": current,
                "options": [current],
            }
        out = {
            **common,
            "type": "query",
            "datasource": DATASOURCE,
            "definition": self.sql,
            "query": self.sql,
            "refresh": 2,
            "sort": 0,
            "multi": self.multi,
            "includeAll": self.multi,
        }
        if self.multi:
            out["current"] = {"text": ["All"], "value": ["$__all"], "selected": True}
        if self.everything:
            out["allValue"] = self.everything
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A board; `uid` is its address and never changes.

    Attributes:
        uid: `chejian-` and its subject.
        zh: title.
        en: the same in English.
        about: one sentence.
        console: path of the console's page on the same subject.
        variables: in their order.
        panels: in reading order; they flow into rows of 24 columns.
        annotations: name -> statement with columns time and text, and tags where there are some.
        since: default range, back from now.
        refresh: how often it asks anew.
    """

    uid: str
    zh: str
    en: str
    about: str
    console: str
    variables: tuple[Variable, ...]
    panels: tuple[Panel, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)
    since: str = "now-24h"
    refresh: str = "1m"

    def json(self) -> Json:
        """The whole board."""
        return {
            "uid": self.uid,
            "title": f"{self.zh} · {self.en}",
            "description": self.about,
            "tags": [TAG],
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "timezone": "browser",
            "time": {"from": self.since, "to": "now"},
            "refresh": self.refresh,
            "links": self._links(),
            "templating": {"list": [v.json() for v in self.variables]},
            "annotations": {"list": [_annotation(n, sql) for n, sql in self.annotations.items()]},
            "panels": self._placed(),
        }

    def _links(self) -> list[Json]:
        common = {"icon": "external link", "includeVars": True, "keepTime": True, "asDropdown": False}
        boards = {**common, "type": "dashboards", "title": "看板 · Boards", "tags": [TAG], "asDropdown": True}
        page = {"type": "link", "title": "控制台 · Console", "url": CONSOLE + self.console, "tags": []}
        console = {**common, **page, "includeVars": False, "keepTime": False}
        return [{"tooltip": "", "url": "", "targetBlank": False, **link} for link in (boards, console)]

    def _placed(self) -> list[Json]:
        out, x, y, tallest = [], 0, 0, 0
        for panel in self.panels:
            width, height = panel.size
            if x + width > WIDTH:
                x, y, tallest = 0, y + tallest, 0
            out.append(panel.json(x, y))
            x, tallest = x + width, max(tallest, height)
        return out


def _annotation(name: str, sql: str) -> Json:
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": "#2f5d8a",
        "target": {"refId": "Anno", **Query(sql, table=True).target("Anno")},
    }


def rendered(board: Board) -> str:
    """The board's file."""
    return json.dumps(board.json(), ensure_ascii=False, indent=1) + "\n"
