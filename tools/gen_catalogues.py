"""The console's catalogues in one form, so that translators' tools and merges find their places.

    python -m tools.gen_catalogues            write both PO files anew
    python -m tools.gen_catalogues --check    only compare

Both have the keys of the English one in its order and its texts as `msgid`; texts with {placeholders} are flagged, so that tools
check them. A JSON catalogue that a branch still brings is taken in: its texts win, and the file is removed.
"""

import argparse
import json
import sys
from collections.abc import Mapping

from chejian_cloud.console.po import read_po

from tools.tracked import ROOT

FOLDER = ROOT / "cloud" / "src" / "chejian_cloud" / "console" / "translations"
SOURCE = "en"
LANGUAGES = ("en", "zh-CN")
_HEADER = """\
# Texts of the console; msgctxt is the key of a text. See docs/translating.md.
msgid ""
msgstr ""
"Project-Id-Version: Chejian\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"
"""
_PLURALS = {"en": "nplurals=2; plural=(n != 1);", "zh-CN": "nplurals=1; plural=0;"}


def written(language: str, texts: Mapping[str, str], source: Mapping[str, str]) -> str:
    """A catalogue as a file."""
    entries = [_HEADER.format(language=language.replace("-", "_"), plurals=_PLURALS[language])]
    for key, text in texts.items():
        lines = ["#, python-brace-format"] if "{" in text else []
        lines += [f"msgctxt {_quoted(key)}", f"msgid {_quoted(source[key])}", f"msgstr {_quoted(text)}"]
        entries.append("\n".join(lines) + "\n")
    return "\n".join(entries)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def read(language: str) -> dict[str, str]:
    """Texts of a language; those of a JSON file that a branch still brings are put behind their neighbours."""
    path = FOLDER / f"{language}.po"
    texts = read_po(path.read_text("utf-8")) if path.exists() else {}
    brought = FOLDER / f"{language}.json"
    if not brought.exists():
        return texts
    new: dict[str, str] = json.loads(brought.read_text("utf-8"))
    order = list(texts)
    before = None
    for key in new:
        if key not in texts:
            order.insert(order.index(before) + 1 if before in order else len(order), key)
        before = key
    return {key: new.get(key, texts.get(key, "")) for key in order}


def main() -> int:
    """Write or compare; the exit status is 1 when --check finds a difference."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="only compare, change nothing")
    check = parser.parse_args().check
    texts = {language: read(language) for language in LANGUAGES}
    source = texts[SOURCE]
    stale = 0
    for language, own in texts.items():
        if set(own) != set(source):
            print(f"{language}.po: not the keys of {SOURCE}.po: {sorted(set(own) ^ set(source))[:10]}")
            return 1
        text = written(language, {key: own[key] for key in source}, source)
        path, brought = FOLDER / f"{language}.po", FOLDER / f"{language}.json"
        if path.exists() and path.read_text("utf-8") == text and not brought.exists():
            continue
        stale += 1
        if check:
            print(f"{path.relative_to(ROOT)} is out of date: python -m tools.gen_catalogues")
        else:
            path.write_text(text, "utf-8")
            brought.unlink(missing_ok=True)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
