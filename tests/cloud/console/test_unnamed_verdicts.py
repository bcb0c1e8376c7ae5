"""Verdicts that name no part, as the diagnosis board tells them: each has its own words, reason and next step."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import numpy as np
import pytest
from playwright.sync_api import BrowserContext

from tests.cloud.conftest import _build_seeded
from tests.cloud.console.conftest import fresh_page, looked_at, served
from tests.cloud.console.test_browser import show
from tests.cloud.plant_rows import PlantRows, Row
from tests.cloud.worker.rounds import Bench
from tests.cloud.worker.test_baselines import RPM, WAVE
from tests.cloud.worker.test_diagnoses import ORDERS, RATE, shocks
from tests.fixtures.fix_postgres import DatabaseServer

pytestmark = [pytest.mark.browser, pytest.mark.system]

STRANGER_ORDER = 4.31
LONG_S, FAINT = 20.0, 0.06


def faint() -> bytes:
    """A long window whose noise rises and falls a little at the outer race's passes."""
    rng = np.random.default_rng(12)
    time = np.arange(int(LONG_S * RATE)) / RATE
    passes_hz = round(ORDERS.bpfo * RPM / 60 * LONG_S) / LONG_S
    power = 1 + FAINT * sum(np.cos(2 * np.pi * h * passes_hz * time + rng.uniform(0, 6)) for h in (1, 2, 3))
    return np.asarray(0.05 * rng.standard_normal(time.size) * np.sqrt(power), "<f4").tobytes()


@pytest.fixture(scope="module")
def site(postgres_server: DatabaseServer) -> Iterator[httpx.Client]:
    """MTS-01: a window with faint lines, then one that a stranger strikes."""
    url = postgres_server.create(template=postgres_server.template("cloud seeded", _build_seeded))
    now = datetime.now(UTC)
    start = int(now.timestamp() * 1000) - 1_800_000
    rows: list[Row] = [("Motor/Speed", start, RPM)]
    rows += [(WAVE, start + 600_000, faint()), (WAVE, start + 1_200_000, shocks(RPM, STRANGER_ORDER))]
    PlantRows(url).write("MTS-01", rows)
    with Bench(url, now + timedelta(minutes=1)) as bench:
        bench.settle(diagnose=True)
    with served(url) as client:
        yield client
    postgres_server.drop(url)


@pytest.mark.parametrize(
    ("lang", "stranger", "sound"),
    [
        (
            "zh",
            ("有冲击或来历不明的谱线", "阶处有一组更强的谱线", "听诊确认冲击来源"),
            ("未见异常", "外圈的谱线存在", "无需处理"),
        ),
        (
            "en",
            (
                "Shocks or lines of unknown origin",
                "a series of lines at order 4.",
                "listen where the shocks come from",
            ),
            ("Nothing found", "Lines of the Outer race are there", "Nothing to do"),
        ),
    ],
)
def test_what_cannot_be_assigned_and_what_is_faint_have_their_own_words(
    context: BrowserContext, site: httpx.Client, lang: str, stranger: tuple[str, ...], sound: tuple[str, ...]
) -> None:
    (found,) = site.get("/api/v1/equipment", params={"code": "MTS-01"}).json()
    with looked_at(fresh_page(context, site)) as page:
        show(page, f"/equipment/{found['equipment_id']}/diagnosis?lang={lang}")
        for at, words in enumerate((stranger, sound)):
            page.locator("#list tbody tr").nth(at).locator(".pick").click()
            page.wait_for_selector(f"#chosen >> text={words[0]}")
            card = page.inner_text("#chosen")
            assert [word for word in words if word not in card] == [], card
            assert page.locator("#chosen .verdict.bad").count() == 0
