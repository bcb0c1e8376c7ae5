"""Response bodies of data health."""

from pydantic import Field

from chejian_cloud.db.edition import Edition
from chejian_cloud.jsontypes import Moment, Number, Out


class LedgerOut(Out):
    """One buffer of a node: produced = stored + dead letters + lost + in flight."""

    ledger_id: str = Field(
        examples=["4611686018427387904"], description="As text: it exceeds JSON's safe integers."
    )
    current: bool = Field(description="The buffer of the last NBIRTH.")
    produced_batches: int = Field(
        examples=[5000], description="As the edge announced, or the highest batch seen."
    )
    produced_samples: int = Field(description="As the edge last announced, at most every 5 s.")
    stored_batches: int
    stored_samples: int
    dead_batches: int
    dead_samples: int
    lost_batches: int
    in_flight_batches: int
    stored_ranges: str = Field(examples=["1-5000"])
    dead_ranges: str = Field(examples=[""])
    lost_ranges: str = Field(examples=[""])
    balanced: bool = Field(description="No batch is in two of stored, dead and lost.")
    announced_at: Moment | None


class DeadLetterOut(Out):
    """A message that could not be stored; its payload is kept."""

    dead_letter_id: int
    received: Moment
    topic: str
    batch: int | None
    samples: int
    reason: str


class NodeOut(Out):
    """An edge node."""

    node_id: int
    group: str = Field(examples=["hlj-demo"])
    node: str = Field(examples=["HRB-W1"])
    online: bool
    born_at: Moment | None
    died_at: Moment | None
    last_seen: Moment | None
    contract_version: str | None
    sequence_gaps: int
    rebirths_asked: int
    has_ledger: bool = Field(description="false: a foreign node, only sequence gaps can be told")
    ledgers: list[LedgerOut]
    dead_letters: int
    newest_dead_letters: list[DeadLetterOut]


class HourOut(Out):
    """Completeness of one hour."""

    start: Moment
    end: Moment
    completeness: Number = Field(examples=[0.98], description="null: nothing was scheduled")
    provisional: bool


class EquipmentCompleteness(Out):
    """Known part of the planned busy time of an equipment, as a whole and by hour."""

    equipment_id: int
    code: str = Field(examples=["CNC-01"])
    name_zh: str
    name_en: str
    completeness: Number = Field(examples=[0.995], description="Of the whole range.")
    hours: list[HourOut]


class WorkshopCompleteness(Out):
    """Known part of the planned busy time of a workshop's machines together, by hour."""

    workshop_id: int = Field(examples=[1])
    code: str = Field(examples=["HRB-W1"])
    name_zh: str
    name_en: str
    hours: list[HourOut]


class DataHealthOut(Out):
    """Ledger of every node, and completeness of every equipment over the last 24 hours."""

    time: Moment
    store: Edition = Field(
        examples=["timescaledb-community"], description="Edition of the database server, as detected."
    )
    nodes: list[NodeOut]
    unassigned_dead_letters: int = Field(description="Dead letters whose node is not known.")
    marks: int = Field(description="Dirty marks that wait for the worker.")
    waiting_diagnoses: int = Field(description="Waveforms that wait for their diagnosis.")
    equipment: list[EquipmentCompleteness]
