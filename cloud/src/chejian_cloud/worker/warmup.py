"""Compiling the numeric kernels in a thread at the start, so that the first waveform does not wait for it."""

import logging
import threading
import time

import numpy as np
from chejian_analytics.diagnosis import BearingOrders, diagnose_bearing, diagnose_shaft
from chejian_analytics.kpi import state_intervals

log = logging.getLogger(__name__)

_RATE = 12_000.0
"""[Hz] of the noise that is diagnosed; any rate compiles the same code."""
_ORDERS = BearingOrders(bpfo=3.5848, bpfi=5.4152, ftf=0.39828, bsf2=4.7135, name="6205")


class Warmup:
    """Runs each kernel once in a daemon thread."""

    def __init__(self) -> None:
        self._done = threading.Event()

    @property
    def done(self) -> bool:
        """Whether the kernels are compiled."""
        return self._done.is_set()

    def start(self) -> None:
        """Start compiling."""
        threading.Thread(target=self._compile, name="warm-up", daemon=True).start()

    def _compile(self) -> None:
        began = time.monotonic()
        try:
            state_intervals(np.array([0]), np.array([1.0]), start_us=0, end_us=1, hold_us=1)
            noise = np.random.default_rng(0).standard_normal(2**15)
            diagnose_bearing(noise, sample_rate=_RATE, nominal_rpm=1772.0, bearing=_ORDERS)
            diagnose_shaft(noise, sample_rate=_RATE, nominal_rpm=1772.0)
        except Exception:
            log.exception("compiling the kernels failed; diagnoses will say so one by one")
        finally:
            self._done.set()
        log.info("kernels ready after %.1f s", time.monotonic() - began)
