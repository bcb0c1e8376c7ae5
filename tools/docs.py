"""Check the documents and the text of all files: links lead somewhere, nothing of one machine is named.

python -m tools.docs
"""

import re
import sys
from pathlib import Path
from urllib.parse import unquote

from tools.tracked import ROOT, files

_LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
_TEXT = (
    ".md",
    ".py",
    ".pyi",
    ".toml",
    ".sql",
    ".html",
    ".js",
    ".css",
    ".json",
    ".lock",
    ".proto",
    ".yml",
    ".yaml",
    "",
)
# Folders and hosts of somebody's machine. Spelt in pieces, so that this file does not find itself.
_MACHINE = re.compile(
    "|".join(
        (
            "/" + r"work/(?:main|shared)",
            "/" + r"root/\.",
            "/" + r"home/[a-z]",
            "/" + r"Users/[A-Za-z]",
            r"files\." + r"pythonhosted\.org",
            r"registry\." + r"npmjs\.org",
        )
    )
)
_RESOLVED = re.compile(r'"resolved"' + r"\s*:")


def anchors(text: str) -> set[str]:
    """Anchors of a document's headings, as GitHub makes them."""
    found = set()
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-"))
    return found


def link_problems(path: Path) -> list[str]:
    """Relative links of one document that lead nowhere."""
    text = path.read_text(encoding="utf-8")
    found = []
    for target in _LINK.findall(_FENCE.sub("", text)):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        file, _, anchor = target.partition("#")
        place = (path.parent / unquote(file)).resolve() if file else path
        if not place.exists():
            found.append(f"{path.relative_to(ROOT)}: the link {target} leads nowhere")
        elif (
            anchor
            and place.suffix == ".md"
            and unquote(anchor) not in anchors(place.read_text(encoding="utf-8"))
        ):
            found.append(f"{path.relative_to(ROOT)}: {file or 'this page'} has no heading #{anchor}")
    return found


def text_problems(path: Path) -> list[str]:
    """Bytes that are no UTF-8, Windows line ends, names of one machine."""
    name = path.relative_to(ROOT)
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        return [f"{name}: not UTF-8 ({error.reason} at byte {error.start})"]
    found = [f"{name}: Windows line ends"] if "\r\n" in text else []
    found += [
        f"{name}:{_line(text, hit.start())}: names one machine ({hit.group()})"
        for hit in _MACHINE.finditer(text)
    ]
    if path.suffix == ".json":
        found += [f"{name}: names a download address (resolved)"] if _RESOLVED.search(text) else []
    return found


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def problems() -> list[str]:
    """What is wrong with the project's documents and texts, one sentence each."""
    found = [line for path in files(".md") for line in link_problems(path)]
    return found + [line for path in files(*_TEXT) for line in text_problems(path)]


def main() -> int:
    """Run the command line; the exit status is 1 if something is found."""
    found = problems()
    print("\n".join(found) if found else f"docs: {len(files('.md'))} documents, links and texts are sound")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
