"""The screen in the hall: everything fits, is read from afar, and never shows old numbers as fresh ones."""

import re
from collections.abc import Iterator

import httpx
import psycopg
import pytest
from chejian_cloud.console.language import catalogue
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from tests.cloud.console.axe import TAGS, violations
from tests.cloud.console.conftest import key_of, served
from tests.cloud.console.test_look import PALETTES
from tests.cloud.console.test_theme import ground, media, rgb
from tests.fixtures.browsers import ready
from tests.fixtures.fix_postgres import DatabaseServer

HALLS = {11: 1, 12: 7, 13: 24, 14: 60}
"""workshop_id -> machines."""
PLANNED = 15
"""A workshop of two machines, the only one with orders."""
EMPTY = 3
"""A workshop without machines."""
PATHS = ("/wallboard", "/workshops/1/wallboard", *(f"/workshops/{hall}/wallboard" for hall in HALLS))
SCREENS: tuple[ViewportSize, ...] = ({"width": 1920, "height": 1080}, {"width": 1366, "height": 768})
LEAST_TYPE = {1: 90, 7: 42, 24: 22, 60: 24}
"""Machines -> least size of the type on 1920 x 1080 [px]."""
TILES = """
(all) => all.map((tile) => ({
  code: tile.querySelector('.wall-code').textContent,
  shape: tile.querySelector('.wall-code use').getAttribute('href'),
  state: tile.dataset.state,
  text: tile.innerText,
}))
"""
CUT = """
() => {
  const cut = [];
  for (const box of document.querySelectorAll('.wall-head, .wall-tile, .wall-stale:not([hidden])')) {
    const outer = box.getBoundingClientRect();
    for (const part of [box, ...box.querySelectorAll('*')]) {
      const { left, right, top, bottom } = part.getBoundingClientRect();
      const out = left < outer.left - 1 || right > outer.right + 1 || top < outer.top - 1 || bottom > outer.bottom + 1;
      if (out || right > innerWidth + 1 || bottom > innerHeight + 1) cut.push(part.outerHTML.slice(0, 80));
    }
  }
  return cut;
}
"""


def _copied(connection: psycopg.Connection, table: str, where: str, of: int, new: str) -> None:
    """Copy rows of `table` with the values of the JSON object `new` in place of their own."""
    columns = ", ".join(
        f'"{name}"'
        for (name,) in connection.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = 'app' AND table_name = %s AND is_generated = 'NEVER'",
            (table,),
        )
    )
    connection.execute(
        f"INSERT INTO app.{table} ({columns}) OVERRIDING SYSTEM VALUE"
        f" SELECT {columns} FROM (SELECT"
        f" (jsonb_populate_record(NULL::app.{table}, to_jsonb(one) || ({new})::jsonb)).*"
        f" FROM app.{table} one WHERE {where} = %s) rows",
        (of,),
    )


def _halls(dsn: str) -> None:
    """Workshops of `HALLS`: machines of the first workshop over and over, under other codes."""
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "INSERT INTO app.product (enterprise_id, code, name_zh, name_en)"
            " SELECT enterprise_id, 'SHAFT-A', '轴', 'Shaft' FROM app.enterprise"
        )
        number = 1000
        for hall, machines in (HALLS | {PLANNED: 2}).items():
            own = f"jsonb_build_object('workshop_id', {hall}, 'code', 'HALL-{machines}')"
            _copied(connection, "workshop", "workshop_id", 1, own)
            line = f"jsonb_build_object('line_id', {hall}, 'workshop_id', {hall}, 'code', 'H{machines}')"
            _copied(connection, "line", "line_id", 1, line)
            for place in range(machines):
                number += 1
                of = place % 6 + 1
                machine = (
                    f"jsonb_build_object('equipment_id', {number}, 'workshop_id', {hall}, 'line_id', {hall},"
                    f" 'code', 'MC-{number}')"
                )
                own = f"jsonb_build_object('equipment_id', {number})"
                _copied(connection, "equipment", "equipment_id", of, machine)
                for table in ("state_interval", "kpi_value"):
                    _copied(
                        connection,
                        table,
                        "window_kind = 'shift' AND equipment_id" if table == "kpi_value" else "equipment_id",
                        of,
                        own,
                    )
                found = f"jsonb_build_object('equipment_id', {number}, 'diagnosis_id', {number} * 100 + one.diagnosis_id, 'time', one.time - {number} * interval '1 second')"
                _copied(connection, "diagnosis", "equipment_id", of, found)


@pytest.fixture(scope="module")
def site(postgres_server: DatabaseServer, console_template: str) -> Iterator[httpx.Client]:
    url = postgres_server.create(template=console_template)
    _halls(url)
    with served(url) as client:
        yield client
    postgres_server.drop(url)


