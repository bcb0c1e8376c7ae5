"""The whole compose file for real: TLS, rights, an exact ledger, boards with data, every container killed, a backup restored."""

import json
import os
import socket
import ssl
import subprocess
import urllib.request
from datetime import timedelta

import httpx
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.cloud.reports.pages import opened
from tests.deploy.compose.running import LOOK_S, SERVICES, WITHIN_S, Running, now
from tests.faults.waiting import until

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3500)]


def test_everything_is_told_over_tls_and_nothing_in_the_clear(running: Running) -> None:
    trusted = ssl.create_default_context(cafile=str(running.site / "ca.pem"))
    for name in ("MQTT", "CONSOLE", "GRAFANA"):
        with (
            socket.create_connection(("127.0.0.1", running.ports[name]), timeout=20) as plain,
            trusted.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            assert connection.version() in ("TLSv1.2", "TLSv1.3")
    page = f"https://localhost:{running.ports['CONSOLE']}/readyz"
    with urllib.request.urlopen(page, timeout=20, context=trusted) as answer:
        assert answer.status == 200
    with socket.create_connection(("127.0.0.1", running.ports["MQTT"]), timeout=20) as plain:
        plain.sendall(bytes.fromhex("100c00044d5154540402000a0000"))
        try:
            answered = plain.recv(4)
        except ConnectionResetError:
            answered = b""
        assert answered[:1] != b"\x20", "no CONNACK without TLS"
    password = '"PGPASSWORD=$(cat /run/secrets/boards_password)"'
    plainly = f"env {password} psql 'host=timescaledb user=chejian_boards_all dbname=chejian sslmode=disable' -c 'SELECT 1'"
    refused = subprocess.run(
        ["podman", "exec", running.name("grafana"), "sh", "-c", plainly],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode
    assert "no encryption" in refused.stderr


def test_a_foreign_edge_is_refused(running: Running) -> None:
    place = running.site / "edges/hlj-demo/HRB-W1"
    told: list[tuple[str, bool]] = []
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5, reconnect_on_failure=False)
    client.tls_set_context(ssl.create_default_context(cafile=str(running.site / "ca.pem")))
    client.username_pw_set("hlj-demo/HRB-W1", (place / "mqtt.password").read_text("utf-8").strip())
    client.on_publish = lambda _c, topics, mid, reason, _p: told.append((topics[mid], reason.is_failure))
    asked: dict[int, str] = {}
    client.user_data_set(asked)
    client.connect("localhost", running.ports["MQTT"])
    for topic in (
        "spBv1.0/hlj-demo/DDATA/OTHER/D",
        "spBv1.0/other/NBIRTH/HRB-W1",
        "spBv1.0/hlj-demo/NCMD/HRB-W1",
    ):
        asked[client.publish(topic, b"x", qos=1).mid] = topic
    client.loop_start()
    until(lambda: len(told) == 3, 60.0, "the broker answers")
    client.disconnect()
    client.loop_stop()
    assert all(refused for _, refused in told), told
    wrong = paho.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
    wrong.tls_set_context(ssl.create_default_context(cafile=str(running.site / "ca.pem")))
    wrong.username_pw_set("other/N1", "guessed")
    reasons: list[str] = []
    wrong.on_connect = lambda _c, _u, _f, reason, _p: reasons.append(str(reason))
    wrong.connect("localhost", running.ports["MQTT"])
    wrong.loop_start()
    until(lambda: reasons, 60.0, "the broker answers")
    wrong.loop_stop()
    assert reasons == ["Not authorized"]


def test_each_program_has_its_own_role_and_no_other_right(running: Running) -> None:
    ask = 'PGPASSWORD=$(cat /run/secrets/superuser_password) psql -X -A -t -U postgres -d chejian -c "$0"'
    users = running.execute(
        "timescaledb",
        "sh",
        "-c",
        ask,
        "SELECT DISTINCT usename FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)"
        " WHERE datname = 'chejian' AND client_addr IS NOT NULL AND ssl",
    ).split()
    assert set(users) - {"chejian_boards_all", "chejian_backup"} == {
        "chejian_gateway",
        "chejian_worker",
        "chejian_jobs",
        "chejian_console",
    }
    rights = running.execute(
        "timescaledb",
        "sh",
        "-c",
        ask,
        "SELECT has_table_privilege('chejian_gateway', 'app.account', 'SELECT'),"
        " has_table_privilege('chejian_gateway', 'app.waveform_request', 'SELECT'),"
        " has_table_privilege('chejian_worker', 'app.account', 'SELECT'),"
        " has_table_privilege('chejian_worker', 'telemetry.sample', 'INSERT'),"
        " has_table_privilege('chejian_console', 'telemetry.sample', 'SELECT'),"
        " has_table_privilege('chejian_jobs', 'telemetry.sample', 'SELECT'),"
        " has_table_privilege('chejian_jobs', 'app.account', 'SELECT'),"
        " has_table_privilege('chejian_backup', 'app.account', 'DELETE')",
    )
    assert rights.strip() == "f|f|f|f|f|f|f|f"


def test_boards_have_data(running: Running) -> None:
    running.exact()
    until(
        lambda: running.asked(now(), timedelta(hours=8))["chejian-oee panel 1"] > 0,
        WITHIN_S,
        "the worker has computed",
        every=LOOK_S,
    )
    empty = {where for where, rows in running.asked(now(), timedelta(days=2)).items() if rows == 0}
    assert empty <= EMPTY


EMPTY = {"chejian-data panel 6", "chejian-bearing panel 11", "chejian-energy panel 10"}
"""Statements without rows here: nothing has become a dead letter, nobody has answered, and there are no 28 days before."""
EMPTY |= {f"chejian-province panel {number}" for number in range(8, 13)}
"""The workshop takes part in no programme and has no assessment."""


def _asked(running: Running, token: str, path: str, **parameters: str) -> bytes:
    """What the API answers to a machine's token; nothing where it says that there is nothing yet."""
    trusted = ssl.create_default_context(cafile=str(running.site / "ca.pem"))
    url = f"https://localhost:{running.ports['CONSOLE']}/api/v1{path}"
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.get(url, params=parameters, headers=headers, verify=trusted, timeout=60)
    assert answer.status_code in (200, 404), answer.text
    return answer.content if answer.status_code == 200 else b""


def test_a_report_is_drawn_in_chinese(running: Running) -> None:
    token = running.tool("admin", "token", "reports", "--role", "platform_admin").split()[-1]
    (workshop,) = json.loads(_asked(running, token, "/workshops"))
    month = {
        "workshop_id": str(workshop["workshop_id"]),
        "window": "month",
        "start": (now() - timedelta(hours=6)).isoformat(),
    }
    until(
        lambda: _asked(running, token, "/reports/production", **month),
        WITHIN_S,
        "a day has figures",
        every=LOOK_S,
    )
    with opened(_asked(running, token, "/reports/production", lang="zh", **month)) as pages:
        assert "生产月报" in pages.text
        assert workshop["name_zh"] in pages.text
        assert all(pages.fonts().values()), pages.fonts()
        glyphs = pages.glyphs(0, "生产月报")
    inks = [glyph.tobytes() for glyph in glyphs.values()]
    assert len(set(inks)) == len(inks), "no box stands for all of them"
    assert all((glyph > 128).mean() > 0.1 for glyph in glyphs.values())


def test_every_container_comes_back_and_nothing_is_lost(running: Running) -> None:
    before = running.exact()
    for service in SERVICES:
        running.kill(service)
    until(lambda: running.account()["stored_samples"] > before, WITHIN_S, "data flow again", every=LOOK_S)
    assert running.exact() > before


def test_a_backup_is_restored_and_equal(running: Running) -> None:
    dump, _ = running.backup()
    assert dump.stat().st_size > 1_000_000
    running.tool("restore", "prove", f"/backups/{dump.name}")


def test_a_backup_that_lost_a_row_is_found(running: Running) -> None:
    newest = running.backup()[0].with_suffix(".manifest")
    lines = newest.read_text("utf-8").splitlines(keepends=True)
    name, rows, total = next(line for line in lines if line.startswith("telemetry.sample\t")).split("\t")
    changed = newest.with_name("chejian-changed.manifest")
    changed.write_text(
        "".join(
            f"{name}\t{int(rows) + 1}\t{total}" if line.startswith(f"{name}\t") else line for line in lines
        ),
        "utf-8",
    )
    os.link(newest.with_suffix(".dump"), changed.with_suffix(".dump"))
    with pytest.raises(AssertionError, match="what was restored differs"):
        running.tool("restore", "prove", f"/backups/{changed.with_suffix('.dump').name}")


def test_the_platform_goes_on_from_a_restored_backup(running: Running) -> None:
    before = running.exact()
    dump, _ = running.backup()
    until(
        lambda: running.account()["stored_samples"] > before + 100,
        WITHIN_S,
        "more data than the backup has",
        every=LOOK_S,
    )
    running.goes_back_to(dump)
    until(
        lambda: running.account()["stored_samples"] > before + 100,
        WITHIN_S,
        "the edge sends what the backup lacked",
        every=LOOK_S,
    )
    running.exact()
