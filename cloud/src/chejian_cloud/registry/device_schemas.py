"""Bodies of devices that were born on the wire, and of their mapping to equipment."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chejian_cloud.jsontypes import Moment, Number, Out
from chejian_cloud.reasons.schemas import In, UserName

_BORN = "2026-03-02T00:00:00.000+00:00"
_SEEN = "2026-03-02T08:00:00.000+00:00"


class DeviceOut(Out):
    """A Sparkplug device as its births told of it, and the equipment that it feeds."""

    device_id: int = Field(examples=[7])
    group: str = Field(examples=["hlj-demo"])
    node: str = Field(examples=["HRB-W1"])
    device: str = Field(examples=["CNC-07"])
    online: bool
    born_at: Moment | None = Field(examples=[_BORN], description="Newest birth.")
    seen: Moment | None = Field(examples=[_SEEN], description="Source time of the newest stored value.")
    metrics: int = Field(examples=[9], description="Signals that it has announced and not retired.")
    workshop: str = Field(examples=["HRB-W1"], description="As its birth told; '' where it told nothing.")
    line: str = Field(examples=["L1"], description="As its birth told.")
    equipment_type: str = Field(examples=["cnc_machining_centre"], description="As its birth told.")
    equipment_id: int | None = Field(examples=[1], description="null: it feeds nothing yet.")
    equipment: str | None = Field(examples=["CNC-01"], description="Code of the equipment that it feeds.")


class MetricOut(Out):
    """A signal of a device with its newest stored value."""

    series_id: int = Field(examples=[41])
    name: str = Field(examples=["State/MachineState"])
    unit: str = Field(examples=["mm/s"], description="'' for none.")
    role: str = Field(
        examples=["machine_state"], description="What it means; '' where the birth did not tell."
    )
    time: Moment | None = Field(examples=[_SEEN], description="null: nothing is stored yet.")
    value: Number = Field(examples=[3.0], description="null for texts, and for values of bad quality.")
    text: str | None = Field(examples=["SHAFT-A"])


Part = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class FeedIn(In):
    """A device that is to feed an equipment; its group is the code of the equipment's enterprise."""

    node: Part = Field(examples=["HRB-W1"])
    device: Part = Field(examples=["CNC-07"])
    user_name: UserName = Field(examples=["王工"])
