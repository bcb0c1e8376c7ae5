"""Texts of data files that people see are there in Chinese and in English, in one of two forms."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import pytest
from chejian_analytics.assessment import INDICATORS, DataFileError, StandardRef, load_standards, read_standard
from chejian_analytics.assessment.programme import read_plan

PACKAGE = files("chejian_analytics.assessment")
FILES = [
    *(PACKAGE / "standards").iterdir(),
    *(PACKAGE / "programme" / "plans").iterdir(),
]
TOML = pytest.mark.parametrize(
    "file", [f for f in FILES if f.name.endswith(".toml")], ids=lambda file: file.name
)
HAN = re.compile("[\u4e00-\u9fff]")
SENTENCE = re.compile(r"[A-Za-z]{2,}(,? [a-z]{2,}){2,}")
"""Three English words in a row, of which the last two are no names."""
BOTH = ("document", "source", "note", "formula", "method", "data")
"""Texts that one form may give for both languages: a number, a code, or a Chinese title."""
CODES = ("unit", "authority", "weights_missing", "role")
"""Words that the console's catalogue translates; they may have blanks."""
IDENTIFIERS = {"": ("method",), "check": ("method",)}
"""Keys that name code, by their table; "" is the file itself."""


def wrong(table: Mapping[str, Any], kind: str = "") -> Iterator[str]:
    """Keys of texts that lack a language, table by table."""
    for key, value in table.items():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, Mapping):
                yield from wrong(inner, key)
        if not isinstance(value, str) or key in CODES or key in IDENTIFIERS.get(kind, ()):
            continue
        if key.endswith("_zh"):
            fits = HAN.search(value) and not SENTENCE.search(value) and f"{key[:-3]}_en" in table
        elif key.endswith("_en"):
            fits = f"{key[:-3]}_zh" in table
        elif key in BOTH:
            fits = not re.search("[a-z]{2,}", value)
        else:
            fits = not SENTENCE.search(value)
        if not fits:
            yield f"{kind}.{key}: {value}"


def texts(table: Mapping[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, str) and key.removesuffix("_zh") in {*BOTH, "name"}:
            yield value
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, Mapping):
                yield from texts(inner)


@TOML
def test_every_text_of_a_shipped_file_is_there_in_both_languages(file: Traversable) -> None:
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    assert len(list(texts(data))) >= 8
    assert list(wrong(data)) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('note = "the plan gives no baseline"', ".note"),
        ('note_zh = "no baseline"\nnote_en = "no baseline"', ".note_zh"),
        ('note_zh = "规划未给基期值 as the plan says nothing"\nnote_en = "none"', ".note_zh"),
        ('note_zh = "规划未给基期值"', ".note_zh"),
        ('note_en = "none"', ".note_en"),
        ('[[target]]\nmethod = "capacity in operation"', "target.method"),
        ('remark = "a new key with an English text"', ".remark"),
        ('[[rating.level]]\nsource = "memory of it"', "level.source"),
    ],
)
def test_a_text_without_one_of_the_languages_is_found(text: str, found: str) -> None:
    assert [each.split(":")[0] for each in wrong(tomllib.loads(text))] == [found]


def test_formulas_of_indicators_are_there_in_both_languages() -> None:
    assert len(INDICATORS) >= 12
    for each in INDICATORS.values():
        assert HAN.search(each.formula_zh), each.id
        assert not SENTENCE.search(each.formula_zh), each.id
        assert each.formula_en
        assert not HAN.search(each.formula_en), each.id


def problems(text: str) -> list[str]:
    with pytest.raises(DataFileError) as refused:
        read_standard(text, "own.toml")
    return [str(problem) for problem in refused.value.problems]


RULE = "allowed: either source, the same in both languages, or source_zh and source_en"


@pytest.mark.parametrize(
    ("instead", "said"),
    [
        ("", f"own.toml: source: (missing); {RULE}"),
        (
            "source = 'GB 1'\nsource_zh = '国标'\nsource_en = 'GB'",
            f"own.toml: source: 'source, source_zh, source_en'; {RULE}",
        ),
        ("source_zh = '国标'", "own.toml: source_en: (missing); allowed: a text that is not empty"),
        (
            "source_zh = '国标'\nsource_en = ' '",
            "own.toml: source_en: ' '; allowed: a text that is not empty",
        ),
    ],
)
def test_exactly_one_of_the_two_forms_is_taken(instead: str, said: str) -> None:
    own = (PACKAGE / "standards" / "gbt23020-2013.toml").read_text(encoding="utf-8")
    line = 'source = "GB/T 23020-2013"\n'
    assert own.count(line) == 1
    assert said in problems(own.replace(line, f"{instead}\n"))


def test_a_plan_takes_either_form() -> None:
    own = (PACKAGE / "programme" / "plans" / "heilongjiang-2020.toml").read_text(encoding="utf-8")
    target = read_plan(own, "own.toml").targets[0]
    assert (target.data_zh, target.data_en) == ("本平台", "this platform")
    one = own.replace('data_zh = "本平台"\ndata_en = "this platform"', 'data = "Chejian"', 1)
    target = read_plan(one, "own.toml").targets[0]
    assert (target.data_zh, target.data_en) == ("Chejian", "Chejian")
    with pytest.raises(DataFileError, match=r"target\[0\]\.data: 'data, data_en'; allowed: either data"):
        read_plan(own.replace("data_zh", "data", 1), "own.toml")


def test_content_of_which_only_words_changed_is_read_as_before() -> None:
    """Each shipped standard had other words: a form of then has the words of today under the digest of then."""
    for standard in load_standards():
        assert standard.earlier, standard.id
        assert standard.digest not in standard.earlier
        for digest in standard.earlier:
            reference = StandardRef(standard.id, standard.version, digest)
            found = load_standards().exactly(reference)
            assert found.reference == reference
            assert (found.note_zh, found.items) == (standard.note_zh, standard.items)
            assert standard.covers(reference)
        assert standard.covers(standard.reference)
        assert not standard.covers(replace(standard.reference, version="0"))
        assert not standard.covers(replace(standard.reference, digest="0" * 64))


def test_more_than_words_may_not_change_beside_earlier_content() -> None:
    own = (PACKAGE / "standards" / "gbt37393-2019.toml").read_text(encoding="utf-8")
    read_standard(own.replace("本项目", "我们"), "own.toml")
    (said,) = problems(own.replace("digital_share = 0.7", "digital_share = 0.6"))
    assert said.startswith("own.toml: earlier[0].rules: ")
    assert "no earlier where more was changed" in said
    (said,) = problems(re.sub('digest = "[0-9a-f]{4}', 'digest = "', own))
    assert said.startswith("own.toml: earlier[0].digest: ")
