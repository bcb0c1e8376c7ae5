"""The API on a plant with a day of data, served over HTTP, for programs that know nothing but its OpenAPI document."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from chejian_cloud.access.commands import make_admin
from chejian_cloud.access.permissions import PLACE, Role
from chejian_cloud.clock import utc_now

from tests.cloud.console.conftest import served
from tests.cloud.console.plant import fill
from tests.cloud.keys import bearer
from tests.fixtures.fix_postgres import DatabaseServer

_PLACES = {"enterprise": "hlj-demo", "city": "230100", "province": "230000", None: None}


@dataclass(frozen=True)
class Site:
    """Where the API is.

    Attributes:
        base: its URL.
        dsn: of its database.
    """

    base: str
    dsn: str

    def key(self, role: Role) -> str:
        """Value of the header `Authorization` of a new service account with `role` at the plant's place."""
        return bearer(self.dsn, role, _PLACES[PLACE[role]])["Authorization"]


@pytest.fixture(scope="module")
def live(postgres_server: DatabaseServer) -> Iterator[Site]:
    """The API on a plant of its own, which tests may change."""
    dsn = postgres_server.create(template=postgres_server.template("contract plant", _build))
    with served(dsn) as client:
        client.get(
            "/api/v1/openapi.json", timeout=120
        ).raise_for_status()  # made once, which takes a busy machine long
        yield Site(str(client.base_url).rstrip("/"), dsn)
    postgres_server.drop(dsn)


def _build(dsn: str) -> None:
    fill(dsn, utc_now())
    make_admin(dsn, "admin")  # somebody who stays, whatever becomes of the services


@pytest.fixture(scope="module")
def client(live: Site) -> Iterator[httpx.Client]:
    """The platform's administrator."""
    key = {"Authorization": live.key(Role.PLATFORM_ADMIN)}
    with httpx.Client(base_url=live.base, headers=key, timeout=30) as client:
        yield client
