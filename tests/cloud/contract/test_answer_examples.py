"""Examples of answers in the OpenAPI document: each is what its route promises, and every read has one."""

import json
from typing import Any

import jsonschema_rs
import pytest
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings
from chejian_cloud.openapi import EXAMPLES

Json = Any
SHOWN: dict[str, Json] = json.loads(EXAMPLES.read_text("utf-8"))
WITHOUT = frozenset(
    {
        "GET /api/v1/assessments/{assessment_id}/revisions/{revision}/changes",
        "GET /api/v1/equipment/{equipment_id}/inspections",
        "GET /api/v1/equipment/{equipment_id}/waveform-requests",
        "GET /api/v1/identity-providers",
        "GET /api/v1/programme/map",
        "GET /api/v1/stored-reports",
    }
)
"""Reads of which the demo has nothing to show."""


@pytest.fixture(scope="module")
def document() -> dict[str, Json]:
    return create_app(Settings(dsn="postgresql://nobody@127.0.0.1:1/nothing")).openapi()


def content(document: dict[str, Json], route: str) -> Json:
    """The JSON of a route's answer; None where it has none."""
    method, path = route.split()
    answer = document["paths"][path].get(method.lower(), {}).get("responses", {}).get("200", {})
    return answer.get("content", {}).get("application/json")


def test_every_read_has_an_example(document: dict[str, Json]) -> None:
    reads = {route for path in document["paths"] if content(document, route := f"GET {path}")}
    assert reads - SHOWN.keys() == WITHOUT
    assert SHOWN.keys() == {route for route in reads if "example" in content(document, route)}


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
