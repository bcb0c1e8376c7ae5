"""Lists by pages: each item once, in the list's order, however long a page is and whatever is added meanwhile."""

from collections.abc import Iterator, Mapping

import httpx
import psycopg
import pytest
from chejian_cloud.access.permissions import Role

from tests.cloud.contract.conftest import Site

RANGE = {"from": "2026-01-01T00:00:00Z", "to": "2026-03-01T00:00:00Z"}
LISTS: Mapping[str, Mapping[str, str]] = {
    "/api/v1/equipment": {},
    "/api/v1/orders": RANGE,
    "/api/v1/equipment/1/inspections": RANGE,
    "/api/v1/equipment/5/diagnoses": {},
    "/api/v1/equipment/5/baselines": {},
    "/api/v1/equipment/1/kpi-revisions": RANGE,
    "/api/v1/equipment/1/stop-reasons": {"from": "2026-02-01T00:00:00Z", "to": "2026-02-03T00:00:00Z"},
    "/api/v1/diagnoses/1/labels": {},
    "/api/v1/devices": {},
    "/api/v1/accounts": {},
    "/api/v1/accounts/1/tokens": {},
    "/api/v1/audit": {},
}
NUMBERED = {
    "/api/v1/audit",
    "/api/v1/equipment/5/baselines",
    "/api/v1/equipment/1/stop-reasons",
    "/api/v1/diagnoses/1/labels",
    "/api/v1/accounts/1/tokens",
}
"""Newest first by a number alone."""
ROWS = """
INSERT INTO app.product (enterprise_id, code, name_zh, name_en) VALUES (1, 'P', '件', 'Part');
INSERT INTO app.production_order (equipment_id, product_id, code, quantity, planned_start, planned_end, source, user_name, changed_at)
SELECT 1 + n % 2, product_id, 'MO-' || n, 10, '2026-02-01Z', '2026-02-02Z', 'test', 'li', now()
  FROM app.product, generate_series(1, 7) n WHERE code = 'P';
INSERT INTO app.inspection_result (equipment_id, time, scrap, rework, user_name, comment)
SELECT 1, '2026-02-01Z', n, 0, 'li', '' FROM generate_series(1, 7) n;
INSERT INTO app.kpi_revision (equipment_id, kpi, window_kind, start, "end", old_inputs, new_inputs, old_computed_at, revised_at, cause)
SELECT 1, 'oee', 'hour', '2026-02-01Z', '2026-02-01 01:00Z', '{}', '{}', now(), '2026-02-02Z', '' FROM generate_series(1, 7);
INSERT INTO app.diagnosis_label (diagnosis_id, confidence, method_version, baseline, answer, comment, user_name)
SELECT 1, 'none', '1', '', 'confirmed', '', 'li' FROM generate_series(1, 7);
INSERT INTO app.machine_token (account_id, label, token_hash, permissions, created_by, expires_at)
SELECT 1, 'x', decode(md5(n::text), 'hex'), '{read}', 'li', now() FROM generate_series(1, 7) n;
INSERT INTO app.diagnosis_baseline (equipment_id, signal, method, method_version, version, automatic, windows, content,
                                    rpm_lo, rpm_hi, valid_from, user_name, comment)
SELECT 5, 'Vibration/DriveEnd', 'bearing', '1', 'v' || n, false, '[]', '{}', 0, 1, '2026-02-01Z', 'li', '' FROM generate_series(1, 7) n;
WITH c AS (INSERT INTO app.stop_reason_change (equipment_id, kind, user_name)
           SELECT 1, 'comment', 'li' FROM generate_series(1, 7) RETURNING change_id)
INSERT INTO app.stop_reason (equipment_id, change_id, start, "end", comment)
SELECT 1, change_id, '2026-02-01Z', '2026-02-01 01:00Z', 'x' FROM c;
INSERT INTO app.audit (account_name, action, target, address) SELECT 'li', 'test', '{}', '' FROM generate_series(1, 7);
"""
"""Items of one time: only their ids tell them apart."""


@pytest.fixture(scope="module")
def client(live: Site) -> Iterator[httpx.Client]:
    with psycopg.connect(live.dsn) as connection:
        connection.execute(ROWS)
    for role in Role:
        live.key(role)
    key = {"Authorization": live.key(Role.PLATFORM_ADMIN)}
    with httpx.Client(base_url=live.base, headers=key, timeout=30) as client:
        yield client


def pages(client: httpx.Client, path: str, query: Mapping[str, str], limit: int) -> list[list[object]]:
    found, answer = [], client.get(path, params={**query, "limit": limit})
    while True:
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        if "next" not in answer.links:
            return found
        answer = client.get(answer.links["next"]["url"])


@pytest.mark.parametrize("path", LISTS)
def test_pages_together_are_the_list(client: httpx.Client, path: str) -> None:
    whole = client.get(path, params={**LISTS[path], "limit": 1000})
    assert "link" not in whole.headers
    assert len(whole.json()) >= 4
    for limit in (1, 3, len(whole.json())):
        found = pages(client, path, LISTS[path], limit)
        assert [item for page in found for item in page] == whole.json()
        assert {len(page) for page in found[:-1]} <= {limit}
        assert found[-1]


def test_what_is_added_meanwhile_moves_nothing(client: httpx.Client, live: Site) -> None:
    path = "/api/v1/audit"
    first = client.get(path, params={"limit": 3})
    expected = client.get(path, params={"limit": 6}).json()[3:]
    with psycopg.connect(live.dsn) as connection:
        connection.execute(
            "INSERT INTO app.audit (account_name, action, target, address) VALUES ('wang', 'new', '{}', '')"
        )
    assert client.get(first.links["next"]["url"]).json() == expected


@pytest.mark.parametrize(
    "cursor", ["", "x", "W10", "WzFd", "WyJcdWQ4MDAiXQ", "WyJcdTAwMDAiXQ", "线", "W" * 900]
)
@pytest.mark.parametrize("path", LISTS)
def test_a_cursor_of_ones_own_making_is_refused(client: httpx.Client, path: str, cursor: str) -> None:
    answer = client.get(path, params={**LISTS[path], "cursor": cursor})
    if path in NUMBERED and cursor == "WzFd":  # [1], as these lists' own
        assert (answer.status_code, answer.json()) == (200, [])
        return
    assert (answer.status_code, answer.json()["key"]) == (422, "cursor")
