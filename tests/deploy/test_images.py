"""Container images: they build, and their programs run as nobody in particular on a file system that can't be written.

Needs podman and a base image by the name in the Dockerfile; `CHEJIAN_IMAGE_ARGS` goes to the build (network, certificates).
"""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = {
    "edge": "chejian-edge",
    "gateway": "chejian-gateway",
    "cloud": "chejian-cloud",
    "simulators": "chejian-simulate",
}
LARGEST_MB = {"edge": 160, "gateway": 600, "cloud": 800, "simulators": 250}
"""Above the base; the gateway has numpy and numba, the cloud scipy too."""

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]


def _podman(*arguments: str) -> str:
    done = subprocess.run(["podman", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout.strip()


@pytest.fixture(scope="module", params=sorted(PROGRAMS))
def container_image(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Target and tag of a freshly built image."""
    target = str(request.param)
    tag = f"localhost/chejian-{target}:test"
    more = shlex.split(os.environ.get("CHEJIAN_IMAGE_ARGS", ""))
    _podman("build", "--target", target, "-f", "deploy/docker/Dockerfile", "-t", tag, *more, ".")
    return target, tag


def test_a_program_runs_without_rights(container_image: tuple[str, str]) -> None:
    target, tag = container_image
    run = ["run", "--rm", "--read-only", "--network=none", "--cap-drop=all"]
    assert f"usage: {PROGRAMS[target]}" in _podman(*run, tag, "--help")
    assert _podman(*run, "--entrypoint", "id", tag, "-u") == "10001"
    python = [*run, "--entrypoint", "/opt/chejian/bin/python", tag, "-c"]
    assert "Read-only" in _podman(*python, "try: open('/opt/x', 'w')\nexcept OSError as e: print(e)")
    member = f"chejian_{target}"
    assert _podman(*python, f"import {member}.cli; print('imported')") == "imported"


def test_an_image_holds_its_member_and_no_other(container_image: tuple[str, str]) -> None:
    target, tag = container_image
    list_ = "import importlib.metadata as m; print(*sorted(d.name for d in m.distributions()))"
    found = set(
        _podman(
            "run", "--rm", "--network=none", "--entrypoint", "/opt/chejian/bin/python", tag, "-c", list_
        ).split()
    )
    own = {name for name in found if name.startswith("chejian")}
    assert own == {"chejian-contract", f"chejian-{target}"} | (
        {"chejian-analytics"} if target == "cloud" else set()
    )
    assert "pip" not in found
    base = int(_podman("image", "inspect", "debian:trixie-slim", "--format", "{{.Size}}"))
    size = int(_podman("image", "inspect", tag, "--format", "{{.Size}}"))
    assert (size - base) / 1e6 < LARGEST_MB[target]
