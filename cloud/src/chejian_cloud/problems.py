"""Domain errors to HTTP: the one place that knows status codes. Bodies are RFC 9457 problem documents."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from chejian_contract.errors import ContractError
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from psycopg.errors import ForeignKeyViolation, InsufficientPrivilege, UniqueViolation
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from chejian_cloud.config import API_PREFIX
from chejian_cloud.errors import (
    AnsweredBeforeError,
    ChangedSinceError,
    CloudError,
    ConflictError,
    FontMissingError,
    ForbiddenError,
    IdentityError,
    InvalidRowsError,
    InvalidValueError,
    NotFoundError,
    NotLoggedInError,
    StandardMissingError,
    TooManyAttemptsError,
    WrongLogInError,
    fields_of,
)
from chejian_cloud.storable import shown

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class RowProblem(BaseModel):
    """A wrong value of a table."""

    model_config = ConfigDict(from_attributes=True)
    row: int = Field(examples=[2], description="From 1; the header of a file is row 1.")
    column: str = Field(examples=["quantity"])
    value: str = Field(examples=["-5"])
    allowed: str = Field(examples=["a whole number, 1 or more"])
    reason: str = Field(
        default="", examples=["twice"], description="Kind of error, in one word; may be empty."
    )
    about: str = Field(default="", examples=["17"], description="What the reason names, e.g. another row.")


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
    for status in (401, 403, 404, 422, 503)
}
"""OpenAPI entries of the errors that any route under `/api` may answer."""

_STATUS = {
    NotLoggedInError: HTTPStatus.UNAUTHORIZED,
    WrongLogInError: HTTPStatus.UNAUTHORIZED,
    IdentityError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    FontMissingError: HTTPStatus.SERVICE_UNAVAILABLE,
    StandardMissingError: HTTPStatus.SERVICE_UNAVAILABLE,
    TooManyAttemptsError: HTTPStatus.TOO_MANY_REQUESTS,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    ChangedSinceError: HTTPStatus.PRECONDITION_FAILED,
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


def _cloud_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, CloudError | ContractError):
        raise error
    if isinstance(error, AnsweredBeforeError):
        status_code = getattr(request.scope.get("route"), "status_code", None) or HTTPStatus.OK
        return JSONResponse(error.answer, status_code, headers={"Idempotency-Replayed": "true"})
    status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), None)
    if status is None:
        log.error("unmapped error: %s", error, exc_info=error)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
    if not request.url.path.startswith(f"{API_PREFIX}/"):
        if isinstance(error, NotLoggedInError):
            return _to_login(request)
        if isinstance(error, ForbiddenError) and hasattr(request.app.state, "refused_page"):
            page: Response = request.app.state.refused_page(request, str(error))
            return page
    fields = fields_of(error) if isinstance(error, CloudError) else {}
    answer = problem(status, str(error), **fields)
    if isinstance(error, NotLoggedInError):
        answer.headers["WWW-Authenticate"] = "Bearer" + (
            ' error="invalid_token"' if error.wrong_token else ""
        )
    if isinstance(error, TooManyAttemptsError):
        answer.headers["Retry-After"] = str(error.seconds)
    return answer


def _to_login(request: Request) -> Response:
    """Lead a browser to the log-in page, and back afterwards to a page that it only wanted to see."""
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    onward = f"?next={quote(asked)}" if request.method == "GET" and asked != "/" else ""
    return RedirectResponse(f"/login{onward}", HTTPStatus.SEE_OTHER)


def _invalid_request(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    key = shown(".".join(str(part) for part in first["loc"][1:]))
    value, allowed = shown(first.get("input")), first["msg"]
    detail = f"{key}: value {value!r} is wrong; allowed: {allowed}"
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, key=key, value=value, allowed=allowed)


def _http_exception(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    answer = problem(status, f"{request.method} {request.url.path}: {error.detail}")
    answer.headers.update(error.headers or {})
    return answer


def _database_error(request: Request, error: Exception) -> Response:
    if isinstance(error, OperationalError | PoolTimeoutError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    ):
        log.warning("database does not answer: %s", str(error).splitlines()[0])
        if not request.url.path.startswith(f"{API_PREFIX}/") and hasattr(
            request.app.state, "unavailable_page"
        ):
            page: Response = request.app.state.unavailable_page(request)
            return page
        answer = problem(
            HTTPStatus.SERVICE_UNAVAILABLE, "the database does not answer; try again in a few seconds"
        )
        answer.headers["Retry-After"] = "5"
        return answer
    raise error


def _row_refused(_request: Request, error: Exception) -> JSONResponse:
    """Row-level security kept a row of another enterprise out, which no service noticed before."""
    if isinstance(error, ProgrammingError) and isinstance(error.orig, InsufficientPrivilege):
        log.warning("row refused: %s", str(error.orig).splitlines()[0])
        return problem(
            HTTPStatus.FORBIDDEN, "this concerns another enterprise as well; it is not yours to change"
        )
    raise error


def _row_in_the_way(_request: Request, error: Exception) -> JSONResponse:
    """Two edits met: the other one stored first, or took out, what this one stands on."""
    if isinstance(error, IntegrityError) and isinstance(error.orig, UniqueViolation | ForeignKeyViolation):
        log.warning("edits met: %s", str(error.orig).splitlines()[0])
        return problem(HTTPStatus.CONFLICT, "somebody else has just changed this; look again, then repeat")
    raise error


def install(app: FastAPI) -> None:
    """Make `app` answer errors as problem documents."""
    app.add_exception_handler(CloudError, _cloud_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(OperationalError, _database_error)
    app.add_exception_handler(PoolTimeoutError, _database_error)
    app.add_exception_handler(IntegrityError, _row_in_the_way)
    app.add_exception_handler(ProgrammingError, _row_refused)
