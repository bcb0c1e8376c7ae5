"""Domain errors to HTTP: the one place that knows status codes. Bodies are RFC 9457 problem documents."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from chejian_contract.errors import ContractError
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from chejian_cloud.errors import CloudError, InvalidRowsError, InvalidValueError, NotFoundError, fields_of

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class RowProblem(BaseModel):
    """A wrong value of a table."""

    model_config = ConfigDict(from_attributes=True)
    row: int = Field(examples=[2], description="From 1; the header of a file is row 1.")
    column: str = Field(examples=["quantity"])
    value: str = Field(examples=["-5"])
    allowed: str = Field(examples=["a whole number, 1 or more"])


class Problem(BaseModel):
    """A problem document (RFC 9457) with the key, the value and what is allowed."""

    type: str = Field(default="about:blank", examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["no equipment with equipment_id = 99"])
    key: str | None = Field(default=None, examples=["equipment_id"])
    value: Any = Field(default=None, examples=[99])
    allowed: str | None = Field(default=None, examples=["1 or more"])
    errors: list[RowProblem] | None = Field(default=None, description="Each wrong value of a table.")


RESPONSES: Mapping[int | str, dict[str, Any]] = {
    status: {"model": Problem, "content": {MEDIA_TYPE: {}}, "description": HTTPStatus(status).phrase}
    for status in (404, 422, 503)
}
"""OpenAPI entries of the errors that any route under `/api` may answer."""

_STATUS = {
    NotFoundError: HTTPStatus.NOT_FOUND,
    InvalidValueError: HTTPStatus.UNPROCESSABLE_ENTITY,
    InvalidRowsError: HTTPStatus.UNPROCESSABLE_ENTITY,
}


def problem(status: HTTPStatus, detail: str, **fields: object) -> JSONResponse:
    """A problem document as a response."""
    given = {"title": status.phrase, "status": status, "detail": detail, **fields}
    body = Problem.model_validate(given)
    return JSONResponse(
        jsonable_encoder(body.model_dump(exclude_none=True)), status_code=status, media_type=MEDIA_TYPE
    )


def _cloud_error(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, CloudError | ContractError):
        raise error
    status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), None)
    if status is None:
        log.error("unmapped error: %s", error, exc_info=error)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
    fields = fields_of(error) if isinstance(error, CloudError) else {}
    return problem(status, str(error), **fields)


def _invalid_request(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"][1:])
    value, allowed = first.get("input"), first["msg"]
    detail = f"{key}: value {value!r} is wrong; allowed: {allowed}"
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, key=key, value=value, allowed=allowed)


def _http_exception(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    answer = problem(status, f"{request.method} {request.url.path}: {error.detail}")
    answer.headers.update(error.headers or {})
    return answer


def _database_error(_request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, OperationalError | PoolTimeoutError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    ):
        log.warning("database does not answer: %s", str(error).splitlines()[0])
        answer = problem(
            HTTPStatus.SERVICE_UNAVAILABLE, "the database does not answer; try again in a few seconds"
        )
        answer.headers["Retry-After"] = "5"
        return answer
    raise error


def install(app: FastAPI) -> None:
    """Make `app` answer errors as problem documents."""
    app.add_exception_handler(CloudError, _cloud_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(OperationalError, _database_error)
    app.add_exception_handler(PoolTimeoutError, _database_error)
