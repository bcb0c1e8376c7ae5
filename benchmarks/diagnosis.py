"""Accuracy and cost of the bearing diagnosis: ``python -m benchmarks.diagnosis`` from the project root.

Reads the recordings of `CHEJIAN_RECORDINGS` (default: beside the checkout). Prints, per set, how many records were
right, wrong (another part named) and left open, false alarms on sound bearings, the same on 1 s pieces, false names
for bearings that are not in the machine (sound ones, and those with another bearing's defect), milliseconds per second
of 12 kHz next to four bare FFTs of that length, and 1,000 channels of 1 s at 25.6 kHz in two processes. Freed memory is kept,
as in the worker; `--give-back` measures without that.
"""

import argparse
import dataclasses
import multiprocessing
import resource
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import scipy.fft
from chejian_analytics.diagnosis import BearingGeometry, BearingOrders, diagnose_bearing
from chejian_contract.memory import keep_freed_memory

from tests.analytics.diagnosis.recorded import CWRU_DE, Recording, everything, piece
from tests.fixtures.fix_recordings import recordings_folder

DECOY_SEED = 20261124
DECOYS = 40
RELATED = 0.025
"""Relative distance up to which a decoy's order might be named with reason: slip range to both sides."""
CHANNELS, CHANNEL_HZ, PROCESSES = 1000, 25_600, 2
PIECE_S = 1.0
BATCHES = 400


def outcome(recording: Recording, part: str | None) -> str:
    """One word per verdict."""
    if recording.damaged is None:
        return "false alarm" if part else "quiet"
    return "open" if part is None else "right" if part == recording.damaged else "wrong"


def print_table(title: str, counts: dict[str, Counter[str]]) -> None:
    columns = ("right", "wrong", "open", "false alarm", "quiet")
    print(f"\n{title}\n{'set':<22}" + "".join(f"{column:>12}" for column in columns))
    for group, counter in sorted(counts.items()):
        print(f"{group:<22}" + "".join(f"{counter[column]:>12}" for column in columns))


