"""Provisioning files of a Grafana 11 to 13: datasources, dashboards, alert rules, contact points.

They are written as JSON, which is YAML too, so that nothing depends on a YAML library. A `$` in front of a name is a variable
of Grafana's environment, except inside the models of rules.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chejian.boards.files import Json, boards
from chejian.boards.push import DATASOURCE_UID, FOLDER_TITLE
from chejian.boards.rules import RULES, Rule

BOARDS_PATH = "/etc/grafana/chejian-boards"
"""Where the boards' JSON lies in the container."""
_HEAD = "# Written by `chejian boards build`; JSON is YAML.\n"
_WEBHOOK = "chejian-webhook"


@dataclass(frozen=True, slots=True)
class Organisation:
    """One organisation of Grafana and the database role that it reads with.

    Attributes:
        id: Grafana's orgId.
        role: a reader (`chejian-cloud board-reader`).
        password: where Grafana finds its password: an environment variable's name, or a path.
    """

    id: int
    role: str
    password: str


@dataclass(frozen=True, slots=True)
class Target:
    """The Grafana that the files are for.

    Attributes:
        organisations: at least one.
        host: of the database, host:port.
        database: its name.
        sslmode: of the connection: disable, require, verify-ca or verify-full.
        timescaledb: whether the server has it.
        root_certificate: path, in the container, of what signs the database's certificate; "" for the system's.
        console: address of the console, as a reader's browser sees it.
        webhook: where alerts go; "" for none.
    """

    organisations: tuple[Organisation, ...]
    host: str
    database: str = "chejian"
    sslmode: str = "verify-full"
    timescaledb: bool = True
    console: str = "http://localhost:8080"
    webhook: str = ""
    root_certificate: str = ""


def build(folder: Path, target: Target) -> list[Path]:
    """Write all files below a folder, laid out as Grafana's `provisioning` and the boards beside it.

    Returns:
        The files.
    """
    written = []
    for name, text in texts(target):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        written.append(path)
    return written


def texts(target: Target) -> Iterator[tuple[str, str]]:
    """Relative path and content of each file."""
    documents: Mapping[str, Json] = {
        "provisioning/datasources/chejian.yaml": _datasources(target),
        "provisioning/dashboards/chejian.yaml": _providers(target.organisations),
        "provisioning/alerting/rules.yaml": _rules(target.organisations),
        **({"provisioning/alerting/contact-points.yaml": _contacts(target)} if target.webhook else {}),
    }
    for name, document in documents.items():
        yield name, _HEAD + json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    for board in boards():
        yield (
            f"boards/{board.uid}.json",
            json.dumps(_at(board.content, target.console), ensure_ascii=False, indent=1) + "\n",
        )


def _at(content: Json, console: str) -> Json:
    """The board with the console's address."""
    variables = [
        {
            **v,
            "query": console,
            "current": {"text": console, "value": console, "selected": True},
            "options": [],
        }
        if v["name"] == "console"
        else v
        for v in content["templating"]["list"]
    ]
    return {**content, "templating": {"list": variables}}


def _secret(where: str) -> str:
    return f"$__file{{{where}}}" if "/" in where else f"$__env{{{where}}}"


def _trust(root_certificate: str) -> Json:
    if not root_certificate:
        return {}
    return {"tlsConfigurationMethod": "file-path", "sslRootCertFile": root_certificate}


def _datasources(target: Target) -> Json:
    return {
        "apiVersion": 1,
        "prune": True,
        "datasources": [
            {
                "name": "Chejian",
                "uid": DATASOURCE_UID,
                "orgId": organisation.id,
                "type": "grafana-postgresql-datasource",
                "access": "proxy",
                "url": target.host,
                "user": organisation.role,
                "secureJsonData": {"password": _secret(organisation.password)},
                "jsonData": {
                    "database": target.database,
                    "sslmode": target.sslmode,
                    **_trust(target.root_certificate),
                    "postgresVersion": 1600,
                    "timescaledb": target.timescaledb,
                    "timeInterval": "10s",
                    "maxOpenConns": 20,
                    "maxIdleConns": 20,
                    "connMaxLifetime": 14400,
                },
                "isDefault": True,
                "editable": False,
            }
            for organisation in target.organisations
        ],
    }


def _providers(organisations: Sequence[Organisation]) -> Json:
    return {
        "apiVersion": 1,
        "providers": [
            {
                "name": f"chejian-{organisation.id}",
                "orgId": organisation.id,
                "folder": FOLDER_TITLE,
                "type": "file",
                "disableDeletion": False,
                "allowUiUpdates": False,
                "updateIntervalSeconds": 30,
                "options": {"path": BOARDS_PATH},
            }
            for organisation in organisations
        ],
    }


def _rules(organisations: Sequence[Organisation]) -> Json:
    return {
        "apiVersion": 1,
        "groups": [
            {
                "orgId": organisation.id,
                "name": "chejian-data",
                "folder": FOLDER_TITLE,
                "interval": "1m",
                "rules": [_rule(rule, organisation.id) for rule in RULES],
            }
            for organisation in organisations
        ],
    }


def _rule(rule: Rule, org: int) -> Json:
    """One rule; its uid is unique in a Grafana, so organisations after the first have their number in it."""
    span = {"from": rule.since, "to": 0}
    condition = {"evaluator": {"type": rule.operator, "params": [rule.limit]}}
    query = {
        "refId": "A",
        "format": "time_series",
        "rawQuery": True,
        "editorMode": "code",
        "rawSql": rule.sql,
    }
    models: list[tuple[str, str, dict[str, Any]]] = [
        ("A", DATASOURCE_UID, query),
        ("B", "__expr__", {"refId": "B", "type": "reduce", "reducer": "last", "expression": "A"}),
        ("C", "__expr__", {"refId": "C", "type": "threshold", "expression": "B", "conditions": [condition]}),
    ]
    return {
        "uid": rule.uid if org == 1 else f"{rule.uid}-{org}",
        "title": rule.title,
        "condition": "C",
        "for": rule.lasts,
        "keepFiringFor": "5m",
        "noDataState": "KeepLast",
        "execErrState": "Error",
        "labels": {"severity": "warning", "class": "data", "source": "{{ $$labels.metric }}"},
        "annotations": {"summary": rule.summary},
        "data": [
            {"refId": letter, "datasourceUid": source, "relativeTimeRange": span, "model": model}
            for letter, source, model in models
        ],
    }


def _contacts(target: Target) -> Json:
    receivers = [
        {"uid": _WEBHOOK, "type": "webhook", "settings": {"url": target.webhook, "httpMethod": "POST"}}
    ]
    return {
        "apiVersion": 1,
        "contactPoints": [
            {"orgId": o.id, "name": _WEBHOOK, "receivers": receivers} for o in target.organisations
        ],
        "policies": [
            {"orgId": o.id, "receiver": _WEBHOOK, "group_by": ["alertname", "metric"]}
            for o in target.organisations
        ],
    }
