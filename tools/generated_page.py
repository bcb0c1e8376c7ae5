"""What the generators of one page have in common: write it, or with --check say that it is out of date."""

import argparse
from pathlib import Path

from tools.tracked import ROOT


def write_or_check(text: str, page: Path, *, module: str, description: str | None) -> int:
    """Run a generator's command line.

    Args:
        text: the page as it has to be.
        page: where it stands.
        module: that makes it, for the hint.
        description: of the command.

    Returns:
        The exit status: 1 when --check finds the page out of date.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="only compare, change nothing")
    if not parser.parse_args().check:
        page.write_text(text, encoding="utf-8")
        return 0
    if not page.exists() or page.read_text(encoding="utf-8") != text:
        print(f"{page.relative_to(ROOT)} is out of date: python -m {module}")
        return 1
    return 0
