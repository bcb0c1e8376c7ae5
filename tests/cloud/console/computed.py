"""A day of two machines, written as samples and computed by the worker: what the pages of KPIs and reasons stand on."""

import random
from datetime import datetime, timedelta

from chejian_cloud.clock import utc_now

from tests.cloud.plant_rows import PlantRows, Row
from tests.cloud.worker.rounds import Bench

HOURS = 30
CYCLE = timedelta(seconds=100)
STOPS = (
    (60, 25, 3),
    (200, 4, 4),
    (330, 40, 3),
    (500, 15, 2),
    (640, 20, 5),
    (800, 55, 7),
    (1100, 30, 3),
    (1500, 18, 4),
)
"""Begin and length [min], and state of each stop; every four minutes' one is a minor stop."""


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def samples(begin: datetime, seed: int) -> list[Row]:
    """States with heartbeats, counters and one product, from `begin` on."""
    rng = random.Random(seed)
    shift = seed * 17
    rows: list[Row] = [("Order/Product", _ms(begin), "SHAFT-A"), ("Counts/Scrap", _ms(begin), 0)]
    produced = good = 0
    made = begin
    for half in range(HOURS * 120):
        at = begin + half * timedelta(seconds=30)
        minute = half / 2
        state = next((s for a, n, s in STOPS if a + shift <= minute < a + shift + n), 1)
        rows.append(("State/MachineState", _ms(at), state))
        while state == 1 and made <= at:
            produced += 1
            good += rng.random() > 0.03
            rows += [("Counts/Produced", _ms(at) + 3, produced), ("Counts/Good", _ms(at) + 5, good)]
            made = at + CYCLE
    return rows


def fill(dsn: str) -> datetime:
    """Store and compute the day on a database with the registry of `harbin.good.toml`; returns the present."""
    now = utc_now().replace(microsecond=0)
    begin = (now - timedelta(hours=HOURS)).replace(minute=0, second=0)
    plant = PlantRows(dsn)
    for seed, machine in enumerate(("CNC-01", "MTS-01")):
        rows = [r for r in samples(begin, seed) if r[1] <= _ms(now)]
        known = rows if machine == "CNC-01" else [r for r in rows if not r[0].startswith("Counts/")]
        names = {"CNC-01": {r[0] for r in rows}, "MTS-01": {"State/MachineState"}}[machine]
        plant.write(machine, [r for r in known if r[0] in names])
    with Bench(dsn, now) as bench:
        bench.settle()
    return now