def whole_records(recordings: Iterable[Recording]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {}
    for recording in recordings:
        verdict = recording.diagnose()
        word = outcome(recording, verdict.part)
        counts.setdefault(group_of(recording), Counter())[word] += 1
        runner = f"{verdict.runner_up} {verdict.runner_up_score:.2f}"
        print(
            f"{recording.group:<16} {recording.name:<28} {recording.damaged!s:<16} {word:<12} {verdict.part!s:<16}"
            f" {verdict.confidence:<21} {verdict.score:5.2f}  depth {verdict.depth:5.2f}  next {runner:<22} {verdict.shaft_hz * 60:7.1f} rpm"
        )
    return counts


def group_of(recording: Recording) -> str:
    grade = f" {recording.grade}" if recording.grade else ""
    return f"{recording.group}{grade}"


def pieces(recordings: Iterable[Recording], piece_s: float = PIECE_S) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {}
    for recording in recordings:
        seconds = recording.channels[0].size / recording.sample_rate
        for index in range(int(seconds / piece_s)):
            verdict = recording.diagnose(piece_s, index * piece_s)
            counts.setdefault(group_of(recording), Counter())[outcome(recording, verdict.part)] += 1
    return counts


def decoy_bearings() -> list[BearingOrders]:
    """Geometries of usual proportions, none of them in the rigs."""
    random = np.random.default_rng(DECOY_SEED)
    return [
        BearingOrders.from_geometry(
            BearingGeometry(int(random.integers(7, 16)), random.uniform(15, 32), 100.0)
        )
        for _ in range(DECOYS)
    ]


def on_sound_machine(recording: Recording) -> bool:
    """Not the far end of a machine whose near bearing is damaged: that one may be heard there."""
    return recording.damaged is None and (not recording.group.startswith("cwru") or recording.name == "97")


def gearbox(folder: Path) -> Iterable[Recording]:
    """Spur gears, sound and with a broken tooth; bearings sound. Rate and speed are inferred, the geometry unknown."""
    for path in sorted((folder / "gear_spectraquest").glob("*.npz")):
        with np.load(path) as data:
            for column in np.asarray(data["x"].T, dtype=np.float64):
                yield Recording("gearbox", path.stem, (column,), 12_800.0, 1800.0, CWRU_DE, 60.0, None, "")


def related(one: BearingOrders, other: BearingOrders) -> bool:
    """Whether an order of one could be taken for one of the other."""
    orders = [(bearing.bpfo, bearing.bpfi, bearing.bsf2) for bearing in (one, other)]
    return any(abs(a / b - 1.0) < RELATED for a in orders[0] for b in orders[1])


def decoys(recordings: Iterable[Recording]) -> dict[str, Counter[str]]:
    """Bearings that are not in the machine: whatever is named is false."""
    counts: dict[str, Counter[str]] = {}
    for recording in recordings:
        for bearing in decoy_bearings():
            if recording.damaged is not None and related(bearing, recording.bearing):
                continue
            verdict = dataclasses.replace(recording, bearing=bearing).diagnose()
            word = "false alarm" if verdict.part else "quiet"
            counts.setdefault(group_of(recording), Counter())[word] += 1
    return counts


def milliseconds(
    calls: Sequence[Callable[[], object]], batches: int, repeats: int
) -> list[tuple[float, float]]:
    """Best and median of many short batches of each call, in turn: the machine is shared, and its hour meets all alike."""
    taken: list[list[float]] = [[] for _ in calls]
    for call in calls:
        call()
    for _ in range(batches):
        for call, times in zip(calls, taken, strict=True):
            begin = time.perf_counter()
            for _ in range(repeats):
                call()
            times.append((time.perf_counter() - begin) / repeats * 1e3)
    return [(min(times), statistics.median(times)) for times in taken]


def page_faults(call: Callable[[], object], repeats: int = 20) -> float:
    """Pages that one call has the system clear."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(repeats):
        call()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / repeats


def cost(recordings: list[Recording]) -> None:
    record = next(item for item in recordings if item.group == "cwru de" and item.name == "105")
    channel = record.channels[0]
    second = piece(channel, record.sample_rate, PIECE_S)

    def floor() -> None:
        scipy.fft.irfft(scipy.fft.rfft(second), second.size)
        scipy.fft.irfft(scipy.fft.rfft(second), second.size)

    def chain(signal: np.ndarray) -> Callable[[], object]:
        return lambda: diagnose_bearing(
            signal,
            sample_rate=record.sample_rate,
            nominal_rpm=record.nominal_rpm,
            bearing=CWRU_DE,
            mains_hz=60.0,
        )

    seconds = channel.size / record.sample_rate
    bare, one = milliseconds((floor, chain(second)), BATCHES, 5)
    ten = [value / seconds for value in milliseconds((chain(channel),), BATCHES // 5, 1)[0]]
    print(
        f"\nms per 1 s of 12 kHz          best of {BATCHES} batches, times the floor; median, times the floor"
    )
    for name, times in (
        ("four FFTs of 12 000 points", bare),
        ("whole chain, 1 s window", one),
        ("whole chain, 10 s window", ten),
    ):
        print(f"{name:<30}" + "".join(f"{t:7.3f}  {t / b:5.1f}" for t, b in zip(times, bare, strict=True)))
    print(f"page faults of a 10 s window  {page_faults(chain(channel)):7.0f}")


@cache
def channel(seed: int) -> np.ndarray:
    """Noise with shocks at the outer race's frequency."""
    random = np.random.default_rng(seed)
    signal = random.normal(size=CHANNEL_HZ)
    period = CHANNEL_HZ / (CWRU_DE.bpfo * 29.5)
    # A little slip in each interval: what repeats exactly is a gear's, and prewhitening takes it out.
    steps = period * (1.0 + 0.01 * random.normal(size=round(CHANNEL_HZ / period) - 4))
    signal[np.cumsum(steps).astype(int)] += 16.0
    return signal


def one_channel(seed: int) -> str | None:
    return diagnose_bearing(
        channel(seed), sample_rate=float(CHANNEL_HZ), nominal_rpm=29.5 * 60, bearing=CWRU_DE, mains_hz=60.0
    ).part


def many_channels() -> None:
    """The signals are made beforehand; processes that are forked off find them."""
    for seed in range(CHANNELS):
        channel(seed)
    one_channel(0)
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("fork")) as pool:
        list(pool.map(one_channel, range(2 * PROCESSES)))
        begin = time.perf_counter()
        parts = list(pool.map(one_channel, range(CHANNELS), chunksize=CHANNELS // (4 * PROCESSES)))
        seconds = time.perf_counter() - begin
    named = sum(part == "outer_race" for part in parts)
    print(
        f"\n{CHANNELS} channels of 1 s at {CHANNEL_HZ / 1000} kHz, {PROCESSES} processes: {seconds:.2f} s, the making "
        f"of the signals not counted; {named} named"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=Path, default=recordings_folder())
    parser.add_argument("--only-cost", action="store_true")
    parser.add_argument(
        "--give-back", action="store_true", help="freed memory to the system, as glibc does by default"
    )
    arguments = parser.parse_args()
    if not arguments.give_back and not keep_freed_memory():
        print("no glibc: freed memory goes back to the system")
    recordings = list(everything(arguments.recordings))
    if not recordings:
        parser.error(f"--recordings {arguments.recordings}: no recordings there")
    if not arguments.only_cost:
        print_table("whole records", whole_records(recordings))
        print_table(f"pieces of {PIECE_S:g} s", pieces(recordings))
        print_table(
            f"{DECOYS} bearings that are not there, on sound ones",
            decoys([*filter(on_sound_machine, recordings), *gearbox(arguments.recordings)]),
        )
        print_table(
            f"{DECOYS} bearings that are not there, on machines with another one's defect",
            decoys(recording for recording in recordings if recording.damaged is not None),
        )
    cost(recordings)
    many_channels()


if __name__ == "__main__":
    main()
