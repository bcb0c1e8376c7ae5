import enum
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from chejian_contract.config import ConfigValueError, Seconds, from_table, load_config, parse_duration
from chejian_contract.errors import ConfigError
from hypothesis import given
from hypothesis import strategies as st

SECOND = Seconds(1.0)


class Level(enum.Enum):
    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True)
class Source:
    name: str
    port: int = 502

    def __post_init__(self) -> None:
        if not 0 < self.port < 65536:
            raise ConfigValueError("port", self.port, "1 to 65535")


@dataclass(frozen=True)
class Config:
    name: str
    folder: Path = Path("data")
    interval: Seconds = SECOND
    level: Level = Level.LOW
    mode: Literal["rows", "none"] = "rows"
    scale: float = 1.0
    verbose: bool = False
    password: str | None = None
    source: tuple[Source, ...] = ()
    states: dict[str, str] = field(default_factory=dict)


GOOD = """
name = "HRB-W1"
folder = "buffer"
interval = "500ms"
level = "high"
mode = "none"
scale = 2
password = "x"
[[source]]
name = "plc"
[[source]]
name = "meter"
port = 503
[states]
10 = "PRODUCING"
"""


def load(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "edge.toml"
    file.write_text(text, "utf-8")
    return load_config(Config, file)


def test_a_good_file(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD) == Config(
        name="HRB-W1",
        folder=tmp_path / "buffer",
        interval=Seconds(0.5),
        level=Level.HIGH,
        mode="none",
        scale=2.0,
        password="x",
        source=(Source("plc"), Source("meter", 503)),
        states={"10": "PRODUCING"},
    )
    assert load(tmp_path, 'name = "a"') == Config("a")


def test_overrides_replace_the_keys_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "edge.toml"
    file.write_text(GOOD, "utf-8")
    got = load_config(Config, file, overrides={"name": "other", "folder": Path("/srv")})
    assert (got.name, got.folder) == ("other", Path("/srv"))


@pytest.mark.parametrize(
    ("text", "key", "value", "allowed"),
    [
        ("", "name", None, "this key is required"),
        ("name = 7", "name", 7, "a value of type str"),
        ('name = "a"\nnmae = 1', "nmae", 1, "one of the keys folder, interval, level"),
        ('name = "a"\ninterval = "5 parsecs"', "interval", "5 parsecs", "a duration such as 30s"),
        ('name = "a"\ninterval = true', "interval", True, "a duration"),
        ('name = "a"\nlevel = "mid"', "level", "mid", "'low' | 'high'"),
        ('name = "a"\nmode = "all"', "mode", "all", "'rows' | 'none'"),
        ('name = "a"\nscale = true', "scale", True, "a value of type float"),
        ('name = "a"\nverbose = 1', "verbose", 1, "a value of type bool"),
        ('name = "a"\npassword = 1', "password", 1, "a value of type str"),
        ('name = "a"\nsource = 1', "source", 1, "a list"),
        ('name = "a"\nsource = [1]', "source[0]", 1, "a table"),
        ('name = "a"\nstates = []', "states", [], "a table"),
        ('name = "a"\nstates = {10 = 1}', "states.10", 1, "a value of type str"),
        ('name = "a"\n[[source]]\nname = "p"\nport = 70000', "source[0].port", 70000, "1 to 65535"),
        ('name = "a"\n[[source]]\nname = "p"\n[[source]]\nport = 1', "source[1].name", None, "required"),
        ('name = "a"\n[[source]]\nname = "p"\nbaud = 1', "source[0].baud", 1, "name, port"),
        ("name = ", "", "", "TOML in UTF-8"),
    ],
)
def test_a_wrong_file_names_file_key_value_and_what_is_allowed(
    tmp_path: Path, text: str, key: str, value: object, allowed: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    error = caught.value
    assert (error.source, error.key, error.value) == (str(tmp_path / "edge.toml"), key, value)
    assert allowed in error.allowed
    assert str(error) == f"{error.source}: key '{key}': value {value!r} is wrong; allowed: {error.allowed}"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml.*a readable file"):
        load_config(Config, tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(ConfigError, match=r"latin\.toml.*UTF-8"):
        load_config(Config, tmp_path / "latin.toml")


def test_a_table_names_its_source_and_prefix() -> None:
    with pytest.raises(ConfigError, match=r"^environment: key 'edge\.port': value '1' is wrong"):
        from_table(Source, {"name": "a", "port": "1"}, source="environment", key="edge")


@given(
    number=st.integers(0, 10**6),
    unit=st.sampled_from([("ms", 1e-3), ("s", 1), ("min", 60), ("h", 3600), ("d", 86400)]),
)
def test_durations(number: int, unit: tuple[str, float]) -> None:
    assert parse_duration(f"{number}{unit[0]}") == pytest.approx(number * unit[1])


@pytest.mark.parametrize("text", ["", "5", "s", "-1s", "1w", "1e3s", "1 s"])
def test_what_is_no_duration_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration such as 500ms"):
        parse_duration(text)
