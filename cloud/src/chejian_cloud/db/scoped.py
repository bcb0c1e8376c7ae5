"""Statements of requests read schema `scoped` where they name `telemetry`: the same tables, filtered by caller.

Worker and API share their SQL, and only the worker may read `telemetry`. So the name is exchanged where a statement leaves
for the server; one that would slip through is refused there, since the role of requests has no right on `telemetry`.
"""

import re
from functools import lru_cache
from typing import Any, Self

import psycopg
from psycopg.abc import Params, Query
from psycopg.sql import Composable

_NAMES = re.compile(r'\btelemetry\.|"telemetry"\.')
_REMEMBERED = 1000


@lru_cache(_REMEMBERED)
def scoped(statement: str) -> str:
    """The statement with `scoped.` in place of `telemetry.`."""
    return _NAMES.sub("scoped.", statement)


class ScopedCursor(psycopg.Cursor[Any]):
    """A cursor whose statements read `scoped`."""

    def execute(self, query: Query, params: Params | None = None, **options: Any) -> Self:
        """As psycopg's."""
        return super().execute(self._scoped(query), params, **options)

    def executemany(self, query: Query, params_seq: Any, **options: Any) -> None:
        """As psycopg's."""
        super().executemany(self._scoped(query), params_seq, **options)

    def copy(self, statement: Query, params: Params | None = None, **options: Any) -> Any:
        """As psycopg's."""
        return super().copy(self._scoped(statement), params, **options)

    def _scoped(self, query: Query) -> Any:
        if isinstance(query, Composable):
            return scoped(query.as_string(self))
        return scoped(query) if isinstance(query, str) else query
