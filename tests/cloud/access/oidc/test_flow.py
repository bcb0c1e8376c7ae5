"""Log-in by a real provider: from the button to the session, who gets which role, and back out again."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from chejian_cloud.access.oidc.people import LONGEST_VISIT

from tests.cloud.access.oidc.conftest import Site, Walk, register
from tests.cloud.access.test_log_in import PAGE

pytestmark = pytest.mark.long
"""The first test starts the provider and makes the database, on a machine that is busy with other tests."""
SESSION = "chejian_session"
ATTEMPT = "chejian_identity"


def me(browser: httpx.Client) -> dict[str, list[int]]:
    """Permission -> enterprises, of whoever is logged in; "everything" counts as -1."""
    answer = browser.get("/api/v1/me")
    assert answer.status_code == 200, answer.text
    return {
        p["permission"]: [-1] if p["everything"] else p["enterprises"] for p in answer.json()["permissions"]
    }


def problem(answer: httpx.Response) -> str:
    """Reason that the log-in page was called with."""
    assert answer.url.path == "/login", answer.url
    return parse_qs(answer.url.query.decode())["problem"][0]


def test_the_page_offers_every_provider_and_the_emergency_door(site: Site) -> None:
    with site.browser() as browser:
        page = browser.get("/login", params={"next": "/equipment/1?lang=en"}).text
        assert 'href="/login/plant?next=/equipment/1%3Flang%3Den"' in page
        for name in (
            "示范企业统一身份认证",
            "省级统一身份认证平台",
            "平台运维统一认证",
            "齐齐哈尔企业身份认证",
        ):
            assert f"使用{name}登录" in page
        assert 'name="password"' in page
        assert "Log in with Demo Enterprise SSO" in browser.get("/login?lang=en").text


def test_what_the_browser_is_sent_with(site: Site) -> None:
    with site.browser() as browser:
        sent = browser.get("/login/plant?next=/health")
        cookie = sent.headers["set-cookie"]
        assert (sent.status_code, "HttpOnly" in cookie, "SameSite=lax" in cookie) == (303, True, True)
        asked = {k: v[0] for k, v in parse_qs(urlsplit(sent.headers["location"]).query).items()}
        assert asked["redirect_uri"] == f"{site.base}/login/plant/return"
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert asked["scope"] == "openid profile"
        assert asked["ui_locales"] == "zh-CN"
        secret = browser.cookies[ATTEMPT]
        assert len({asked["state"], asked["nonce"], asked["code_challenge"], secret}) == 4
        stored = str(site.rows("SELECT * FROM app.log_in_attempt"))
        assert not [v for v in (secret, asked["state"], asked["nonce"]) if v in stored]


def test_somebody_new_gets_an_account_with_the_roles_of_the_groups(site: Site, walk: Walk) -> None:
    user = {
        "sub": "new-1",
        "preferred_username": "Zhang.San",
        "name": "张三",
        "groups": ["/engineers", "/other"],
    }
    site.provider.behave(user=user)
    with site.browser() as browser:
        browser.cookies.set(SESSION, "chosen-by-an-attacker", domain="127.0.0.1")
        end = walk(browser, "/login/plant?next=/health")
        assert (end.status_code, end.url.path) == (200, "/health")
        assert ATTEMPT not in browser.cookies
        sessions = [c.value for c in browser.cookies.jar if c.name == SESSION]
        assert "chosen-by-an-attacker" not in sessions
        held = me(browser)
        assert (held["engineer"], "accounts" in held) == ([1], False)
        told = browser.get("/api/v1/me").json()
        assert (told["name"], told["display_name"]) == ("zhang.san@plant", "张三")
        page = browser.get("/password").text
        assert ("密码请在那里修改" in page, 'name="old"' in page) == (True, False)
    row = site.rows(
        "SELECT a.issuer, a.password_hash, s.expires_at - s.created_at <= make_interval(secs => %s) FROM app.account a"
        " JOIN app.log_in_session s USING (account_id) WHERE a.subject = 'new-1'",
        LONGEST_VISIT,
    )
    assert row == [(f"http://127.0.0.1:{site.provider.port}/plant", None, True)]
    lines = site.rows(
        "SELECT action, target FROM app.audit WHERE account_name = 'zhang.san@plant' ORDER BY audit_id"
    )
    assert [line[0] for line in lines] == ["set roles by identity provider", "log in by plant"]


def test_a_name_that_somebody_has_is_nobody_elses(site: Site, walk: Walk) -> None:
    for subject in ("twin-1", "twin-2"):
        site.provider.behave(user={"sub": subject, "preferred_username": "ADMIN/x", "groups": "/viewers"})
        with site.browser() as browser:
            assert walk(browser).url.path == "/"
    names = site.rows("SELECT name FROM app.account WHERE subject LIKE 'twin-%%' ORDER BY account_id")
    assert names[0] == ("admin-x@plant",)
    assert names[1][0].startswith("admin-x-")
    assert names[1][0].endswith("@plant")


def test_roles_follow_the_provider_at_each_log_in(site: Site, walk: Walk) -> None:
    with site.browser() as browser, site.browser() as other:
        site.provider.log_in_as("moves-1", "/engineers")
        walk(browser)
        site.provider.log_in_as("moves-1", "/admins", "/viewers")
        walk(other)
        assert "accounts" in me(other)
        assert "accounts" in me(browser)  # the same account
        site.provider.log_in_as("moves-1")
        with site.browser() as third:
            assert problem(walk(third)) == "unknown"
        assert browser.get("/api/v1/me").status_code == 401
        assert other.get("/api/v1/me").status_code == 401
    assert not site.rows(
        "SELECT 1 FROM app.membership JOIN app.account USING (account_id) WHERE subject = 'moves-1'"
    )
    last = site.rows(
        "SELECT target, enterprise_id FROM app.audit WHERE action = 'log in refused' ORDER BY audit_id"
    )
    assert last[-1][0]["reason"] == "unknown"
    assert (last[-1][0]["subject"], last[-1][1]) == ("moves-1", 1)


def test_a_provider_of_the_province_reaches_below_it(site: Site, walk: Walk) -> None:
    user = {"sub": "p-1", "name": "王", "realm_access": {"roles": ["province", "plant", "nothing"]}}
    site.provider.behave(user=user)
    with site.browser() as browser:
        assert walk(browser, "/login/province").url.path == "/"
        held = me(browser)
        assert sorted(held["approve"]) == [1, 2]
        assert held["engineer"] == [2]
        assert "platform" not in held


def test_a_public_client_and_the_platform_itself(site: Site, walk: Walk) -> None:
    site.provider.log_in_as("ops-1", "/ops")
    with site.browser() as browser:
        assert walk(browser, "/login/root").url.path == "/"
        assert me(browser)["platform"] == [-1]


def test_groups_that_userinfo_alone_tells(site: Site, walk: Walk) -> None:
    site.provider.behave(user={"sub": "info-1", "name": "赵"}, userinfo={"groups": ["/viewers"]})
    with site.browser() as browser:
        assert walk(browser).url.path == "/"
        assert "read" in me(browser)
    site.provider.behave(user={"sub": "info-2"}, userinfo={"groups": ["/admins"], "sub": "info-1"})
    with site.browser() as browser:
        assert problem(walk(browser)) == "refused"


@pytest.mark.parametrize("kind", ["ES256", "RS256"])
def test_keys_change_and_nobody_notices(site: Site, walk: Walk, kind: str) -> None:
    with site.browser() as browser:
        site.provider.log_in_as("keys-1", "/viewers")
        assert walk(browser).url.path == "/"
        site.provider.log_in_as("keys-1", "/viewers", kind=kind, rotate=True)
        assert walk(browser).url.path == "/"


def test_logging_out_leads_through_the_provider(site: Site, walk: Walk) -> None:
    site.provider.log_in_as("out-1", "/viewers")
    with site.browser() as browser:
        walk(browser)
        left = browser.post("/logout", headers=PAGE)
        assert (left.status_code, "已退出登录" in left.text) == (200, True)
        onward = left.headers["refresh"].removeprefix("0; url=")
        assert onward.startswith(f"http://127.0.0.1:{site.provider.port}/plant/logout?")
        assert browser.get("/api/v1/me").status_code == 401
        back = browser.get(onward, follow_redirects=True)
        assert (back.status_code, str(back.url)) == (200, f"{site.base}/login")
    assert not site.rows(
        "SELECT 1 FROM app.log_in_session s JOIN app.account USING (account_id) WHERE subject = 'out-1'"
    )


def test_logging_out_works_without_the_provider(site: Site, walk: Walk) -> None:
    site.provider.log_in_as("out-2", "/viewers")
    with site.browser() as browser:
        walk(browser)
        site.provider.behave(discovery={"issuer": "http://127.0.0.1:1/other"})
        site.app.state.identity._documents._discoveries.clear()
        left = browser.post("/logout", headers=PAGE)
        assert (left.status_code, left.headers["location"]) == (303, "/login")
        assert browser.get("/api/v1/me").status_code == 401


def test_an_account_that_is_made_inactive_here_stays_out(site: Site, walk: Walk) -> None:
    site.provider.log_in_as("off-1", "/viewers")
    with site.browser() as browser:
        walk(browser)
        site.rows("UPDATE app.account SET active = false WHERE subject = 'off-1' RETURNING 1")
        assert browser.get("/api/v1/me").status_code == 401
        assert problem(walk(browser)) == "inactive"


def test_a_changed_provider_ends_its_sessions_and_an_inactive_one_is_not_offered(
    site: Site, walk: Walk
) -> None:
    site.provider.log_in_as("change-1", "/viewers")
    with site.browser() as browser, site.browser() as local:
        walk(browser)
        assert "read" in me(browser)
        try:
            assert register(site, "plant", **{"level =": "active = false\nlevel ="}) == 0
            assert browser.get("/api/v1/me").status_code == 401
            assert problem(walk(browser)) == "setup"
            assert "/login/plant" not in local.get("/login").text
        finally:
            assert register(site, "plant") == 0
        assert walk(browser).url.path == "/"
