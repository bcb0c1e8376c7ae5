"""Machine states, operation modes, ISO 22400-2 time categories, and the maps from native codes.

One state set and one mode set for all protocols. The edge maps a native code once; everything behind it sees
`MachineState` and `OperationMode` numbers. "No data" is deliberately no member: it is the absence of a sample, a category
of its own and never a state.
"""

from collections.abc import Mapping
from enum import IntEnum, StrEnum


class MachineState(IntEnum):
    """State of a work unit; the number is what travels and is stored."""

    PRODUCING = 1
    """Value-adding run."""
    SETUP = 2
    """Preparing an order at the unit, changeover, tool change with the order open."""
    FAULT = 3
    """Stopped by a malfunction of its own."""
    STOPPED = 4
    """Stopped without a malfunction while an order is in work (held, operator stop)."""
    STARVED = 5
    """Waits for material (external cause, upstream)."""
    BLOCKED = 6
    """Waits for room (external cause, downstream)."""
    IDLE = 7
    """Available, no order."""
    MAINTENANCE = 8
    """Maintenance or service."""
    OFF = 9
    """Switched off."""


class OperationMode(IntEnum):
    """What a work unit is meant to do, apart from its state; the number is what travels and is stored."""

    PRODUCTION = 1
    """Executes orders."""
    SETUP = 2
    """Is prepared for an order: set-up, teardown, manual mode."""
    MAINTENANCE = 3
    """Is maintained or serviced."""


class TimeCategory(StrEnum):
    """Where a second of the calendar goes (ISO 22400-2:2014 time elements; our split of ADET)."""

    PRODUCTION = "APT"
    SETUP = "AUST"
    DELAY = "ADET"
    DOWN = "ADOT"
    PLANNED_DOWN = "PDT"
    NOT_SCHEDULED = "NOT_SCHEDULED"
    NO_DATA = "NO_DATA"


STATE_UNDER_MODE: Mapping[OperationMode, Mapping[MachineState, MachineState]] = {
    OperationMode.PRODUCTION: {},
    OperationMode.SETUP: {
        MachineState.PRODUCING: MachineState.SETUP,
        MachineState.STOPPED: MachineState.SETUP,
        MachineState.IDLE: MachineState.SETUP,
        MachineState.STARVED: MachineState.SETUP,
        MachineState.BLOCKED: MachineState.SETUP,
    },
    OperationMode.MAINTENANCE: {
        MachineState.PRODUCING: MachineState.MAINTENANCE,
        MachineState.SETUP: MachineState.MAINTENANCE,
        MachineState.FAULT: MachineState.MAINTENANCE,
        MachineState.STOPPED: MachineState.MAINTENANCE,
        MachineState.STARVED: MachineState.MAINTENANCE,
        MachineState.BLOCKED: MachineState.MAINTENANCE,
        MachineState.IDLE: MachineState.MAINTENANCE,
    },
}
"""State that counts while a mode holds; what is not listed stays. OPC 40501-1 C.2.3: Executing in mode Setup is AUST,
OutOfService is ADET in every mode but Maintenance (so FAULT stays under SETUP); off is off. Between OPC 40001-1 C.2 and
ISA-TR88.00.02 mode 3 (Manual) the choice for SETUP is ours, no standard fixes it."""

STATE_CATEGORY: Mapping[MachineState, TimeCategory] = {
    MachineState.PRODUCING: TimeCategory.PRODUCTION,
    MachineState.SETUP: TimeCategory.SETUP,
    MachineState.FAULT: TimeCategory.DELAY,
    MachineState.STOPPED: TimeCategory.DELAY,
    MachineState.STARVED: TimeCategory.DELAY,
    MachineState.BLOCKED: TimeCategory.DELAY,
    MachineState.IDLE: TimeCategory.DOWN,
    MachineState.MAINTENANCE: TimeCategory.DELAY,
    MachineState.OFF: TimeCategory.DOWN,
}
"""Category of each state inside planned busy time. A planned stop of the calendar turns any state into PLANNED_DOWN,
time outside the shifts is NOT_SCHEDULED; MAINTENANCE outside a planned stop is a delay (table of PackML mode 2)."""

PACKML_STATES: Mapping[int, MachineState] = {
    1: MachineState.FAULT,  # Clearing
    2: MachineState.IDLE,  # Stopped
    3: MachineState.STOPPED,  # Starting
    4: MachineState.IDLE,  # Idle
    5: MachineState.STARVED,  # Suspended: external cause
    6: MachineState.PRODUCING,  # Execute
    7: MachineState.IDLE,  # Stopping
    8: MachineState.FAULT,  # Aborting
    9: MachineState.FAULT,  # Aborted
    10: MachineState.STOPPED,  # Holding
    11: MachineState.STOPPED,  # Held: internal cause
    12: MachineState.STOPPED,  # Unholding
    13: MachineState.STARVED,  # Suspending
    14: MachineState.STARVED,  # Unsuspending
    15: MachineState.IDLE,  # Resetting
    16: MachineState.PRODUCING,  # Completing
    17: MachineState.IDLE,  # Complete
}
"""PackML state numbers (OPC 30050, mode Produce) to our states; a proposal, no standard fixes it."""

