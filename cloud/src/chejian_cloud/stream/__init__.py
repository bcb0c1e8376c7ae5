"""The live overview: one poller of the database per process, and its changes as server-sent events."""
