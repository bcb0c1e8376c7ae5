"""Colours that can be read, named in one place; files that come from here and nowhere else."""

import math
import re
from itertools import combinations

import httpx
import pytest

from tests.cloud.console.sources import STATIC, VENDOR, sources

AA = 4.5
"""Least contrast of normal text, WCAG 2.2 success criterion 1.4.3."""
FILES = {"light": "palette.css", "dark": "palette-dark.css"}
SEEN = 3.0
"""Least contrast of what is no text, success criterion 1.4.11."""
PALETTES = {
    theme: dict(re.findall(r"--([\w-]+):\s*([^;]+);", (STATIC / "css" / name).read_text("utf-8")))
    for theme, name in FILES.items()
}
PALETTE = PALETTES["light"]
GROUNDS = ("page", "header", "panel", "panel-raised")
PAIRS = [
    *((ink, ground) for ground in GROUNDS for ink in ("text", "text-muted", "link", "fault-text")),
    *((ink, ground) for ground in ("panel", "panel-raised") for ink in ("warning-text", "ok")),
    *(("text", cell) for cell in ("state-7", "state-5", "state-0", "oee-3", "oee-4", "oee-5")),
    *(("on-scale", cell) for cell in ("oee-1", "oee-2")),
    ("on-fault", "fault"),
    ("panel-raised", "text-muted"),
]
MARKS = [(mark, ground) for mark in ("fault", "focus", "line-1", "state-2") for ground in GROUNDS]
APART = 9.0
"""Least CIE 1976 difference of colours of one chart; 2.3 is just noticeable."""
COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3,4}){1,2}\b|\b(?:rgb|hsl)a?\(")
EXTERNAL = re.compile(r"""(?:https?:|wss?:)?//[\w-]+\.[\w.-]+""")
NAMESPACE = "http://www.w3.org/2000/svg"


def luminance(colour: str) -> float:
    """Relative luminance 0..1 of "#rrggbb" (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str, theme: str = "light") -> float:
    low, high = sorted((luminance(PALETTES[theme][one]), luminance(PALETTES[theme][other])))
    return (high + 0.05) / (low + 0.05)


def lab(colour: str) -> tuple[float, float, float]:
    """CIE 1976 L*a*b* of "#rrggbb", D65."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    xyz = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883,
    )
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: str, other: str) -> float:
    """CIE 1976 colour difference."""
    return math.dist(lab(one), lab(other))


def test_the_measure_is_right() -> None:
    assert luminance("#ffffff") == pytest.approx(1.0)
    assert luminance("#000000") == 0.0
    assert luminance("#777777") == pytest.approx(0.184, abs=5e-4)


@pytest.mark.parametrize("theme", FILES)
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_can_be_read(ink: str, ground: str, theme: str) -> None:
    assert contrast(ink, ground, theme) >= AA


@pytest.mark.parametrize("theme", FILES)
@pytest.mark.parametrize(("mark", "ground"), MARKS)
def test_marks_and_lines_can_be_seen(mark: str, ground: str, theme: str) -> None:
    assert contrast(mark, ground, theme) >= SEEN


def test_oee_shades_go_one_way() -> None:
    for theme, palette in PALETTES.items():
        shades = [luminance(palette[f"oee-{step}"]) for step in range(1, 6)]
        assert shades == sorted(shades, reverse=theme == "dark")  # from the eye-catching to the ground
        assert len(set(shades)) == 5


def test_both_palettes_name_the_same_colours() -> None:
    assert list(PALETTES["dark"]) == list(PALETTES["light"])
    for theme, name in FILES.items():
        assert f"color-scheme: {theme};" in (STATIC / "css" / name).read_text("utf-8")


def test_the_dark_ground_is_grey_and_never_black() -> None:
    for ground in GROUNDS:
        red, green, blue = (int(PALETTES["dark"][ground][i : i + 2], 16) for i in (1, 3, 5))
        assert max(red, green, blue) - min(red, green, blue) <= 12
        assert min(red, green, blue) >= 0x1C
    assert "#000000" not in PALETTES["dark"].values()


@pytest.mark.parametrize("theme", FILES)
@pytest.mark.parametrize(
    "family", [tuple(f"state-{n}" for n in range(1, 10)), tuple(f"product-{n}" for n in range(1, 5))]
)
def test_colours_that_stand_side_by_side_differ(family: tuple[str, ...], theme: str) -> None:
    for one, other in combinations(family, 2):
        assert distance(PALETTES[theme][one], PALETTES[theme][other]) > APART, (one, other)


def test_every_colour_is_defined_used_and_named_in_the_palette_only() -> None:
    rest = [(p, text) for p, text in sources(".css", ".js", ".html", ".svg") if p.name not in FILES.values()]
    used = {name for _, text in rest for name in re.findall(r"var\(--([\w-]+)\)", text)}
    words = {w for p, text in rest if p.suffix == ".js" for w in re.findall(r"'([a-z][\w-]*)'", text)}
    stems = {s for _, text in rest for s in re.findall(r"colour\(`([a-z]+)-\$\{", text)}
    assert used <= set(PALETTE)
    called = {n for _, text in rest for n in re.findall(r"\bcolour\('([\w-]+)'\)", text)}
    assert called <= set(PALETTE)
    assert [n for n in PALETTE if n not in used | words and n.split("-")[0] not in stems] == []
    ids = {f"#{found}" for _, text in rest for found in re.findall(r'\bid="([\w-]+)"', text)}
    strays = {
        (p.name, c) for p, text in rest if p.name != "icon.svg" for c in COLOUR.findall(text) if c not in ids
    }
    assert strays == set()


def test_nothing_is_loaded_from_another_host() -> None:
    seen = 0
    for path, text in sources(".html", ".js", ".css", ".svg"):
        seen += 1
        assert EXTERNAL.findall(text.replace(NAMESPACE, "")) == [], path
        assert not re.search(
            r"@import|\beval\(|new Function|innerHTML|insertAdjacentHTML|\bstyle=\"", text
        ), path
    assert seen > 25


@pytest.mark.parametrize("name", ["echarts.min.js", "echarts.LICENSE.txt", "echarts.NOTICE.txt"])
def test_the_chart_library_is_served_where_it_was_fetched(pages: httpx.Client, name: str) -> None:
    answer = pages.get(f"/static/vendor/{name}")
    if not (VENDOR / name).exists():  # before `tools/bootstrap.py`; the page then says what to do
        assert answer.status_code == 404
        return
    assert answer.content == (VENDOR / name).read_bytes()
    assert answer.headers["cache-control"] == "public, max-age=86400"


def test_own_scripts_are_asked_for_again_after_an_upgrade(pages: httpx.Client) -> None:
    first = pages.get("/static/js/page.js")
    assert first.headers["cache-control"] == "no-cache"
    assert "javascript" in first.headers["content-type"]
    again = pages.get("/static/js/page.js", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert pages.get("/static/../pages.py").status_code == 404
    assert pages.get("/static/%2e%2e/pages.py").status_code == 404
