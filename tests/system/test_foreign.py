"""A publisher without a ledger is stored by the real gateway process and shown by the real console process."""

import json
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from chejian.stack import ProcessSpec, Supervisor
from chejian.stack.ports import free_port

from tests.cloud.keys import bearer

pytestmark = pytest.mark.system

SCRIPTS = Path(sysconfig.get_path("scripts"))
PUBLISHER = Path(__file__).with_name("foreign_publisher.py")


@contextmanager
def processes(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run gateway and API; yields the console's address."""
    port, health = free_port(), free_port()
    config = folder / "gateway.toml"
    config.write_text(f"[http]\nport = {health}\n", "utf-8")
    argv = {
        "gateway": [str(SCRIPTS / "chejian-gateway"), "--config", str(config), "run"],
        "api": [str(SCRIPTS / "chejian-cloud"), "api", "--port", str(port)],
    }
    with Supervisor() as supervisor:
        for name, command in argv.items():
            log = folder / f"{name}.log"
            supervisor.start(ProcessSpec(name=name, argv=command, log=log, env=environment))
        supervisor.wait_ready("gateway", f"http://127.0.0.1:{health}/readyz", within=60)
        supervisor.wait_ready("api", f"http://127.0.0.1:{port}/readyz", within=60)
        yield f"http://127.0.0.1:{port}"


def get(url: str, key: dict[str, str]) -> str:
    request = urllib.request.Request(url, headers=key)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


def test_a_foreign_publisher_is_stored_and_shown(tmp_path: Path, database: str, mqtt_url: str) -> None:
    environment = {"CHEJIAN_DSN": database, "CHEJIAN_MQTT_URL": mqtt_url}
    for program in ("chejian-gateway", "chejian-cloud"):
        subprocess.run([SCRIPTS / program, "migrate"], env=environment, check=True, capture_output=True)
    broker = urlsplit(mqtt_url)
    with (
        processes(tmp_path, environment) as console,
        psycopg.connect(database, autocommit=True) as connection,
    ):
        address = [str(broker.hostname), str(broker.port)]
        subprocess.run([sys.executable, PUBLISHER, *address], check=True, timeout=30)
        query = "SELECT value FROM telemetry.sample ORDER BY time, value"
        deadline = time.monotonic() + 30
        while len(rows := connection.execute(query).fetchall()) < 2:
            assert time.monotonic() < deadline, rows
            time.sleep(0.05)
        assert rows == [(410.5,), (412.25,)]
        assert connection.execute("SELECT value FROM telemetry.text_sample").fetchall() == [("K-12",)]
        key = bearer(database)
        health = json.loads(get(f"{console}/api/v1/data-health", key))
        (node,) = [n for n in health["nodes"] if n["node"] == "gateway-7"]
        assert node["has_ledger"] is False
        page = get(f"{console}/console/foreign", key)
    for text in ("gateway-7", "press-1", "冲压力", "412.25", "K-12"):
        assert text in page
