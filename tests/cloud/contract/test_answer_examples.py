"""Examples of answers in the OpenAPI document: each is what its route promises, and every route that answers in JSON has one."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings
from chejian_cloud.openapi import EXAMPLES

Json = Any
SHOWN: dict[str, Json] = json.loads(EXAMPLES.read_text("utf-8"))
HIDDEN = {"link": "/link?key=<secret>", "token": "chj_<secret>"}
"""What stands where an answer tells a secret, by its name there."""


@pytest.fixture(scope="module")
def document() -> dict[str, Json]:
    return create_app(Settings(dsn="postgresql://nobody@127.0.0.1:1/nothing")).openapi()


def content(document: dict[str, Json], route: str) -> Json:
    """The JSON of a route's answer when it did what it was asked; None where it has none."""
    method, path = route.split()
    answers = document["paths"][path].get(method.lower(), {}).get("responses", {})
    success: Json = next((answer for status, answer in answers.items() if status.startswith("2")), {})
    return success.get("content", {}).get("application/json")


def test_every_route_has_an_example(document: dict[str, Json]) -> None:
    routes = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    told = {route for route in routes if content(document, route)}
    assert told - SHOWN.keys() == set()
    assert SHOWN.keys() == {route for route in told if "example" in content(document, route)}


def secrets(told: Json) -> Iterator[tuple[str, Json]]:
    """Names and values of what is told once."""
    if isinstance(told, list):
        for inner in told:
            yield from secrets(inner)
    for name, inner in told.items() if isinstance(told, dict) else ():
        if name in HIDDEN and inner is not None:
            yield name, inner
        yield from secrets(inner)


def test_examples_tell_no_secret() -> None:
    found = list(secrets(SHOWN))
    assert {name for name, _ in found} == set(HIDDEN)
    assert all(value == HIDDEN[name] for name, value in found)
    assert not re.search(r"chj_\w|key=[^<]", EXAMPLES.read_text("utf-8"))


@pytest.mark.parametrize("route", sorted(SHOWN))
def test_an_example_is_an_answer_of_its_route(document: dict[str, Json], route: str) -> None:
    told = content(document, route)
    assert told["example"] == SHOWN[route]
    assert told["example"] not in ([], {})
    schema = strict(told["schema"]) | {"components": strict(document["components"])}
    jsonschema_rs.validator_for(schema).validate(told["example"])


def strict(schema: Json) -> Json:
    """The schema, but that its objects have no other properties than it names."""
    if isinstance(schema, list):
        return [strict(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: strict(value) for key, value in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        inner.setdefault("additionalProperties", False)
    return inner
