"""Every route shows by example how it is asked: its required parameters and its body."""

from collections.abc import Iterator, Mapping
from typing import Any

from chejian_cloud.app import create_app
from chejian_cloud.config import Settings

DOCUMENT: Mapping[str, Any] = create_app(Settings(dsn="postgresql://nobody@127.0.0.1:1/nothing")).openapi()
SCHEMAS: Mapping[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
OWN = ("example", "examples", "const", "enum", "default")


def is_shown(schema: Mapping[str, Any]) -> bool:
    """Whether a reader sees a value that fits; of an object, one for each of its properties."""
    if any(name in schema for name in OWN) or schema.get("type") in ("boolean", "null"):
        return True
    if "$ref" in schema:
        return is_shown(SCHEMAS[schema["$ref"].rsplit("/", 1)[-1]])
    for name in ("anyOf", "oneOf", "allOf"):
        if name in schema:
            return any(is_shown(each) for each in schema[name] if each.get("type") != "null")
    if schema.get("type") == "array":
        return is_shown(schema["items"])
    return "properties" in schema and all(map(is_shown, schema["properties"].values()))


def hidden(operation: Mapping[str, Any]) -> Iterator[str]:
    """Parameters and bodies of an operation that no example shows."""
    for parameter in operation.get("parameters", ()):
        if parameter.get("required") and not is_shown(parameter) and not is_shown(parameter["schema"]):
            yield parameter["name"]
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        binary = body["schema"].get("format") == "binary" or "contentMediaType" in body["schema"]
        if not binary and not is_shown(body) and not is_shown(body["schema"]):
            yield kind


def test_every_route_shows_how_it_is_asked() -> None:
    assert len(OPERATIONS) > 100
    found = {route: list(hidden(operation)) for route, operation in OPERATIONS.items()}
    assert {route: names for route, names in found.items() if names} == {}


def test_what_has_no_example_is_found() -> None:
    plain = {"type": "string"}
    parameter = {"name": "code", "required": True, "schema": plain}
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": {"a": plain}}}}}
    assert list(hidden({"parameters": [parameter], "requestBody": body})) == ["code", "application/json"]
    shown = {"parameters": [{**parameter, "schema": {**plain, "examples": ["x"]}}]}
    assert list(hidden(shown)) == []
