"""Reads tables of a data file and collects everything that is wrong with them before one refusal."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a data file.

    Attributes:
        file: name of the file.
        key: where in it, like ``item[3].tolerance``.
        value: what stands there, as in Python; "(missing)" where nothing does.
        allowed: what may stand there.
    """

    file: str
    key: str
    value: str
    allowed: str

    def __str__(self) -> str:
        """One line: file, key, value, what is allowed."""
        return f"{self.file}: {self.key}: {self.value}; allowed: {self.allowed}"


class DataFileError(ValueError):
    """A data file was refused.

    Attributes:
        problems: all that was found, file by file.
    """

    def __init__(self, problems: Collection[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Table:
    """One table of a parsed TOML file; every wrong or unknown key is written down and reading goes on.

    Args:
        file: name of the file.
        key: place of the table in it; "" is the file itself.
        data: the parsed table, floats as `Decimal`.
        problems: list that collects.
    """

    def __init__(self, file: str, key: str, data: Mapping[str, Any], problems: list[Problem]) -> None:
        self.file, self.key, self._data, self._problems = file, key, data, problems
        self._known: set[str] = set()

    def has(self, key: str) -> bool:
        """Whether a key is there."""
        self._known.add(key)
        return key in self._data

    def wrong(self, key: str, allowed: str, value: object = None) -> None:
        """Write a problem down; without a value, that of the key is quoted."""
        found = self._data.get(key) if value is None else value
        said = "(missing)" if found is None else str(found) if isinstance(found, Decimal) else repr(found)
        self._problems.append(Problem(self.file, f"{self.key}.{key}" if self.key else key, said, allowed))

    def text(self, key: str, *, optional: bool = False) -> str:
        """A string with something in it; "" where it is optional and missing."""
        if not self.has(key) and optional:
            return ""
        value = self._data.get(key)
        if not isinstance(value, str) or not value.strip():
            self.wrong(key, "a text that is not empty")
            return ""
        return value

    def both(self, key: str, *, default: tuple[str, str] | None = None) -> tuple[str, str]:
        """A text for people, Chinese and English: `key` alone is the same in both, else `key_zh` and `key_en`.

        Without any of them it is the default; with None, one has to be there.
        """
        one, pair = self.has(key), [self.has(f"{key}_zh"), self.has(f"{key}_en")]
        if not one and not any(pair) and default is not None:
            return default
        if one == any(pair):
            found = [k for k in (key, f"{key}_zh", f"{key}_en") if k in self._data]
            self.wrong(
                key,
                f"either {key}, the same in both languages, or {key}_zh and {key}_en",
                ", ".join(found) or None,
            )
            return "", ""
        if one:
            text = self.text(key)
            return text, text
        return self.text(f"{key}_zh"), self.text(f"{key}_en")

    def choice(self, key: str, allowed: Collection[str], *, default: str | None = None) -> str:
        """One of several words; the default where it is missing."""
        if not self.has(key) and default is not None:
            return default
        value = self._data.get(key)
        if value not in allowed:
            self.wrong(key, ", ".join(allowed))
            return next(iter(allowed))
        return str(value)

    def flag(self, key: str) -> bool:
        """A truth value; false where it is missing."""
        value = self._data.get(key, False) if self.has(key) else False
        if not isinstance(value, bool):
            self.wrong(key, "true or false")
        return value is True

    def integer(self, key: str, low: int, high: int, *, default: int | None = None) -> int:
        """A whole number within bounds; the default where it is missing."""
        if not self.has(key) and default is not None:
            return default
        value = self._data.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.wrong(key, f"a whole number from {low} to {high}")
            return low
        return value

    def number(self, key: str, low: int | None = None, high: int | None = None) -> Fraction | None:
        """A number within bounds, exactly as written; None where it is missing."""
        return exact(self, key, self._data[key], low, high) if self.has(key) else None

    def needed(self, key: str, low: int | None = None, high: int | None = None) -> Fraction:
        """A number that has to be there; 0 and a problem where it is missing."""
        if not self.has(key):
            self.wrong(key, "a number")
            return Fraction(0)
        return self.number(key, low, high) or Fraction(0)

    def keys(self) -> tuple[str, ...]:
        """Keys that are there, in the order of the file."""
        return tuple(self._data)

    def numbers(self, key: str, low: int, high: int) -> tuple[Fraction, ...]:
        """A list of numbers within bounds; empty where it is missing."""
        value = self._data.get(key, []) if self.has(key) else []
        if not isinstance(value, list):
            self.wrong(key, f"a list of numbers from {low} to {high}")
            return ()
        found = (exact(self, f"{key}[{i}]", each, low, high) for i, each in enumerate(value))
        return tuple(each for each in found if each is not None)

    def words(self, key: str, allowed: Collection[str] | None = None) -> tuple[str, ...]:
        """A list of texts; empty where it is missing."""
        value = self._data.get(key, []) if self.has(key) else []
        fits = isinstance(value, list) and all(isinstance(each, str) and each for each in value)
        if not fits or (allowed is not None and not set(value) <= set(allowed)):
            self.wrong(key, f"a list of {'texts' if allowed is None else ', '.join(allowed)}")
            return ()
        return tuple(value)

    def table(self, key: str) -> "Table":
        """A table within; an empty one where it is missing."""
        value = self._data.get(key, {}) if self.has(key) else {}
        if not isinstance(value, dict):
            self.wrong(key, "a table")
            value = {}
        return Table(self.file, f"{self.key}.{key}" if self.key else key, value, self._problems)

    def tables(self, key: str) -> list["Table"]:
        """A list of tables; empty where it is missing."""
        value = self._data.get(key, []) if self.has(key) else []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.wrong(key, "a list of tables")
            return []
        return [
            Table(self.file, f"{self.key}.{key}[{i}]" if self.key else f"{key}[{i}]", each, self._problems)
            for i, each in enumerate(value)
        ]

    def by_name(self, key: str, names: Collection[str], low: int, high: int) -> dict[str, Fraction]:
        """A number for all names, or a table of numbers by name; empty where it is missing."""
        if not self.has(key):
            return {}
        value = self._data[key]
        if not isinstance(value, dict):
            one = exact(self, key, value, low, high)
            return {} if one is None else dict.fromkeys(names, one)
        if unknown := sorted(set(value) - set(names)):
            self.wrong(key, f"keys {', '.join(names)}", unknown)
        found = {
            name: exact(self, f"{key}.{name}", value[name], low, high) for name in names if name in value
        }
        return {name: each for name, each in found.items() if each is not None}

    def words_by_name(self, key: str, names: Collection[str], allowed: Collection[str]) -> dict[str, str]:
        """A word for all names, or a table of words by name; empty where it is missing."""
        if not self.has(key):
            return {}
        value = self._data[key]
        given = value if isinstance(value, dict) else dict.fromkeys(names, value)
        if not set(given) <= set(names) or not all(word in allowed for word in given.values()):
            self.wrong(key, f"one of {', '.join(allowed)}, or a table of them by {', '.join(names)}")
            return {}
        return {name: str(word) for name, word in given.items()}

    def close(self) -> None:
        """Write down the keys that nobody asked for."""
        for key in sorted(set(self._data) - self._known):
            self._problems.append(
                Problem(
                    self.file,
                    f"{self.key}.{key}" if self.key else key,
                    repr(self._data[key]),
                    f"no such key; the keys are {', '.join(sorted(self._known))}",
                )
            )


def exact(table: Table, key: str, value: object, low: int | None, high: int | None) -> Fraction | None:
    """A number of a TOML file as a fraction; a problem and None where it is none or out of bounds."""
    bounds = f"a number from {'any' if low is None else low} to {'any' if high is None else high}"
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not Decimal(value).is_finite():
        table.wrong(key, bounds, value)
        return None
    number = Fraction(value)
    if (low is not None and number < low) or (high is not None and number > high):
        table.wrong(key, bounds, value)
        return None
    return number
