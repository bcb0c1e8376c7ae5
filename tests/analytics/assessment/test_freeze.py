"""Frozen evidence: one text for one content, and any change of any field is found and named."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from chejian_analytics.assessment import (
    Frozen,
    StandardRef,
    Window,
    assess,
    changes,
    declare,
    freeze,
    load_standards,
    submission,
)
from chejian_analytics.assessment.canonical import canonical, digest, exact_text
from chejian_analytics.assessment.evidence import digital_equipment_share
from hypothesis import given, settings
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
TREE = st.dictionaries(st.text(max_size=3), JSON, min_size=1, max_size=4)


def frozen_form() -> Frozen:
    standard = load_standards().get("gbt37393-2019")
    indicator = digital_equipment_share(Window(0, 10), [1, 0, 1], [1, 1, 1])
    answers = [declare("digital_share", 0.9), declare("mes", 1)]
    result = assess(standard, answers, industry="discrete", measured=[indicator])
    return submission("hlj/ws-1", answers, [indicator], result, submitted_at_us=5, revision=1)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of everything in a document that holds nothing else."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = [leaf for key, each in pairs for leaf in leaves(each, (*path, key))]
    yield from inner or [path]


def changed(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int):
        return value - 1 if value > 0 else value + 1
    return value + "." if isinstance(value, str) else [*value, 1] if isinstance(value, list) else {"new": 1}


def replaced(document: Any, path: tuple[Any, ...]) -> Any:
    copy = json.loads(json.dumps(document))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = changed(place[path[-1]])
    return copy


def test_every_single_field_of_a_submission_is_guarded() -> None:
    """Each one changed in turn: another hash, and the one change named."""
    frozen = frozen_form()
    document = frozen.document()
    assert changes(frozen, document) == []
    paths = list(leaves(document))
    assert len(paths) > 80
    for path in paths:
        other = replaced(document, path)
        assert digest(other) != frozen.sha256, path
        where = "/" + "/".join(map(str, path))
        assert [change.path.startswith(where) for change in changes(frozen, other)] == [True], path


@settings(max_examples=40)
@given(TREE, st.data())
def test_any_change_of_any_document_changes_the_hash(document: dict[str, Any], data: st.DataObject) -> None:
    frozen = freeze(document)
    assert json.loads(frozen.content) == document
    path = data.draw(st.sampled_from(list(leaves(document))))
    assert digest(replaced(document, path)) != frozen.sha256


@given(TREE, st.randoms())
def test_the_order_of_keys_changes_nothing(document: dict[str, Any], rng: Any) -> None:
    keys = list(document)
    rng.shuffle(keys)
    assert canonical({key: document[key] for key in keys}) == canonical(document)


def test_every_changed_byte_is_found() -> None:
    frozen = frozen_form()
    for position in range(0, len(frozen.content), 37):
        content = bytearray(frozen.content)
        content[position] ^= 1
        assert not Frozen(bytes(content), frozen.sha256).intact
    with pytest.raises(ValueError, match="was changed after freezing"):
        Frozen(frozen.content.replace(b"0.9", b"0.6"), frozen.sha256).document()


def test_the_order_of_answers_freezes_the_same() -> None:
    standard = load_standards().get("gbt37393-2019")
    answers = [declare("digital_share", 0.9), declare("mes", 1)]
    result = assess(standard, answers, industry="discrete")
    one, two = (
        submission("x", given, [], result, submitted_at_us=5, revision=1)
        for given in (answers, answers[::-1])
    )
    assert one == two
    assert one.document()["result"]["standard"] == {
        "id": standard.id, "version": standard.version, "digest": standard.digest,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(7, 10), "0.7"),
        (Fraction(-1, 8), "-0.125"),
        (Fraction(1, 3), "1/3"),
        (Fraction(250), "250"),
        (Fraction(5, 100), "0.05"),
        (Decimal("0.70"), "0.7"),
        (Decimal("1E+2"), "100"),
    ],
)
def test_exact_numbers_have_one_text(value: Fraction | Decimal, text: str) -> None:
    assert exact_text(value) == text
    assert Fraction(text) == value


@given(st.fractions())
def test_every_fraction_survives_its_text(value: Fraction) -> None:
    assert Fraction(exact_text(value)) == value


def test_known_text_and_hash() -> None:
    """The hash is that of sha256sum over the text."""
    assert canonical({"b": [1, Fraction(1, 2)], "a": "车间", "d": date(2026, 1, 2)}) == (
        '{"a":"车间","b":[1,"0.5"],"d":"2026-01-02"}'.encode()
    )
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        ({"a": [0.5]}, TypeError, "/a/0: float 0.5 has no canonical text"),
        ({"a": {1: 2}}, TypeError, "/a: key 1 must be a text"),
        ({"a": 2**53}, ValueError, "/a: 9007199254740992 is beyond"),
        ({"a": Decimal("NaN")}, ValueError, "NaN is not finite"),
        ({"a": b"x"}, TypeError, "/a: bytes"),
    ],
)
def test_what_has_no_one_text_is_refused(value: object, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        canonical(value)


def test_a_document_of_the_first_format_is_read_and_verified() -> None:
    """Frozen when levels had one `source` and `note`: its bytes have the hash, and what is read of it reads as today."""
    content = (Path(__file__).parent / "frozen" / "format-1.json").read_bytes()
    frozen = Frozen(content, "5ddeaaef12f73fec7639f7b48a85e97a31c9901aa49a0df0dd3fb66bdf719a9e")
    document = frozen.document()
    assert document["format"] == 1
    assert changes(frozen, document) == []
    assert not Frozen(content.replace(b"Rewarded.", b"Rewarded!"), frozen.sha256).intact

    told = StandardRef(**document["result"]["standard"])
    standard = load_standards().exactly(told)
    indicator = digital_equipment_share(Window(0, 10), [1, 0, 1], [1, 1, 1])
    answers = [declare("maturity_level", 3)]
    result = assess(standard, answers, industry="discrete", measured=[indicator])
    again = submission("hlj/ws-1", answers, [indicator], result, submitted_at_us=5, revision=1)
    words = {
        f"/result/levels/{ladder}/{key}{tag}"
        for ladder in ("factory", "workshop")
        for key in ("note", "source")
        for tag in ("", "_zh", "_en")
    }
    assert {change.path for change in changes(frozen, again.document())} == {"/format", *words}
