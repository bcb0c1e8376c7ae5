"""Response bodies of state intervals."""

from pydantic import Field

from chejian_cloud.jsontypes import Moment, Out


class StateOut(Out):
    """Half-open run of one state and category."""

    start: Moment
    end: Moment
    state: int = Field(examples=[1], description="Number of MachineState; 0: no data.")
    state_name: str = Field(examples=["PRODUCING"], description="Name of MachineState; NO_DATA for 0.")
    category: str = Field(
        examples=["APT"], description="APT, AUST, ADET, ADOT, PDT, NOT_SCHEDULED or NO_DATA (ISO 22400-2)."
    )


class EquipmentStates(Out):
    """State intervals of one machine of a workshop or a line."""

    equipment_id: int = Field(examples=[1])
    code: str = Field(examples=["CNC-01"])
    intervals: list[StateOut]
