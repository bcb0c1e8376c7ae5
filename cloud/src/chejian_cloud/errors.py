"""Errors of the cloud service; they know nothing of HTTP (`problems.py` maps them).

A wrong file of settings or registry is the contract's `ConfigError`.

CloudError
├── NotFoundError        what was asked for does not exist: the asker corrects the address
├── InvalidValueError    a value is well-formed but not allowed: the asker corrects it
├── InvalidRowsError     some values of a table are not allowed: the asker corrects all of them at once
├── ConflictError        what is stored already stands against it: the asker looks again
├── ChangedSinceError    what is to be edited is not what the asker has seen: the asker looks again
├── AnsweredBeforeError  this was done before; holds the answer, which is given again
├── NotLoggedInError     nobody is known who asks
├── WrongLogInError      a name or password is wrong
├── IdentityError        an identity provider's log-in failed: a word says why, and so who can help
├── ForbiddenError       the asker is known and may not do this
├── StandardMissingError a form was filled by a standard that this version lacks: the operator installs it
├── FontMissingError     no font of this machine can draw reports: the operator installs one
├── TooManyAttemptsError too many wrong passwords, or requests of a kind that is counted: the asker waits
└── MigrationError       the database is newer than the code, or migrations can't run: fatal
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


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
        reason: word for the kind of error, by which a page tells it in its own language; "" where there is none.
        about: what the reason names, e.g. the row that has the same code.
    """

    row: int
    column: str
    value: str
    allowed: str
    reason: str = ""
    about: str = ""

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


class ConflictError(CloudError):
    """What is stored already stands against it; the text says what."""


class ChangedSinceError(CloudError):
    """What is to be edited has changed since the asker saw it."""

    def __init__(self) -> None:
        super().__init__("this has changed since you saw it; read it again, then edit")


class AnsweredBeforeError(CloudError):
    """What is asked was done before; `answer` is what was told then."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        super().__init__("this was done before")


class NotLoggedInError(CloudError):
    """Nobody is known who asks.

    Args:
        wrong_token: whether a token was shown that is unknown, revoked or out of date.
    """

    def __init__(self, *, wrong_token: bool = False) -> None:
        self.wrong_token = wrong_token
        super().__init__(
            "this token is unknown, revoked or out of date"
            if wrong_token
            else "log in, or send a machine token"
        )


class WrongLogInError(CloudError):
    """Name or password is wrong; it is not said which."""

    def __init__(self) -> None:
        super().__init__("name or password is wrong")


class IdentityError(CloudError):
    """A log-in by an identity provider failed.

    Args:
        reason: "stale": the log-in is over, or not this browser's: try again. "denied": the person or the provider said no.
            "silent": the provider does not answer. "refused": its answer did not pass the checks. "unknown": nobody here, or
            nobody with a role. "inactive": the account is not active. "setup": provider or platform are not set up.
        detail: for logs and the journal; not for the page.
    """

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        super().__init__(detail)


class ForbiddenError(CloudError):
    """The asker is known and may not do this."""


class StandardMissingError(CloudError):
    """A stored form was filled by a standard, or a version of it, that is not installed; the text says which are."""


class FontMissingError(CloudError):
    """No font can draw reports on this machine; the text says what to install."""


class TooManyAttemptsError(CloudError):
    """Too many wrong passwords, or requests of a kind that is counted; `seconds` tells when to try again."""

    def __init__(self, seconds: float) -> None:
        self.seconds = math.ceil(seconds)
        super().__init__(f"too many attempts; try again in {self.seconds} s")


class MigrationError(CloudError):
    """The schema can't be brought to what this version of the code needs."""


def fields_of(error: CloudError) -> Mapping[str, object]:
    """The key, value and allowed values, or the rows, that an error names; empty where it names none."""
    names = ("key", "value", "allowed", "errors")
    return {name: getattr(error, name) for name in names if hasattr(error, name)}
