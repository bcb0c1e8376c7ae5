"""Bodies of waveform requests: what an engineer asks for, and what became of it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from chejian_cloud.jsontypes import Moment, Out
from chejian_cloud.reasons.schemas import Comment, UserName

State = Literal["requested", "sent", "arrived", "expired"]


class WaveformRequestIn(BaseModel):
    """Ask a machine's edge for the next window of its waveforms."""

    model_config = ConfigDict(extra="forbid")

    wait_s: int = Field(
        default=900,
        ge=10,
        le=86_400,
        description="Seconds until the request expires; longer than the machine takes from one window to the next.",
    )
    comment: Comment = ""
    user_name: UserName


class AskedWindow(Out):
    """The window that answered a request."""

    series_id: int
    signal: str = Field(examples=["Vibration/DriveEnd"])
    time: Moment
    diagnosis_id: int | None = Field(
        description="What was read of it; null until the worker has, or without a bearing."
    )


class WaveformRequestOut(Out):
    """A request and what became of it."""

    request_id: int
    equipment_id: int
    device: str = Field(examples=["MTS-21"], description="Device that is asked.")
    state: State = Field(
        description="requested: stored, not sent yet (the device may be away); sent: the gateway has asked the edge;"
        " arrived: a window came behind the newest of that moment; expired: none came in time."
    )
    comment: str
    user_name: str
    asked_at: Moment
    expires_at: Moment
    sent_at: Moment | None
    arrived_at: Moment | None
    window: AskedWindow | None
