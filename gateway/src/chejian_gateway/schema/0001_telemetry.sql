-- Schema `telemetry`: written by the gateway only; the worker may read it and delete dirty marks.
-- Times are timestamptz in UTC with whole milliseconds. `sample`, `text_sample` and `waveform` become daily range
-- partitions (plain PostgreSQL) or hypertables (TimescaleDB); see store.py. They have no unique constraint on purpose:
-- exactly-once comes from the ledger, and a unique index would double the cost of a row.

CREATE TABLE telemetry.node (
    node_id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_id         text NOT NULL,
    edge_node        text NOT NULL,
    ledger_id        bigint,                 -- of the last NBIRTH; NULL: a foreign node without a ledger
    contract_version text,
    online           boolean NOT NULL DEFAULT false,
    bd_seq           smallint,
    born_at          timestamptz,
    died_at          timestamptz,
    last_seen        timestamptz,
    sequence_gaps    bigint NOT NULL DEFAULT 0,
    rebirths_asked   bigint NOT NULL DEFAULT 0,
    UNIQUE (group_id, edge_node)
);

CREATE TABLE telemetry.device (
    device_id      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    node_id        integer NOT NULL REFERENCES telemetry.node,
    name           text NOT NULL,            -- Sparkplug device id; '' holds the node's own metrics
    workshop       text NOT NULL DEFAULT '', -- of the DBIRTH, as announced
    line           text NOT NULL DEFAULT '',
    equipment_type text NOT NULL DEFAULT '',
    online         boolean NOT NULL DEFAULT false,
    born_at        timestamptz,
    died_at        timestamptz,
    UNIQUE (node_id, name)
);

-- One series for each (device, name, data type, unit); a change of type or unit is another series.
CREATE TABLE telemetry.series (
    series_id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id   integer NOT NULL REFERENCES telemetry.device,
    name        text NOT NULL,
    datatype    smallint NOT NULL,           -- Sparkplug data type number
    unit        text NOT NULL DEFAULT '',
    quantity    text NOT NULL DEFAULT '',
    kind        text NOT NULL DEFAULT '',
    role        text NOT NULL DEFAULT '',
    sample_rate double precision NOT NULL DEFAULT 0,
    retired     boolean NOT NULL DEFAULT false,
    first_seen  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (device_id, name, datatype, unit)
);
CREATE INDEX series_role ON telemetry.series (device_id, role);

-- Aliases of ledger nodes are permanent within one buffer identity.
CREATE TABLE telemetry.alias (
    node_id   integer NOT NULL REFERENCES telemetry.node,
    ledger_id bigint NOT NULL,
    alias     bigint NOT NULL,
    series_id integer NOT NULL REFERENCES telemetry.series,
    PRIMARY KEY (node_id, ledger_id, alias)
);

-- Column order packs a row into 24 bytes of data. value is NaN where a sample came without one (bad quality).
-- Integers are exact up to 2^53.
CREATE TABLE telemetry.sample (
    time      timestamptz NOT NULL,
    value     double precision NOT NULL,
    series_id integer NOT NULL,
    quality   smallint NOT NULL
) PARTITION BY RANGE (time);

CREATE TABLE telemetry.text_sample (
    time      timestamptz NOT NULL,
    series_id integer NOT NULL,
    quality   smallint NOT NULL,
    value     text                           -- NULL where a sample came without one
) PARTITION BY RANGE (time);

CREATE TABLE telemetry.waveform (
    time        timestamptz NOT NULL,        -- of the first value
    sample_rate double precision NOT NULL,   -- Hz
    series_id   integer NOT NULL,
    quality     smallint NOT NULL,
    data        bytea NOT NULL               -- little-endian IEEE 754 singles in the series' unit
) PARTITION BY RANGE (time);

CREATE TABLE telemetry.last_value (
    series_id integer PRIMARY KEY REFERENCES telemetry.series,
    time      timestamptz NOT NULL,
    value     double precision,              -- numbers; NULL for text and waveforms
    text      text,                          -- texts
    quality   smallint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE telemetry.birth (
    birth_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    node_id   integer NOT NULL REFERENCES telemetry.node,
    device    text NOT NULL,                 -- '' for NBIRTH and NDEATH
    kind      text NOT NULL CHECK (kind IN ('NBIRTH', 'DBIRTH', 'NDEATH', 'DDEATH')),
    bd_seq    smallint,
    sent      timestamptz,                   -- the payload's clock
    received  timestamptz NOT NULL           -- the gateway's clock
);
CREATE INDEX birth_node ON telemetry.birth (node_id, received DESC);

-- Batches are closed-open int8 ranges here, as PostgreSQL writes them: [3,6) is batches 3, 4, 5.
CREATE TABLE telemetry.ledger (
    node_id          integer NOT NULL REFERENCES telemetry.node,
    ledger_id        bigint NOT NULL,
    stored           int8multirange NOT NULL DEFAULT '{}',
    dead             int8multirange NOT NULL DEFAULT '{}',
    lost             int8multirange NOT NULL DEFAULT '{}',
    stored_samples   bigint NOT NULL DEFAULT 0,
    dead_samples     bigint NOT NULL DEFAULT 0,
    produced_batches bigint NOT NULL DEFAULT 0,  -- as the edge last announced
    produced_samples bigint NOT NULL DEFAULT 0,
    announced_at     timestamptz,
    PRIMARY KEY (node_id, ledger_id)
) WITH (fillfactor = 50);

CREATE TABLE telemetry.lost (
    node_id   integer NOT NULL REFERENCES telemetry.node,
    ledger_id bigint NOT NULL,
    batches   int8range NOT NULL,
    declared  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (node_id, ledger_id, batches)
);

CREATE TABLE telemetry.dirty (
    device_id integer NOT NULL REFERENCES telemetry.device,
    hour      timestamptz NOT NULL,
    lo        timestamptz NOT NULL,
    hi        timestamptz NOT NULL,
    gen       bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (device_id, hour)
) WITH (fillfactor = 50);

CREATE TABLE telemetry.dead_letter (
    dead_letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received       timestamptz NOT NULL DEFAULT now(),
    topic          text NOT NULL,
    node_id        integer REFERENCES telemetry.node,
    ledger_id      bigint,
    batch          bigint,
    samples        integer NOT NULL DEFAULT 0,
    reason         text NOT NULL,
    payload        bytea NOT NULL
);
CREATE INDEX dead_letter_received ON telemetry.dead_letter (received DESC);
