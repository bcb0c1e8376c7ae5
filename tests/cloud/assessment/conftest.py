"""The API of a database with one workshop, asked by those through whose hands a form goes."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from chejian_cloud.access.permissions import Role
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings

from tests.cloud.keys import bearer

BASE = "/api/v1/assessments"


@pytest.fixture
async def client(seeded: str) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Settings(dsn=seeded))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app)
        yield await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://api"))


class People:
    """The enterprise, its city and the province, asking one API."""

    def __init__(self, client: httpx.AsyncClient, dsn: str) -> None:
        self.client = client
        self.keys = {
            "enterprise": bearer(dsn, Role.ENGINEER, "hlj-demo"),
            "city": bearer(dsn, Role.CITY, "230100"),
            "province": bearer(dsn, Role.PROVINCE, "230000"),
        }

    async def ask(self, who: str, method: str, path: str, status: int = 200, **more: Any) -> Any:
        answer = await self.client.request(method, BASE + path, headers=self.keys[who], **more)
        assert answer.status_code == status, (who, path, answer.text)
        return answer.json()


@pytest.fixture
def people(client: httpx.AsyncClient, seeded: str) -> People:
    return People(client, seeded)
