"""The one command of the host to devices: a waveform request, to who has announced that it takes them, and to nobody else."""

from collections.abc import Callable

import psycopg
import pytest
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import get_value

from tests.cloud.conftest import _build_seeded
from tests.fixtures.fix_postgres import DatabaseServer
from tests.sparkplug.conftest import StartHost
from tests.sparkplug.node import LEDGER, Command, EdgeNode, M, now_ms
from tests.sparkplug.test_commands import check_command, to
from tests.sparkplug.wiretap import wait_for

ACQUIRE = "Device Control/Acquire"
ANNOUNCED = M(ACQUIRE, value=False, code=Code.BOOLEAN)
_DEVICES = """
SELECT n.edge_node || '/' || d.name, d.device_id FROM telemetry.device d JOIN telemetry.node n USING (node_id)
 WHERE n.group_id = %s AND d.online AND d.name <> ''
"""
_ASK = """
INSERT INTO app.waveform_request (equipment_id, device_id, expires_at, comment, user_name)
SELECT min(equipment_id), %s, now() + %s * interval '1 second', '', 'li' FROM app.equipment RETURNING request_id
"""
_SENT = "SELECT request_id FROM telemetry.waveform_request ORDER BY request_id"


@pytest.mark.assertion(
    "tck-id-topics-dcmd-topic",
    "tck-id-topics-dcmd-mqtt",
    "tck-id-topics-dcmd-timestamp",
    "tck-id-topics-dcmd-payload",
    "tck-id-operational-behavior-data-commands-dcmd-verb",
    "tck-id-operational-behavior-data-commands-dcmd-metric-name",
    "tck-id-operational-behavior-data-commands-dcmd-metric-value",
    "tck-id-payloads-dcmd-timestamp",
    "tck-id-payloads-dcmd-seq",
    "tck-id-payloads-dcmd-qos",
    "tck-id-payloads-dcmd-retain",
)
def test_a_waveform_request_goes_once_and_only_to_who_announced_it(
    start_host: StartHost,
    postgres_server: DatabaseServer,
    make_database: Callable[..., str],
    mqtt_url: str,
    group: str,
) -> None:
    dsn = make_database(template=postgres_server.template("cloud seeded", _build_seeded))
    host = start_host(dsn=dsn)
    began = now_ms()
    with (
        EdgeNode(mqtt_url, group, "own") as own,
        EdgeNode(mqtt_url, group, "foreign") as foreign,
        psycopg.connect(dsn, autocommit=True) as connection,
    ):
        foreign.birth()
        foreign.device_birth("P", ANNOUNCED, M("x", 1.0))
        own.birth(*LEDGER)
        for device, metrics in (
            ("silent", ()),
            ("other", (M("Device Control/Reboot", value=False, code=Code.BOOLEAN),)),
            ("P", (ANNOUNCED,)),
        ):
            own.device_birth(device, *metrics)
        wait_for(lambda: len(host.rows(_DEVICES, group)) == 4, "births entered")
        devices = {str(row[0]): row[1] for row in host.rows(_DEVICES, group)}

        def ask(device: object, wait_s: int = 600) -> int:
            row = connection.execute(_ASK, (device, wait_s)).fetchone()
            assert row is not None
            return int(row[0])

        for nobody in ("foreign/P", "own/silent", "own/other"):
            ask(devices[nobody])

        def requests() -> list[Command]:
            return [c for c in own.commands if "/DCMD/" in c.topic]

        asked = [ask(devices["own/P"]) for _ in range(2)]
        wait_for(lambda: len(requests()) >= 2 and len(host.rows(_SENT)) == 2, "both requests sent")
        assert host.rows(_SENT) == [(request,) for request in asked]

        own.device_death("P")
        wait_for(lambda: len(host.rows(_DEVICES, group)) == 3, "its death entered")
        late = ask(devices["own/P"])
        own.device_birth("P", ANNOUNCED)
        wait_for(
            lambda: len(requests()) >= 3 and (late,) in host.rows(_SENT), "sent when the device was back"
        )
        connection.execute("DROP VIEW app.wanted_waveform")
        own.device_birth("without wishes the host goes on")
        wait_for(lambda: len(host.rows(_DEVICES, group)) == 5, "births are entered as before")
        commands = requests()
        assert foreign.commands == [] or all("/NCMD/" in c.topic for c in foreign.commands)
    assert len(commands) == 3, "each once"
    published = to(host, f"spBv1.0/{group}/DCMD/own/P")
    assert [c for c in host.commands if "/DCMD/" in c.topic] == published
    for each in published:
        metric = check_command(each, began)
        assert (metric.name, metric.datatype) == (ANNOUNCED.name, ANNOUNCED.code)
        assert get_value(metric, Code.BOOLEAN) is True
