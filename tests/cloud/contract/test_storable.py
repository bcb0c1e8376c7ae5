"""What no row can hold is refused with the place where it stands, and never breaks the server."""

import httpx
import pytest
from chejian_cloud.storable import shown

JSON = {"Content-Type": "application/json"}
INSPECTIONS = "/api/v1/equipment/1/inspections"


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/api/v1/equipment?code=CNC%00", "code"),
        ("/api/v1/equipment?code=CNC%00&code=CNC", "code"),
        ("/api/v1/kpi-values/file?a%00b=1", "a\ufffdb"),  # the journal of exports keeps the names
        ("/api/v1/energy/shares/sta%00tes", "by"),
        ("/api/v1/kpi-values?from=0001-01-01T00:00:00%2B14:00", "from"),
        ("/api/v1/kpi-values?to=9999-12-31T23:59:59-12:00", "to"),
        ("/api/v1/kpi-values?from=1700000000", "from"),
        (f"/api/v1/equipment/{2**31}", "equipment_id"),
    ],
)
def test_odd_parameters_are_named(client: httpx.Client, path: str, key: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["key"] == key


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (rb'{"time": "2026-01-01T00:00:00Z", "comment": "a\u0000b", "user_name": "li"}', "comment"),
        (rb'{"time": "2026-01-01T00:00:00Z", "comment": "\ud800", "user_name": "li"}', "comment"),
        (rb'{"time": "2026-01-01T00:00:00Z", "a\u0000b": 1, "user_name": "li"}', "body"),
        (rb'{"time": "0001-01-01T00:00:00+14:00", "user_name": "li"}', "time"),
        (rb'{"time": "2026-01-01T00:00:00Z", "scrap": 1e999, "user_name": "li"}', "scrap"),
        (rb'{"time": "2026-01-01T00:00:00Z", "scrap": NaN, "user_name": "li"}', "scrap"),
        (b'{"time": ' + b"9" * 4000 + b', "user_name": "li"}', "time"),
        (b'{"time"', "7"),
    ],
)
def test_odd_bodies_are_named(client: httpx.Client, body: bytes, key: str) -> None:
    answer = client.post(INSPECTIONS, content=body, headers=JSON)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["key"] == key
    assert len(answer.text) < 1000  # what was wrong is shown, not all that was sent


def test_a_body_that_is_no_text_is_refused(client: httpx.Client) -> None:
    assert client.post(INSPECTIONS, content=b"\xff\xfe{", headers=JSON).status_code == 400
    unread = client.delete("/api/v1/orders/1")
    assert unread.status_code == 404
    broken = client.request("DELETE", "/api/v1/orders/1", content=b"{", headers=JSON)
    assert (broken.status_code, broken.json()["key"]) == (422, "body")
    form = client.post(
        "/accounts", content=b"name=a%00b", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert (form.status_code, form.json()["key"]) == (422, "body")


def test_a_wrong_value_is_shown_short_and_as_json() -> None:
    assert shown(None) is None
    assert shown(3) == 3
    assert shown(10**9000) == "a number of 29898 bits"
    assert shown(float("inf")) == "inf"
    assert shown("a\x00\ud800b") == "a\ufffd\ufffdb"
    assert shown({"a": "x" * 500}) == "{'a': '" + "x" * 193 + "…"