def _context_of(site: httpx.Client, chromium: Browser) -> BrowserContext:
    return chromium.new_context(
        base_url=str(site.base_url), extra_http_headers=key_of(site), viewport=SCREENS[0]
    )


@pytest.fixture(scope="module")
def context(site: httpx.Client, chromium: Browser) -> Iterator[BrowserContext]:
    context = _context_of(site, chromium)
    yield context
    context.close()


def _page_of(context: BrowserContext) -> Iterator[Page]:
    page = context.new_page()
    page.set_default_timeout(60_000)
    complaints: list[str] = []
    page.on("pageerror", lambda e: complaints.append(str(e)))
    yield page
    page.close()
    assert complaints == []


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    yield from _page_of(context)


@pytest.fixture
def timed(site: httpx.Client, chromium: Browser) -> Iterator[Page]:
    """A page whose clock is ours, in a context of its own: a clock holds for all pages of a context, and its frames
    are not those of the screen."""
    context = _context_of(site, chromium)
    context.clock.install()
    yield from _page_of(context)
    context.close()


def show(page: Page, path: str) -> None:
    page.goto(path)
    ready(page, "body[data-ready] .wall-tile")
    page.wait_for_function("document.getElementById('wall-shift').textContent !== ''")


def settle(page: Page) -> None:
    page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))"
    )


@pytest.mark.parametrize(
    ("asked", "theme"), [("", "dark"), ("light", "light"), ("system", "system"), ('"><script>', "dark")]
)
def test_it_is_dark_unless_asked_for(site: httpx.Client, asked: str, theme: str) -> None:
    answer = site.get("/workshops/1/wallboard", params={"theme": asked} if asked else {})
    assert (
        media(answer.text)
        == {"dark": "screen", "light": None, "system": "screen and (prefers-color-scheme: dark)"}[theme]
    )
    assert "set-cookie" not in answer.headers  # the screen's look, not a person's choice
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    ("turn", "status"), [("5", 200), ("300", 200), ("4", 422), ("301", 422), ("soon", 422)]
)
def test_how_long_a_page_stays(site: httpx.Client, turn: str, status: int) -> None:
    answer = site.get("/wallboard", params={"turn": turn})
    assert answer.status_code == status
    assert (f'data-turn="{turn}"' in answer.text) == (status == 200)


def test_the_way_there_and_back(site: httpx.Client) -> None:
    assert 'href="/wallboard"' in site.get("/").text
    assert 'href="/workshops/1/wallboard"' in site.get("/workshops/1").text
    assert 'id="wall-back" href="/"' in site.get("/wallboard").text
    alone = site.get("/workshops/1/wallboard").text
    assert 'id="wall-back" href="/workshops/1"' in alone
    assert re.findall(r'<li data-workshop="(\d+)"', alone) == ["1"]
    assert 'class="nav"' not in alone


@pytest.mark.system
@pytest.mark.browser
@pytest.mark.parametrize("short", ["zh", "en"])
def test_it_fits_every_screen(page: Page, short: str) -> None:
    for hall, machines in HALLS.items():
        page.set_viewport_size(SCREENS[0])
        show(page, f"/workshops/{hall}/wallboard?lang={short}&turn=300")
        for screen in SCREENS:
            page.set_viewport_size(screen)
            page.wait_for_function(
                "({ width, height }) => innerWidth === width && innerHeight === height", arg=screen
            )
            seen: list[str] = []
            for _ in range(3 if machines == 60 else 1):
                settle(page)
                assert page.evaluate(CUT) == [], (machines, screen)
                over = page.evaluate(
                    "[document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]"
                )
                assert max(over) <= 0, (machines, screen)
                size = float(page.evaluate("parseFloat(document.getElementById('wall').style.fontSize)"))
                assert size >= LEAST_TYPE[machines] * screen["height"] / 1080 * 0.95, (machines, screen)
                seen += page.eval_on_selector_all(".wall-code", "all => all.map((one) => one.textContent)")
                page.keyboard.press("ArrowRight")
            assert len(seen) == len(set(seen)) == machines


@pytest.mark.system
@pytest.mark.browser
def test_a_machine_is_told_as_everywhere(page: Page, site: httpx.Client) -> None:
    show(page, "/workshops/1/wallboard?lang=en")
    told = {m["code"]: m for m in site.get("/api/v1/overview", params={"workshop_id": 1}).json()["equipment"]}
    tiles = {tile["code"]: tile for tile in page.eval_on_selector_all(".wall-tile", TILES)}
    assert set(tiles) == set(told)
    for code, machine in told.items():
        text = tiles[code]["text"]
        assert f"{machine['shift']['oee'] * 100:.1f} %" in text
        assert f"{machine['shift']['good']} good" in text
        assert f"{machine['shift']['completeness'] * 100:.0f} % complete" in text
        assert tiles[code]["state"] == str(machine["state"])
        assert tiles[code]["shape"] == f"/static/shapes.svg#state-{machine['state']}"
        assert catalogue("en")[f"state.{machine['state']}"] in text
    assert "Outer race" in tiles["MTS-01"]["text"]
    workshops = site.get("/api/v1/workshops-now").json()["workshops"]
    total = next(w["shift"]["oee"] for w in workshops if w["workshop_id"] == 1)
    assert page.inner_text("#wall-total") == f"{total * 100:.1f} %"


