"""Errors of the cloud service; they know nothing of HTTP (`problems.py` maps them).

A wrong file of settings or registry is the contract's `ConfigError`.

CloudError
├── NotFoundError        what was asked for does not exist: the asker corrects the address
├── InvalidValueError    a value is well-formed but not allowed: the asker corrects it
└── MigrationError       the database is newer than the code, or migrations can't run: fatal
"""

from collections.abc import Mapping


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


class MigrationError(CloudError):
    """The schema can't be brought to what this version of the code needs."""


def fields_of(error: CloudError) -> Mapping[str, object]:
    """The key, value and allowed values that an error names; empty where it names none."""
    names = ("key", "value", "allowed")
    return {name: getattr(error, name) for name in names if hasattr(error, name)}
