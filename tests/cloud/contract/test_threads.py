"""What runs before a route runs in the event loop, unless it asks the database: a change of threads costs more than it does."""

import inspect
from collections.abc import Iterable, Iterator

from chejian_cloud.app import create_app
from chejian_cloud.config import Settings
from chejian_cloud.db.engine import door_session, write_session
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIRouter
from starlette.routing import BaseRoute

ASK_THE_DATABASE = {door_session, write_session}


def _routes(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        inner = getattr(route, "original_router", None)
        if isinstance(inner, APIRouter):
            yield from _routes(inner.routes)
        elif isinstance(route, APIRoute):
            yield route


def _below(dependant: Dependant) -> Iterator[Dependant]:
    for each in dependant.dependencies:
        yield each
        yield from _below(each)


def test_only_dependencies_that_ask_the_database_take_a_thread() -> None:
    routes = list(_routes(create_app(Settings(dsn="postgresql://nobody@127.0.0.1:1/none")).router.routes))
    assert len(routes) > 200
    wrong = set()
    for route in routes:
        for each in _below(route.dependant):
            call = each.call
            if inspect.iscoroutinefunction(call) or inspect.isasyncgenfunction(call):
                continue
            if call not in ASK_THE_DATABASE and not {d.call for d in _below(each)} & ASK_THE_DATABASE:
                wrong.add(f"{route.path}: {call}")
    assert wrong == set()
