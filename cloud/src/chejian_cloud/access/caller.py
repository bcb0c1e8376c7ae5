"""Who asks: what a request is allowed to do, once somebody has been recognised."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

from fastapi import Request

from chejian_cloud.access.permissions import NOTHING, Permission, Reach

SPEAKER: ContextVar[str | None] = ContextVar("speaker", default=None)
"""Name that edits of this request are signed with; None lets the request say it (machines speak for people)."""


def spoken_by(given: str) -> str:
    """The name that an edit is signed with: the account's of a person, else what the request says."""
    return SPEAKER.get() or given


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks.

    Attributes:
        account_id: None before log-in.
        name: of the account, "" before log-in.
        display_name: for people.
        person: whether it is no service.
        address: where the request came from.
        held: permission -> where it holds.
        token_id: of the machine token that was shown, if any.
        session_hash: of the log-in session, if any.
    """

    account_id: int | None = None
    name: str = ""
    display_name: str = ""
    person: bool = False
    address: str = ""
    held: Mapping[Permission, Reach] = field(default_factory=dict)
    token_id: int | None = None
    session_hash: bytes | None = None

    def reach(self, permission: Permission) -> Reach:
        """Where a permission is held; nowhere when it is not."""
        return self.held.get(permission, NOTHING)

    def may(self, permission: Permission) -> bool:
        """Whether a permission is held anywhere."""
        return permission in self.held


async def caller_of(request: Request) -> Caller:
    """The caller of a request that `authorize` has passed."""
    found: Caller = request.state.caller
    return found
