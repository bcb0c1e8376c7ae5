"""What the OpenAPI document says of every route alike: who may ask, and how it answers when it can't do what it was asked."""

import json
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from chejian_cloud.access.permissions import Permission
from chejian_cloud.access.policy import RULES
from chejian_cloud.problems import MEDIA_TYPE

TITLE: Final = "Chejian 车间"
SUMMARY: Final = "The open platform for digital workshops: registry, states, KPIs, diagnoses and data health."
VERSION: Final = "1"
_SECURITY: Final[Mapping[str, Any]] = {
    "machineToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "Token of a service account, made on the page of accounts.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "chejian_session",
        "description": "A browser that is logged in. Over HTTPS the name begins with `__Host-`. What changes something"
        " has to come from a page of the console itself.",
    },
}
_WITH_BODY: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
)
"""What only a request with a body can be answered."""
_EDIT: Final = (HTTPStatus.CONFLICT,)
"""What only a request that changes something can be answered."""
_ETAG: Final = {"description": "Changes with the answer.", "schema": {"type": "string"}, "required": True}
_LINK: Final = {
    "description": 'Address of the next page, `rel="next"`; absent on the last one.',
    "schema": {"type": "string"},
}
_IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "description": "ETags of answers that the asker has: 304 instead of the same again.",
    "schema": {"type": "string"},
}
_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
EXAMPLES: Final = Path(__file__).with_name("examples.json")
"""Answers by route, with the first members of their lists: to reads those of a demo, recorded by `tools.record_examples`, to
writes those of a test plant, recorded by `tests/cloud/contract/test_write_examples.py`."""


def document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The OpenAPI document of the routes, with log-in, permissions and problem documents at each.

    Making it takes more than a second of processor time. It depends on the routes alone; no setting may enter.
    """
    return _completed(get_openapi(title=TITLE, version=VERSION, summary=SUMMARY, routes=routes))


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    document["components"]["securitySchemes"] = dict(_SECURITY)
    examples = json.loads(EXAMPLES.read_text("utf-8"))
    for route, operation in _operations(document):
        permission = RULES[route]
        operation["security"] = [{name: []} for name in _SECURITY]
        operation["x-permission"] = permission.value
        if permission is not Permission.SELF:
            operation["description"] += f"\n\nAsks for the permission `{permission}`."
        answers = operation["responses"]
        names = {parameter["name"].lower() for parameter in operation.get("parameters", ())}
        if route.startswith("GET ") and "application/json" in answers["200"].get("content", ()):
            operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
            answers["200"]["headers"] = {"ETag": _ETAG} | ({"Link": _LINK} if "cursor" in names else {})
            answers["304"] = {"description": "It is as `If-None-Match` has it.", "headers": {"ETag": _ETAG}}
        if route in examples:
            success = next(answer for status, answer in answers.items() if status.startswith("2"))
            success["content"]["application/json"]["example"] = examples[route]
        if "if-match" in names:
            answers["412"] = {"description": "It has changed since the answer of `If-Match`."}
        more = (
            *(_WITH_BODY if "requestBody" in operation else ()),
            *(() if route.startswith("GET ") else _EDIT),
        )
        answers.update({str(status.value): {"description": status.phrase} for status in more})
        for status, answer in answers.items():
            if status.startswith(("4", "5")):
                answer["content"] = {MEDIA_TYPE: {"schema": _PROBLEM}}
        operation["responses"] = dict(sorted(answers.items()))
    return document


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation
