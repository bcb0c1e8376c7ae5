"""Reading what a meter's energy depends on: its readings, its registration, and what its machine did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import numpy as np
from chejian_analytics.energy import (
    Carrier,
    Labels,
    MachineWork,
    Meter,
    Replacement,
    meter,
    without_repeats,
)
from chejian_analytics.kpi import OeeInputs, state_intervals
from chejian_contract.signals import Role
from sqlalchemy import text
from sqlalchemy.orm import Session

from chejian_cloud.clock import to_us
from chejian_cloud.db.arrays import read_by_series
from chejian_cloud.db.engine import raw_connection
from chejian_cloud.energy.carriers import METER_TYPES, per_unit, register_unit
from chejian_cloud.energy.factors import Factors, stored_factors
from chejian_cloud.worker.inputs import READABLE, VALID_COUNT, Reader, as_one
from chejian_cloud.worker.setup import Setup, load_setup

SLACK_US = 10_000_000
"""[us] by which two intervals of readings may be exceeded before time between readings counts as a gap."""
_TEXTS = (Role.PRODUCT, Role.ORDER)

_METER = text("""
SELECT m.carrier, m.interval_us, m.modulus,
       (SELECT json_agg(json_build_array((extract(epoch FROM r.time) * 1000000)::bigint, r.closing, r.opening)
                        ORDER BY r.time)
          FROM app.meter_replacement r WHERE r.equipment_id = m.equipment_id) AS replacements,
       ARRAY(SELECT c.machine_id FROM app.meter_machine c WHERE c.equipment_id = m.equipment_id) AS machines
  FROM app.meter m WHERE m.equipment_id = :equipment_id
""")
_FIRST_COUNT = text(f"""
SELECT min(found.time) FROM (
       SELECT (SELECT p.time FROM telemetry.sample p WHERE p.series_id = s.id AND {VALID_COUNT}
                ORDER BY p.time LIMIT 1) AS time
         FROM unnest(CAST(:series AS integer[])) AS s(id)) found
""")  # noqa: S608 - the text put in is a constant
_OF_MACHINE = text("""
SELECT c.equipment_id FROM app.meter_machine c
 WHERE c.machine_id = :equipment_id
   AND NOT EXISTS (SELECT FROM app.meter_machine o WHERE o.equipment_id = c.equipment_id AND o.machine_id <> c.machine_id)
 ORDER BY c.equipment_id
""")


@dataclass(frozen=True, slots=True)
class MeterReader:
    """Reads the inputs of one meter.

    Attributes:
        own: reads the meter's series.
        machine: reads those of its machine; None unless it counts exactly one.
        carrier: energy carrier.
        interval_us: distance of its readings [us].
        modulus: at which its register starts again at 0; None for never.
        replacements: its exchanges, in order of time.
        factors: to standard coal.
    """

    own: Reader
    machine: Reader | None
    carrier: Carrier
    interval_us: int
    modulus: int | None
    replacements: tuple[Replacement, ...]
    factors: Factors

    @property
    def setup(self) -> Setup:
        """Set-up of the meter's equipment."""
        return self.own.setup

    @property
    def per_unit(self) -> int:
        """Register units in one unit of the carrier."""
        return per_unit(self.setup.type, self.carrier)

    @property
    def series(self) -> list[int]:
        """Series of the register; those in another unit are none of it."""
        unit = register_unit(self.setup.type)
        role = METER_TYPES[self.setup.type].total.value
        return [s.series_id for s in self.setup.by_role.get(role, ()) if s.unit == unit]

    @property
    def max_gap_us(self) -> int:
        """Longest distance of two readings between which time counts as covered [us]."""
        return 2 * self.interval_us + SLACK_US

    def first_us(self) -> int | None:
        """Time of the first reading [us]."""
        values = {"series": self.series, "readable": READABLE}
        found: datetime | None = self.own.session.scalar(_FIRST_COUNT, values)
        return to_us(found) if found is not None else None

    def last_us(self, before_us: int) -> int | None:
        """Time of the last reading before a time [us]."""
        found = self.own.last_count(self.series, before_us)
        return found[0] if found is not None else None

    def since_us(self, lo_us: int) -> int:
        """Since when a change at `lo_us` can show [us]: the reading before it, less than an interval away left out.

        Amounts rise evenly between two readings, and a reading can make heartbeats of those just before it.
        """
        before = self.last_us(lo_us - self.interval_us + 1)
        return lo_us if before is None else before

    def reach_us(self, hi_us: int, known_until_us: int) -> int:
        """Until when a change at `hi_us` can show [us].

        That is the next reading, and an interval more, in which heartbeats can become readings or the other way round;
        and what the machine's change can touch.
        """
        found = self.own.next_count(self.series, hi_us) + self.interval_us
        if self.machine is not None:
            found = max(found, self.machine.reach_us(hi_us, known_until_us, texts=_TEXTS))
        return found + 1

    def meter(self, lo_us: int, hi_us: int) -> Meter:
        """Readings that decide the total in [lo_us, hi_us]."""
        first = self.since_us(lo_us)
        last = self.own.next_count(self.series, hi_us - 1) + self.interval_us + 1
        found = read_by_series(raw_connection(self.own.session), self.series, first, last)
        samples = as_one(found, self.series)
        times, values = without_repeats(samples.times_us, samples.usable(), interval_us=self.interval_us)
        return meter(
            times,
            values,
            max_gap_us=self.max_gap_us,
            modulus=self.modulus,
            replacements=self.replacements,
        )

    def work(self, lo_us: int, hi_us: int) -> MachineWork | None:
        """What the machine did in [lo_us, hi_us); None without one."""
        if self.machine is None:
            return None
        inputs = self.machine.oee_inputs(lo_us, hi_us)
        orders = self.machine.texts(Role.ORDER, lo_us, hi_us)
        order_times = np.array([to_us(row.time) for row in orders], np.int64)
        return MachineWork(
            {
                "state": _states(inputs, lo_us, hi_us),
                "product": Labels(inputs.product_times_us, inputs.products),
                "order": Labels(order_times, [row.value or "" for row in orders]),
            },
            good=inputs.good,
            produced=inputs.produced,
            scrap=inputs.scrap,
        )

    def kgce(self, amount: int, start_us: int) -> tuple[float | None, dict[str, object] | None]:
        """Standard coal of an amount [kgce], rounded once, and the factor that holds on the local day of `start_us`."""
        day = self.setup.calendar.local_day(start_us)
        found = self.factors.find(self.carrier, day)
        if found is None:
            return None, None
        origin, factor = found
        frozen: dict[str, object] = {
            "origin": origin,
            "value": factor.value.value,
            "kgce": str(factor.kgce),
            "unit": factor.unit,
            "per_unit": self.per_unit,
            "valid_from": factor.valid_from.isoformat(),
            "valid_to": factor.valid_to.isoformat() if factor.valid_to else None,
            "source": factor.source,
            "confidence": factor.confidence,
        }
        return float(Fraction(amount, self.per_unit) * Fraction(factor.kgce)), frozen


def _states(inputs: OeeInputs, lo_us: int, hi_us: int) -> Labels:
    found = state_intervals(
        inputs.state_times_us, inputs.states, start_us=lo_us, end_us=hi_us, hold_us=inputs.hold_us
    )
    return Labels(found.start_us, [str(s) for s in found.state.tolist()], before="0", with_output=False)


def meter_reader(own: Reader) -> MeterReader | None:
    """Reader of an equipment that is registered as a meter; None when the registry does not say what it measures."""
    session = own.session
    row = session.execute(_METER, {"equipment_id": own.setup.equipment_id}).one_or_none()
    if row is None:
        return None
    machine = load_setup(session, row.machines[0]) if len(row.machines) == 1 else None
    return MeterReader(
        own,
        Reader(session, machine, own.hold_us) if machine is not None else None,
        Carrier(row.carrier),
        row.interval_us,
        row.modulus,
        tuple(Replacement(*r) for r in row.replacements or ()),
        stored_factors(session),
    )


def meters_of(session: Session, machine_id: int) -> Sequence[int]:
    """Meters whose energy depends on what a machine did: those that count it alone."""
    return session.scalars(_OF_MACHINE, {"equipment_id": machine_id}).all()
