"""Branches find what one long list of routes would find: each route, the refusal of a wrong method, and nothing else."""

import httpx
import pytest
from chejian_cloud.branches import branches
from fastapi import APIRouter, FastAPI


def _subject(*paths: str) -> APIRouter:
    router = APIRouter()
    for path in paths:
        router.add_api_route(path, lambda path=path: path)
    return router


SUBJECTS = (
    _subject("/machines", "/machines/{number}", "/lines/{number}/output"),
    _subject("/machines/{number}/parts", "/machines/newest", "/machine", "/"),
)


def _plain() -> FastAPI:
    app = FastAPI()
    for subject in SUBJECTS:
        app.include_router(subject, prefix="/api")
    return app


def _sorted() -> FastAPI:
    app = FastAPI()
    for branch in branches(SUBJECTS, "/api"):
        app.include_router(branch, prefix="/api")
    return app


async def _told(app: FastAPI, method: str, path: str, root: str = "") -> tuple[int, str, str | None]:
    transport = httpx.ASGITransport(app, root_path=root)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.request(method, root + path)
        return answer.status_code, answer.text, answer.headers.get("allow")


@pytest.mark.parametrize(
    "path",
    [
        "/api/machines",
        "/api/machines/",
        "/api/machines/7",
        "/api/machines/7/parts",
        "/api/machines/newest",
        "/api/machine",
        "/api/machinery",
        "/api/lines/7/output",
        "/api/lines",
        "/api/",
        "/api",
        "/machines",
        "/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_is_found_is_the_same(method: str, path: str) -> None:
    assert await _told(_sorted(), method, path) == await _told(_plain(), method, path)


async def test_below_a_proxy_s_path_too() -> None:
    assert (await _told(_sorted(), "GET", "/api/machines/7", "/plant"))[:2] == (200, '"/machines/{number}"')


def test_a_path_that_begins_with_a_parameter_is_refused() -> None:
    with pytest.raises(ValueError, match="path begins with a fixed part"):
        branches([_subject("/{number}")])
