"""`chejian-simulate` as a process: signals, truth file, health pages, and clear refusals."""

import json
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.uaerrors import UaError
from chejian.stack.ports import free_port
from chejian_simulators.arguments import PASSWORD_VARIABLE
from chejian_simulators.cli import main
from chejian_simulators.opcua_server import NAMESPACE
from pymodbus.client import AsyncModbusTcpClient

DEADLINE_S = 40


class Process:
    """A simulator process with its addresses and files."""

    def __init__(
        self,
        folder: Path,
        *options: str,
        plant: str = "harbin",
        environment: dict[str, str] | None = None,
    ) -> None:
        self.epoch = (datetime.now(UTC) - timedelta(hours=2)).isoformat(timespec="seconds")
        self.url = f"opc.tcp://127.0.0.1:{free_port()}/chejian"
        self.http = f"127.0.0.1:{free_port()}"
        self.truth = folder / "truth.json"
        self.log = folder / "log"
        with self.log.open("w") as log:
            self.child = subprocess.Popen(
                [
                    *(
                        sys.executable,
                        "-m",
                        "chejian_simulators.cli",
                        "run",
                        "--plant",
                        plant,
                        "--seed",
                        "3",
                    ),
                    *(
                        "--epoch",
                        self.epoch,
                        "--opcua",
                        self.url,
                        "--truth",
                        str(self.truth),
                        "--http",
                        self.http,
                    ),
                    *options,
                ],
                stderr=log,
                env=environment,
            )

    def ready(self) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(f"http://{self.http}/readyz", timeout=5) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except (urllib.error.URLError, ConnectionError):
            return {"ready": False}

    def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            found = self.ready()
            if condition(found):
                return found
            assert self.child.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise AssertionError(f"not in {DEADLINE_S} s: {self.ready()}\n{self.log.read_text()}")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    running: list[Process] = []

    def make(*options: str, plant: str = "harbin", environment: dict[str, str] | None = None) -> Process:
        running.append(Process(tmp_path, *options, plant=plant, environment=environment))
        return running[-1]

    yield make
    for process in running:
        process.child.kill()
        process.child.wait()


def test_freeze_writes_the_truth_and_stop_keeps_it(start: Callable[..., Process], tmp_path: Path) -> None:
    process = start()
    details = process.until(lambda found: bool(found["ready"]))
    assert details["epoch_ms"] == int(datetime.fromisoformat(process.epoch).timestamp() * 1000)
    assert details["changes_total"] > 1000
    assert details["frozen_at_ms"] is None
    process.child.send_signal(signal.SIGUSR1)
    frozen = process.until(lambda found: found.get("frozen_at_ms") is not None)
    truth = json.loads(process.truth.read_text("utf-8"))
    assert truth["end_ms"] == frozen["frozen_at_ms"]
    assert (
        sum(n for e in truth["equipment"].values() for n in e["changes"].values()) == frozen["changes_total"]
    )
    apart = tmp_path / "apart.json"
    end = datetime.fromtimestamp(truth["end_ms"] // 1000, UTC) + timedelta(
        milliseconds=truth["end_ms"] % 1000
    )
    options = ["--plant", "harbin", "--seed", "3", "--epoch", process.epoch, "--end", end.isoformat()]
    assert main(["truth", *options, "--out", str(apart)]) == 0
    assert apart.read_bytes() == process.truth.read_bytes()
    stamp = process.truth.stat().st_mtime_ns
    process.child.send_signal(signal.SIGUSR1)
    assert process.ready()["frozen_at_ms"] == truth["end_ms"]
    with urllib.request.urlopen(f"http://{process.http}/metrics", timeout=5) as answer:
        metrics = answer.read().decode()
    process.child.terminate()
    assert process.child.wait(DEADLINE_S) == 0
    assert process.truth.stat().st_mtime_ns == stamp
    log = process.log.read_text()
    assert "history: 2.0 of 2.0 h" in log
    assert metrics.splitlines()[-1] == f"chejian_simulator_changes_total {frozen['changes_total']}"
    assert "Traceback" not in log


async def test_stop_writes_the_truth_up_to_then_and_a_user_is_asked_for(
    start: Callable[..., Process],
) -> None:
    environment = {PASSWORD_VARIABLE: "测试-secret"}
    process = start("--username", "edge", environment=environment)
    process.until(lambda found: bool(found["ready"]))
    stranger = Client(process.url)
    with pytest.raises(UaError):
        await stranger.connect()
    await stranger.disconnect()
    client = Client(process.url)
    client.set_user("edge")
    client.set_password(environment[PASSWORD_VARIABLE])
    async with client:
        index = await client.get_namespace_index(NAMESPACE)
        product = client.get_node(ua.NodeId(ua.String("MTS-01/Order/Product"), ua.Int16(index)))
        assert await product.read_value() == "MOTOR-Y2"
    asked = time.time_ns() // 1_000_000
    process.child.terminate()
    assert process.child.wait(DEADLINE_S) == 0
    truth = json.loads(process.truth.read_text("utf-8"))
    assert asked <= truth["end_ms"] <= time.time_ns() // 1_000_000 + 1


