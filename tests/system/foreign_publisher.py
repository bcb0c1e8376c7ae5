"""A Sparkplug edge node that knows nothing of Chejian: paho, protobuf, and the public specification.

Publishes one birth and one data message, answers nothing, and leaves:
`python foreign_publisher.py HOST PORT`. The only thing borrowed is the generated protobuf class.
"""

import sys
import threading
import time

import paho.mqtt.client as mqtt
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from paho.mqtt.enums import CallbackAPIVersion

INT64, DOUBLE, BOOLEAN, STRING = 4, 10, 11, 12
GROUP, NODE, DEVICE = "other-vendor", "gateway-7", "press-1"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def metric(payload: Payload, name: str, datatype: int) -> Payload.Metric:
    return payload.metrics.add(name=name, datatype=datatype, timestamp=now_ms())


def topic(kind: str, device: str = "") -> str:
    return f"spBv1.0/{GROUP}/{kind}/{NODE}" + (f"/{device}" if device else "")


def main() -> None:
    host, port = sys.argv[1], int(sys.argv[2])
    death = Payload(timestamp=now_ms())
    metric(death, "bdSeq", INT64).long_value = 0
    connected = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_connect = lambda *_: connected.set()
    client.will_set(topic("NDEATH"), death.SerializeToString(), qos=1)
    client.connect(host, port)
    client.loop_start()
    if not connected.wait(10):
        sys.exit("no connection")
    node = Payload(timestamp=now_ms(), seq=0)
    metric(node, "bdSeq", INT64).long_value = 0
    metric(node, "Node Control/Rebirth", BOOLEAN).boolean_value = False
    born = Payload(timestamp=now_ms(), seq=1)
    force = metric(born, "冲压力", DOUBLE)
    force.alias, force.double_value = 3, 410.5
    metric(born, "Recipe", STRING).string_value = "K-12"
    data = Payload(timestamp=now_ms(), seq=2)
    data.metrics.add(alias=3, timestamp=now_ms() + 5, double_value=412.25)
    for name, payload in (
        (topic("NBIRTH"), node),
        (topic("DBIRTH", DEVICE), born),
        (topic("DDATA", DEVICE), data),
    ):
        client.publish(name, payload.SerializeToString()).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main()
