"""Both languages say the same things, and nothing is said that the catalogues lack."""

import re
from pathlib import Path
from string import Formatter

import chejian_cloud.reports
import pytest
from chejian_analytics.kpi import MISSING
from chejian_cloud.console.language import LANGUAGES, UnknownTextError, catalogue, translate
from chejian_contract.states import MachineState, TimeCategory

from tests.cloud.console.sources import sources

ZH, EN = catalogue("zh-CN"), catalogue("en")
REPORTS = Path(chejian_cloud.reports.__file__).parent
CODE = [
    *((path.name, text) for path, text in sources(".js", ".html")),
    *((path.name, path.read_text("utf-8").replace('"', "'")) for path in REPORTS.glob("*.py")),
]
"""Pages and reports; in Python the quotes are others."""
CALL = re.compile(r"\bt\(\s*([^`]*?)[,)]")
"""First argument of t(...) unless it is a template string."""
QUOTED = re.compile(r"'([a-z_]+(?:\.[A-Za-z0-9_]+)*)'")
STEMS = (
    re.compile(r"\b(?:t|known)\(`([a-z_]+)\.\$\{"),
    re.compile(r"= `([a-z_]+)\.\$\{"),
    re.compile(r"\bword\('([a-z_]+)'"),
    re.compile(r"\bt\('([a-z_]+)\.' ~"),
)
"""Keys made of a fixed stem and a value that comes from data."""
LONG_STEM = re.compile(r"\bt\(f'([a-z_]+\.[a-z_.]+)\.\{")
"""The same of two words or more, as reports have them."""


SHOWN_KPIS = ["oee", "availability", "effectiveness", "quality_ratio"]
"""OEE and its three factors, as in js/pages/equipment.js."""


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def stems() -> set[str]:
    return {found for _, text in CODE for stem in STEMS for found in stem.findall(text)}


def test_both_languages_have_the_same_texts() -> None:
    assert list(ZH) == list(EN)
    for key, text in ZH.items():
        assert text.strip() == text
        assert text, key
        assert EN[key], key
        assert placeholders(text) == placeholders(EN[key]), key


def test_chinese_is_chinese() -> None:
    same = {key for key in ZH if ZH[key] == EN[key]}
    assert {key.split(".")[0] for key in same} <= {"symbol"}, same
    for key, text in EN.items():
        if key not in {"language.other", "brand"}:
            assert not re.search("[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]", text), key


def test_what_the_standards_other_kpis_need_is_told_in_both_languages() -> None:
    needs = {key.removeprefix("needs."): text for key, text in EN.items() if key.startswith("needs.")}
    assert needs == {kpi.id: kpi.needs for kpi in MISSING}
    assert all(re.search("[\u4e00-\u9fff]", ZH[f"needs.{key}"]) for key in needs)


def test_every_text_that_is_asked_for_exists() -> None:
    asked = {
        (name, key) for name, text in CODE for call in CALL.findall(text) for key in QUOTED.findall(call)
    }
    assert len(asked) > 150  # the pattern does find them
    assert {(name, key) for name, key in asked if key not in ZH} == set()


def test_no_text_is_unused() -> None:
    literal = {key for _, text in CODE for key in QUOTED.findall(text)}
    made = stems()
    for stem in made:
        assert any(key.startswith(f"{stem}.") for key in ZH), stem
    longer = tuple(f"{found}." for _, text in CODE for found in LONG_STEM.findall(text))
    assert longer
    unused = [key for key in ZH if key not in literal and key.split(".")[0] not in made]
    assert [key for key in unused if not key.startswith(longer)] == []


@pytest.mark.parametrize(
    ("stem", "values"),
    [
        ("state", [int(state) for state in MachineState]),
        ("category", [category.value for category in TimeCategory]),
        ("kpi", SHOWN_KPIS),
        ("numerator", SHOWN_KPIS),
        ("denominator", SHOWN_KPIS),
        ("part", ["outer_race", "inner_race", "rolling_element", "cage", "none", "cannot_tell"]),
    ],
)
def test_every_value_has_its_word(stem: str, values: list[object]) -> None:
    assert [value for value in values if f"{stem}.{value}" not in ZH] == []


def test_an_unknown_text_is_an_error_with_its_name() -> None:
    for language in LANGUAGES:
        with pytest.raises(UnknownTextError, match=rf"{language}.po has no text 'no.such'"):
            translate(language, "no.such")
