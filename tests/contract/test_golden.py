"""Golden payloads: `tests/golden/sparkplug/<name>.bin`, each described by the `<name>.toml` beside it.

The bytes were written field by field from the wire format of protocol buffers, not by the code under test.
"""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from chejian_contract.ledger import (
    METRIC_LOST,
    METRIC_PRODUCED,
    METRIC_STORED,
    Ack,
    parse_produced,
    parse_ranges,
)
from chejian_contract.samples import Quality
from chejian_contract.sparkplug.datatypes import CODE_OF_NAME
from chejian_contract.sparkplug.payload import (
    add_metric,
    get_properties,
    get_quality,
    get_value,
    parse_payload,
)
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_contract.sparkplug.topics import Topic

FOLDER = Path(__file__).parents[1] / "golden" / "sparkplug"
NAMES = sorted(file.stem for file in FOLDER.glob("*.bin"))


def described(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def test_every_payload_has_its_description() -> None:
    assert len(NAMES) >= 6
    assert sorted(file.stem for file in FOLDER.glob("*.toml")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_golden_bytes_are_read_as_described(name: str) -> None:
    case = described(name)
    payload = parse_payload((FOLDER / f"{name}.bin").read_bytes())
    assert str(Topic.parse(case["topic"])) == case["topic"]
    assert payload.timestamp == case["timestamp"]
    assert payload.HasField("seq") == ("seq" in case)
    assert payload.seq == case.get("seq", 0)
    assert len(payload.metrics) == len(case["metric"])
    for metric, wanted in zip(payload.metrics, case["metric"], strict=True):
        code = CODE_OF_NAME[wanted["type"]]
        assert get_value(metric, code) == wanted.get("value")
        assert (metric.name, metric.alias) == (wanted.get("name", ""), wanted.get("alias", 0))
        assert metric.datatype == (int(code) if "name" in wanted else 0)
        assert (metric.timestamp, metric.is_historical) == (
            wanted["timestamp"],
            wanted.get("historical", False),
        )
        assert get_quality(metric) is Quality(wanted.get("quality", Quality.GOOD))
        assert {k: v for k, v in get_properties(metric).items() if k != "Quality"} == wanted.get(
            "properties", {}
        )


@pytest.mark.parametrize("name", NAMES)
def test_what_we_write_is_the_golden_message(name: str) -> None:
    case = described(name)
    payload = Payload(timestamp=case["timestamp"])
    if "seq" in case:
        payload.seq = case["seq"]
    for wanted in case["metric"]:
        add_metric(
            payload,
            CODE_OF_NAME[wanted["type"]],
            wanted.get("value"),
            time_ms=wanted["timestamp"],
            name=wanted.get("name", ""),
            alias=wanted.get("alias"),
            quality=Quality(wanted.get("quality", Quality.GOOD)),
            historical=wanted.get("historical", False),
            properties=wanted.get("properties"),
        )
    golden = (FOLDER / f"{name}.bin").read_bytes()
    assert payload == Payload.FromString(golden)
    assert sorted(payload.SerializeToString()) == sorted(golden), "same fields; their order is free"


def test_the_ledger_words_in_the_golden_payloads_are_legal() -> None:
    texts = {
        m["name"]: m["value"]
        for name in ("nbirth_ledger_node", "ncmd_ledger_stored")
        for m in described(name)["metric"]
        if m.get("value")
    }
    assert parse_produced(texts[METRIC_PRODUCED]) == (120, 4711)
    assert parse_ranges(texts[METRIC_LOST]) == [(3, 5), (9, 9)]
    assert Ack.parse(texts[METRIC_STORED]) == Ack(2**63 - 1, 118, ((120, 121),))
