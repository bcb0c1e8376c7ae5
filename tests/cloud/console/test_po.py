"""Catalogues are read as translators' tools write them, and what is not right is told by its line."""

import pytest
from chejian_cloud.console.po import CatalogueError, read_po

HEADER = 'msgid ""\nmsgstr ""\n"Language: en\\n"\n'


def test_long_texts_escapes_and_comments_are_read() -> None:
    text = HEADER + (
        '\n#. for translators\n#: page.html:7\n#, python-brace-format\nmsgctxt "a.b"\nmsgid "x {n}"\nmsgstr ""\n"one {n} "\n"\\"two\\"\\nthree"\n'
        '\n#~ msgctxt "gone"\n#~ msgid "gone"\n#~ msgstr "gone"\n\nmsgctxt "c"\nmsgid "workshop"\nmsgstr "车间"\n'
    )
    assert read_po(text) == {"a.b": 'one {n} "two"\nthree', "c": "车间"}


A = 'msgctxt "a"\nmsgid "x"\n'


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (f'{A}msgstr "x"\n\n{A}msgstr "y"', "line 9: 'a' is there twice"),
        (f'{A}msgstr ""', "line 5: 'a' is not translated"),
        (f'#, fuzzy\n{A}msgstr "x"', r"line 5: 'a' is not translated \(fuzzy\)"),
        (A, "line 5: an entry has msgctxt, msgid, msgstr, not"),
        (f'{A}msgstr "x" y', "line 7: .* is no quoted string"),
        (f'{A}msgstr[0] "x"', r"line 7: 'msgstr\[0\]' is wrong; allowed: msgctxt, msgid, msgstr"),
    ],
)
def test_what_is_wrong_is_told(entry: str, reason: str) -> None:
    with pytest.raises(CatalogueError, match=reason):
        read_po(f"{HEADER}\n{entry}\n")
