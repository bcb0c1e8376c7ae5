"""Configuration: TOML into frozen dataclasses; unknown keys refused, every error names file, key, value, allowed."""

import dataclasses
import enum
import re
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from chejian_contract.errors import ConfigError

T = TypeVar("T")

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|min|h|d)")
_SECONDS_OF = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


class Seconds(float):
    """A duration [s]; written in TOML as a number of seconds or as text such as "500ms", "30s", "24h", "7d"."""


class ConfigValueError(ValueError):
    """Raised by a config class's `__post_init__`: a value that is well-typed but not allowed."""

    def __init__(self, key: str, value: object, allowed: str) -> None:
        self.key = key
        self.value = value
        self.allowed = allowed
        super().__init__(f"{key} = {value!r}: {allowed}")


def parse_duration(text: str) -> Seconds:
    """Read "500ms", "30s", "5min", "24h" or "7d".

    Raises:
        ValueError: for any other text.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no duration such as 500ms, 30s, 5min, 24h, 7d")
    return Seconds(float(match[1]) * _SECONDS_OF[match[2]])


def load_config(kind: type[T], path: Path, *, overrides: Mapping[str, object] | None = None) -> T:
    """Read the TOML file `path` into the frozen dataclass `kind`.

    Args:
        kind: dataclass whose fields are str, int, float, bool, Seconds, Path, enums, Literals, tuples of these,
            dict[str, ...], other dataclasses, or `X | None`.
        path: the file; relative `Path` fields are taken from its folder.
        overrides: top-level keys that replace those of the file (environment, command line).

    Raises:
        ConfigError: names file, key, value and what is allowed.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(str(path), "", str(path), f"a readable file ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), "", "", f"TOML in UTF-8 ({error})") from error
    table.update(overrides or {})
    return from_table(kind, table, source=str(path), base=path.parent)


def from_table(
    kind: type[T], table: Mapping[str, object], *, source: str, key: str = "", base: Path = Path()
) -> T:
    """Build the dataclass `kind` from a parsed table; see `load_config`.

    Raises:
        ConfigError: names source, key, value and what is allowed.
    """
    hints = typing.get_type_hints(kind)
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]  # kind is a dataclass by contract
    prefix = f"{key}." if key else ""
    for name in table:
        if name not in fields:
            raise ConfigError(
                source, prefix + name, table[name], "one of the keys " + ", ".join(sorted(fields))
            )
    values = {}
    for name, field in fields.items():
        if name in table:
            values[name] = _read(hints[name], table[name], source, prefix + name, base)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ConfigError(source, prefix + name, None, "this key is required")
    try:
        return kind(**values)
    except ConfigValueError as error:
        raise ConfigError(source, prefix + error.key, error.value, error.allowed) from error


def _read(hint: Any, value: object, source: str, key: str, base: Path) -> object:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        inner = next(a for a in typing.get_args(hint) if a is not type(None))
        return _read(inner, value, source, key, base)
    if origin is typing.Literal:
        if value not in typing.get_args(hint):
            raise ConfigError(source, key, value, " | ".join(map(repr, typing.get_args(hint))))
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise ConfigError(source, key, value, "a list")
        item = typing.get_args(hint)[0]
        return tuple(_read(item, v, source, f"{key}[{i}]", base) for i, v in enumerate(value))
    if origin is dict:
        if not isinstance(value, dict):
            raise ConfigError(source, key, value, "a table")
        item = typing.get_args(hint)[1]
        return {k: _read(item, v, source, f"{key}.{k}", base) for k, v in value.items()}
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise ConfigError(source, key, value, "a table")
        return from_table(hint, value, source=source, key=key, base=base)  # type: ignore[arg-type]  # a class, see above
    return _read_scalar(hint, value, source, key, base)


def _read_scalar(hint: Any, value: object, source: str, key: str, base: Path) -> object:
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        try:
            return hint(value)
        except ValueError:
            raise ConfigError(source, key, value, " | ".join(repr(m.value) for m in hint)) from None
    if hint is Seconds:
        try:
            return parse_duration(value) if isinstance(value, str) else Seconds(_number(value))
        except (ValueError, TypeError) as error:
            raise ConfigError(source, key, value, "a duration such as 30s, 5min, 24h or seconds") from error
    if hint is Path and isinstance(value, str | Path):
        return base / value
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if hint is object or (hint in (str, int, bool) and type(value) is hint):
        return value
    raise ConfigError(source, key, value, f"a value of type {getattr(hint, '__name__', hint)}")


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(value)
    return float(value)
