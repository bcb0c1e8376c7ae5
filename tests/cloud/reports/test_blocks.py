"""What reports are drawn with: Chinese is embedded and drawn, texts stay texts, pages are counted, gaps stay gaps."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import reportlab
from chejian_cloud.config import Settings
from chejian_cloud.errors import FontMissingError
from chejian_cloud.reports import Axis, Bar, Column, Curve, Figure, Report
from chejian_cloud.reports.charts import ticks
from chejian_cloud.reports.font import font_of
from chejian_cloud.reports.numbers import Numbers
from chejian_cloud.reports.paper import CURVES
from chejian_contract.config import ConfigValueError

from tests.cloud.reports.pages import Pages, opened

T0 = datetime(2026, 3, 2, tzinfo=UTC)
HOSTILE = '<img src="http://127.0.0.1:1/x"/> &amp; <para> {page} 😀\x07 终'
WITHOUT_CHINESE = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"


def report(language: str = "zh-CN", **more: Any) -> Report:
    window = Numbers(language).span(T0, T0 + timedelta(hours=12))
    given: dict[str, Any] = {"title": "生产班报", "place": "HRB-W1 哈尔滨动力装备车间", "window": window}
    return Report(language=language, **(given | {"versions": ["OEE 1", "GB/T 39116-2020"]} | more))


def long_table(made: Report, rows: int) -> None:
    columns = [Column("设备", 2), Column("OEE", numbers=True)]
    made.table(columns, [[f"CNC-{i:03d} 车床", "67.8 %"] for i in range(rows)], empty="无")


@pytest.mark.parametrize(
    ("language", "first", "last"),
    [("zh-CN", "第 1 页，共 {n} 页", "第 {n} 页，共 {n} 页"), ("en", "Page 1 of {n}", "Page {n} of {n}")],
)
def test_every_page_tells_what_it_is_of(report_font: Path, language: str, first: str, last: str) -> None:
    made = report(language)
    made.heading("设备", "哪一台？")
    long_table(made, 120)
    with opened(made.pdf(report_font)) as pages:
        n = len(pages.texts)
        assert n > 2
        assert first.format(n=n) in pages.texts[0]
        assert last.format(n=n) in pages.texts[-1]
        for text in pages.texts:
            for told in ("生产班报", "HRB-W1", "2026-03-02 08:00 – 20:00", "OEE 1, GB/T 39116-2020", "设备"):
                assert told in text
        assert [entry.get_title() for entry in pages.document.get_toc()] == ["设备"]
        assert "CNC-000" in pages.texts[0], "a heading does not drive its table to the next page"


def test_chinese_is_embedded_and_drawn(report_font: Path) -> None:
    made = report()
    with opened(made.pdf(report_font)) as pages:
        fonts = pages.fonts()
        assert fonts
        assert all(fonts.values()), fonts
        glyphs = pages.glyphs(0, "生产班报")
    inks = [glyph.tobytes() for glyph in glyphs.values()]
    assert len(set(inks)) == len(inks), "no box stands for all of them"
    assert all((glyph > 128).mean() > 0.1 for glyph in glyphs.values())


def test_texts_of_users_are_drawn_as_they_are(report_font: Path) -> None:
    made = report(place=HOSTILE)
    made.heading(HOSTILE, HOSTILE)
    made.text(HOSTILE)
    made.figures([Figure(HOSTILE, "1", 1.0)])
    made.table([Column(HOSTILE), Column("n", numbers=True)], [[HOSTILE * 5, HOSTILE * 5]], empty="")
    made.bars([Bar(HOSTILE, 0, 1, text="x")], unit=HOSTILE)
    made.radar([HOSTILE] * 3, [Curve(HOSTILE, [1, 1, 1])], [1])
    made.curves([HOSTILE] * 3, [Curve(HOSTILE, [1, 1, 1])], Axis())
    with opened(made.pdf(report_font)) as pages:
        assert pages.text.count('<img src="http://127.0.0.1:1/x"/> &amp; <para> {page} □ 终') > 5


@pytest.mark.parametrize(
    ("configured", "told"),
    [
        (WITHOUT_CHINESE, "has no glyphs for 车间"),
        (Path(__file__), "can't be used"),
        (Path("/no/font"), "can't"),
    ],
)
def test_a_font_that_can_t_draw_reports_is_refused(configured: Path, told: str) -> None:
    with pytest.raises(FontMissingError, match=told) as caught:
        font_of(configured)
    assert str(configured) in str(caught.value)
    assert "fonts-wqy-microhei" in str(caught.value)


def test_without_a_font_it_is_said_what_to_install() -> None:
    with pytest.raises(FontMissingError, match=r"fonts-wqy-microhei.*CHEJIAN_REPORT_FONT.*/no/font"):
        font_of(None, (Path("/no/font"),))
    with pytest.raises(ConfigValueError, match="report_font"):
        Settings(dsn="postgresql://x", report_font=Path("/no/font"))


def test_what_is_open_or_not_complete_is_said(report_font: Path) -> None:
    made = report(provisional=True, computed_at=T0)
    made.figures(
        [Figure("OEE", "67.8 %", 0.94), Figure("A", "80.0 %", 1.0), Figure("Q", "-", None, "没有计划")]
    )
    made.table([Column("停机")], [], empty="没有停机")
    with opened(made.pdf(report_font)) as pages:
        for told in (
            "临时数据",
            "2026-03-02 08:00",
            "完整度 94.0 %",
            "完整度 100.0 %",
            "没有计划",
            "没有停机",
        ):
            assert told in pages.text
    with opened(report().pdf(report_font)) as pages:
        assert "临时数据" not in pages.text
        assert "尚无计算结果" in pages.text


def curve_pixels(pages: Pages) -> int:
    """Pixels of the first curve's colour on the first page."""
    red, green, blue = (round(255 * part) for part in CURVES[0][0].rgb())
    shown = pages.colours(0, (0, 100, 595, 842)).astype(int)
    return int((abs(shown - [blue, green, red]).sum(axis=2) < 12).sum())


