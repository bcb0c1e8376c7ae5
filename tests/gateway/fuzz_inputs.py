"""Malformed messages from a seed: wild metrics, broken bytes, impossible topics."""

import random
import struct
from collections.abc import Callable

from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload

from tests.gateway.fake_edge import now_ms

FUZZ_ID = 0x2AAAAAAAAAAAAAAA
"""Identity of the buffer that the inputs claim to be of; no bit flip turns it into `GOOD_ID`."""
GOOD_ID = 0x1555555555555555
KINDS = ("NBIRTH", "DBIRTH", "DDATA", "NDATA", "NDEATH", "DDEATH")
WEIGHTS = (1, 2, 50, 8, 0.5, 0.5)
NAMES = ("x", "y", "word", "wave", "Ledger/Id", "Ledger/Batch", "Ledger/Produced", "Ledger/Lost", "Ledger/", "bdSeq", "",
         "Node Control/Rebirth", "Equipment/Type", "Properties/ContractVersion", "温度", "nul\0name", "n" * 3000)  # fmt: skip
NUMBERS = (0, 1, 2, 3, 5, 127, 128, 255, 256, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53, 2**62 - 1, 2**62, 2**63 - 1, 2**63,
           2**64 - 2, 2**64 - 1, FUZZ_ID, GOOD_ID ^ 3)  # fmt: skip
TEXTS = ("", "1,1", "5,9", "-1,2", "3-1", "1-5", "1-9223372036854775807", "1-99999999999999999999", "a", "1,2,3", "批", "\0",
         "x" * 5000)  # fmt: skip
FLOATS = (0.0, -0.0, 1.5, float("nan"), float("inf"), float("-inf"), 5e-324, 1.7e308)
LEVELS = (
    "",
    "+",
    "#",
    " ",
    "a/b",
    "组",
    "n" * 300,
    "\0",
    "STATE",
    "..",
    "%s",
    "'; DROP TABLE telemetry.node; --",
    "\u202e",
    "\ufeff",
)


