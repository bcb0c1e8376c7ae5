"""Which part of the organisation an answer covers: everything, one workshop, or one line."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

MAX_ID = 2**31 - 1
"""Largest id of the registry's tables (PostgreSQL integer)."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Part of the organisation; None does not narrow it.

    Attributes:
        workshop_id: only this workshop.
        line_id: only this line.
    """

    workshop_id: int | None = None
    line_id: int | None = None

    def holds(self, workshop_id: int, line_id: int) -> bool:
        """Whether a line of a workshop lies inside."""
        return self.workshop_id in {None, workshop_id} and self.line_id in {None, line_id}


EVERYTHING = Scope()


async def _scope(
    workshop_id: Annotated[int | None, Query(ge=1, le=MAX_ID, description="Only this workshop's.")] = None,
    line_id: Annotated[int | None, Query(ge=1, le=MAX_ID, description="Only this line's.")] = None,
) -> Scope:
    return Scope(workshop_id, line_id)


InScope = Annotated[Scope, Depends(_scope)]
"""FastAPI parameter: the scope that `workshop_id` and `line_id` of the query name."""
