"""The console's own source files, for tests that read them."""

from collections.abc import Iterator
from pathlib import Path

from chejian_cloud.console.pages import FOLDER

STATIC = FOLDER / "static"
VENDOR = STATIC / "vendor"


def sources(*suffixes: str) -> Iterator[tuple[Path, str]]:
    """(path, text) of every file of ours with one of `suffixes`, e.g. ".js"; vendored files are not ours."""
    for path in sorted(FOLDER.rglob("*")):
        if path.suffix in suffixes and VENDOR not in path.parents:
            yield path, path.read_text("utf-8")
