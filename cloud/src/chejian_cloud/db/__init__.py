"""The database: engines, the tables of `telemetry` as seen from here, and the schema `app` that the cloud owns."""
