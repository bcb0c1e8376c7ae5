"""Provisioning files: what Grafana's documentation asks of them, and rules that answer."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from chejian.boards import TimeRange, boards, expand
from chejian.boards.rules import RULES, Rule
from chejian.cli import main

from tests.deploy.boards.conftest import Read

FOLDER = "provisioning"


def _read(folder: Path, name: str) -> dict[str, Any]:
    """A file as YAML reads it: after the comment it is JSON."""
    head, _, rest = (folder / FOLDER / name).read_text("utf-8").partition("\n")
    assert head.startswith("#")
    found: dict[str, Any] = json.loads(rest)
    assert found["apiVersion"] == 1
    return found


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Files for two organisations."""
    arguments = [
        "--organisation",
        "1:chejian_boards_all:PROVINCE",
        "--organisation",
        "2:chejian_boards_e1:/run/secrets/e1",
    ]
    more = ["--webhook", "https://alerts.example/x", "--console", "https://console.example"]
    assert main(["boards", "build", str(tmp_path), *arguments, *more]) == 0
    return tmp_path


def test_each_organisation_reads_with_its_own_role_and_no_password_is_written(written: Path) -> None:
    sources = _read(written, "datasources/chejian.yaml")["datasources"]
    assert [(s["orgId"], s["uid"], s["user"]) for s in sources] == [
        (1, "chejian-timescale", "chejian_boards_all"),
        (2, "chejian-timescale", "chejian_boards_e1"),
    ]
    assert [s["secureJsonData"]["password"] for s in sources] == [
        "$__env{PROVINCE}",
        "$__file{/run/secrets/e1}",
    ]
    for source in sources:
        assert source["jsonData"]["database"] == "chejian"
        assert source["jsonData"]["sslmode"] == "verify-full"
        assert "database" not in source


def test_boards_lie_where_the_provider_looks_and_lead_to_the_console(written: Path) -> None:
    providers = _read(written, "dashboards/chejian.yaml")["providers"]
    assert {p["options"]["path"] for p in providers} == {"/etc/grafana/chejian-boards"}
    assert len({p["name"] for p in providers}) == len(providers) == 2
    names = sorted(p.name for p in (written / "boards").iterdir())
    assert names == [f"{b.uid}.json" for b in boards()]
    for name in names:
        content = json.loads((written / "boards" / name).read_text("utf-8"))
        console = next(v for v in content["templating"]["list"] if v["name"] == "console")
        assert console["query"] == console["current"]["value"] == "https://console.example"


def test_rules_keep_clear_of_the_traps_of_their_file(written: Path) -> None:
    groups = _read(written, "alerting/rules.yaml")["groups"]
    uids = [rule["uid"] for group in groups for rule in group["rules"]]
    assert len(set(uids)) == len(uids) == 2 * len(RULES)
    for group in groups:
        assert {"name", "folder", "interval"} <= set(group)
        assert not {"title", "folderUid", "folderUID"} & set(group)
        for rule in group["rules"]:
            assert rule["keepFiringFor"] == "5m"
            assert "keep_firing_for" not in rule
            for value in rule["labels"].values():
                assert not re.search(r"(?<!\$)\$[A-Za-z_{]", value), (
                    "a single $ is a variable of the environment"
                )
            assert rule["condition"] == rule["data"][-1]["refId"]
            assert [d["datasourceUid"] for d in rule["data"]] == ["chejian-timescale", "__expr__", "__expr__"]
            assert all(d["refId"] == d["model"]["refId"] for d in rule["data"])
            assert rule["data"][0]["model"]["format"] == "time_series"


def test_contact_points_are_written_only_when_there_is_an_address(written: Path, tmp_path: Path) -> None:
    contacts = _read(written, "alerting/contact-points.yaml")
    assert {p["receivers"][0]["settings"]["url"] for p in contacts["contactPoints"]} == {
        "https://alerts.example/x"
    }
    assert {p["receiver"] for p in contacts["policies"]} == {p["name"] for p in contacts["contactPoints"]}
    other = tmp_path / "other"
    assert main(["boards", "build", str(other)]) == 0
    assert not (other / FOLDER / "alerting" / "contact-points.yaml").exists()


@pytest.mark.parametrize("text", ["1:role", "x:role:PASSWORD", "1::P"])
def test_a_wrong_organisation_is_refused(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["boards", "build", str(tmp_path), "--organisation", text])
    assert "ID:ROLE:PASSWORD" in capsys.readouterr().err


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.uid)
def test_a_rule_gives_series_with_a_number(rule: Rule, month: Read) -> None:
    role = month.readers.make(None)
    text = expand(rule.sql, TimeRange(month.end - timedelta(seconds=rule.since), month.end), {})
    with month.readers.connect(role) as reader:
        cursor = reader.execute(text.encode())
        assert cursor.description is not None
        names = [c.name for c in cursor.description]
        rows = cursor.fetchall()
    assert names[:2] == ["time", "metric"]
    assert len(names) == 3
    assert {row["metric"] for row in rows} == {"W0", "W1"}
    assert any(row[names[2]] is not None for row in rows)
