"""`chejian-simulate run --fleet` against a real broker and a host that acknowledges what it has."""

import asyncio
import json
import sys
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlsplit

import aiomqtt
import pytest
from chejian_contract.ledger import METRIC_BDSEQ, METRIC_ID, METRIC_PRODUCED, METRIC_STORED, Ack
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import add_metric, parse_payload
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_contract.sparkplug.topics import MessageType, Topic, node_topic
from chejian_simulators.cli import main

GROUP = "fleet-test"
WORKSHOPS = 3


class Host:
    """Stores batch numbers and samples by node, and answers every message but the first ones with an acknowledgement."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.batches: dict[str, set[int]] = defaultdict(set)
        self.samples: dict[tuple[str, int, int], float] = {}
        self.account: dict[str, str] = {}
        self.ended: dict[str, int] = {}
        self.all_ended = asyncio.Event()
        self.deaf = 5
        self._client = client

    async def serve(self) -> None:
        async for message in self._client.messages:
            topic = Topic.parse(str(message.topic))
            metrics = list(parse_payload(bytes(message.payload)).metrics)
            ids = [m.long_value for m in metrics if m.name == METRIC_ID]
            if topic.type is MessageType.NDEATH:
                self.ended[topic.node] = metrics[0].long_value
                assert (metrics[0].name, topic.node in self.account) == (METRIC_BDSEQ, True)
                if len(self.ended) == WORKSHOPS:
                    self.all_ended.set()
            for metric in metrics:
                if metric.name == METRIC_PRODUCED:
                    self.account[topic.node] = metric.string_value
            if topic.type is MessageType.DDATA:
                if self.deaf:
                    self.deaf -= 1
                    continue
                self.batches[topic.node].add(metrics[1].long_value)
                for metric in metrics[2:]:
                    key = (topic.node, metric.alias, metric.timestamp)
                    assert self.samples.setdefault(key, metric.double_value) == metric.double_value
            if ids and topic.type in (MessageType.DDATA, MessageType.NBIRTH, MessageType.NDATA):
                await self._acknowledge(topic.node, ids[0])

    async def _acknowledge(self, node: str, ledger_id: int) -> None:
        payload = Payload(timestamp=1)
        text = str(Ack.of(ledger_id, [(n, n) for n in self.batches[node]]))
        add_metric(payload, Code.STRING, text, time_ms=1, name=METRIC_STORED)
        await self._client.publish(
            str(node_topic(GROUP, MessageType.NCMD, node)), payload.SerializeToString()
        )


async def test_a_fleet_delivers_everything_once_and_its_account_is_exact(
    mqtt_url: str, tmp_path: Path
) -> None:
    parts = urlsplit(mqtt_url)
    account = tmp_path / "account.json"
    async with aiomqtt.Client(parts.hostname or "", parts.port or 1883) as client:
        for kind in ("NBIRTH/+", "NDATA/+", "NDEATH/+", "DDATA/+/+"):
            await client.subscribe(f"spBv1.0/{GROUP}/{kind}")
        host = Host(client)
        serving = asyncio.create_task(host.serve())
        command = ["run", "--fleet", str(WORKSHOPS), "--mqtt", mqtt_url, "--devices", "2", "--signals", "20"]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "chejian_simulators.cli", *command),
            *("--seconds", "3", "--seed", "4", "--group", GROUP, "--account", str(account)),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await asyncio.wait_for(process.communicate(), 50)
        await asyncio.wait_for(host.all_ended.wait(), 10)
        serving.cancel()
    assert process.returncode == 0
    told = json.loads(account.read_text("utf-8"))
    assert told["produced_samples"] == told["acknowledged_samples"] == 3 * 3 * 20
    assert (told["in_flight_batches"], len(told["nodes"])) == (0, 3)
    assert told["resent_batches"] >= 5, "the host was deaf at first"
    for node in told["nodes"]:
        assert host.batches[node["node"]] == set(range(1, 3 * 2 + 1))
        assert node["produced_batches"] == node["acknowledged_batches"] == 6
    assert len(host.samples) == 3 * 3 * 20
    assert host.account == dict.fromkeys(host.batches, "6,60"), "the last account tells of all"
    assert host.ended == dict.fromkeys(host.batches, 0), "each says its death itself, under its first bdSeq"
    last = out.decode().splitlines()[-1]
    assert last.startswith("produced 180 = acknowledged 180 + in flight 0 samples; sent ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--fleet", "2"], "run --fleet needs --mqtt"),
        (["--fleet", "0"], "'0': expected a whole number of at least 1"),
        (["--fleet", "2", "--mqtt", "127.0.0.1"], "expected mqtt://HOST:PORT or mqtts://HOST:PORT"),
        (
            ["--fleet", "2", "--mqtt", "mqtt://127.0.0.1", "--plant", "harbin"],
            "--plant does not belong to run --fleet",
        ),
        (
            ["--fleet", "2", "--mqtt", "mqtt://127.0.0.1", "--signals", "7"],
            "--signals 7 is no multiple of --devices 5",
        ),
        (["--plant", "harbin"], "run of a plant needs --seed"),
        (["--mqtt", "mqtt://127.0.0.1"], "run of a plant needs --plant"),
    ],
)
def test_arguments_that_do_not_belong_together_are_refused(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["run", *options])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err
