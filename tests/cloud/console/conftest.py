"""The plant of `plant.py` as a database, and the API with the console in front of it, served over HTTP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from chejian_cloud.app import create_app
from chejian_cloud.clock import utc_now
from chejian_cloud.config import Settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.cloud.console.plant import fill
from tests.cloud.keys import bearer
from tests.fixtures.browsers import launch
from tests.fixtures.fix_postgres import DatabaseServer
from tests.fixtures.listening import listening


def _build(dsn: str) -> None:
    fill(dsn, utc_now())


@pytest.fixture(scope="session")
def console_template(postgres_server: DatabaseServer) -> str:
    """Name of the template that holds the plant as it stands now."""
    return postgres_server.template("console plant", _build)


def key_of(site: httpx.Client) -> dict[str, str]:
    """What a browser sends to be let in as `site` is."""
    return {"Authorization": site.headers["authorization"]}


@contextmanager
def served(dsn: str, key: dict[str, str] | None = None, **settings: Path) -> Iterator[httpx.Client]:
    """A client of the API on `dsn`, which uvicorn serves from a thread on a free port; it may everything, or what `key` opens."""
    config = uvicorn.Config(
        create_app(Settings(dsn=dsn, **settings)),  # type: ignore[arg-type] # of files only
        port=0,
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    socket = listening(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    try:
        base = f"http://127.0.0.1:{socket.getsockname()[1]}"
        with httpx.Client(base_url=base, timeout=30, headers=key or bearer(dsn)) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(20)
        socket.close()
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def pages(postgres_server: DatabaseServer, console_template: str) -> Iterator[httpx.Client]:
    """A client in front of a plant that no test changes."""
    url = postgres_server.create(template=console_template)
    with served(url) as client:
        yield client
    postgres_server.drop(url)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def context(chromium: Browser, site: httpx.Client) -> Iterator[BrowserContext]:
    """One for all tests of a file, whose `site` it is logged in at: scripts that it has compiled are not compiled again."""
    context = chromium.new_context(
        base_url=str(site.base_url), extra_http_headers=key_of(site), viewport={"width": 1360, "height": 900}
    )
    yield context
    context.close()


def fresh_page(context: BrowserContext, site: httpx.Client) -> Page:
    """A page of a context that has compiled the console's scripts, and remembers nothing else of earlier tests."""
    context.clear_cookies()
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send(
        "Storage.clearDataForOrigin",
        {"origin": str(site.base_url).rstrip("/"), "storageTypes": "local_storage"},
    )
    session.detach()
    return page


@contextmanager
def looked_at(page: Page) -> Iterator[Page]:
    """The page, which may not complain of anything until it is closed."""
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))
    page.on("response", lambda r: complaints.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    yield page
    page.close()
    assert complaints == []
