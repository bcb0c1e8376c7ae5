"""Log-in, sessions, one-time links, passwords and accounts through the console's forms, as a browser sends them."""

import re
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from chejian_cloud.access.commands import first_run, make_admin
from chejian_cloud.access.passwords import check_allowed, hash_password, is_right
from chejian_cloud.access.secrets import hash_of
from chejian_cloud.access.throttle import FREE_BY_ACCOUNT, LONGEST_DELAY
from chejian_cloud.errors import InvalidValueError

from tests.cloud.access.conftest import Serve
from tests.cloud.keys import bearer

PAGE = {"Sec-Fetch-Site": "same-origin"}
COOKIE = "chejian_session"


async def send(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    return await client.post(path, data=fields, headers=PAGE)


async def log_in(client: httpx.AsyncClient, name: str, password: str) -> httpx.Response:
    return await send(client, "/login", name=name, password=password)


def count(dsn: str, query: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])


async def test_the_first_account_is_made_by_a_link_that_the_server_prints(dsn: str, serve: Serve) -> None:
    first, path = first_run(dsn), first_run(dsn)
    assert first is not None
    assert path is not None
    async with serve(dsn) as client:
        assert (await client.get(first)).status_code == 404  # a later start's link holds
        assert "首次设置" in (await client.get(path)).text
        key = parse_qs(urlsplit(path).query)["key"][0]
        fields = {"key": key, "name": "Chief", "password": "a good long one", "again": "a good long one"}
        for wrong in (
            {"password": "short", "again": "short"},
            {"again": "something else"},
            {"name": "no way!"},
        ):
            assert (await send(client, "/link", **fields | wrong)).status_code == 422
        done = await send(client, "/link", **fields)
        assert (done.status_code, done.headers["location"]) == (303, "/")
        assert (await client.get("/api/v1/me")).json()["name"] == "chief"
        assert (await client.get("/")).status_code == 200
        assert (await send(client, "/link", **fields)).status_code == 404
    assert first_run(dsn) is None


async def test_pages_lead_to_the_log_in_and_back_and_only_to_own_pages(
    site: httpx.AsyncClient, two: str
) -> None:
    access = make_admin(two, "admin")
    led = await site.get("/equipment/1?lang=en")
    assert (led.status_code, led.headers["location"]) == (303, "/login?next=/equipment/1%3Flang%3Den")
    page = await site.get(led.headers["location"])
    assert 'value="/equipment/1?lang=en"' in page.text
    assert "HRB" not in page.text
    for wanted, given in (("/equipment/1", "/equipment/1"), ("//evil.example", "/"), ("https://evil.example", "/"),
                          ("/\\evil.example", "/"), ("/a\r\nSet-Cookie: x=y", "/"), ("", "/")):  # fmt: skip
        done = await site.post(
            "/login", data={"name": "admin", "password": access.password, "next": wanted}, headers=PAGE
        )
        assert (done.status_code, done.headers["location"]) == (303, given)


async def test_cookies_are_guarded_and_sessions_change_at_log_in(site: httpx.AsyncClient, two: str) -> None:
    access = make_admin(two, "admin")
    forced = {**PAGE, "Cookie": f"{COOKIE}=chosen-by-an-attacker"}
    done = await site.post("/login", data={"name": "admin", "password": access.password}, headers=forced)
    cookie = done.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie  # plain HTTP, loopback
    first = site.cookies[COOKIE]
    assert first != "chosen-by-an-attacker"
    assert count(two, "SELECT count(*) FROM app.log_in_session") == 1
    await log_in(site, "admin", access.password)
    second = site.cookies[COOKIE]
    assert second != first
    assert count(two, "SELECT count(*) FROM app.log_in_session") == 1  # the old one has ended
    bare = httpx.AsyncClient(transport=site._transport, base_url="https://api")
    secure = await log_in(bare, "admin", access.password)
    assert secure.headers["set-cookie"].startswith("__Host-chejian_session=")
    assert "Secure" in secure.headers["set-cookie"]
    with psycopg.connect(two) as connection:
        hashes = connection.execute("SELECT session_hash FROM app.log_in_session").fetchall()
    assert (hash_of(second),) in hashes
    assert all(second.encode() not in stored for (stored,) in hashes)


