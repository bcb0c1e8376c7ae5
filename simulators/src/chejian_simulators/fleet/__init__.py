"""Fleet mode: many workshops' worth of ledger-true traffic, straight to a broker, for load tests (README, "Fleet")."""
