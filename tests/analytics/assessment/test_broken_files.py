"""Broken files of standards: every problem is told at once, with file, key, value and what is allowed."""

import re
from importlib.resources import files
from pathlib import Path

import pytest
from chejian_analytics.assessment import DataFileError, load_standards, read_standard

PACKAGE = files("chejian_analytics.assessment") / "standards"
GOOD = """
schema = 1
id = "own"
version = "1"
name_zh = "自定"
name_en = "own"
document = "house rules"
subject = "enterprise"
method = "stages"
source = "us"
confidence = "A"

[[rating.band]]
id = "low"
name_zh = "低"
name_en = "low"

[[rating.band]]
id = "high"
name_zh = "高"
name_en = "high"
at_least = 50

[[rating.level]]
id = "first"
name_zh = "一"
name_en = "first"
needs = { a = 2 }

[[node]]
id = "a"
name_zh = "甲"
name_en = "a"
aspect = true
weight = 40

[[node]]
id = "b"
name_zh = "乙"
name_en = "b"
weight = 60

[[item]]
id = "x"
node = "a"
name_zh = "子"
name_en = "x"
scale = "score"

[[item]]
id = "y"
node = "b"
name_zh = "丑"
name_en = "y"
scale = "share"
"""


def said(text: str) -> list[str]:
    with pytest.raises(DataFileError) as refused:
        read_standard(text, "own.toml")
    assert str(refused.value).splitlines() == [str(problem) for problem in refused.value.problems]
    return [str(problem) for problem in refused.value.problems]


def test_the_pattern_is_sound() -> None:
    standard = read_standard(GOOD, "own.toml")
    assert [node.id for node in standard.nodes] == ["a", "b"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("schema = 1", "schema = 2", "own.toml: schema: 2; allowed: a whole number from 1 to 1"),
        ('version = "1"', "", "own.toml: version: (missing); allowed: a text that is not empty"),
        (
            '"stages"',
            '"magic"',
            "own.toml: method: 'magic'; allowed: stages, maturity, requirements, index, indicators",
        ),
        ('confidence = "A"', 'confidence = "Z"', "own.toml: confidence: 'Z'; allowed: A, B, C, D"),
        ("weight = 40", "weight = 41", "own.toml: weights of a, b (discrete): sum 101; allowed: sum 100"),
        ("weight = 40", "weight = 140", "own.toml: node[0].weight: 140; allowed: a number from 0 to 100"),
        ("weight = 40", 'weight = "40"', "own.toml: node[0].weight: '40'; allowed: a number from 0 to 100"),
        ("weight = 40", "weight = nan", "own.toml: node[0].weight: NaN; allowed: a number from 0 to 100"),
        (
            "weight = 40",
            "weight = { discrete = 40, proces = 40 }",
            "own.toml: node[0].weight: ['proces']; allowed: keys discrete, process",
        ),
        (
            "aspect = true",
            'aspect = "yes"',
            "own.toml: node[0].aspect: 'yes'; allowed: true or false",
        ),
        (
            'id = "b"',
            'id = "b"\nparent = "c"',
            "own.toml: node[1].parent: 'c'; allowed: a node above it in the file",
        ),
        ('id = "y"', 'id = "x"', "own.toml: item.id: 'x'; allowed: an id that no other has"),
        ('node = "b"', 'node = "c"', "own.toml: item[1].node: 'c'; allowed: a node without nodes below it"),
        (
            'scale = "share"',
            'scale = "share"\nevidence = "digital_equipment_share"',
            "own.toml: item[1].needs_completeness: 0; allowed: a number above 0, since telemetry may contradict",
        ),
        (
            'scale = "share"',
            'scale = "share"\nevidence = "guess"\nneeds_completeness = 0.5',
            "own.toml: item[1].evidence: 'guess'; allowed: automatic_collection_share, data_quality,",
        ),
        (
            'scale = "share"',
            'scale = "grades"',
            "own.toml: rating.grades: (missing); allowed: a list of grades, since y is graded",
        ),
        (
            'scale = "share"',
            'scale = "share"\nlevel = 1',
            "own.toml: item[1].level: 1; allowed: no level",
        ),
        ("at_least = 50", "at_least = 0", "own.toml: rating.band.at_least: 0, 0; allowed: rising numbers"),
        (
            "needs = { a = 2 }",
            "needs = { b = 2 }",
            "own.toml: rating.level first.needs: 'b'; allowed: a node",
        ),
        (
            "needs = { a = 2 }",
            "needs = { a = 3 }",
            "own.toml: rating.level first.needs.a: 3; allowed: the number of a band",
        ),
        (
            "needs = { a = 2 }",
            "neds = { a = 2 }",
            "own.toml: rating.level[0].neds: {'a': 2}; allowed: no such",
        ),
        ("schema = 1", "schema = ", "own.toml: (file): Invalid value"),
        (
            'scale = "share"',
            'scale = "share"\nasked_in = ["other"]',
            "own.toml: item[1].asked_in: 'other'; allowed: \"standard:item\", where aggregate is share",
        ),
        (
            "[[node]]",
            '[[published]]\nregion = "230000"\nname_zh = "某省"\nname_en = "x"\nyear = 2015\nvalues = { c = 1 }\n[[node]]',
            "own.toml: published[0].values: ['c']; allowed: keys a, b, x, y",
        ),
    ],
)
def test_each_problem_names_file_key_value_and_what_is_allowed(old: str, new: str, expected: str) -> None:
    assert old in GOOD
    found = said(GOOD.replace(old, new, 1))
    assert any(line.startswith(expected) for line in found), found


