"""Routes sorted by how their paths begin, so that a request is not compared with all of them."""

from collections import defaultdict
from collections.abc import Iterable

from fastapi import APIRouter
from fastapi.routing import APIRoute
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


def branches(routers: Iterable[APIRouter], prefix: str = "") -> list[Branch]:
    """The routes of `routers` by the first part of their paths, in the order in which these first come.

    Args:
        routers: of plain routes.
        prefix: that the branches will be included with.

    Raises:
        ValueError: a route is no plain one, or its path begins with a parameter.
    """
    found: defaultdict[str, list[BaseRoute]] = defaultdict(list)
    for router in routers:
        for route in router.routes:
            if not isinstance(route, APIRoute) or route.path.startswith("/{"):
                raise ValueError(f"{route!r} must be a plain route whose path begins with a fixed part")
            found[route.path.split("/")[1]].append(route)
    return [Branch(f"{prefix}/{first}", routes) for first, routes in found.items()]
