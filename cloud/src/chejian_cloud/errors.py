"""Errors of the cloud service; they know nothing of HTTP (`problems.py` maps them).

A wrong file of settings or registry is the contract's `ConfigError`.

CloudError
├── NotFoundError        what was asked for does not exist: the asker corrects the address
├── InvalidValueError    a value is well-formed but not allowed: the asker corrects it
├── InvalidRowsError     some values of a table are not allowed: the asker corrects all of them at once
└── MigrationError       the database is newer than the code, or migrations can't run: fatal
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class CloudError(Exception):
    """Base of all errors that the cloud service raises."""


class NotFoundError(CloudError):
    """Nothing of this kind has this key.

    Args:
        kind: what was looked for, e.g. "equipment".
        key: name of the key, e.g. "equipment_id".
        value: the value that nothing has.
    """

    def __init__(self, kind: str, key: str, value: object) -> None:
        self.kind = kind
        self.key = key
        self.value = value
        super().__init__(f"no {kind} with {key} = {value!r}")


class InvalidValueError(CloudError):
    """A value is not allowed; the text names key, value and what is allowed."""

    def __init__(self, key: str, value: object, allowed: str) -> None:
        self.key = key
        self.value = value
        self.allowed = allowed
        super().__init__(f"{key}: value {value!r} is wrong; allowed: {allowed}")


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with one value of a table.

    Attributes:
        row: number of the row, from 1; the header of a file is row 1, so its first order is row 2.
        column: name of the column; "" when the row as a whole is wrong.
        value: that is not allowed.
        allowed: what is.
    """

    row: int
    column: str
    value: str
    allowed: str

    def __str__(self) -> str:
        return (
            f"row {self.row}, {self.column or 'row'}: value {self.value!r} is wrong; allowed: {self.allowed}"
        )


class InvalidRowsError(CloudError):
    """Values of a table are not allowed; nothing of the table was stored, and every wrong value is named."""

    def __init__(self, errors: Sequence[RowError]) -> None:
        self.errors = tuple(errors)
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(f"{errors[0]}{more}; nothing was stored")


class MigrationError(CloudError):
    """The schema can't be brought to what this version of the code needs."""


def fields_of(error: CloudError) -> Mapping[str, object]:
    """The key, value and allowed values, or the rows, that an error names; empty where it names none."""
    names = ("key", "value", "allowed", "errors")
    return {name: getattr(error, name) for name in names if hasattr(error, name)}
