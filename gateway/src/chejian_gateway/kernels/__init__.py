"""Compiled loops of the gateway; the only place where numba is imported."""