async def test_meters_are_served_beside_the_machines_and_agree_with_the_truth(
    start: Callable[..., Process],
) -> None:
    process = start("--modbus", "127.0.0.1:0", plant="qiqihar")
    host, _, port = process.until(lambda found: bool(found["ready"]))["modbus"].rpartition(":")
    client = AsyncModbusTcpClient(host, port=int(port))
    assert await client.connect()
    process.child.send_signal(signal.SIGUSR1)
    process.until(lambda found: found.get("frozen_at_ms") is not None)
    truth = json.loads(process.truth.read_text("utf-8"))
    for code, meter in truth["meters"].items():
        found: list[tuple[int, ...]] = []
        while not found or found[-1][3]:
            answer = await client.read_holding_registers(0, count=10, device_id=meter["unit_id"])
            found.append(struct.unpack(">IQfI", struct.pack(">10H", *answer.registers)))
        assert len(found) == meter["records"] >= 118, code
        assert [[1000 * found[i][0], found[i][1]] for i in (0, -1)] == [meter["first"], meter["last"]]
        assert found[-1][1] - found[0][1] == meter["total"]
        within = {stamp * 1000: counter for stamp, counter, _, _ in found}
        whole = [h for h in meter["hours"] if h["complete"]]
        assert whole
        for hour in whole:
            assert within[hour["end_ms"]] - within[hour["start_ms"]] == hour["amount"]
    client.close()
    process.child.terminate()
    assert process.child.wait(DEADLINE_S) == 0
    assert "Traceback" not in process.log.read_text()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"--plant": "nowhere"},
            "key 'plant': value 'nowhere' is wrong; allowed: harbin, jiamusi, qiqihar or the path of a .toml file",
        ),
        (
            {"--plant": "/no/such.toml"},
            "/no/such.toml: key '': value '/no/such.toml' is wrong; allowed: a readable file",
        ),
        ({"--end": "2026-11-22T00:00:00Z"}, "--end is not after --epoch; allowed: a later time"),
        (
            {"--recordings": "/no/such/folder"},
            "/no/such/folder: no recordings; expected CWRU records as .npz",
        ),
        ({"--out": "/no/such/folder/truth.json"}, "/no/such/folder/truth.json"),
    ],
)
def test_wrong_arguments_are_refused_with_one_clear_line(
    change: dict[str, str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {
        "--plant": "harbin",
        "--seed": "1",
        "--epoch": "2026-11-22T00:00:00Z",
        "--end": "2026-11-22T00:10:00Z",
        "--out": str(tmp_path / "truth.json"),
    }
    arguments = [part for pair in {**options, **change}.items() for part in pair]
    assert main(["truth", *arguments]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("chejian-simulate: ")
    assert message in error


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--epoch", "2026-11-22T00:00:00", "expected ISO 8601 with zone, such as 2026-11-23T00:00:00Z"),
        ("--epoch", "yesterday", "expected ISO 8601 with zone"),
        ("--seed", "-1", "expected a whole number of at least 0"),
        ("--http", "8080", "expected HOST:PORT, such as 127.0.0.1:0"),
        ("--opcua", "http://127.0.0.1", "expected opc.tcp://HOST:PORT/chejian"),
    ],
)
def test_malformed_arguments_say_what_is_expected(
    option: str, value: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["run", option, value])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_what_would_fail_later_is_refused_at_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    given = [
        "run",
        "--plant",
        "harbin",
        "--seed",
        "1",
        "--opcua",
        "opc.tcp://127.0.0.1:0/x",
        "--truth",
        str(tmp_path / "t"),
    ]
    assert main([*given, "--epoch", "2999-01-01T00:00:00Z"]) == 2
    assert "in the future; allowed: a time past" in capsys.readouterr().err
    past = ["--epoch", "2026-11-22T00:00:00Z"]
    assert main([*given, *past, "--truth", "/no/such/folder/t"]) == 2
    assert "--truth /no/such/folder/t: the folder /no/such/folder does not exist" in capsys.readouterr().err
    assert main([*given, *past, "--username", "edge"]) == 2
    assert (
        f"--username needs a password in the environment variable {PASSWORD_VARIABLE}"
        in capsys.readouterr().err
    )


def test_an_address_in_use_is_refused_with_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    epoch = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        url = f"opc.tcp://127.0.0.1:{taken.getsockname()[1]}/chejian"
        given = ["run", "--plant", "harbin", "--seed", "1", "--epoch", epoch, "--truth", str(tmp_path / "t")]
        assert main([*given, "--opcua", url]) == 2
    error = capsys.readouterr().err
    assert "address already in use" in error.splitlines()[-1]
    assert "Traceback" not in error
