"""A provider as a process, the API in front of two enterprises, and providers of each level registered from TOML files."""

import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import uvicorn
from chejian.stack.child import Child, ProcessSpec
from chejian.stack.ports import free_port
from chejian_cloud.access.oidc.documents import Documents
from chejian_cloud.app import create_app
from chejian_cloud.cli import main
from chejian_cloud.config import Settings
from fastapi import FastAPI

from tests.cloud.access.two_enterprises import add_second
from tests.cloud.conftest import _build_seeded
from tests.fixtures.fix_postgres import DatabaseServer
from tests.fixtures.listening import listening
from tests.fixtures.oidc_provider import SECRET, USER
from tools.lock import ROOT

WITHIN_S = 60.0
FILES = Path(__file__).parent / "providers"
REALMS = ("plant", "province", "root", "tied")
"""Providers of `FILES`; each has the realm of its name."""


@dataclass
class Provider:
    """The provider's process."""

    port: int
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=20, verify=False))

    def behave(self, **given: Any) -> dict[str, Any]:
        """Let it behave rightly but for what is given."""
        answer = self.client.post(f"http://127.0.0.1:{self.port}/behave", json=given)
        told: dict[str, Any] = answer.raise_for_status().json()
        return told

    def log_in_as(self, subject: str, *groups: str, **given: Any) -> None:
        """Let somebody be logged in there."""
        self.behave(user={**USER, "sub": subject, "groups": list(groups)}, **given)


@dataclass
class Site:
    """The platform.

    Attributes:
        base: its address.
        dsn: of its database.
        app: the application.
        provider: that its people come from.
    """

    base: str
    dsn: str
    app: FastAPI
    provider: Provider
    folder: Path

    def browser(self) -> httpx.Client:
        """A browser that nobody has used yet."""
        return httpx.Client(
            base_url=self.base, timeout=20, verify=False
        )  # plain HTTP: no certificates to load

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(query.encode(), values).fetchall()


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """The provider, as a process of its own."""
    port = free_port()
    log = tmp_path_factory.mktemp("provider") / "provider.log"
    argv = [sys.executable, "-m", "tests.fixtures.oidc_provider", str(port)]
    child = Child(ProcessSpec(name="provider", argv=argv, log=log, env={"PYTHONPATH": str(ROOT)}))
    found = Provider(port)

    def ready() -> bool:
        try:
            found.behave()
        except httpx.TransportError:
            return False
        return True

    try:
        child.wait_ready(ready, within=WITHIN_S)
        yield found
    finally:
        found.client.close()
        child.stop()


def register(site: Site, name: str, **replaced: str) -> int:
    """Register a provider of `FILES` as an administrator of the server does; answers the command's status."""
    text = (FILES / f"{name}.toml").read_text("utf-8").replace("PORT", str(site.provider.port))
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    file = site.folder / (f"{name}.tried.toml" if replaced else f"{name}.toml")
    file.write_text(text, "utf-8")
    (site.folder / "settings.toml").write_text("identity_over_http = true\n", "utf-8")
    return main(["provider", str(file), "--dsn", site.dsn, "--config", str(site.folder / "settings.toml")])


@pytest.fixture(scope="module")
def site(
    postgres_server: DatabaseServer, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The platform with a provider of each level."""
    folder = tmp_path_factory.mktemp("site")
    dsn = postgres_server.create(template=postgres_server.template("cloud seeded", _build_seeded))
    add_second(dsn, folder)
    secrets = folder / "identity"
    secrets.mkdir()
    app = create_app(Settings(dsn=dsn, identity=secrets, identity_over_http=True))
    config = uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    socket = listening(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    try:
        made = Site(f"http://127.0.0.1:{socket.getsockname()[1]}", dsn, app, provider, folder)
        for name in REALMS:
            (secrets / f"{name}.secret").write_text(f"{SECRET}\n", "utf-8")
            assert register(made, name) == 0
        yield made
    finally:
        server.should_exit = True
        thread.join(20)
        socket.close()
        postgres_server.drop(dsn)


Walk = Callable[..., httpx.Response]


@pytest.fixture
def walk(site: Site) -> Iterator[Walk]:
    """Follows a browser from the button to where it ends; the provider behaves rightly before and afterwards."""

    def anew() -> None:
        site.provider.behave()
        site.app.state.identity._documents = Documents(site.app.state.identity._fetcher)

    def walking(browser: httpx.Client, path: str = "/login/plant") -> httpx.Response:
        return browser.get(path, follow_redirects=True)

    anew()  # tests that do not walk leave what they have read of the provider
    yield walking
    anew()
