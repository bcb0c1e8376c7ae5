"""`chejian boards push` against a server, and what it leaves alone."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from chejian.boards import boards
from chejian.boards.push import Grafana, plan, push
from chejian.cli import main

from tests.deploy.boards.grafana_double import TOKEN, GrafanaDouble

UIDS = [b.uid for b in boards()]


@pytest.fixture
def grafana() -> Iterator[GrafanaDouble]:
    """A server with a datasource and nothing else."""
    with GrafanaDouble() as double:
        yield double


@pytest.fixture
def arguments(grafana: GrafanaDouble, tmp_path: Path) -> list[str]:
    """Of the command, with a token."""
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    return ["boards", "push", "--url", grafana.url + "/", "--token-file", str(token)]


def test_everything_is_made_once(
    grafana: GrafanaDouble, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--dry-run"]) == 0
    assert grafana.written == []
    assert "board chejian-oee: create" in capsys.readouterr().out
    assert main(arguments) == 0
    assert grafana.written == ["folder chejian", *(f"board {uid}" for uid in UIDS)]
    assert {uid: b["title"] for uid, b in grafana.boards.items()} == {b.uid: b.title for b in boards()}
    capsys.readouterr()
    assert main(arguments) == 0
    assert len(grafana.written) == 1 + len(UIDS), "nothing is written twice"
    assert capsys.readouterr().out.count("keep") == 1 + len(UIDS)


def test_what_somebody_changed_is_told_and_set_right(
    grafana: GrafanaDouble, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 0
    oee = grafana.boards["chejian-oee"]
    oee["panels"] = [{**oee["panels"][0], "title": "mine"}, *oee["panels"][1:]]
    grafana.boards["chejian-data"]["panels"] = grafana.boards["chejian-data"]["panels"][1:]
    grafana.folder_of["chejian-energy"] = "elsewhere"
    del grafana.written[:]
    capsys.readouterr()
    assert main([*arguments, "--dry-run", "--diff"]) == 0
    told = capsys.readouterr().out
    assert "board chejian-oee: update, 1 differences\n  /panels[0]/title\n" in told
    assert "board chejian-data: update, 1 differences\n  /panels\n" in told
    assert "board chejian-energy: update, 1 differences\n  folder\n" in told
    assert grafana.written == []
    assert main(arguments) == 0
    assert sorted(grafana.written) == ["board chejian-data", "board chejian-energy", "board chejian-oee"]
    assert grafana.boards["chejian-oee"]["version"] == 2
    assert all(step.action == "keep" for step in plan(Grafana(grafana.url, TOKEN)))


def test_a_server_without_the_datasource_is_refused(
    grafana: GrafanaDouble, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    grafana.datasources.clear()
    assert main(arguments) == 1
    assert "no datasource with uid chejian-timescale" in capsys.readouterr().err
    assert grafana.written == []


def test_a_wrong_token_and_no_server_are_told(
    grafana: GrafanaDouble, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = tmp_path / "wrong"
    token.write_text("glsa_other")
    assert main(["boards", "push", "--url", grafana.url, "--token-file", str(token)]) == 1
    assert "Invalid API key" in capsys.readouterr().err
    assert main(["boards", "push", "--url", "http://127.0.0.1:9", "--token-file", str(token)]) == 1
    assert "http://127.0.0.1:9" in capsys.readouterr().err
    assert main(["boards", "push", "--url", grafana.url, "--token-file", str(tmp_path / "none")]) == 1
    assert "a file with the token is needed" in capsys.readouterr().err


def test_a_real_grafana_takes_the_boards() -> None:
    """Where one is given: CHEJIAN_GRAFANA_URL and CHEJIAN_GRAFANA_TOKEN; else the double is all that is asked."""
    url = os.environ.get("CHEJIAN_GRAFANA_URL")
    with GrafanaDouble() as double:
        server = Grafana(url or double.url, os.environ["CHEJIAN_GRAFANA_TOKEN"] if url else TOKEN)
        push(server, plan(server))
        assert [step.action for step in plan(server)] == ["keep"] * (1 + len(UIDS))
