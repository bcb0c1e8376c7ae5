"""Forged acknowledgements arrive as an edge would read them, or as something that it must refuse."""

import secrets
import threading

import paho.mqtt.client as mqtt
import pytest
from chejian_contract.errors import PayloadError
from chejian_contract.ledger import Ack
from chejian_edge.commands import parse_command
from paho.mqtt.enums import CallbackAPIVersion

from tests.faults.broker import address_of
from tests.faults.forgery import Forger
from tests.faults.waiting import until


def test_what_a_forger_says_is_heard(mqtt_url: str) -> None:
    group, heard, ready = f"g{secrets.token_hex(4)}", list[bytes](), threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
    client.on_message = lambda _c, _d, message: heard.append(bytes(message.payload))
    client.on_subscribe = lambda *_: ready.set()
    client.connect(*address_of(mqtt_url))
    client.subscribe(f"spBv1.0/{group}/NCMD/N1", qos=1)
    client.loop_start()
    assert ready.wait(10)
    with Forger(mqtt_url, group, "N1") as forger:
        forger.too_much(7, 50)
        forger.too_early(7, 50)
        forger.wrong_identity()
        until(lambda: len(heard) == 3, 10, "three acknowledgements")
        acks = [parse_command(data).ack for data in heard]
        assert acks[:2] == [Ack(7, 1050), Ack(7, 50)]
        assert acks[2] is not None
        assert acks[2].ledger_id != 7
        heard.clear()
        forger.garbage()
        until(lambda: len(heard) == 8, 10, "eight pieces of garbage")
    client.disconnect()
    client.loop_stop()
    for data in heard:
        with pytest.raises(PayloadError):
            parse_command(data)
