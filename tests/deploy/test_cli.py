"""The umbrella command: what it writes can be used, what it refuses it explains."""

import json
from pathlib import Path

import pytest
from chejian import cli


def test_a_data_folder_keeps_its_seed_and_recordings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = {"epoch": "2026-11-23T00:00:00+00:00", "seed": 1, "recordings": ""}
    replayed = {"replay_end": "2026-11-24T00:00:00+00:00"}
    (tmp_path / "demo.json").write_text(json.dumps(state | replayed), encoding="utf-8")
    assert cli.main(["demo", "--data", str(tmp_path), "--seed", "5"]) == 1
    assert "demo.json: key 'seed': value 5 is wrong; allowed: 1" in capsys.readouterr().err
    assert cli.main(["demo", "--data", str(tmp_path), "--recordings", str(tmp_path)]) == 1
    assert "no recordings, as this data folder was made" in capsys.readouterr().err
    (tmp_path / "demo.json").write_text(json.dumps(state), encoding="utf-8")
    assert cli.main(["demo", "--data", str(tmp_path)]) == 1
    assert "another version of Chejian made this data folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--history", "3parsecs"], "no duration such as"),
        (["--recordings", "nowhere"], "'nowhere' is no folder"),
    ],
)
def test_wrong_arguments_are_named(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main(["demo", *arguments])
    assert message in capsys.readouterr().err
