"""One installation for all that starts containers: images once, one start."""

import os
import shlex
from collections.abc import Iterator

import pytest

from tests.deploy.compose.running import LOOK_S, WITHIN_S, Running, installation, run
from tests.faults.waiting import until


@pytest.fixture(scope="session")
def build() -> list[str]:
    """More arguments of image builds, for the network and certificates of this machine."""
    return shlex.split(os.environ.get("CHEJIAN_IMAGE_ARGS", ""))


@pytest.fixture(scope="session")
def container_image(build: list[str]) -> None:
    """Our images, of this version."""
    run("make", "images", f"ARGS={shlex.join(build)}", within=1800)


@pytest.fixture(scope="session")
def running(
    container_image: None, build: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """All services with a simulated workshop whose past has been read."""
    site = installation(tmp_path_factory.mktemp("compose") / "site")
    made = Running(site, build)
    with made.up():
        said = made.tool("admin", "seed", "/etc/chejian/registry.toml")
        assert "12 equipment added" in said
        until(lambda: made.edge()["history_complete"], WITHIN_S, "the workshop's past is read", every=LOOK_S)
        yield made
