"""Bodies of findings."""

from pydantic import Field

from chejian_cloud.jsontypes import Moment, Number, Out


class FindingOut(Out):
    """A fault of a machine that is named at present, under the alarm budget."""

    equipment_id: int
    code: str = Field(examples=["MTS-21"])
    workshop_id: int
    workshop: str
    signal: str = Field(examples=["Vibration/DriveEnd"])
    method: str = Field(examples=["bearing_envelope"])
    part: str = Field(examples=["outer_race"])
    confidence: str
    score: Number
    diagnosis_id: int = Field(description="The newest diagnosis that names it.")
    first: Moment = Field(description="When it was named first in this run.")
    last: Moment
    times: int = Field(description="How often it was named in the last three weeks.")
    raised: Moment | None = Field(
        description="Since when people should look; null: held back by the alarm budget."
    )
    reason: str = Field(description="confirmed, growing, within_budget or budget_spent")
    answer: str | None = Field(description="Engineers' answer to the newest diagnosis.")
    needs_look: bool = Field(description="Raised, and nobody has answered yet.")