async def test_sessions_end(site: httpx.AsyncClient, two: str) -> None:
    access = make_admin(two, "admin")
    for ended in (
        "UPDATE app.log_in_session SET seen_at = now() - interval '13 hours'",
        "UPDATE app.log_in_session SET expires_at = now() - interval '1 second'",
        "UPDATE app.account SET active = false",
        "DELETE FROM app.log_in_session",
    ):
        with psycopg.connect(two) as connection:
            connection.execute("UPDATE app.account SET active = true")
        await log_in(site, "admin", access.password)
        assert (await site.get("/api/v1/me")).status_code == 200
        with psycopg.connect(two) as connection:
            connection.execute(ended.encode())
        assert (await site.get("/api/v1/me")).status_code == 401, ended
    with psycopg.connect(two) as connection:
        connection.execute("UPDATE app.account SET active = true")
    await log_in(site, "admin", access.password)
    stolen = site.cookies[COOKIE]
    assert (await site.post("/logout", headers=PAGE)).headers["location"] == "/login"
    assert COOKIE not in site.cookies
    assert (await site.get("/api/v1/me", headers={"Cookie": f"{COOKIE}={stolen}"})).status_code == 401


async def test_a_page_of_another_site_changes_nothing(site: httpx.AsyncClient, two: str) -> None:
    access = make_admin(two, "admin")
    await log_in(site, "admin", access.password)
    path, body = (
        "/api/v1/equipment/1/inspections",
        {"time": "2026-01-01T00:00:00Z", "scrap": 1, "user_name": "x"},
    )
    refused: list[dict[str, str]] = [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://api"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://api.evil.example"},
        {"Origin": "null"},
        {},
    ]
    before = count(two, "SELECT count(*) FROM app.inspection_result")
    for headers in refused:
        assert (await site.post(path, json=body, headers=headers)).status_code == 403, headers
        assert (await site.post("/logout", headers=headers)).status_code == 403
        forged = await site.post("/login", data={"name": "a", "password": "b"}, headers=headers)
        assert forged.status_code == 403
    assert count(two, "SELECT count(*) FROM app.inspection_result") == before
    for headers in (PAGE, {"Origin": "http://api"}):
        assert (await site.post(path, json=body, headers=headers)).status_code == 201


async def test_guessing_gets_slower_and_tells_nothing(site: httpx.AsyncClient, two: str) -> None:
    access = make_admin(two, "admin")
    told: set[tuple[int, str]] = set()
    for name in ("nobody", "admin"):
        delays = [await guess(site, two, name, told) for _ in range(FREE_BY_ACCOUNT + 4)]
        assert delays == [0] * FREE_BY_ACCOUNT + [1, 2, 4, 8]
    assert len(told) == 1  # known or not: the same words
    assert next(iter(told))[0] == 401
    write(two, "UPDATE app.log_in_failure SET failures = 100 WHERE key LIKE 'account%'")
    assert await guess(site, two, "admin", told, is_over=False) == LONGEST_DELAY.total_seconds()
    refused = await log_in(site, "admin", access.password)  # not even the right one
    assert (refused.status_code, 0 < int(refused.headers["retry-after"]) <= 300) == (429, True)
    write(two, "UPDATE app.log_in_failure SET until = now()")
    assert (await log_in(site, "admin", access.password)).status_code == 303
    assert (
        count(two, "SELECT count(*) FROM app.log_in_failure WHERE key LIKE 'account%' AND failures > 0") == 1
    )
    assert count(two, "SELECT count(*) FROM app.audit WHERE action = 'log in refused'") >= FREE_BY_ACCOUNT


async def guess(
    site: httpx.AsyncClient, dsn: str, name: str, told: set[tuple[int, str]], *, is_over: bool = True
) -> float:
    """Guess wrongly; answers the delay [s] that it brought, which has then passed if `is_over`."""
    answer = await log_in(site, name, "a wrong password")
    told.add((answer.status_code, re.sub(r"value=\"[^\"]*\"", "", answer.text)))
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT extract(epoch FROM until - last_at)::float8 FROM app.log_in_failure"
            " WHERE key LIKE 'account%' ORDER BY last_at DESC LIMIT 1"
        ).fetchone()
        if is_over:
            connection.execute("UPDATE app.log_in_failure SET until = last_at")
    assert row is not None
    return float(row[0])


