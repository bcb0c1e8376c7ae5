"""The simulated machines, by equipment type."""
