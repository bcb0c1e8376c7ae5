import pytest
from chejian_contract.errors import IdentifierError, PayloadError
from chejian_contract.sparkplug.topics import MessageType, Topic, device_topic, node_topic, state_topic
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.strategies import codes


@given(kind=st.sampled_from(MessageType), group=codes, node=codes, device=codes)
def test_a_topic_survives_its_text(kind: MessageType, group: str, node: str, device: str) -> None:
    topic = device_topic(group, kind, node, device) if kind.of_device else node_topic(group, kind, node)
    assert Topic.parse(str(topic)) == topic
    assert str(topic).count("/") == 3 + kind.of_device


def test_topics_read_as_the_specification_prints_them() -> None:
    assert str(node_topic("hlj-demo", MessageType.NBIRTH, "HRB-W1")) == "spBv1.0/hlj-demo/NBIRTH/HRB-W1"
    ddata = device_topic("hlj-demo", MessageType.DDATA, "HRB-W1", "CNC-01")
    assert str(ddata) == "spBv1.0/hlj-demo/DDATA/HRB-W1/CNC-01"
    assert state_topic("chejian") == "spBv1.0/STATE/chejian"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "must be spBv1.0"),
        ("spBv1.0/STATE/chejian", "must be spBv1.0"),
        ("spAv1.0/g/NBIRTH/n", "must be spBv1.0"),
        ("spBv1.0/g/NBIRTH/n/d/x", "must be spBv1.0"),
        ("spBv1.0/g/XBIRTH/n", "'XBIRTH' is no Sparkplug message type"),
        ("spBv1.0//NBIRTH/n", "no level may be empty"),
        ("spBv1.0/g/DDATA/n/", "no level may be empty"),
        ("spBv1.0/g/DDATA/n", "DDATA needs device level"),
        ("spBv1.0/g/NDATA/n/d", "NDATA has no device level"),
    ],
)
def test_a_wrong_topic_is_named_with_its_rule(text: str, rule: str) -> None:
    with pytest.raises(PayloadError) as error:
        Topic.parse(text)
    assert rule in str(error.value)
    assert repr(text) in str(error.value)


def test_codes_are_checked_before_they_become_topics() -> None:
    with pytest.raises(IdentifierError, match="device code 'a/b'"):
        device_topic("g", MessageType.DDATA, "n", "a/b")
    with pytest.raises(IdentifierError, match=r"edge node code '\+'"):
        node_topic("g", MessageType.NCMD, "+")
    with pytest.raises(IdentifierError, match="host code '#'"):
        state_topic("#")
