"""Taking a vibration apart: what repeats with the shaft, what is deterministic, what is random.

Bearing shocks slip a little in every turn and are random in phase; gears and the shaft repeat exactly. Prewhitening
(`envelope.prewhiten`) is the default separation; these keep amplitudes, for severity and gears.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

BLOCK = 8192
"""Length of the blocks of `separate`: about 20 turns at 1800 rpm and 12 kHz."""

DELAY = 500
"""Delay between them [samples]: longer than the memory of structural noise (40 ms at 12 kHz)."""


CHANCE = 9.0
"""Squared gain, times the number of independent blocks, that noise reaches by chance in about 1 of 10,000 bins."""


@dataclass(frozen=True, slots=True)
class Average:
    """Mean of all turns.

    Args:
        turn: shape (points,), the mean turn [unit of the signal].
        turns: how many turns were averaged; noise in `turn` is down by its square root.
        residual: shape (turns * points,), what is left of the angle signal.
    """

    turn: NDArray[np.float64]
    turns: int
    residual: NDArray[np.float64]


def separate(
    signal: NDArray[np.float64], *, block: int = BLOCK, delay: int = DELAY
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Discrete/random separation by a filter that predicts the signal from its delayed self.

    Source: Antoni & Randall, Mechanical Systems and Signal Processing 18 (2004) 103-117,
    doi:10.1016/S0888-3270(03)00013-X: ``H(f) = sum X_d* X / sum |X_d|^2`` over blocks, x_d delayed by more than the
    memory of the noise. Tones are predicted, noise is not.

    Args:
        signal: shape (n,), finite, n >= 2 * block + delay.
        block: length of the blocks, >= 16.
        delay: gap between a block and its delayed self [samples], >= 1.

    Returns:
        (random part, deterministic part), each shape (n,); their sum is the signal. The first ``block + delay``
        samples can't be predicted and stay in the random part.

    Raises:
        ValueError: the signal is too short or an argument is out of range.
    """
    if signal.ndim != 1 or block < 16 or delay < 1 or signal.size < 2 * block + delay:  # noqa: PLR2004 - see Args
        raise ValueError(
            f"signal: shape {signal.shape}, block {block}, delay {delay} given; (n,) with n >= 2 block + delay, "
            "block >= 16, delay >= 1 allowed"
        )
    window = scipy.signal.windows.parzen(block)
    shift = block + delay
    starts = np.arange(0, signal.size - block - shift + 1, max(block // 8, 1))
    views = np.lib.stride_tricks.sliding_window_view(signal, block)
    cross = np.zeros(block // 2 + 1, dtype=np.complex128)
    power = np.zeros(block // 2 + 1)
    for start in starts:
        past = scipy.fft.rfft(views[start] * window)
        present = scipy.fft.rfft(views[start + shift] * window)
        cross += past.conj() * present
        power += (past * past.conj()).real
    share = np.divide(cross, power, out=np.zeros_like(cross), where=power > 0.0)
    independent = 2.0 * (signal.size - shift) / block
    share[np.abs(share) ** 2 < CHANCE / independent] = 0.0
    response = scipy.fft.irfft(share, block)
    # The response is circular around lag 0; half of it looks ahead, which the delay allows.
    taps = np.roll(response, block // 2)
    predicted = scipy.signal.fftconvolve(signal, taps)[block // 2 : block // 2 + signal.size]
    deterministic = np.zeros_like(signal)
    deterministic[shift:] = predicted[: signal.size - shift]
    return signal - deterministic, deterministic


def time_synchronous_average(angle_signal: NDArray[np.float64], points: int) -> Average:
    """Mean turn of a signal that is sampled at equal angles.

    Args:
        angle_signal: shape (n,), from `order_tracking.by_angle`, n >= 2 * points.
        points: samples per turn, >= 2.

    Returns:
        The average over all whole turns.

    Raises:
        ValueError: there are less than two whole turns.
    """
    if points < 2 or angle_signal.ndim != 1 or angle_signal.size < 2 * points:  # noqa: PLR2004 - see Args
        raise ValueError(f"angle_signal: shape {angle_signal.shape}, points {points} given; two turns needed")
    turns = angle_signal.size // points
    whole = angle_signal[: turns * points].reshape(turns, points)
    turn = whole.mean(axis=0)
    return Average(turn, turns, (whole - turn).ravel())