def test_a_value_that_is_not_known_breaks_the_line(report_font: Path) -> None:
    def drawn(values: Sequence[float | None]) -> int:
        made = report()
        made.curves(["a", "b", "c", "d", "e"], [Curve("OEE", values)], Axis(0, 1))
        with opened(made.pdf(report_font)) as pages:
            return curve_pixels(pages)

    whole, broken, none = drawn([0.5] * 5), drawn([0.5, 0.5, None, 0.5, 0.5]), drawn([None] * 5)
    assert none < broken < 0.75 * whole, "two of four pieces are gone, and the legend stays"


def test_lines_that_do_not_fit_are_refused(report_font: Path) -> None:
    made = report()
    with pytest.raises(ValueError, match="cells for 1 columns"):
        made.table([Column("a")], [["1", "2"]], empty="")
    made.curves(["a"], [Curve("x", [1, 2])], Axis())
    with pytest.raises(ValueError, match="2 values for 1 steps"):
        made.flowables(font_of(report_font))
    made = report()
    made.radar(["a", "b"], [Curve("x", [1, 2])], [1])
    with pytest.raises(ValueError, match="2 axes"):
        made.flowables(font_of(report_font))


def test_many_write_reports_at_once(report_font: Path) -> None:
    def one(i: int) -> str:
        made = report(place=f"车间{i}")
        long_table(made, 10)
        with opened(made.pdf(report_font)) as pages:
            return pages.text

    with ThreadPoolExecutor(4) as pool:
        texts = list(pool.map(one, range(8)))
    for i, text in enumerate(texts):
        assert f"车间{i}" in text
        assert "CNC-009 车床" in text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(2.5, 0, "3"), (-2.5, 0, "-3"), (1.005, 2, "1.00"), (1234567.891, 1, "1,234,567.9"), (None, 1, "-")],
)
def test_numbers_are_rounded_as_browsers_do(value: float | None, digits: int, text: str) -> None:
    assert Numbers("en").fixed(value, digits) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12345.678, "12,346"),
        (1.23456, "1.235"),
        (0.0123456, "0.01235"),
        (1.5, "1.5"),
        (100.0, "100"),
        (0, "0"),
    ],
)
def test_measured_values_have_about_four_digits(value: float, text: str) -> None:
    assert Numbers("en").measured(value) == text
    assert Numbers("en").measured(float("nan")) == "-"


def test_ticks_are_round_and_inside() -> None:
    assert ticks(0, 720) == [0, 200, 400, 600]
    assert ticks(-0.13, 1) == [0.0, 0.5, 1.0] or ticks(-0.13, 1)[0] >= -0.13
    assert ticks(3, 3) == [3]
    for low, high in ((0, 1), (-5, 17), (0, 1e-6), (0, 9_999_999)):
        found = ticks(low, high)
        assert 2 <= len(found) <= 7
        assert all(low <= tick <= high for tick in found)
