"""Documents lead somewhere, and no file names one machine."""

from pathlib import Path

import pytest

from tools import docs


def test_documents_are_sound() -> None:
    assert docs.problems() == []


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    (tmp_path / "other.md").write_text("# Two words, `code`\n")
    return tmp_path / "page.md"


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("[x](other.md) [y](https://example.org/a) [z](other.md#two-words-code)", None),
        ("```\n[x](nowhere.md)\n```", None),
        ("![x](nowhere.png)", "page.md: the link nowhere.png leads nowhere"),
        ("[x](other.md#three)", "page.md: other.md has no heading #three"),
        ("# Here\n[x](#there)", "page.md: this page has no heading #there"),
    ],
)
def test_links(page: Path, text: str, finding: str | None) -> None:
    page.write_text(text)
    assert docs.link_problems(page) == ([] if finding is None else [finding])


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        (b"plain \xe8\xbd\xa6\n", None),
        (b"\xff\n", "page.md: not UTF-8 (invalid start byte at byte 0)"),
        (b"a\r\n", "page.md: Windows line ends"),
        (b"a\n/home" + b"/joe/x", "page.md:2: names one machine (/home" + "/j)"),
    ],
)
def test_texts(page: Path, content: bytes, finding: str | None) -> None:
    page.write_bytes(content)
    assert docs.text_problems(page) == ([] if finding is None else [finding])
