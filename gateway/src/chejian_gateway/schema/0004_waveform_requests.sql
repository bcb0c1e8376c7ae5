-- What became of the waveform requests that the cloud writes into its own schema (app.waveform_request): the gateway reads
-- them there, sends them, and keeps here what it did. See docs/decisions/0021-waveform-requests.md.
ALTER TABLE telemetry.device ADD COLUMN takes_requests boolean NOT NULL DEFAULT false; -- as its last birth announced

CREATE TABLE telemetry.waveform_request (
    request_id bigint PRIMARY KEY,           -- of app.waveform_request
    device_id  integer NOT NULL REFERENCES telemetry.device,
    sent_at    timestamptz NOT NULL,         -- the gateway's clock, as arrived_at
    behind     timestamptz,                  -- time of the device's newest stored window at that moment; NULL: it had none
    arrived_at timestamptz,
    series_id  integer,                      -- the first window behind that one
    time       timestamptz
);
