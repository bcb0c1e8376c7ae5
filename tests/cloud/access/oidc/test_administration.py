"""Providers and ties by the API: who may register what, and which account a subject is."""

import re
from pathlib import Path

import pytest
from chejian_cloud.access.commands import make_admin
from chejian_cloud.access.oidc.spec import ProviderSpec
from chejian_cloud.access.permissions import Role
from chejian_contract.config import load_config

from tests.cloud.access.oidc.conftest import Site, Walk
from tests.cloud.access.oidc.test_flow import me, problem
from tests.cloud.access.test_log_in import PAGE
from tests.cloud.keys import bearer
from tools.lock import ROOT

pytestmark = pytest.mark.long
"""The first test starts the provider and makes the database, on a machine that is busy with other tests."""
PROVIDERS = "/api/v1/identity-providers"


def added(site: Site, name: str, role: str, place: str | None, key: dict[str, str]) -> int:
    """A new account of a person."""
    with site.browser() as browser:
        tree = {
            o["code"]: o["organisation_id"] for o in browser.get("/api/v1/organisations", headers=key).json()
        }
        roles = [{"role": role, "organisation_id": tree[place] if place else None}]
        body = {"name": name, "display_name": name, "roles": roles}
        made = browser.post("/api/v1/accounts", json=body, headers=key)
        assert made.status_code == 201, made.text
        account: int = made.json()["account_id"]
        return account


def test_the_platform_registers_providers_and_their_secrets_are_nowhere(site: Site) -> None:
    key = bearer(site.dsn)
    body = {
        "name_zh": "二",
        "name_en": "Two",
        "issuer": "https://sso.example.com/realms/two",
        "client_id": "chejian",
        "level": "city",
        "organisation": "230100",
        "grants": [{"value": "/a", "role": "engineer", "organisation": "hlj-demo"}],
        "active": False,
    }
    with site.browser() as browser:
        assert browser.put(f"{PROVIDERS}/two", json=body, headers=key).status_code == 204
        told = {p["code"]: p for p in browser.get(PROVIDERS, headers=key).json()}
        assert told["two"] == {
            **body,
            "code": "two",
            "authentication": "client_secret_basic",
            "scopes": ["openid", "profile"],
            "claim": "groups",
            "adds_accounts": True,
        }
        assert not [name for name in told["two"] if "secret" in name]
        for wrong, named in (
            (
                {"issuer": "http://127.0.0.2/x"},
                "issuer",
            ),  # of a provider that has no accounts, but plain elsewhere
            ({"issuer": "http://sso.example.com"}, "issuer"),
            ({"client_secret": "x"}, "client_secret"),
            ({"organisation": None}, "organisation"),
            ({"grants": [{"value": "/a", "role": "engineer", "organisation": "qqh-other"}]}, "grants[0]"),
            ({"grants": [{"value": "/a", "role": "province", "organisation": "230000"}]}, "grants[0]"),
            ({"grants": body["grants"] * 2}, "grants"),  # type: ignore[operator] # a list
        ):
            answer = browser.put(f"{PROVIDERS}/two", json=body | wrong, headers=key)
            if wrong == {"issuer": "http://127.0.0.2/x"}:
                assert answer.status_code == 204  # loopback, as this test's settings allow
                assert browser.put(f"{PROVIDERS}/two", json=body, headers=key).status_code == 204
                continue
            assert (answer.status_code, answer.json()["key"]) == (422, named), answer.text
        assert browser.put(f"{PROVIDERS}/Two", json=body, headers=key).status_code == 422
        for role, place in ((Role.ENTERPRISE_ADMIN, "hlj-demo"), (Role.PROVINCE, "230000")):
            other = bearer(site.dsn, role, place)
            assert browser.put(f"{PROVIDERS}/two", json=body, headers=other).status_code == 403
            assert browser.get(PROVIDERS, headers=other).status_code == 403
    lines = site.rows("SELECT account_name, target FROM app.audit WHERE action = 'set identity provider'")
    assert ("tests-platform_admin-0", "two") in {(name, target["provider"]) for name, target in lines}


def test_an_issuer_with_people_stays(site: Site, walk: Walk) -> None:
    site.provider.log_in_as("stays-1", "/viewers")
    key = bearer(site.dsn)
    with site.browser() as browser:
        assert walk(browser).url.path == "/"
        (spec,) = [p for p in browser.get(PROVIDERS, headers=key).json() if p.pop("code") == "plant"]
        moved = {**spec, "issuer": "https://sso.example.com/realms/plant"}
        assert browser.put(f"{PROVIDERS}/plant", json=moved, headers=key).status_code == 409


