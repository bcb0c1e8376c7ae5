"""An upgrade among running containers: a migration that fails, one that holds, and the way back."""

import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest
from chejian_cloud.db.revision import head

from tests.deploy.compose.running import LOOK_S, PROJECT, WITHIN_S, WRITERS, Running, run
from tests.faults.waiting import until

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3500)]
OWN = ("edge", "gateway", "cloud", "simulators")
_REVISION = """
from alembic import op

revision = "9000_newer"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE app.newer (equipment_id integer PRIMARY KEY REFERENCES app.equipment)")
    op.execute("INSERT INTO app.newer SELECT min(equipment_id) FROM app.equipment")
    op.execute("{last}")
"""
_CONTAINERFILE = """
FROM {image}
USER 0
COPY revision.py /revision.py
RUN cp /revision.py "$(echo /opt/chejian/lib/python3*/site-packages/chejian_cloud/db/migrations/versions)/m9000_newer.py"
USER 10001
"""


def _version(folder: Path, name: str, last: str, build: list[str]) -> str:
    """Images of a newer version, whose migration ends with the statement."""
    image = run("podman", "inspect", "--format", "{{.Image}}", f"{PROJECT}_api_1").strip()
    (folder / "revision.py").write_text(_REVISION.format(head=head(), last=last), "utf-8")
    (folder / "Containerfile").write_text(_CONTAINERFILE.format(image=image), "utf-8")
    run("podman", "build", "-q", "-t", f"localhost/chejian-cloud:{name}", *build, str(folder))
    for other in set(OWN) - {"cloud"}:
        own = run("podman", "images", "--format", "{{.Tag}}", f"localhost/chejian-{other}").split()
        tag = next(t for t in own if t[0].isdigit())
        run("podman", "tag", f"localhost/chejian-{other}:{tag}", f"localhost/chejian-{other}:{name}")
    return name


def _readiness(running: Running) -> dict[str, Any]:
    """What the console says of itself and of the schema that it finds."""
    trusted = ssl.create_default_context(cafile=str(running.site / "ca.pem"))
    page = f"https://localhost:{running.ports['CONSOLE']}/readyz"
    told: dict[str, Any] = httpx.get(page, verify=trusted, timeout=20).json()
    return told


def _pids(running: Running) -> dict[str, int]:
    return {service: int(running.state(service)["Pid"]) for service in WRITERS}


def test_a_failed_upgrade_changes_nothing_and_one_that_holds_keeps_every_row(
    running: Running, build: list[str], tmp_path: Path
) -> None:
    running.exact()
    running.compose(
        "stop", "simulated-edge", "gateway", "worker", "jobs"
    )  # so that nothing else changes a row
    dump, before = running.backup()
    broken = _version(tmp_path, "8.0.0-broken", "SELECT 1 / 0", build)
    pids = _pids(running)
    with pytest.raises(AssertionError, match="division by zero"):
        running.tool("migrate-app", version=broken)
    assert running.backup()[1] == before
    running.compose("start", "simulated-edge", "gateway", "worker", "jobs")
    running.await_health(("gateway", "worker", "simulated-edge"))
    assert _readiness(running)["ready"]
    assert {s: p for s, p in _pids(running).items() if s in ("api", "grafana", "backup")} == {
        s: p for s, p in pids.items() if s in ("api", "grafana", "backup")
    }
    stored = running.exact()
    until(
        lambda: running.account()["stored_samples"] > stored,
        WITHIN_S,
        "the old version goes on",
        every=LOOK_S,
    )

    running.exact()
    running.compose("stop", "simulated-edge", "gateway", "worker", "jobs")
    dump, before = running.backup()
    newer = _version(tmp_path, "9.0.0", "SELECT 1", build)
    running.tool("migrate-telemetry", version=newer)
    running.tool("migrate-app", version=newer)
    told = _readiness(running)
    assert (told["ready"], told["schema"], told["needed"]) == (False, "9000_newer", head()), (
        "until it is replaced"
    )
    after = running.backup()[1]
    assert after.pop("app.newer").startswith("1\t")
    assert {t: r for t, r in after.items() if t != "app.alembic_version"} == {
        t: r for t, r in before.items() if t != "app.alembic_version"
    }
    for service in ("rights", "readers"):
        running.tool(service, version=newer)
    running.compose("up", "-d", "--force-recreate", "--no-deps", *WRITERS, version=newer)
    running.await_health(WRITERS)
    assert _readiness(running)["needed"] == "9000_newer"
    running.compose("start", "simulated-edge")
    running.await_health(("simulated-edge",))
    stored = running.exact()
    until(
        lambda: running.account()["stored_samples"] > stored,
        WITHIN_S,
        "the newer version stores",
        every=LOOK_S,
    )

    running.compose("up", "-d", "--force-recreate", "--no-deps", *WRITERS)
    running.goes_back_to(dump)
    until(
        lambda: running.account()["stored_samples"] > stored,
        WITHIN_S,
        "the way back is the backup",
        every=LOOK_S,
    )
    running.exact()
