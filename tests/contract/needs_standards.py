"""The fixture `standards`: folder of published vectors and worked examples, ``../shared/data/standards``.

It lies beside the checkout, not in it. Where it is missing, tests that ask for it are deselected with one printed
line; with ``CHEJIAN_TEST_STRICT=1`` that is an error. The conftest files that need it import these names.
"""

import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "standards"
_MISSING = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def standards() -> Path:
    return FOLDER


@pytest.hookimpl(trylast=True)  # after -m and -k, so that only tests that would have run are counted
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanting = {item for item in items if "standards" in getattr(item, "fixturenames", ())}
    if not wanting or FOLDER.is_dir():
        return
    line = f"{len(wanting)} tests need {FOLDER.name}, which is missing beside the checkout (../shared/data)"
    if os.environ.get("CHEJIAN_TEST_STRICT") == "1":
        raise pytest.UsageError(f"CHEJIAN_TEST_STRICT=1: {line}")
    config.stash[_MISSING] = line
    items[:] = [item for item in items if item not in wanting]
    config.hook.pytest_deselected(items=list(wanting))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    line = config.stash.get(_MISSING, "")
    if line:
        config.stash[_MISSING] = ""  # two folders import this hook; one line is enough
        terminalreporter.write_line(f"not run: {line}", yellow=True)
