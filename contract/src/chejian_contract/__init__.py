"""What every part of Chejian agrees on: equipment, signals, states, samples and the Sparkplug B wire."""

CONTRACT_VERSION = "2"
"""Version of the wire contract (ledger metrics, birth properties, state codes); announced in every NBIRTH."""
