"""State intervals of an equipment: what it did, merged into runs of equal state and category."""
