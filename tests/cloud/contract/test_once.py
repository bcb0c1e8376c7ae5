"""A POST with an idempotency key is done once, however often it is sent."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest
from chejian_cloud.access.permissions import Role
from psycopg.errors import InsufficientPrivilege

from tests.cloud.contract.conftest import Site

MADE = "2026-01-01T00:00:00Z"
BODY = {"time": MADE, "scrap": 1, "user_name": "li"}


def post(
    site: Site, key: str, *, body: dict[str, object] = BODY, token: str, equipment: int = 1
) -> httpx.Response:
    return httpx.post(
        f"{site.base}/api/v1/equipment/{equipment}/inspections",
        json=body,
        headers={"Authorization": token, "Idempotency-Key": key},
        timeout=30,
    )


def stored(site: Site, table: str = "inspection_result") -> int:
    with psycopg.connect(site.dsn) as connection:
        row = connection.execute(f"SELECT count(*) FROM app.{table}").fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture(scope="module")
def token(live: Site) -> str:
    return live.key(Role.OPERATOR)


def test_the_same_request_is_done_once_and_answered_alike(live: Site, token: str) -> None:
    before, journal = stored(live), stored(live, "audit")
    answers = [post(live, "a", token=token) for _ in range(3)]
    assert {(a.status_code, a.text) for a in answers} == {(201, answers[0].text)}
    assert [a.headers.get("idempotency-replayed") for a in answers] == [None, "true", "true"]
    assert stored(live) == before + 1
    assert stored(live, "audit") == journal + 1  # one deed, one line


def test_requests_at_once_are_done_once(live: Site, token: str) -> None:
    before = stored(live)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(live, "b", token=token), range(8)))
    assert {(a.status_code, a.text) for a in answers} == {(201, answers[0].text)}
    assert stored(live) == before + 1


def test_a_key_belongs_to_one_request_of_one_account(live: Site, token: str) -> None:
    before = stored(live)
    assert post(live, "c", token=token).status_code == 201
    other = post(live, "c", body={**BODY, "scrap": 2}, token=token)
    assert (other.status_code, other.json()["key"]) == (422, "Idempotency-Key")
    assert post(live, "c", equipment=2, token=token).status_code == 422
    assert post(live, "c", token=live.key(Role.ENGINEER)).status_code == 201  # somebody else's key
    assert stored(live) == before + 2


def test_what_failed_may_be_tried_again_with_its_key(live: Site, token: str) -> None:
    before = stored(live)
    assert post(live, "d", equipment=987_654, token=token).status_code == 404
    assert post(live, "d", token=token).status_code == 201
    assert stored(live) == before + 1


def test_a_key_ends_after_a_day(live: Site, token: str) -> None:
    before = stored(live)
    post(live, "e", token=token)
    with psycopg.connect(live.dsn) as connection:
        connection.execute("UPDATE app.answered_request SET made_at = now() - interval '25 hours'")
    again = post(live, "e", token=token)
    assert (again.status_code, again.headers.get("idempotency-replayed")) == (201, None)
    assert stored(live) == before + 2


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "线"])
def test_a_key_is_plain_text(live: Site, token: str, key: str) -> None:
    answer = httpx.post(
        f"{live.base}/api/v1/equipment/1/inspections",
        json=BODY,
        headers={b"Authorization": token.encode(), b"Idempotency-Key": key.encode()},
        timeout=30,
    )
    assert answer.status_code == 422


def test_a_secret_is_told_once_and_not_kept(live: Site) -> None:
    admin = {"Authorization": live.key(Role.PLATFORM_ADMIN), "Idempotency-Key": "f"}
    with httpx.Client(base_url=live.base, headers=admin, timeout=30) as client:
        accounts = client.get("/api/v1/accounts").json()
        service = next(a["account_id"] for a in accounts if a["kind"] == "service")
        body = {"label": "x", "permissions": ["read"], "days": 1}
        first = client.post(f"/api/v1/accounts/{service}/tokens", json=body)
        again = client.post(f"/api/v1/accounts/{service}/tokens", json=body)
    assert (first.status_code, again.status_code) == (201, 409)
    with psycopg.connect(live.dsn) as connection:
        kept = connection.execute(
            "SELECT string_agg(to_jsonb(r)::text, '') FROM app.answered_request r"
        ).fetchone()
    assert kept is not None
    assert first.json()["token"] not in kept[0]


@pytest.mark.parametrize("role", ["chejian_api", "chejian_door"])
def test_nobody_lists_answers(live: Site, role: str) -> None:
    with psycopg.connect(live.dsn) as connection:
        connection.execute("SELECT set_config('role', %s, true)", (role,))
        with pytest.raises(InsufficientPrivilege):
            connection.execute("SELECT * FROM app.answered_request")