@pytest.mark.system
@pytest.mark.browser
def test_the_plan_of_the_shift_is_told_where_orders_lie_in_it(page: Page, site: httpx.Client) -> None:
    machine = site.get("/api/v1/overview", params={"workshop_id": PLANNED}).json()["equipment"][0]
    order = {"equipment": machine["code"], "product": "SHAFT-A", "planned_start": machine["shift"]["start"]}
    body = {
        "user_name": "planner",
        "orders": [order | {"code": "WALL-1", "quantity": 4321, "planned_end": machine["shift"]["end"]}],
    }
    assert site.put("/api/v1/orders", json=body).status_code == 200
    show(page, f"/workshops/{PLANNED}/wallboard?lang=en")
    page.wait_for_selector(f".wall-tile[data-id='{machine['equipment_id']}']:has-text('4,321')")
    assert f"{machine['shift']['good']} / 4,321 good" in page.inner_text(
        f"[data-id='{machine['equipment_id']}']"
    )


@pytest.mark.system
@pytest.mark.browser
def test_workshops_turn_and_escape_leads_back(timed: Page) -> None:
    page = timed
    show(page, "/wallboard?lang=en&turn=5")
    names = {page.inner_text("#wall-page")}
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "(seen) => document.getElementById('wall-page').textContent !== seen",
            arg=page.inner_text("#wall-page"),
        )
        names.add(page.inner_text("#wall-page"))
    assert len(names) == 4
    page.click("#wall-pause")
    before = page.inner_text("#wall-page")
    page.clock.run_for(20_000)
    assert page.inner_text("#wall-page") == before
    page.click("#wall-pause")
    page.clock.run_for(5_000)
    page.wait_for_function(
        "(seen) => document.getElementById('wall-page').textContent !== seen", arg=before, timeout=15_000
    )
    page.keyboard.press("Escape")
    page.wait_for_url("**/")


@pytest.mark.system
@pytest.mark.browser
def test_old_numbers_are_told_and_fresh_ones_again(timed: Page) -> None:
    page, context = timed, timed.context
    show(page, "/workshops/12/wallboard?lang=en")
    assert page.is_hidden("#wall-stale")
    context.set_offline(True)
    page.clock.fast_forward(30_000)
    page.wait_for_selector("body[data-live=stale] #wall-stale:visible")
    settle(page)
    box = page.locator("#wall-stale").bounding_box()
    assert box is not None
    assert box["height"] >= SCREENS[0]["height"] / 15
    assert "No new data since" in page.inner_text("#wall-stale")
    assert page.evaluate(CUT) == []
    assert violations(page, TAGS) == []
    context.set_offline(False)
    page.wait_for_selector("body[data-live=live]")
    assert page.is_hidden("#wall-stale")


@pytest.mark.system
@pytest.mark.browser
def test_a_session_that_ends_leads_to_the_log_in(site: httpx.Client, chromium: Browser) -> None:
    context = chromium.new_context(base_url=str(site.base_url), extra_http_headers=key_of(site))
    page = context.new_page()
    show(page, "/workshops/1/wallboard?lang=en")
    context.set_extra_http_headers({})
    page.wait_for_url("**/login?**", timeout=60_000)
    assert "The session has ended" in page.inner_text("[role=alert]:visible")
    assert page.input_value("form[action='/login'] input[name=next]") == "/workshops/1/wallboard?lang=en"
    context.close()


@pytest.mark.system
@pytest.mark.browser
@pytest.mark.parametrize("short", ["zh", "en"])
def test_it_is_accessible(page: Page, short: str) -> None:
    """In both themes: this one follows the system, and `violations` looks at either."""
    for path in ("/wallboard", "/workshops/13/wallboard"):
        show(page, f"{path}?lang={short}&theme=system")
        assert violations(page, TAGS) == [], path
    page.goto(f"/workshops/{EMPTY}/wallboard?lang={short}&theme=system")
    ready(page, "body[data-ready] .wall-none")
    assert violations(page, TAGS) == []


@pytest.mark.system
@pytest.mark.browser
@pytest.mark.parametrize(("asked", "theme"), [("", "dark"), ("?theme=light", "light")])
def test_it_is_drawn_in_its_theme(page: Page, asked: str, theme: str) -> None:
    show(page, f"/workshops/11/wallboard{asked}")
    assert ground(page) == rgb(PALETTES[theme]["page"])
