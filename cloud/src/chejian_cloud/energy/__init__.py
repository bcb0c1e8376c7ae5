"""Energy: meters and their tree, conversion factors, consumption by window, machine state, product and order."""
