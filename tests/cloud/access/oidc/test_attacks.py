"""What must not log anybody in: answers that are replayed, forged, mixed up, late, or meant for somebody else."""

import asyncio
import ssl
import threading
import time
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from chejian_cloud.access.oidc import fetch
from chejian_cloud.cli import main
from chejian_cloud.errors import IdentityError

from tests.cloud.access.oidc.conftest import Site, Walk, register
from tests.cloud.access.oidc.test_flow import ATTEMPT, SESSION, problem
from tests.fixtures.certificates import Authority

pytestmark = pytest.mark.long
"""The first test starts the provider and makes the database, on a machine that is busy with other tests."""
HOUR = timedelta(hours=1)
"""From the moment of the test."""


def came_back(browser: httpx.Client, path: str = "/login/plant") -> str:
    """Address that the provider sends a browser back to, which it has not called yet."""
    sent = browser.get(path)
    assert sent.status_code == 303, sent.text
    back = browser.get(sent.headers["location"])
    assert back.status_code == 302, back.text
    return back.headers["location"]


def nobody_came_in(browser: httpx.Client, answer: httpx.Response, reason: str) -> None:
    assert (answer.status_code, answer.headers.get("location")) == (303, f"/login?problem={reason}")
    assert SESSION not in browser.cookies
    assert browser.get("/api/v1/me").status_code == 401
    page = browser.get(answer.headers["location"])
    assert 'role="alert"' in page.text


def test_an_answer_counts_once(site: Site) -> None:
    site.provider.log_in_as("once-1", "/viewers")
    with site.browser() as browser, site.browser() as thief:
        address = came_back(browser)
        cookie = browser.cookies[ATTEMPT]
        assert browser.get(address).headers["location"] == "/"
        thief.cookies.set(ATTEMPT, cookie, domain="127.0.0.1")
        nobody_came_in(thief, thief.get(address), "stale")


def test_a_code_that_was_used_is_refused_by_the_provider(site: Site) -> None:
    site.provider.log_in_as("once-2", "/viewers")
    with site.browser() as browser, site.browser() as other:
        used = parse_qs(urlsplit(came_back(browser)).query)["code"][0]
        mine = urlsplit(came_back(other))
        query = {k: v[0] for k, v in parse_qs(mine.query).items()} | {"code": used}
        stolen = f"{mine.scheme}://{mine.netloc}{mine.path}?{urlencode(query)}"
        nobody_came_in(other, other.get(stolen), "refused")  # the verifier is another browser's


def test_an_answer_belongs_to_one_browser(site: Site) -> None:
    site.provider.log_in_as("bound-1", "/viewers")
    with site.browser() as browser, site.browser() as without, site.browser() as other:
        address = came_back(browser)
        nobody_came_in(without, without.get(address), "stale")
        other.get("/login/plant")
        nobody_came_in(other, other.get(address), "stale")
        assert browser.get(address.replace("state=", "state=x")).headers["location"] == "/login?problem=stale"
        assert (
            browser.get(address.replace("/plant/", "/province/")).headers["location"]
            == "/login?problem=stale"
        )


def test_an_answer_comes_in_time(site: Site) -> None:
    site.provider.log_in_as("late-1", "/viewers")
    with site.browser() as browser:
        address = came_back(browser)
        site.rows("UPDATE app.log_in_attempt SET expires_at = now() RETURNING 1")
        nobody_came_in(browser, browser.get(address), "stale")


@pytest.mark.parametrize("signing", ["none", "hs256", "stranger", "unpublished", "bent"])
def test_a_token_that_the_provider_did_not_sign(site: Site, walk: Walk, signing: str) -> None:
    site.provider.log_in_as("forged-1", "/admins", signing=signing)
    with site.browser() as browser:
        nobody_came_in(browser, browser.get(came_back(browser)), "refused")
    assert not site.rows("SELECT 1 FROM app.account WHERE subject = 'forged-1'")
    last = site.rows("SELECT target FROM app.audit ORDER BY audit_id DESC LIMIT 1")[0][0]
    assert last["detail"].startswith("ID token: ")


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example/plant"},
        {"iss": None},
        {"aud": "somebody-else"},
        {"aud": ["somebody-else"]},
        {"aud": None},
        {"aud": ["chejian", "somebody-else"]},  # without azp
        {"aud": ["chejian", "somebody-else"], "azp": "somebody-else"},
        {"azp": "somebody-else"},
        {"exp": -HOUR},
        {"exp": None},
        {"exp": "never"},
        {"iat": HOUR},
        {"iat": None},
        {"nbf": HOUR},
        {"nonce": "of another log-in"},
        {"nonce": None},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "a\x00b"},
    ],
    ids=str,
)
def test_a_token_that_is_not_for_this_log_in(site: Site, walk: Walk, claims: dict[str, Any]) -> None:
    told = {
        k: int(time.time() + v.total_seconds()) if isinstance(v, timedelta) else v for k, v in claims.items()
    }
    site.provider.log_in_as("wrong-1", "/viewers", claims=told)
    with site.browser() as browser:
        nobody_came_in(browser, browser.get(came_back(browser)), "refused")


