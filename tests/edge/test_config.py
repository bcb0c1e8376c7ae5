"""Corpora of good and bad configurations; a bad file says in its first line what the error must say."""

from importlib import metadata
from pathlib import Path

import pytest
from chejian_contract.errors import ConfigError
from chejian_edge import drivers
from chejian_edge.cli import main
from chejian_edge.errors import DriverMissingError
from chejian_edge.plan import load_plan

CORPUS = Path(__file__).parent / "config"
SAMPLES = Path(drivers.__file__).parent


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.good.toml")), ids=lambda p: p.name)
def test_good(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--config", str(path)]) == 0
    assert f"{path}: good" in capsys.readouterr().out


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.bad.toml")), ids=lambda p: p.name)
def test_bad(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = path.read_text("utf-8").splitlines()[0]
    expected = first.removeprefix("# expect: ")
    assert expected != first
    assert main(["check", "--config", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{path}: key ")
    assert expected in said


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*/sample.toml")), ids=lambda p: p.parent.name)
def test_samples_show_every_option_with_its_default(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    text = "\n".join(
        line.removeprefix("#").strip() if line.startswith("#") and "=" in line else line for line in lines
    )
    kind = drivers.load_driver(path.parent.name)
    assert all(f"{name} = " in text for name in kind.options.__dataclass_fields__)
    assert load_plan(path).sources


def test_the_environment_names_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHEJIAN_MQTT_URL", "mqtt://elsewhere:1884")
    assert load_plan(CORPUS / "machine.good.toml").config.mqtt.url == "mqtt://elsewhere:1884"
    monkeypatch.setenv("CHEJIAN_MQTT_URL", "elsewhere")
    with pytest.raises(ConfigError, match=r"environment: key 'CHEJIAN_MQTT_URL': value 'elsewhere'"):
        load_plan(CORPUS / "machine.good.toml")


def test_a_missing_library_names_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "absent_protocol.py").write_text("import a_library_nobody_has\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    entry = metadata.EntryPoint("absent", "absent_protocol:DRIVER", drivers.GROUP)
    monkeypatch.setattr(metadata, "entry_points", lambda **_: metadata.EntryPoints([entry]))
    with pytest.raises(DriverMissingError, match=r"'a_library_nobody_has': install chejian-edge\[absent\]"):
        drivers.load_driver("absent")
