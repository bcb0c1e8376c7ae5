"""Reads gettext catalogues (PO files of GNU gettext), by which translators' tools work: Poedit, Weblate, msgfmt.

`msgctxt` is the key by which pages ask for a text, `msgid` the English text, `msgstr` the text. `gettext` of the standard library reads
compiled files only, which would have to be built before anything runs.
"""

import json
from collections.abc import Iterator

_FUZZY = "fuzzy"
_WORDS = ("msgctxt", "msgid", "msgstr")


class CatalogueError(ValueError):
    """A catalogue can't be read; the text names line and reason."""


def read_po(text: str) -> dict[str, str]:
    """Texts by key, in the file's order.

    Raises:
        CatalogueError: a line is none of PO, a key is there twice, or a text is empty or marked as fuzzy.
    """
    found: dict[str, str] = {}
    for number, key, value, flags in _entries(text):
        if key in found:
            raise CatalogueError(f"line {number}: {key!r} is there twice")
        if not value or _FUZZY in flags:
            raise CatalogueError(f"line {number}: {key!r} is not translated" + (" (fuzzy)" if value else ""))
        found[key] = value
    return found


def _entries(text: str) -> Iterator[tuple[int, str, str, set[str]]]:
    """Line, key, text and flags of each entry."""
    parts: dict[str, str] = {}
    flags: set[str] = set()
    name, begin = "", 1
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if not line.strip():
            if parts and parts.get("msgid") != "":  # that of the header is empty
                yield begin, *_complete(parts, begin), flags
            parts, flags, name, begin = {}, set(), "", number + 1
        elif line.startswith("#"):
            flags |= {flag.strip() for flag in line[2:].split(",")} if line.startswith("#,") else set()
        else:
            word, _, quoted = line.partition(" ") if not line.startswith('"') else (name, "", line)
            if word not in _WORDS:
                raise CatalogueError(f"line {number}: {word!r} is wrong; allowed: {', '.join(_WORDS)}")
            name = word
            parts[name] = parts.get(name, "") + _unquoted(quoted, number)


def _complete(parts: dict[str, str], number: int) -> tuple[str, str]:
    if set(parts) != set(_WORDS):
        raise CatalogueError(f"line {number}: an entry has {', '.join(_WORDS)}, not {sorted(parts)}")
    return parts["msgctxt"], parts["msgstr"]


def _unquoted(quoted: str, number: int) -> str:
    """The text of a quoted string; PO escapes as JSON does."""
    try:
        text = json.loads(quoted)
    except ValueError as error:
        raise CatalogueError(f"line {number}: {quoted!r} is no quoted string ({error})") from error
    if not isinstance(text, str):
        raise CatalogueError(f"line {number}: {quoted!r} is no quoted string")
    return text
