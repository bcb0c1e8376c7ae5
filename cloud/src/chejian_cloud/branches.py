"""Routes sorted by how their paths begin, so that a request is not compared with all 300 of them."""

from collections import defaultdict
from collections.abc import Iterable

from fastapi import APIRouter
from starlette.routing import BaseRoute, Match
from starlette.types import Scope


class Branch(APIRouter):
    """Routes whose paths begin with the same part; of no other path are they looked through.

    Args:
        begin: what the paths begin with, the prefix that the router is included with among it, e.g. "/api/v1/equipment".
        routes: in the order in which they are tried.
    """

    def __init__(self, begin: str, routes: list[BaseRoute]) -> None:
        super().__init__(routes=routes)
        self._begin = begin

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As a router's."""
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        if path != self._begin and not path.startswith(f"{self._begin}/"):
            return Match.NONE, {}
        return super().matches(scope)


def branches(routers: Iterable[APIRouter], prefix: str = "") -> list[APIRouter]:
    """The routes of `routers` by the first part of their paths, in the order in which these first come.

    Args:
        routers: of plain routes; the first part of each path is no parameter.
        prefix: that the branches will be included with.

    Raises:
        ValueError: a path begins with a parameter.
    """
    found: defaultdict[str, list[BaseRoute]] = defaultdict(list)
    for router in routers:
        for route in router.routes:
            path: str = getattr(route, "path", "")
            first = path.split("/")[1] if path.startswith("/") else "{"
            if "{" in first:
                raise ValueError(f"path {path!r} must begin with a fixed part")
            found[first].append(route)
    return [Branch(f"{prefix}/{first}", routes) for first, routes in found.items()]
