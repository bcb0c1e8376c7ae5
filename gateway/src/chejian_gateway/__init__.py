"""The gateway of Chejian: Sparkplug host, columnar decode, ledger, PostgreSQL/TimescaleDB writer."""