MTCONNECT_EXECUTION: Mapping[int, MachineState] = {
    0: MachineState.PRODUCING,  # ACTIVE
    1: MachineState.STOPPED,  # FEED_HOLD
    2: MachineState.STOPPED,  # INTERRUPTED
    3: MachineState.STOPPED,  # OPTIONAL_STOP
    4: MachineState.IDLE,  # READY
    5: MachineState.IDLE,  # PROGRAM_COMPLETED
    6: MachineState.STOPPED,  # PROGRAM_STOPPED
    7: MachineState.STOPPED,  # STOPPED
}
"""MTConnect Execution as numbered by OPC 30070."""

MACHINERY_ITEM_STATE: Mapping[int, MachineState] = {
    0: MachineState.OFF,  # NotAvailable
    1: MachineState.FAULT,  # OutOfService
    2: MachineState.IDLE,  # NotExecuting
    3: MachineState.PRODUCING,  # Executing
}
"""MachineryItemState of OPC 40001-1."""

MACHINE_TOOL_CHANNEL: Mapping[int, MachineState] = {
    0: MachineState.PRODUCING,  # Active
    1: MachineState.STOPPED,  # Interrupted
    2: MachineState.IDLE,  # Reset
}
"""ChannelState of OPC 40501-1."""

RUNNING_BIT: Mapping[int, MachineState] = {0: MachineState.STOPPED, 1: MachineState.PRODUCING}
"""A plain running contact."""

CHEJIAN_STATES: Mapping[int, MachineState] = {int(s): s for s in MachineState}
"""The source speaks our numbers already."""

STATE_MAPS: Mapping[str, Mapping[int, MachineState]] = {
    "chejian": CHEJIAN_STATES,
    "packml": PACKML_STATES,
    "mtconnect_execution": MTCONNECT_EXECUTION,
    "machinery_item_state": MACHINERY_ITEM_STATE,
    "machine_tool_channel": MACHINE_TOOL_CHANNEL,
    "running_bit": RUNNING_BIT,
}
"""State maps that a configuration may name; a vendor's own codes are given as a table."""

PACKML_MODES: Mapping[int, OperationMode] = {
    1: OperationMode.PRODUCTION,  # Produce
    2: OperationMode.MAINTENANCE,  # Maintenance
    3: OperationMode.SETUP,  # Manual
}
"""PackML UnitModeCurrent (OPC 30050); 0 Invalid says nothing, larger numbers are the user's: give a table."""

MTCONNECT_FUNCTIONAL_MODE: Mapping[int, OperationMode] = {
    0: OperationMode.MAINTENANCE,  # MAINTENANCE
    1: OperationMode.PRODUCTION,  # PRODUCTION
    2: OperationMode.SETUP,  # PROCESS_DEVELOPMENT
    3: OperationMode.SETUP,  # SETUP
    4: OperationMode.SETUP,  # TEARDOWN
}
"""MTConnect FunctionalMode in the order of OPC 30070; MTConnect itself sends the words."""

MACHINERY_OPERATION_MODE: Mapping[int, OperationMode] = {
    1: OperationMode.MAINTENANCE,
    2: OperationMode.SETUP,
    3: OperationMode.PRODUCTION,  # Processing
}
"""MachineryOperationMode of OPC 40001-1; 0 None says nothing."""

MACHINE_TOOL_OPERATION_MODE: Mapping[int, OperationMode] = {
    0: OperationMode.SETUP,  # Manual
    1: OperationMode.PRODUCTION,  # Automatic
    2: OperationMode.SETUP,  # Setup
    3: OperationMode.PRODUCTION,  # AutoWithManualIntervention
    4: OperationMode.MAINTENANCE,  # Service
}
"""OperationMode of OPC 40501-1 Monitoring/MachineTool; 5 Other says nothing."""

CHEJIAN_MODES: Mapping[int, OperationMode] = {int(m): m for m in OperationMode}
"""The source speaks our numbers already."""

MODE_MAPS: Mapping[str, Mapping[int, OperationMode]] = {
    "chejian": CHEJIAN_MODES,
    "packml": PACKML_MODES,
    "mtconnect_functional_mode": MTCONNECT_FUNCTIONAL_MODE,
    "machinery_operation_mode": MACHINERY_OPERATION_MODE,
    "machine_tool_operation_mode": MACHINE_TOOL_OPERATION_MODE,
}
"""Mode maps that a configuration may name."""
