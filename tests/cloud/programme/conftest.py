"""Two enterprises of two cities in the programme, and the province, their cities and themselves asking the API."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from chejian_cloud.access.permissions import Role
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings

from tests.cloud.access.two_enterprises import add_second
from tests.cloud.keys import bearer

BASE = "/api/v1/programme"
_ENTRIES = """
INSERT INTO app.programme_entry (enterprise_id, workshop_id, kind, code, name_zh, name_en, city_code, sector, industry, status,
                                 investment, counts_from, changed_by)
SELECT w.enterprise_id, w.workshop_id, 'workshop', w.code, w.name_zh, w.name_en, w.city_code, 'power', 'discrete',
       'recognised', 5000000, '2018-06-30', 'zhao' FROM app.workshop w ORDER BY 1;
INSERT INTO app.programme_entry (enterprise_id, kind, code, name_zh, name_en, city_code, sector, industry, status, changed_by)
VALUES (2, 'workshop', 'QQH-W2', '拟建车间', 'Planned', '230200', 'rail', 'discrete', 'planned', 'zhao');
INSERT INTO app.programme_milestone (programme_entry_id, enterprise_id, kind, due_on, reached_on)
VALUES (1, 1, 'accepted', '2018-05-31', '2018-06-30'), (1, 1, 'gbt23001_certified', '2020-01-31', NULL);
"""


class People:
    """The province, its cities and their enterprises, asking one API."""

    def __init__(self, client: httpx.AsyncClient, dsn: str) -> None:
        self.client, self.dsn = client, dsn
        self.keys = {
            "province": bearer(dsn, Role.PROVINCE, "230000"),
            "harbin": bearer(dsn, Role.CITY, "230100"),
            "first": bearer(dsn, Role.ENGINEER, "hlj-demo"),
            "second": bearer(dsn, Role.ENGINEER, "qqh-other"),
        }

    async def send(self, who: str, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask and take whatever comes."""
        return await self.client.request(method, BASE + path, headers=self.keys[who], **more)

    async def ask(self, who: str, method: str, path: str, status: int = 200, **more: Any) -> Any:
        """Ask, and be answered as expected."""
        answer = await self.send(who, method, path, **more)
        assert answer.status_code == status, (who, path, answer.text)
        return answer.json() if answer.content else None


@pytest.fixture
async def people(seeded: str, tmp_path: Path) -> AsyncIterator[People]:
    """Entry 1 is a workshop of the first enterprise in Harbin; 2 and 3 are the second's in Qiqihar."""
    add_second(seeded, tmp_path)
    with psycopg.connect(seeded) as connection:
        connection.execute(_ENTRIES.encode())
    app = create_app(Settings(dsn=seeded))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://api") as client,
    ):
        yield People(client, seeded)
