"""OEE and fault diagnosis as pure functions over arrays."""