def write(dsn: str, statement: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(statement.encode())


async def test_a_changed_password_logs_everything_else_out(site: httpx.AsyncClient, two: str) -> None:
    access = make_admin(two, "admin")
    await log_in(site, "admin", access.password)
    other = httpx.AsyncClient(transport=site._transport, base_url="http://api")
    await log_in(other, "admin", access.password)
    fields = {"old": access.password, "password": "quite another one", "again": "quite another one"}
    assert (await send(site, "/password", **fields | {"old": "wrong password"})).status_code == 401
    assert (await send(site, "/password", **fields | {"again": "x"})).status_code == 422
    assert (await send(site, "/password", **fields)).status_code == 303
    assert (await site.get("/api/v1/me")).status_code == 200
    assert (await other.get("/api/v1/me")).status_code == 401
    assert (await log_in(other, "admin", access.password)).status_code == 401
    assert (await log_in(other, "admin", "quite another one")).status_code == 303


async def test_an_enterprise_administers_its_own_people_and_no_more(
    site: httpx.AsyncClient, two: str
) -> None:
    boss = make_admin(two, "admin")
    await log_in(site, "admin", boss.password)
    tree = {o["code"]: o["organisation_id"] for o in (await site.get("/api/v1/organisations")).json()}

    async def add(client: httpx.AsyncClient, name: str, role: str, place: str | None) -> httpx.Response:
        roles = [{"role": role, "organisation_id": tree[place] if place else None}]
        body = {"name": name, "display_name": name, "roles": roles}
        return await client.post("/api/v1/accounts", json=body, headers=PAGE)

    made = (await add(site, "chief.hrb", "enterprise_admin", "hlj-demo")).json()
    assert (await add(site, "x", "enterprise_admin", "230100")).status_code == 422  # no city for this role
    chief = httpx.AsyncClient(transport=site._transport, base_url="http://api")
    key = parse_qs(urlsplit(made["link"]).query)["key"][0]
    await send(chief, "/link", key=key, password="machining 4 ever", again="machining 4 ever")
    assert (await chief.get("/api/v1/me")).json()["name"] == "chief.hrb"
    assert (await add(chief, "zhang", "operator", "hlj-demo")).status_code == 201
    for role, place in (("operator", "qqh-other"), ("city", "230100"), ("platform_admin", None)):
        assert (await add(chief, "y", role, place)).status_code == 403, role
    people = {a["name"]: a["account_id"] for a in (await chief.get("/api/v1/accounts")).json()}
    assert list(people) == ["chief.hrb", "zhang"]
    assert (await chief.post("/api/v1/accounts/1/link", headers=PAGE)).status_code == 404  # the platform's
    with psycopg.connect(two) as connection:  # the platform's administrator helps out as an operator there
        connection.execute(
            "INSERT INTO app.membership (account_id, role, organisation_id) VALUES (1, 'operator', %s)",
            [tree["hlj-demo"]],
        )
    assert (await chief.post("/api/v1/accounts/1/link", headers=PAGE)).status_code == 403
    assert (await site.patch("/api/v1/accounts/1", json={"active": False}, headers=PAGE)).status_code == 422
    page = await chief.post(f"/accounts/{people['zhang']}", data={"action": "link"}, headers=PAGE)
    assert "http://api/link?key=" in page.text
    await change_roles_by_the_page(chief, people["zhang"], tree)
    off = await chief.post(f"/accounts/{people['zhang']}", data={"action": "deactivate"}, headers=PAGE)
    assert off.status_code == 200
    lines = (await chief.get("/api/v1/audit")).json()
    done = {"add account", "make password link", "change account", "set roles"}
    assert done <= {line["action"] for line in lines}
    assert "machining" not in str(lines)


async def change_roles_by_the_page(chief: httpx.AsyncClient, account: int, tree: dict[str, int]) -> None:
    """An operator becomes an engineer; what another page changed meanwhile is not overwritten."""

    async def change(**fields: str) -> httpx.Response:
        return await chief.post(f"/accounts/{account}", data={"action": "roles", **fields}, headers=PAGE)

    async def roles() -> list[tuple[str, int]]:
        told = (await chief.get(f"/api/v1/accounts/{account}")).json()["roles"]
        return [(role["role"], role["organisation_id"]) for role in told]

    home = tree["hlj-demo"]
    text = (await chief.get("/accounts")).text
    form = re.search(rf'action="/accounts/{account}" class="fields">\s*<input[^>]*value="([0-9a-f]+)"', text)
    assert form is not None
    add = {"seen": form[1], "role": "engineer", "organisation_id": str(home)}
    assert (await change(**add)).status_code == 200, "the operator's role has lost its tick"
    assert await roles() == [("engineer", home)]
    late = await change(**add, keep_0="1")
    assert (late.status_code, "没有保存" in late.text) == (412, True)
    seen = re.findall(r'name="seen" value="([0-9a-f]+)"', late.text)[-1]
    for wrong, status in (({}, 422), ({"role": "city", "organisation_id": str(tree["230100"])}, 403)):
        assert (await change(seen=seen, **wrong)).status_code == status
    assert await roles() == [("engineer", home)]


async def test_tokens_are_narrow_and_revocable_and_sign_for_people(site: httpx.AsyncClient, two: str) -> None:
    key = bearer(two)
    body = {
        "name": "mes",
        "display_name": "MES",
        "kind": "service",
        "roles": [{"role": "operator", "organisation_id": 15}],
    }
    account = (await site.post("/api/v1/accounts", json=body, headers=key)).json()["account_id"]
    wanted = {"label": "line 1", "permissions": ["read"], "days": 30}
    tokens = f"/api/v1/accounts/{account}/tokens"
    made = (await site.post(tokens, json=wanted, headers=key)).json()
    reader = {"Authorization": f"Bearer {made['token']}"}
    fact = {"time": "2026-01-01T00:00:00Z", "scrap": 1, "user_name": "王五"}
    path = "/api/v1/equipment/1/inspections"
    assert (await site.get("/api/v1/equipment/1", headers=reader)).status_code == 200
    assert (await site.post(path, json=fact, headers=reader)).status_code == 403
    wanted["permissions"] = ["read", "operate", "platform"]  # more than its account has
    made = (await site.post(tokens, json=wanted, headers=key)).json()
    writer = {"Authorization": f"Bearer {made['token']}"}
    assert (await site.post(path, json=fact, headers=writer)).status_code == 201
    assert (await site.get("/api/v1/accounts", headers=writer)).status_code == 403
    assert count(two, "SELECT count(*) FROM app.inspection_result WHERE user_name = '王五'") == 1
    listed = (await site.get(tokens, headers=key)).json()
    assert "token" not in listed[0]
    assert listed[0]["last_used_at"] is not None
    assert (await site.delete(f"/api/v1/tokens/{made['token_id']}", headers=key)).status_code == 204
    assert (await site.get("/api/v1/equipment/1", headers=writer)).status_code == 401
    with psycopg.connect(two) as connection:
        connection.execute("UPDATE app.machine_token SET expires_at = now()")
    assert (await site.get("/api/v1/equipment/1", headers=reader)).status_code == 401


async def test_people_sign_with_their_own_name_and_changes_are_journalled(
    site: httpx.AsyncClient, two: str
) -> None:
    access = make_admin(two, "admin")
    await log_in(site, "admin", access.password)
    fact = {"time": "2026-01-01T00:00:00Z", "scrap": 1, "user_name": "somebody else"}
    assert (await site.post("/api/v1/equipment/1/inspections", json=fact, headers=PAGE)).status_code == 201
    assert count(two, "SELECT count(*) FROM app.inspection_result WHERE user_name = 'admin'") == 1
    assert (await site.get("/api/v1/kpi-values/file?workshop_id=1")).status_code == 200
    wrong = {**fact, "scrap": "many"}
    assert (await site.post("/api/v1/equipment/1/inspections", json=wrong, headers=PAGE)).status_code == 422
    lines = (await site.get("/api/v1/audit")).json()
    (change,) = [x for x in lines if x["action"] == "POST /api/v1/equipment/{equipment_id}/inspections"]
    assert (change["account_name"], change["enterprise_id"]) == ("admin", 1)
    assert (change["target"]["equipment_id"], change["target"]["body"]["scrap"]) == ("1", 1)
    assert [x["target"] for x in lines if x["action"] == "GET /api/v1/kpi-values/file"] == [
        {"workshop_id": "1"}
    ]


@pytest.mark.parametrize("wrong", ["short", "aaaaaaaaaaaaaaaa", "x" * 200, "my name is ADMIN ok", ""])
def test_weak_passwords_are_refused_without_repeating_them(wrong: str) -> None:
    with pytest.raises(InvalidValueError, match="10 to 128 characters") as caught:
        check_allowed("admin", wrong)
    assert not wrong or wrong not in str(caught.value)


def test_a_hash_is_argon2id_and_nobody_has_none() -> None:
    stored = hash_password("a good long one")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert is_right(stored, "a good long one")
    assert not is_right(stored, "a good long two")
    assert not is_right(None, "nobody has this password")