def test_several_audiences_are_right_when_this_platform_is_the_party(site: Site, walk: Walk) -> None:
    claims = {"aud": ["account", "chejian"], "azp": "chejian"}
    site.provider.log_in_as("aud-1", "/viewers", claims=claims)
    with site.browser() as browser:
        assert walk(browser).url.path == "/"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"iss": "https://elsewhere.example"}, "refused"),
        ({"iss": None}, "refused"),  # it says that it always names itself
        ({"code": None}, "refused"),
        ({"code": "made-up"}, "refused"),
        ({"code": None, "error": "access_denied"}, "denied"),
        ({"code": None, "error": "temporarily_unavailable"}, "silent"),
        ({"code": None, "error": "<script>"}, "setup"),
    ],
    ids=str,
)
def test_an_answer_that_is_no_log_in(site: Site, walk: Walk, answer: dict[str, Any], reason: str) -> None:
    site.provider.log_in_as("answer-1", "/viewers", answer=answer)
    with site.browser() as browser:
        nobody_came_in(browser, browser.get(came_back(browser)), reason)


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("/equipment/1?lang=en", "/equipment/1?lang=en"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
    ],
)
def test_nobody_is_led_to_another_site(site: Site, walk: Walk, wanted: str, given: str) -> None:
    site.provider.log_in_as("next-1", "/viewers")
    with site.browser() as browser:
        address = came_back(browser, f"/login/plant?{urlencode({'next': wanted})}")
        assert browser.get(address).headers["location"] == given


