"""Two enterprises of two cities; the province, both cities and an enterprise ask one API for regions."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from chejian_cloud.access.permissions import Role
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings

from tests.cloud.access.two_enterprises import add_second
from tests.cloud.keys import bearer
from tests.contract.needs_standards import pytest_collection_modifyitems, pytest_terminal_summary, standards

__all__ = ["pytest_collection_modifyitems", "pytest_terminal_summary", "standards"]
BASE = "/api/v1/regional-assessments"
INDEX = {"standard": "regional-index-2015", "region": "230000", "year": 2015}
CLASSES = {"infrastructure": "80.2", "application": "80.8", "benefit": "64.2"}
"""Heilongjiang 2015 as published; the total is 76.5."""


def said(values: dict[str, str], **more: Any) -> list[dict[str, Any]]:
    """Values with a source and a confidence."""
    words = {"source": "blue book 2015, table 3", "confidence": "A", **more}
    return [{"item": item, "value": value, **words} for item, value in values.items()]


class People:
    """Those who oversee regions, and an enterprise that does not, asking one API."""

    def __init__(self, client: httpx.AsyncClient, dsn: str) -> None:
        self.client, self.dsn = client, dsn
        self.keys = {
            "province": bearer(dsn, Role.PROVINCE, "230000"),
            "harbin": bearer(dsn, Role.CITY, "230100"),
            "qiqihar": bearer(dsn, Role.CITY, "230200"),
            "enterprise": bearer(dsn, Role.ENTERPRISE_ADMIN, "hlj-demo"),
        }

    async def send(self, who: str, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask and take whatever comes; a path that begins with "/api" is taken as it is."""
        url = path if path.startswith("/api") else BASE + path
        headers = {**self.keys[who], **more.pop("headers", {})}
        return await self.client.request(method, url, headers=headers, **more)

    async def ask(self, who: str, method: str, path: str, status: int = 200, **more: Any) -> Any:
        """Ask, and be answered as expected."""
        answer = await self.send(who, method, path, **more)
        assert answer.status_code == status, (who, path, answer.text)
        return answer.json()

    async def started(self, who: str = "province", **asked: Any) -> Any:
        """A new form."""
        return await self.ask(who, "POST", "", 201, json={**INDEX, **asked})

    async def saved(self, who: str, form: Any, values: list[dict[str, Any]], **more: Any) -> Any:
        """A form with some values more."""
        body = {"lock": form["lock"], "values": values, **more}
        return await self.ask(who, "PUT", f"/{form['region_assessment_id']}/values", json=body)


@pytest.fixture
async def people(seeded: str, tmp_path: Path) -> AsyncIterator[People]:
    add_second(seeded, tmp_path)
    app = create_app(Settings(dsn=seeded))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://api") as client,
    ):
        yield People(client, seeded)
