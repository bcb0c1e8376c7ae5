"""Numeric kernels: the only place that imports numba. Arrays in, arrays out, no I/O."""
