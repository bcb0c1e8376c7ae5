"""Operation modes: mapped like states, so that the time model sees one set of numbers whatever the machine says."""

from pathlib import Path

import pytest
from chejian_contract.signals import Role
from chejian_contract.states import OperationMode
from chejian_edge.plan import load_plan
from chejian_edge.transform import Refused, Transform

CONFIG = """
[node]
group = "hlj"
name = "W1"
[[source]]
name = "plant"
driver = "opcua"
url = "opc.tcp://127.0.0.1:4840"
[[equipment]]
code = "CNC-01"
type = "cnc_machining_centre"
source = "plant"
[[equipment.signal]]
name = "State/OperationMode"
address = "nsu=urn:x;s=Mode"
"""


def transform(tmp_path: Path, mode_map: str) -> Transform:
    path = tmp_path / "edge.toml"
    path.write_text(CONFIG + mode_map, "utf-8")
    (plan,) = load_plan(path).signals
    assert plan.definition.role is Role.OPERATION_MODE
    assert plan.definition.data_type == "Int32"
    return plan.transform


@pytest.mark.parametrize(
    ("mode_map", "raw", "mode"),
    [
        ('mode_map = "packml"', 1, OperationMode.PRODUCTION),
        ('mode_map = "packml"', 2, OperationMode.MAINTENANCE),
        ('mode_map = "packml"', 3, OperationMode.SETUP),
        ('mode_map = "mtconnect_functional_mode"', 0, OperationMode.MAINTENANCE),
        ('mode_map = "machine_tool_operation_mode"', 3, OperationMode.PRODUCTION),
        ('mode_map = { "7" = "SETUP", "8" = "PRODUCTION" }', 7, OperationMode.SETUP),
        ("", 3, OperationMode.MAINTENANCE),
    ],
)
def test_a_native_mode_becomes_ours(tmp_path: Path, mode_map: str, raw: int, mode: OperationMode) -> None:
    assert transform(tmp_path, mode_map)(raw) == int(mode)


@pytest.mark.parametrize(("mode_map", "raw"), [('mode_map = "packml"', 0), ("", 4), ("", 0)])
def test_a_mode_that_says_nothing_is_refused_with_a_reason(tmp_path: Path, mode_map: str, raw: int) -> None:
    with pytest.raises(Refused, match="unknown_state"):
        transform(tmp_path, mode_map)(raw)