def test_an_account_is_tied_to_a_subject_by_who_administers_both(site: Site, walk: Walk) -> None:
    chief = bearer(site.dsn, Role.ENTERPRISE_ADMIN, "qqh-other")
    account = added(site, "sun", "operator", "qqh-other", chief)
    path = f"/api/v1/accounts/{account}/identity"
    site.provider.log_in_as("sun-1")
    with site.browser() as browser:
        assert problem(walk(browser, "/login/tied")) == "unknown"  # nobody yet, and no grant makes one
        for wrong, status in (
            ({"provider": "plant", "subject": "sun-1"}, 404),  # another enterprise's
            ({"provider": "province", "subject": "sun-1"}, 404),
            ({"provider": "nobody", "subject": "sun-1"}, 404),
            ({"provider": "tied", "subject": ""}, 422),
        ):
            assert browser.put(path, json=wrong, headers=chief).status_code == status, wrong
        right = {"provider": "tied", "subject": "sun-1"}
        assert browser.put(path, json=right, headers=chief).status_code == 204
        other = added(site, "sun2", "operator", "qqh-other", chief)
        twice = browser.put(f"/api/v1/accounts/{other}/identity", json=right, headers=chief)
        assert (twice.status_code, twice.json()["key"]) == (422, "subject")
        assert browser.post(f"/api/v1/accounts/{account}/link", headers=chief).status_code == 422
        assert walk(browser, "/login/tied").url.path == "/"
        assert me(browser)["operate"] == [2]
        site.rows(
            "INSERT INTO app.membership (account_id, role) VALUES (%s, 'platform_admin') RETURNING 1", account
        )  # what its provider could not vouch for
        assert problem(walk(browser, "/login/tied")) == "refused"
        assert browser.get("/api/v1/me").status_code == 401
        site.rows(
            "DELETE FROM app.membership WHERE account_id = %s AND role = 'platform_admin' RETURNING 1",
            account,
        )
        assert browser.delete(path, headers=chief).status_code == 204
        assert browser.delete(path, headers=chief).status_code == 422
        assert problem(walk(browser, "/login/tied")) == "unknown"
        assert browser.post(f"/api/v1/accounts/{account}/link", headers=chief).status_code == 201


def test_roles_that_a_provider_gives_are_not_changed_here(site: Site, walk: Walk) -> None:
    site.provider.log_in_as("given-1", "/viewers")
    key = bearer(site.dsn)
    with site.browser() as browser:
        walk(browser)
    account = site.rows("SELECT account_id FROM app.account WHERE subject = 'given-1'")[0][0]
    with site.browser() as browser:
        body = {"roles": [{"role": "platform_admin"}]}
        path = f"/api/v1/accounts/{account}"
        answer = browser.put(f"{path}/memberships", json=body, headers=key)
        assert (answer.status_code, "plant gives" in answer.text) == (403, True)
        assert browser.get(path, headers=key).json()["oidc"] is True


def test_the_emergency_door_stays(site: Site) -> None:
    access = make_admin(site.dsn, "admin")
    key = bearer(site.dsn)
    account = site.rows("SELECT account_id FROM app.account WHERE name = 'admin'")[0][0]
    with site.browser() as browser:
        body = {"provider": "root", "subject": "admin-1"}
        answer = browser.put(f"/api/v1/accounts/{account}/identity", json=body, headers=key)
        assert (answer.status_code, "emergency door" in answer.text) == (422, True)
        wrong = browser.put(
            f"/api/v1/accounts/{account}/identity", json={**body, "provider": "plant"}, headers=key
        )
        assert (wrong.status_code, wrong.json()["key"]) == (422, "provider")
        form = {"name": "admin", "password": access.password}
        assert browser.post("/login", data=form, headers=PAGE).headers["location"] == "/"
        page = browser.get("/accounts").text
        assert "统一身份认证" in page or "li.ming" not in page


@pytest.mark.parametrize("guide", ["operations.md", "operations.zh-CN.md"])
def test_the_guides_example_is_what_the_command_takes(guide: str, tmp_path: Path) -> None:
    found = re.search(r"```toml\n(.*?)```", (ROOT / "docs" / guide).read_text("utf-8"), re.DOTALL)
    assert found is not None
    file = tmp_path / "plant.toml"
    file.write_text(found[1], "utf-8")
    spec = load_config(ProviderSpec, file)
    assert (spec.code, [grant.role for grant in spec.grants]) == ("plant", [Role.ENGINEER, Role.VIEWER])
    every, options = re.subn(r"^# (?=\w+ = )", "", found[1], flags=re.MULTILINE)
    file.write_text(every, "utf-8")
    assert (options, load_config(ProviderSpec, file)) == (5, spec)  # what is commented out is the default
