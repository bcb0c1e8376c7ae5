"""What the API refuses, as exceptions.

ChejianError
├── UnreachableError       nobody answered, or the database behind it did not: try again later
└── RefusedError           the answer is a problem document (RFC 9457); `key`, `value`, `allowed` and `rows` say what is wrong
    ├── NotLoggedInError   401: no token, or one that has ended
    ├── ForbiddenError     403: the permission is missing
    ├── NotFoundError      404: there is no such thing, or it is another enterprise's
    ├── ConflictError      409: another edit came first, or it is there already
    ├── ChangedSinceError  412: it is not what was seen before; read it again
    └── InvalidError       422: a value is not allowed
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


class ChejianError(Exception):
    """Base of all errors of the client."""


class UnreachableError(ChejianError):
    """Nobody answered, or the service said that it can't now (503); the text tells what was tried."""


@dataclass(frozen=True, slots=True)
class WrongValue:
    """A wrong value of a table.

    Attributes:
        row: from 1; the head of a file is row 1.
        column: its name; "" where the whole row is wrong.
        value: that is not allowed.
        allowed: what is.
        reason: kind of error in one word; may be "".
    """

    row: int
    column: str
    value: str
    allowed: str
    reason: str


class RefusedError(ChejianError):
    """The API refused a request.

    Args:
        status: of HTTP.
        problem: the problem document.

    Attributes:
        key: parameter or place in the body that is wrong; None where none is named.
        value: that it had.
        allowed: what is allowed.
        rows: each wrong value of a table.
    """

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.key: str | None = problem.get("key")
        self.value = problem.get("value")
        self.allowed: str | None = problem.get("allowed")
        names = ("row", "column", "value", "allowed", "reason")
        self.rows = tuple(WrongValue(*(row.get(n, "") for n in names)) for row in problem.get("errors") or ())
        super().__init__(str(problem.get("detail") or f"HTTP {status}"))


class NotLoggedInError(RefusedError):
    """No token, or one that has ended."""


class ForbiddenError(RefusedError):
    """The permission is missing."""


class NotFoundError(RefusedError):
    """There is no such thing, or it is another enterprise's."""


class ConflictError(RefusedError):
    """Another edit came first, or it is there already."""


class ChangedSinceError(RefusedError):
    """It is not what was seen before; read it again, then edit."""


class InvalidError(RefusedError):
    """A value is not allowed; `key` names it."""


BY_STATUS: Final[Mapping[int, type[RefusedError]]] = {
    401: NotLoggedInError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    412: ChangedSinceError,
    422: InvalidError,
}
"""Status -> exception; any other is a plain `RefusedError`."""