def test_a_provider_that_is_down_slow_or_somebody_else(
    site: Site, walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = site.app.state.identity
    monkeypatch.setattr(identity._fetcher, "_within", 0.3)
    for given in (
        {"drip": 0.2},
        {"discovery": {"issuer": "https://elsewhere.example"}},
        {"discovery": {"token_endpoint": "http://203.0.113.1/token"}},
        {"discovery": {"authorization_endpoint": "https://x.example/a\r\nX: y"}},
        {"discovery": {"jwks_uri": None}},
        {"discovery": {"padding": "x" * (fetch._LARGEST + 1)}},
    ):
        site.provider.behave(**given)
        identity._documents._discoveries.clear()
        with site.browser() as browser:
            began = time.monotonic()
            answer = browser.get("/login/plant")
            assert time.monotonic() - began < 10
            slow = "drip" in given or "padding" in str(given)[:40]
            nobody_came_in(browser, answer, "silent" if slow else "setup")


def test_a_provider_that_goes_away_between_button_and_answer(site: Site, walk: Walk) -> None:
    site.provider.log_in_as("away-1", "/viewers")
    with site.browser() as browser:
        back = came_back(browser)
        known = site.app.state.identity._documents._discoveries
        issuer = f"http://127.0.0.1:{site.provider.port}/plant"
        at, discovery = known[issuer]
        known[issuer] = (at, replace(discovery, token="http://127.0.0.1:1/token"))
        nobody_came_in(browser, browser.get(back), "silent")


def test_a_button_that_is_pressed_in_vain_asks_and_tells_once(
    site: Site, walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = site.app.state.identity
    monkeypatch.setattr(identity, "_told", {})
    asked: list[str] = []
    get = identity._fetcher.get

    async def counted(url: str) -> Any:
        asked.append(url)
        return await get(url)

    monkeypatch.setattr(identity._fetcher, "get", counted)
    site.provider.behave(discovery={"issuer": "https://elsewhere.example"})
    identity._documents._discoveries.clear()
    before = site.rows("SELECT count(*) FROM app.audit")[0][0]
    with site.browser() as browser:
        for _ in range(5):
            nobody_came_in(browser, browser.get("/login/plant"), "setup")
    assert len(asked) == 1
    assert site.rows("SELECT count(*) FROM app.audit") == [(before + 1,)]


def test_a_provider_with_another_authority_is_not_trusted(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ca")
    certificate, key = authority.issue("provider")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302 if self.path == "/led" else 200)
            self.send_header("Location", "/")
            self.end_headers()
            self.wfile.write(b"<html>" if self.path == "/page" else b'{"hello": "world"}')

        def log_message(self, *_: object) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        base = f"https://127.0.0.1:{server.server_address[1]}"
        try:
            known = fetch.Fetcher(authorities=authority.certificate, over_http=False)
            assert asyncio.run(known.get(base)) == {"hello": "world"}
            for path in ("/led", "/page"):
                with pytest.raises(IdentityError, match="answers"):
                    asyncio.run(known.get(base + path))
            with pytest.raises(IdentityError, match="CERTIFICATE_VERIFY_FAILED"):
                asyncio.run(fetch.Fetcher(authorities=None, over_http=False).get(base))
            with pytest.raises(IdentityError, match="no address of HTTPS"):
                asyncio.run(known.get(base.replace("https", "http")))
        finally:
            server.shutdown()
            thread.join(20)


async def test_over_https_the_cookie_is_of_this_host_alone(site: Site, walk: Walk) -> None:
    transport = httpx.ASGITransport(site.app)
    identity = site.app.state.identity
    identity._documents._asking.clear()  # a lock belongs to its loop
    async with httpx.AsyncClient(transport=transport, base_url="https://chejian.example") as browser:
        sent = await browser.get("/login/plant")
        asked = parse_qs(urlsplit(sent.headers["location"]).query)
        assert asked["redirect_uri"] == ["https://chejian.example/login/plant/return"]
        assert sent.headers["set-cookie"].startswith("__Host-chejian_identity=")
        assert "Secure" in sent.headers["set-cookie"]
    identity._documents._asking.clear()


def test_a_secret_that_is_missing_or_wrong_is_told_in_the_journal_and_nowhere_else(
    site: Site, walk: Walk
) -> None:
    file = site.folder / "identity" / "plant.secret"
    right = file.read_text("utf-8")
    try:
        for wrong in ("", "another secret\n", None):
            site.provider.log_in_as("secret-1", "/viewers")
            file.unlink() if wrong is None else file.write_text(wrong, "utf-8")
            with site.browser() as browser:
                nobody_came_in(browser, browser.get(came_back(browser)), "setup")
    finally:
        file.write_text(right, "utf-8")
    assert right.strip() not in str(site.rows("SELECT * FROM app.audit"))
    assert right.strip() not in str(site.rows("SELECT * FROM app.identity_provider"))
    with site.browser() as browser:
        assert walk(browser).url.path == "/"  # without a restart


@pytest.mark.parametrize(
    "grant",
    [
        '{ value = "/x", role = "engineer", organisation = "qqh-other" }',
        '{ value = "/x", role = "city", organisation = "230100" }',
        '{ value = "/x", role = "province", organisation = "230000" }',
        '{ value = "/x", role = "platform_admin" }',
        '{ value = "/x", role = "viewer", organisation = "nobody" }',
        '{ value = "/x", role = "viewer" }',
        '{ value = "/x", role = "king", organisation = "hlj-demo" }',
    ],
)
def test_no_provider_is_registered_to_give_what_is_not_its_own(
    site: Site, grant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = site.rows("SELECT count(*) FROM app.identity_grant")
    old = '{ value = "/viewers", role = "viewer", organisation = "hlj-demo" }'
    assert register(site, "plant", **{old: grant}) == 2
    assert "allowed:" in capsys.readouterr().err
    assert site.rows("SELECT count(*) FROM app.identity_grant") == before


@pytest.mark.parametrize(
    "replaced",
    [
        {"http://127.0.0.1": "http://10.0.0.1"},
        {"http://127.0.0.1": "ftp://127.0.0.1"},
        {"http://127.0.0.1": "http://me@127.0.0.1"},
        {'code = "plant"': 'code = "Plant/.."'},
        {'code = "plant"': 'code = "second"'},  # the issuer is the first one's
        {'level = "enterprise"': 'level = "city"'},
        {'level = "enterprise"': 'level = "platform"'},
        {'level = "enterprise"': 'level = "enterprise"\nscopes = ["profile"]'},
        {'level = "enterprise"': 'level = "enterprise"\nclient_secret = "x"'},
    ],
    ids=str,
)
def test_no_provider_is_registered_wrongly(site: Site, replaced: dict[str, str]) -> None:
    before = site.rows("SELECT * FROM app.identity_provider ORDER BY 1")
    assert register(site, "plant", **replaced) == 2
    assert site.rows("SELECT * FROM app.identity_provider ORDER BY 1") == before


def test_plain_http_is_for_loopback_and_by_a_setting(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    file = site.folder / "plant.toml"
    assert main(["provider", str(file), "--dsn", site.dsn]) == 2
    assert "issuer" in capsys.readouterr().err


def test_a_grant_that_came_to_lie_outside_gives_nothing(site: Site, walk: Walk) -> None:
    site.provider.log_in_as("outside-1", "/planted")
    site.rows(
        "INSERT INTO app.identity_grant (provider_id, value, role) SELECT provider_id, '/planted', 'platform_admin'"
        " FROM app.identity_provider WHERE code = 'plant' RETURNING 1"
    )
    try:
        with site.browser() as browser:
            assert problem(walk(browser)) == "unknown"
    finally:
        site.rows("DELETE FROM app.identity_grant WHERE value = '/planted' RETURNING 1")


def test_log_ins_that_never_come_back_do_not_pile_up(
    site: Site, monkeypatch: pytest.MonkeyPatch, walk: Walk
) -> None:
    monkeypatch.setattr("chejian_cloud.access.oidc.flow.MOST_PENDING", 3)
    site.rows("DELETE FROM app.log_in_attempt RETURNING 1")
    with site.browser() as browser:
        places = [browser.get("/login/plant").headers["location"] for _ in range(4)]
        assert places[-1] == "/login?problem=silent"
        assert site.rows("SELECT count(*) FROM app.log_in_attempt") == [(3,)]
        site.rows("UPDATE app.log_in_attempt SET expires_at = now() RETURNING 1")
        assert "problem" not in browser.get("/login/plant").headers["location"]
