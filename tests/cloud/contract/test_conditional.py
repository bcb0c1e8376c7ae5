"""Nothing is sent twice, and no edit overwrites what its editor has not seen."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

DAY = "/api/v1/calendars/1/days/2026-05-01"
CYCLES = "/api/v1/equipment/1/ideal-cycles"


@pytest.mark.parametrize(
    "path", ["/workshops", "/equipment", "/equipment/1", "/reasons", "/kpis", "/calendars/1"]
)
def test_what_has_not_changed_is_not_sent_again(client: httpx.Client, path: str) -> None:
    first = client.get(f"/api/v1{path}")
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for given in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        again = client.get(f"/api/v1{path}", headers={"If-None-Match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = client.get(f"/api/v1{path}", headers={"If-None-Match": '"x"'})
    assert (other.status_code, other.content) == (200, first.content)


def test_streams_files_and_errors_have_no_tag(client: httpx.Client) -> None:
    with client.stream("GET", "/api/v1/stream") as stream:
        assert "etag" not in stream.headers
    assert "etag" not in client.get("/api/v1/kpi-values/file").headers
    assert "etag" not in client.get("/api/v1/equipment/987654").headers


def test_an_edit_of_a_calendar_that_has_changed_since_is_refused(client: httpx.Client) -> None:
    body = {"shifts": ["A"], "user_name": "li"}
    seen = client.get("/api/v1/calendars/1").headers["etag"]
    assert client.put(DAY, json=body, headers={"If-Match": seen}).status_code == 200
    late = client.put(DAY, json={**body, "shifts": []}, headers={"If-Match": seen})
    assert (late.status_code, late.headers["content-type"]) == (412, "application/problem+json")
    now = client.get("/api/v1/calendars/1")
    assert [d["shifts"] for d in now.json()["days"] if DAY.endswith(d["day"])] == [["A"]]
    assert client.delete(DAY, params={"user_name": "li"}, headers={"If-Match": seen}).status_code == 412
    fresh = {"If-Match": now.headers["etag"]}
    assert client.delete(DAY, params={"user_name": "li"}, headers=fresh).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", DAY),
        ("DELETE", DAY),
        ("POST", "/api/v1/calendars/1/spans"),
        ("PUT", CYCLES),
        ("DELETE", CYCLES),
        ("PUT", "/api/v1/equipment/1"),
        ("PATCH", "/api/v1/accounts/1"),
        ("PUT", "/api/v1/accounts/1/memberships"),
    ],
)
def test_what_is_wrong_in_itself_is_told_before_what_has_changed(
    client: httpx.Client, method: str, path: str
) -> None:
    told = client.request(method, path, headers={"If-Match": '"old"'})
    assert told.status_code == 422


def test_true_is_no_number_and_a_number_is_not_true(client: httpx.Client) -> None:
    rule = {"least_cycle_seconds": False, "user_name": "li"}
    told = client.put("/api/v1/equipment/1/counters/good_count", json=rule)
    assert (told.status_code, told.json()["key"]) == (422, "least_cycle_seconds")
    places = client.get("/api/v1/organisations").json()
    here = next(p["organisation_id"] for p in places if p["kind"] == "enterprise")
    body = {"name": "flagged", "display_name": "x", "kind": "service"}
    roles = {"roles": [{"role": "viewer", "organisation_id": here}]}
    made = client.post("/api/v1/accounts", json=body | roles)
    assert made.status_code == 201, made.text
    account = made.json()
    path = f"/api/v1/accounts/{account['account_id']}"
    for wrong in (0, "false"):
        told = client.patch(path, json={"active": wrong})
        assert (told.status_code, told.json()["key"]) == (422, "active")
    assert client.patch(path, json={"active": False}).status_code == 204


def test_of_editors_at_once_one_wins_and_the_others_learn_of_it(client: httpx.Client) -> None:
    seen = {"If-Match": client.get("/api/v1/calendars/1").headers["etag"]}

    def edit(name: str) -> int:
        body = {"shifts": ["B"], "name_zh": name, "user_name": "li"}
        return client.put("/api/v1/calendars/1/days/2026-05-02", json=body, headers=seen).status_code

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(edit, "abcdef"))
    assert sorted(told) == [200, 412, 412, 412, 412, 412]


def test_cycles_and_accounts_take_it_as_well(client: httpx.Client) -> None:
    seen = client.get(CYCLES)
    assert seen.json() == []
    where = {"product": "none", "valid_from": "2026-01-01T00:00:00Z", "user_name": "li"}
    assert client.delete(CYCLES, params=where, headers={"If-Match": '"old"'}).status_code == 412
    assert client.delete(CYCLES, params=where, headers={"If-Match": seen.headers["etag"]}).status_code == 422
    accounts = client.get("/api/v1/accounts").json()
    account = next(a["account_id"] for a in accounts if a["name"] == "admin")
    path = f"/api/v1/accounts/{account}"
    seen = client.get(path)
    assert (
        client.patch(
            path, json={"display_name": "一"}, headers={"If-Match": seen.headers["etag"]}
        ).status_code
        == 204
    )
    assert (
        client.patch(
            path, json={"display_name": "二"}, headers={"If-Match": seen.headers["etag"]}
        ).status_code
        == 412
    )
    assert client.get(path).json()["display_name"] == "一"
    roles = {"roles": seen.json()["roles"]}
    assert client.put(f"{path}/memberships", json=roles, headers={"If-Match": '"old"'}).status_code == 412


def test_without_a_tag_the_last_editor_wins(client: httpx.Client) -> None:
    body = {"shifts": ["A"], "user_name": "li"}
    assert [client.put(DAY, json=body).status_code for _ in range(2)] == [200, 200]
