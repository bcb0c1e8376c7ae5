"""The API keeps what its OpenAPI document promises, to each role, whatever is sent: Schemathesis asks."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from chejian_cloud.access.permissions import Role

from tests.cloud.contract.conftest import Site

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
)
ENDLESS = "/api/v1/stream"
"""Server-sent events never end; `test_stream.py` reads them."""
SELECTED = re.compile(r"Selected:\s+(\d+)/(\d+)\s+Tested:\s+(\d+)")
EACH = 106
"""Operations that are asked; one request each at least."""
CASES = re.compile(r"(\d+) generated")


def ask(site: Site, role: Role, folder: Path, *options: str) -> str:
    """Let Schemathesis ask the API as `role`; returns its report.

    Everything is drawn from one seed, so that a finding is found again.
    """
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{site.base}/api/v1/openapi.json"),
        *("--header", f"Authorization: {site.key(role)}", "--exclude-path", ENDLESS),
        *("--seed", "20261129", "--checks", ",".join(CHECKS), "--suppress-health-check", "all"),
        *("--generation-database", "none", "--no-color", "--warnings", "off", *options),
    ]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "160"}
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
    return done.stdout


def cases(report: str) -> int:
    """Requests that were made up; every operation but the endless one was asked."""
    counts = SELECTED.search(report)
    assert counts is not None, report
    selected, known, tested = map(int, counts.groups())
    assert selected == tested == known - 1
    made = CASES.search(report)
    assert made is not None, report
    return int(made[1])


@pytest.mark.system
@pytest.mark.long
@pytest.mark.parametrize("role", [Role.VIEWER, Role.ENGINEER, Role.PLATFORM_ADMIN])
def test_roles_are_answered_as_promised(live: Site, role: Role, tmp_path: Path) -> None:
    phases = "examples,fuzzing" if role is Role.PLATFORM_ADMIN else "fuzzing"
    report = ask(live, role, tmp_path, "--phases", phases, "--max-examples", "1")
    assert cases(report) >= EACH


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("role", list(Role))
def test_many_requests_of_each_role_are_answered_as_promised(live: Site, role: Role, tmp_path: Path) -> None:
    report = ask(
        live,
        role,
        tmp_path,
        *("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "50", "--continue-on-failure"),
    )
    assert cases(report) > 5000
