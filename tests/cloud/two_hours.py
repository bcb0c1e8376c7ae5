"""Two hours of a powder line with meters, whose every number can be worked out by hand."""

from tests.cloud.plant_rows import Row
from tests.cloud.worker.energy_oracle import energy_plant
from tests.cloud.worker.rounds import MINUTE, T0, Bench, after

HALF = 30 * MINUTE


def register(signal: str, start: int, each: int, step_ms: int, modulus: int = 2**63) -> list[Row]:
    steps = range(2 * 60 * MINUTE // step_ms + 1)
    return [(signal, T0 + i * step_ms, (start + i * each) % modulus) for i in steps]


def machine(good_each_ms: int) -> list[Row]:
    """Half an hour of work, half an hour idle, twice; a good item each so often; order W-2 for the second half."""
    out: list[Row] = [
        ("Order/Product", T0, "WMP"),
        ("Order/Id", T0, "W-1"),
        ("Order/Id", T0 + 60 * MINUTE, "W-2"),
    ]
    out += [
        ("State/MachineState", T0 + at, 1 if at // HALF % 2 == 0 else 7)
        for at in range(0, 120 * MINUTE, 30_000)
    ]
    for i, at in enumerate(range(0, 120 * MINUTE, good_each_ms)):
        out += [("Counts/Good", T0 + at + 5, i), ("Counts/Produced", T0 + at + 5, i)]
    return out


def two_hours(dsn: str) -> None:
    """Write the samples, and let the worker compute them."""
    plant = energy_plant(dsn)
    plant.write("EM-01", register("Energy/ActiveEnergyImport", 61_220_310_400, 5000, 15 * MINUTE))
    plant.write("EM-02", register("Energy/ActiveEnergyImport", 2**32 - 7000, 100, MINUTE, modulus=2**32))
    plant.write("EM-02", [("Energy/ActivePower", T0 + 120 * MINUTE, 6.5)])
    plant.write("EM-03", register("Energy/ActiveEnergyImport", 1, 50, MINUTE))
    plant.write("WM-01", register("Water/Volume", 77, 10, MINUTE))
    plant.write("EVP-01", machine(10 * MINUTE))
    plant.write("PCK-01", machine(2 * MINUTE))
    with Bench(dsn, after(hours=2, minutes=1)) as bench:
        bench.settle()
