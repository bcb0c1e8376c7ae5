import pytest
from chejian_contract.states import (
    MACHINERY_ITEM_STATE,
    MODE_MAPS,
    MTCONNECT_EXECUTION,
    PACKML_STATES,
    STATE_CATEGORY,
    STATE_MAPS,
    STATE_UNDER_MODE,
    MachineState,
    OperationMode,
    TimeCategory,
)


def test_the_numbers_that_are_stored_never_change() -> None:
    assert {s.name: int(s) for s in MachineState} == {
        "PRODUCING": 1,
        "SETUP": 2,
        "FAULT": 3,
        "STOPPED": 4,
        "STARVED": 5,
        "BLOCKED": 6,
        "IDLE": 7,
        "MAINTENANCE": 8,
        "OFF": 9,
    }


def test_no_data_is_no_state() -> None:
    assert 0 not in set(MachineState)
    assert TimeCategory.NO_DATA not in STATE_CATEGORY.values()


def test_every_state_has_a_category_of_planned_busy_time() -> None:
    assert set(STATE_CATEGORY) == set(MachineState)
    busy = {TimeCategory.PRODUCTION, TimeCategory.SETUP, TimeCategory.DELAY, TimeCategory.DOWN}
    assert set(STATE_CATEGORY.values()) == busy
    only = [s for s, c in STATE_CATEGORY.items() if c is TimeCategory.PRODUCTION]
    assert only == [MachineState.PRODUCING], "nothing else adds value"


def test_the_maps_cover_the_native_numbers() -> None:
    assert set(PACKML_STATES) == set(range(1, 18)), "OPC 30050"
    assert set(MACHINERY_ITEM_STATE) == set(range(4)), "OPC 40001-1"
    assert set(MTCONNECT_EXECUTION) == set(range(8)), "OPC 30070"
    assert STATE_MAPS["chejian"] == {int(s): s for s in MachineState}


@pytest.mark.parametrize(
    ("name", "native", "state"),
    [
        ("packml", 6, MachineState.PRODUCING),
        ("packml", 4, MachineState.IDLE),
        ("packml", 9, MachineState.FAULT),
        ("packml", 11, MachineState.STOPPED),
        ("packml", 5, MachineState.STARVED),
        ("mtconnect_execution", 0, MachineState.PRODUCING),
        ("machinery_item_state", 1, MachineState.FAULT),
        ("running_bit", 1, MachineState.PRODUCING),
        ("running_bit", 0, MachineState.STOPPED),
    ],
)
def test_native_codes(name: str, native: int, state: MachineState) -> None:
    assert STATE_MAPS[name][native] is state


def test_modes_cover_the_native_numbers_that_say_something() -> None:
    assert {m.name: int(m) for m in OperationMode} == {"PRODUCTION": 1, "SETUP": 2, "MAINTENANCE": 3}
    assert set(MODE_MAPS["packml"]) == {1, 2, 3}, "OPC 30050; 0 is Invalid"
    assert set(MODE_MAPS["mtconnect_functional_mode"]) == set(range(5)), "OPC 30070"
    assert set(MODE_MAPS["machinery_operation_mode"]) == {1, 2, 3}, "OPC 40001-1; 0 is None"
    assert set(MODE_MAPS["machine_tool_operation_mode"]) == set(range(5)), "OPC 40501-1; 5 is Other"
    assert set(STATE_MAPS["machine_tool_channel"]) == {0, 1, 2}, "OPC 40501-1"


@pytest.mark.parametrize(
    ("name", "native", "mode"),
    [
        ("packml", 3, OperationMode.SETUP),
        ("mtconnect_functional_mode", 0, OperationMode.MAINTENANCE),
        ("machinery_operation_mode", 3, OperationMode.PRODUCTION),
        ("machine_tool_operation_mode", 4, OperationMode.MAINTENANCE),
    ],
)
def test_native_modes(name: str, native: int, mode: OperationMode) -> None:
    assert MODE_MAPS[name][native] is mode


def test_a_mode_never_makes_production_or_power() -> None:
    assert set(STATE_UNDER_MODE) == set(OperationMode)
    for changes in STATE_UNDER_MODE.values():
        assert MachineState.PRODUCING not in changes.values()
        assert MachineState.OFF not in changes
    assert MachineState.FAULT not in STATE_UNDER_MODE[OperationMode.SETUP], (
        "OutOfService is a delay in mode Setup"
    )