class Inputs:
    """An endless sequence of (topic, payload), the same for the same seed."""

    def __init__(self, seed: int, group: str = "fuzz") -> None:
        self.rng = random.Random(seed)
        self.group = group
        self._makers: tuple[Callable[[], tuple[str, bytes]], ...] = (
            self._noise,
            self._strange_topic,
            self._wild,
            self._broken,
            self._birth_again,
        )

    def one(self) -> tuple[str, bytes]:
        """The next input."""
        return self.rng.choices(self._makers, (2, 2, 8, 8, 1))[0]()

    def _noise(self) -> tuple[str, bytes]:
        return self._topic(self._kind()), self.rng.randbytes(self._size(200))

    def _strange_topic(self) -> tuple[str, bytes]:
        rng = self.rng
        levels = [
            "spBv1.0",
            self.group,
            rng.choice((*KINDS, "NCMD", "DCMD", "STATE", "FOO", "nbirth")),
            "L1",
            "M1",
        ]
        for _ in range(rng.randint(0, 2)):
            levels[rng.randrange(5)] = rng.choice(LEVELS)
        topic = "/".join(levels[: rng.randint(1, 5)])
        odd = rng.random()
        if odd < 0.05:
            topic = "/".join((*levels[:3], "N" * rng.choice((900, 1100, 60_000))))
        elif odd < 0.2:
            topic = rng.choice(
                ("spAv1.0/g/NBIRTH/n", "", "/", "$SYS/broker", "spBv1.0", "STATE/x", "spBv1.0/STATE/other")
            )
        return topic, self.payload()

    def _wild(self) -> tuple[str, bytes]:
        return self._topic(self._kind()), self.payload()

    def _broken(self) -> tuple[str, bytes]:
        topic, data = self._wild()
        return topic, self.mutated(data)

    def _birth_again(self) -> tuple[str, bytes]:
        """Sound births, so that the other inputs meet a node that is known."""
        node = self.rng.choice(("L1", "L2", "F1"))
        return self.births(node)[self.rng.randint(0, 1)]

    def births(self, node: str) -> list[tuple[str, bytes]]:
        """NBIRTH and DBIRTH of a node; names that begin with L have a ledger."""
        first, device = Payload(timestamp=now_ms(), seq=0), Payload(timestamp=now_ms(), seq=1)
        first.metrics.add(name="bdSeq", datatype=4, long_value=0, timestamp=now_ms())
        if node.startswith("L"):
            first.metrics.add(name="Ledger/Id", datatype=4, long_value=FUZZ_ID, timestamp=now_ms())
            first.metrics.add(name="Ledger/Produced", datatype=12, string_value="0,0", timestamp=now_ms())
            device.metrics.add(name="Ledger/Id", datatype=4, long_value=FUZZ_ID, timestamp=now_ms())
            device.metrics.add(name="Ledger/Batch", datatype=4, long_value=0, timestamp=now_ms())
        for alias, (name, code) in enumerate(
            (("x", 10), ("y", 4), ("word", 12), ("wave", 30), ("short", 2), ("b", 11)), 1
        ):
            device.metrics.add(name=name, alias=alias, datatype=code, is_null=True, timestamp=now_ms())
        at = f"spBv1.0/{self.group}"
        return [
            (f"{at}/NBIRTH/{node}", first.SerializeToString()),
            (f"{at}/DBIRTH/{node}/M1", device.SerializeToString()),
        ]

    def _kind(self) -> str:
        return self.rng.choices(KINDS, WEIGHTS)[0]

    def _topic(self, kind: str) -> str:
        node = self.rng.choices(
            ("L1", "L2", "F1", "F2", "U" + str(self.rng.randint(0, 50))), (8, 2, 4, 2, 1)
        )[0]
        device = f"/{self.rng.choice(('M1', 'M1', 'M1', 'M2'))}" if kind[0] == "D" else ""
        return f"spBv1.0/{self.group}/{kind}/{node}{device}"

    def _size(self, usual: int) -> int:
        return self.rng.choices((self.rng.randint(0, usual), 70_000, 300_000), (998, 1.5, 0.5))[0]

    def payload(self) -> bytes:
        """A protobuf that can be parsed, with metrics that no edge would send, and some that one would."""
        rng, payload = self.rng, Payload()
        if rng.random() < 0.9:
            payload.timestamp = self._time()
        if rng.random() < 0.9:
            payload.seq = rng.choice((*range(6), 255, 256, 2**63))
        if rng.random() < 0.9:
            payload.metrics.add(
                name="Ledger/Id", long_value=FUZZ_ID if rng.random() < 0.8 else rng.choice(NUMBERS)
            )
        if rng.random() < 0.9:
            number = rng.randint(1, 3_000) if rng.random() < 0.8 else rng.choice(NUMBERS)
            payload.metrics.add(name="Ledger/Batch", long_value=number)
        for _ in range(rng.choices((1, 2, 3, 8, 400), (6, 3, 3, 3, 0.02))[0]):
            self._metric(payload)
        if rng.random() < 0.02:
            payload.uuid = "u" * rng.randint(0, 99)
        if rng.random() < 0.02:
            payload.body = rng.randbytes(self._size(99))
        return payload.SerializeToString()

    def _metric(self, payload: Payload) -> None:
        rng = self.rng
        metric = payload.metrics.add()
        if rng.random() < 0.25:
            metric.name = rng.choice(NAMES)
        if rng.random() < 0.85:
            metric.alias = rng.randint(1, 6) if rng.random() < 0.9 else rng.choice(NUMBERS)
        if rng.random() < 0.95:
            metric.timestamp = self._time()
        if rng.random() < 0.2:
            metric.datatype = rng.choice((*range(36), 99, 2**32 - 1))
        metric.is_null = rng.random() < 0.1
        metric.is_historical = rng.random() < 0.1
        if rng.random() < 0.1:
            metric.properties.keys.append(rng.choice(("Quality", "Quality", "engUnit", "SampleRate", "")))
            value = metric.properties.values.add(type=rng.choice((3, 4, 12, 99)))
            rng.choice((self._quality, self._string, self._nested))(value)
        if rng.random() < 0.03:
            metric.metadata.description = "d" * rng.randint(0, 50)
        self._value(metric)

    def _quality(self, value: Payload.PropertyValue) -> None:
        value.int_value = self.rng.choice((0, 64, 192, 500, 7, 2**32 - 1))

    def _string(self, value: Payload.PropertyValue) -> None:
        value.string_value = self.rng.choice(TEXTS)

    def _nested(self, value: Payload.PropertyValue) -> None:
        """Sets in sets, some deeper than protobuf reads."""
        for _ in range(self.rng.choice((1, 2, 60))):
            value.propertyset_value.keys.append("k")
            value = value.propertyset_value.values.add()

    def _value(self, metric: Payload.Metric) -> None:
        rng = self.rng
        kind = rng.randrange(12)
        if kind <= 3:
            metric.double_value = rng.choice(FLOATS) if kind else rng.random()
        elif kind == 4:
            metric.float_value = struct.unpack("<f", rng.randbytes(4))[0]
        elif kind == 5:
            metric.long_value = rng.choice(NUMBERS)
        elif kind == 6:
            metric.int_value = rng.choice(NUMBERS) & 0xFFFFFFFF
        elif kind == 7:
            metric.boolean_value = rng.random() < 0.5
        elif kind == 8:
            metric.string_value = rng.choice(TEXTS)
        elif kind == 9:
            metric.bytes_value = rng.randbytes(self._size(40))
        elif kind == 10:
            metric.dataset_value.num_of_columns = rng.choice((0, 3, 2**64 - 1))
            metric.dataset_value.columns.append("c")
            metric.dataset_value.rows.add().elements.add(int_value=1)
        else:
            template = metric.template_value
            for _ in range(rng.choice((1, 3, 45))):
                template.is_definition = rng.random() < 0.5
                template = template.metrics.add(name="t").template_value

    def _time(self) -> int:
        near = now_ms() - self.rng.randint(0, 3_600_000)
        far = self.rng.choice((0, 1, 2**63, 2**64 - 1, 4 * 10**12, 10**12, 2**53))
        return near if self.rng.random() < 0.93 else far

    def mutated(self, data: bytes) -> bytes:
        """The same bytes after one to three accidents."""
        out = bytearray(data)
        for _ in range(self.rng.randint(1, 3)):
            self.rng.choice(
                (self._flip, self._cut, self._insert, self._repeat, self._huge_varint, self._swap)
            )(out)
        return bytes(out)

    def _at(self, out: bytearray) -> int:
        return self.rng.randint(0, max(len(out) - 1, 0))

    def _flip(self, out: bytearray) -> None:
        for _ in range(self.rng.randint(1, 4) if out else 0):
            out[self._at(out)] ^= 1 << self.rng.randrange(8)

    def _cut(self, out: bytearray) -> None:
        at = self._at(out)
        del out[at : at + self.rng.choice((1, 2, 5, 10**6))]

    def _insert(self, out: bytearray) -> None:
        at = self._at(out)
        out[at:at] = self.rng.randbytes(self.rng.randint(1, 6))

    def _repeat(self, out: bytearray) -> None:
        at = self._at(out)
        piece = bytes(out[at : at + self.rng.randint(1, 60)])
        out[at:at] = piece * self.rng.choice((1, 2, 50))

    def _huge_varint(self, out: bytearray) -> None:
        at = self._at(out)
        out[at : at + 1] = b"\xff" * self.rng.randint(1, 11) + bytes([self.rng.choice((0, 1, 2, 0x7F))])

    def _swap(self, out: bytearray) -> None:
        """Wrong wire types and lengths: one byte becomes another likely one."""
        if out:
            out[self._at(out)] = self.rng.choice((0, 8, 10, 18, 0x7F, 0x80, 0xFF, 0x69, 0x65, 0x4A, 0x52))
