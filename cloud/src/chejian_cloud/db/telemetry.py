"""The tables of schema `telemetry` that the cloud reads; the gateway owns them (its `schema/0001_telemetry.sql`).

A test reflects a migrated database and compares it with these definitions.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE, INT8RANGE

METADATA = MetaData(schema="telemetry")
_TIME = DateTime(timezone=True)

node = Table(
    "node",
    METADATA,
    Column("node_id", Integer, primary_key=True),
    Column("group_id", Text, nullable=False),
    Column("edge_node", Text, nullable=False),
    Column("ledger_id", BigInteger),
    Column("contract_version", Text),
    Column("online", Boolean, nullable=False),
    Column("bd_seq", SmallInteger),
    Column("born_at", _TIME),
    Column("died_at", _TIME),
    Column("last_seen", _TIME),
    Column("sequence_gaps", BigInteger, nullable=False),
    Column("rebirths_asked", BigInteger, nullable=False),
)

device = Table(
    "device",
    METADATA,
    Column("device_id", Integer, primary_key=True),
    Column("node_id", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("workshop", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("equipment_type", Text, nullable=False),
    Column("online", Boolean, nullable=False),
    Column("born_at", _TIME),
    Column("died_at", _TIME),
    Column("takes_requests", Boolean, nullable=False),
)

series = Table(
    "series",
    METADATA,
    Column("series_id", Integer, primary_key=True),
    Column("device_id", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("datatype", SmallInteger, nullable=False),
    Column("unit", Text, nullable=False),
    Column("quantity", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("sample_rate", Double, nullable=False),
    Column("retired", Boolean, nullable=False),
    Column("first_seen", _TIME, nullable=False),
)

sample = Table(
    "sample",
    METADATA,
    Column("time", _TIME, nullable=False),
    Column("value", Double, nullable=False),
    Column("series_id", Integer, nullable=False),
    Column("quality", SmallInteger, nullable=False),
)

text_sample = Table(
    "text_sample",
    METADATA,
    Column("time", _TIME, nullable=False),
    Column("series_id", Integer, nullable=False),
    Column("quality", SmallInteger, nullable=False),
    Column("value", Text),
)

waveform = Table(
    "waveform",
    METADATA,
    Column("time", _TIME, nullable=False),
    Column("sample_rate", Double, nullable=False),
    Column("series_id", Integer, nullable=False),
    Column("quality", SmallInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

waveform_request = Table(
    "waveform_request",
    METADATA,
    Column("request_id", BigInteger, primary_key=True),
    Column("device_id", Integer, nullable=False),
    Column("sent_at", _TIME, nullable=False),
    Column("behind", _TIME),
    Column("arrived_at", _TIME),
    Column("series_id", Integer),
    Column("time", _TIME),
)

last_value = Table(
    "last_value",
    METADATA,
    Column("series_id", Integer, primary_key=True),
    Column("time", _TIME, nullable=False),
    Column("value", Double),
    Column("text", Text),
    Column("quality", SmallInteger, nullable=False),
)

ledger = Table(
    "ledger",
    METADATA,
    Column("node_id", Integer, primary_key=True),
    Column("ledger_id", BigInteger, primary_key=True),
    Column("stored", INT8MULTIRANGE, nullable=False),
    Column("dead", INT8MULTIRANGE, nullable=False),
    Column("lost", INT8MULTIRANGE, nullable=False),
    Column("stored_samples", BigInteger, nullable=False),
    Column("dead_samples", BigInteger, nullable=False),
    Column("produced_batches", BigInteger, nullable=False),
    Column("produced_samples", BigInteger, nullable=False),
    Column("announced_at", _TIME),
    Column("superseded", Boolean, nullable=False),
)

lost = Table(
    "lost",
    METADATA,
    Column("node_id", Integer, primary_key=True),
    Column("ledger_id", BigInteger, primary_key=True),
    Column("batches", INT8RANGE, primary_key=True),
    Column("declared", _TIME, nullable=False),
)

dirty = Table(
    "dirty",
    METADATA,
    Column("device_id", Integer, primary_key=True),
    Column("hour", _TIME, primary_key=True),
    Column("lo", _TIME, nullable=False),
    Column("hi", _TIME, nullable=False),
    Column("gen", BigInteger, nullable=False),
)

dead_letter = Table(
    "dead_letter",
    METADATA,
    Column("dead_letter_id", BigInteger, primary_key=True),
    Column("received", _TIME, nullable=False),
    Column("topic", Text, nullable=False),
    Column("node_id", Integer),
    Column("ledger_id", BigInteger),
    Column("batch", BigInteger),
    Column("samples", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)