def test_all_problems_are_told_at_once() -> None:
    text = GOOD
    for old, new in (
        ('confidence = "A"', 'confidence = "E"'),
        ('name_zh = "甲"', 'name_zh = ""'),
        ("at_least = 50", "at_least = 500"),
        ('scale = "score"', 'scale = "stars"'),
        ('subject = "enterprise"', 'subject = "moon"\ncolour = "red"'),
    ):
        text = text.replace(old, new, 1)
    keys = {line.split(": ")[1] for line in said(text)}
    assert keys == {
        "confidence",
        "subject",
        "colour",
        "node[0].name_zh",
        "item[0].scale",
        "rating.band[1].at_least",
    }


def test_problems_of_all_files_of_a_folder_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(GOOD.replace("weight = 40", "weight = 41"), encoding="utf-8")
    (tmp_path / "two.toml").write_text(GOOD.replace("schema = 1", "schema = 3"), encoding="utf-8")
    (tmp_path / "three.toml").write_bytes(b"\xff")
    with pytest.raises(DataFileError) as refused:
        load_standards(tmp_path)
    assert {problem.file for problem in refused.value.problems} == {"one.toml", "two.toml", "three.toml"}


def test_a_new_version_needs_no_code(tmp_path: Path) -> None:
    """A user's copy with other weights stands beside the package's version and is the latest."""
    own = (PACKAGE / "gbt39117-2020.toml").read_text(encoding="utf-8")
    changed = re.sub(r'^version = "1"', 'version = "1-ours"', own, flags=re.MULTILINE).replace(
        "weight = { discrete = 50, process = 50 }",
        "weight = { discrete = 50, process = 50 }\nnote = 'ours'",
        1,
    )
    (tmp_path / "maturity.toml").write_text(changed, encoding="utf-8")
    catalogue = load_standards(tmp_path)
    assert catalogue.get("gbt39117-2020").version == "1-ours"
    assert catalogue.get("gbt39117-2020", "1").digest != catalogue.get("gbt39117-2020").digest
    assert load_standards().get("gbt39117-2020").version == "1"


def test_other_content_under_the_same_version_is_refused(tmp_path: Path) -> None:
    own = (PACKAGE / "gbt37393-2019.toml").read_text(encoding="utf-8")
    changed = own.replace("digital_share = 0.7", "digital_share = 0.6")
    (tmp_path / "workshop.toml").write_text(re.sub(r"\[\[earlier\]\]\n[^\[]*", "", changed), "utf-8")
    with pytest.raises(DataFileError, match=r"workshop\.toml: version: '1'; allowed: a new version"):
        load_standards(tmp_path)
    (tmp_path / "workshop.toml").write_text(own + "\n# a remark changes nothing\n", encoding="utf-8")
    assert load_standards(tmp_path).get("gbt37393-2019").version == "1"
