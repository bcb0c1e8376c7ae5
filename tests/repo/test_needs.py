"""What a machine lacks is said: one printed line, or an error in CI; never a silent pass."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.tracked import ROOT

SUITE = """
def test_with(recordings):
    assert recordings.is_dir()

def test_without():
    assert True
"""


def run(folder: Path, recordings: Path, *, strict: bool) -> subprocess.CompletedProcess[str]:
    """Run a suite of two tests with the project's plugins in a process of its own."""
    (folder / "test_suite.py").write_text(SUITE)
    (folder / "pytest.ini").write_text("[pytest]\n")
    plugins = ["-p", "tests.fixtures.fix_recordings", "-p", "tests.fixtures.fix_needs"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CHEJIAN_RECORDINGS": str(recordings)}
    environment["CHEJIAN_TEST_STRICT"] = "1" if strict else "0"
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # other packages' plugins load slowly
    command = [sys.executable, "-m", "pytest", "-q", *plugins, str(folder)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("there", "strict", "status", "summary", "line"),
    [
        (True, True, 0, "2 passed", None),
        (
            False,
            False,
            0,
            "1 passed, 1 deselected",
            "not run: 1 tests need recordings, which is missing here",
        ),
        (False, True, 4, None, "CHEJIAN_TEST_STRICT=1: 1 tests need recordings, which is missing here"),
    ],
)
def test_missing_recordings(
    tmp_path: Path, there: bool, strict: bool, status: int, summary: str | None, line: str | None
) -> None:
    done = run(tmp_path, tmp_path if there else tmp_path / "nowhere", strict=strict)
    said = done.stdout + done.stderr
    assert done.returncode == status, said
    assert summary is None or summary in said
    assert ("missing here" in said) == (line is not None)
    assert line is None or line in said
