"""Reading the samples that a span of time needs: the span itself and the value before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from chejian_analytics.kpi import NO_RULES, CounterSeries, OeeInputs, TimeRules, Windows
from chejian_contract.samples import Quality
from chejian_contract.signals import Role
from numpy.typing import NDArray
from sqlalchemy import Row, TextClause, text
from sqlalchemy.orm import Session

from chejian_cloud.clock import HOUR_US, from_us, to_us
from chejian_cloud.config import Settings
from chejian_cloud.db.arrays import NOTHING, Samples, read_by_series, read_samples
from chejian_cloud.db.engine import raw_connection
from chejian_cloud.worker.facts import Facts
from chejian_cloud.worker.setup import CounterFacts, Setup, load_setup

COUNTERS = (Role.PRODUCED_COUNT, Role.GOOD_COUNT, Role.SCRAP_COUNT, Role.REWORK_COUNT)
_INT64_SPAN = 2.0**63
"""First float that int64 can't hold; no count is as large."""
NEAR_US = 24 * HOUR_US
"""[us] A neighbour in time is looked for within a day before it is looked for everywhere: a query with one bound only is
planned over all daily partitions on that side, which took 7 ms instead of 0.3 ms for half a year of them."""
EVER, _FOREVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
READABLE = [int(Quality.GOOD), int(Quality.UNCERTAIN)]
"""Qualities whose value counts."""

VALID_COUNT = """
p.quality = ANY(:readable) AND p.value >= 0 AND p.value < 9223372036854775808 AND p.value = floor(p.value)
"""
"""What `chejian_analytics.kpi.counter` takes for a reading."""
_LAST_COUNT = text(f"""
SELECT p.time, p.value FROM telemetry.sample p
 WHERE p.series_id = ANY(:series) AND p.time >= :since AND p.time < :before AND {VALID_COUNT}
 ORDER BY p.time DESC, p.series_id DESC LIMIT 1
""")  # noqa: S608 - the text put in is the constant above
_LAST_TIME = text("""
SELECT max(time) FROM telemetry.sample WHERE series_id = ANY(:series) AND time >= :since AND time < :before
""")
_TEXTS = text("""
(SELECT time, series_id, value FROM telemetry.text_sample
  WHERE series_id = ANY(:series) AND time < :lo ORDER BY time DESC, series_id DESC LIMIT 1)
UNION ALL
(SELECT time, series_id, value FROM telemetry.text_sample
  WHERE series_id = ANY(:series) AND time >= :lo AND time < :hi)
ORDER BY time, series_id, value
""")
_NEXT = """
SELECT max(next), count(*) FILTER (WHERE next IS NULL) > 0 FROM (
       SELECT (SELECT p.time FROM telemetry.sample p
                WHERE p.series_id = s.id AND p.time > :after AND p.time < :until {filter}
                ORDER BY p.time LIMIT 1) AS next
         FROM unnest(CAST(:series AS integer[])) AS s(id)) found
"""
_NEXT_SAMPLE = text(_NEXT.format(filter=""))
_NEXT_COUNT = text(_NEXT.format(filter=f"AND {VALID_COUNT}"))
_NEXT_TEXT = text("""
SELECT min(next) FROM (
       SELECT (SELECT p.time FROM telemetry.text_sample p WHERE p.series_id = s.id AND p.time > :after
                ORDER BY p.time LIMIT 1) AS next
         FROM unnest(CAST(:series AS integer[])) AS s(id)) found
""")
_DEATHS = text("""
SELECT b.received FROM telemetry.birth b JOIN telemetry.device v USING (node_id)
 WHERE v.device_id = ANY(:devices) AND (b.kind = 'NDEATH' OR b.kind = 'DDEATH' AND b.device = v.name)
   AND b.received >= :lo AND b.received < :hi
 ORDER BY b.received
""")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the inputs of one equipment.

    Args:
        session: of the unit's transaction.
        setup: of the equipment.
        hold_us: longest time that a value of a node with a ledger holds [us].
        rules: thresholds of the time model.
        orders_decide: whether orders in work are asked for, see `chejian_cloud.config.Settings`.
    """

    session: Session
    setup: Setup
    hold_us: int
    rules: TimeRules = NO_RULES
    orders_decide: bool = False

    def oee_inputs(self, lo_us: int, hi_us: int) -> OeeInputs:
        """Everything that states and KPIs in [lo_us, hi_us) depend on; one statement reads all numbers."""
        roles = (Role.MACHINE_STATE, *COUNTERS)
        series = [i for role in roles for i in self.setup.of(role)]
        first, last = lo_us - self.rules.margin_us, hi_us + self.rules.margin_us
        found = self.samples(series, first - self.hold_us, last)
        state_times, states, hold = self._states(found, first, last)
        products = self.texts(Role.PRODUCT, first, last)
        produced, good, scrap, rework = (self._counter(found, role, lo_us) for role in COUNTERS)
        mode_times, modes = self._modes(first, last)
        facts = self.facts()
        return OeeInputs(
            state_times_us=state_times,
            states=states,
            hold_us=hold,
            produced=produced,
            good=good,
            scrap=scrap,
            rework=rework,
            product_times_us=np.array([to_us(row.time) for row in products], np.int64),
            products=[row.value or "" for row in products],
            ideal_cycles=self.setup.cycles,
            scheduled=self.setup.calendar.scheduled(first, last),
            planned_stops=self.setup.calendar.planned_stops(first, last),
            planned_maintenance=self.setup.calendar.planned_maintenance(first, last),
            mode_times_us=mode_times,
            modes=modes,
            orders=self._orders(facts, first, last),
            reasons=facts.reasons(first, last),
            corrections=facts.corrections(lo_us, hi_us),
            rules=self.rules,
        )

    def samples(self, series: list[int], lo_us: int, hi_us: int) -> Mapping[int, Samples]:
        """Samples of each series in [lo_us, hi_us), see `read_by_series`."""
        return read_by_series(raw_connection(self.session), series, lo_us, hi_us)

    def facts(self) -> Facts:
        """What people and other systems said about the equipment."""
        return Facts(self.session, self.setup)

    def reach_us(self, hi_us: int, known_until_us: int, *, texts: Sequence[Role] = (Role.PRODUCT,)) -> int:
        """Until when a change at `hi_us` can show in states and KPIs [us].

        That is the hold of a state, the next reading of each counter (its increment is counted from the changed value),
        the next text of each role in `texts` and the next mode (or the end of what is known: they hold until another
        comes), and the next production where a reason without end is given; and the margin of the time model beyond
        that. A state of a foreign node holds until the next one, too.
        """
        counters = [i for role in COUNTERS for i in self.setup.of(role)]
        found = [hi_us + self.hold_us, self.next_count(counters, hi_us)]
        if self.setup.foreign(Role.MACHINE_STATE):
            found.append(self._next_sample(self.setup.of(Role.MACHINE_STATE), hi_us, known_until_us))
        found.append(self._next_sample(self.setup.of(Role.OPERATION_MODE), hi_us, known_until_us))
        for series in filter(None, (self.setup.of(role) for role in texts)):
            next_text: datetime | None = self.session.scalar(
                _NEXT_TEXT, {"series": series, "after": from_us(hi_us)}
            )
            found.append(to_us(next_text) if next_text is not None else known_until_us)
        found.append(min(Facts(self.session, self.setup).open_until(hi_us), max(known_until_us, hi_us)))
        return max(found) + self.rules.margin_us

    def rollup_reach_us(self, hi_us: int, known_until_us: int) -> int:
        """Until when a change at `hi_us` can show in rollups [us].

        That is the hold, the next reading of each counter, and the next sample of what a foreign node sends.
        """
        counters = [s.series_id for s in self.setup.rolled if s.counts]
        foreign = [s.series_id for s in self.setup.rolled if s.foreign]
        held = self._next_sample(foreign, hi_us, known_until_us)
        return max(hi_us + self.hold_us, self.next_count(counters, hi_us), held) + 1

    def deaths(self, devices: list[int], lo_us: int, hi_us: int) -> NDArray[np.int64]:
        """Deaths of some devices (or of their nodes) in [lo_us, hi_us), by the gateway's clock, sorted."""
        if not devices:
            return np.empty(0, np.int64)
        values = {"devices": devices, "lo": from_us(lo_us), "hi": from_us(hi_us)}
        return np.array([to_us(t) for t in self.session.scalars(_DEATHS, values)], np.int64)

    def last_count(self, series: list[int], before_us: int) -> tuple[int, float] | None:
        """Last valid reading of a counter before a time: time [us] and value; None for none."""
        values = {"series": series, "before": from_us(before_us), "readable": READABLE}
        for since in (from_us(before_us - NEAR_US), EVER):
            row = self.session.execute(_LAST_COUNT, {**values, "since": since}).one_or_none()
            if row is not None:
                return to_us(row.time), row.value
        return None

    def last_time_us(self, series: list[int], before_us: int) -> int:
        """Time of the last sample of some series before a time; that time itself when there is none."""
        for since in (from_us(before_us - NEAR_US), EVER):
            values = {"series": series, "before": from_us(before_us), "since": since}
            found: datetime | None = self.session.scalar(_LAST_TIME, values)
            if found is not None:
                return to_us(found)
        return before_us

    def next_count(self, series: list[int], after_us: int) -> int:
        """Latest of the next valid readings of some counters; `after_us` when there is none."""
        if not series:
            return after_us
        found, _ = self._next(_NEXT_COUNT, {"series": series, "readable": READABLE}, after_us)
        return to_us(found) if found is not None else after_us

    def _next_sample(self, series: list[int], after_us: int, default_us: int) -> int:
        """Latest of the next samples of each series; `default_us` counts for a series that has none."""
        if not series:
            return after_us
        found, lacks = self._next(_NEXT_SAMPLE, {"series": series}, after_us)
        latest = to_us(found) if found is not None else after_us
        return max(latest, default_us) if lacks else latest

    def _next(
        self, statement: TextClause, values: Mapping[str, object], after_us: int
    ) -> tuple[datetime | None, bool]:
        """Latest of the next times of each series, and whether one of them has none."""
        found, lacks = None, True
        for until in (from_us(after_us + NEAR_US), _FOREVER):
            found, lacks = self.session.execute(
                statement, {**values, "after": from_us(after_us), "until": until}
            ).one()
            if not lacks:
                break
        return found, lacks

    def _states(
        self, found: Mapping[int, Samples], lo_us: int, hi_us: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], int | None]:
        """Times, numbers and hold of the machine state; deaths of a foreign node end what it said."""
        series = self.setup.of(Role.MACHINE_STATE)
        devices = self.setup.foreign(Role.MACHINE_STATE)
        if not devices:
            state = as_one(found, series)
            return state.times_us, state.usable(), self.hold_us
        since = self.last_time_us(series, lo_us)
        state = read_samples(raw_connection(self.session), series, since, hi_us)
        deaths = self.deaths(devices, since, hi_us)
        times = np.concatenate([state.times_us, deaths])
        order = np.argsort(times, kind="stable")  # a death at the very instant of a sample ends that, too
        return times[order], np.append(state.usable(), np.full(deaths.size, np.nan))[order], None

    def texts(self, role: Role, lo_us: int, hi_us: int) -> Sequence[Row[tuple[datetime, int, str | None]]]:
        """What the signal of a role says in [lo_us, hi_us), and the last it said before, by time."""
        series = self.setup.of(role)
        if not series:
            return ()
        return self.session.execute(
            _TEXTS, {"series": series, "lo": from_us(lo_us), "hi": from_us(hi_us)}
        ).all()

    def _modes(self, lo_us: int, hi_us: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Operation modes in [lo, hi), and the one that holds at the start; 0 where a value can't be read."""
        series = self.setup.of(Role.OPERATION_MODE)
        if not series:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        since = self.last_time_us(series, lo_us)
        samples = read_samples(raw_connection(self.session), series, since, hi_us)
        return samples.times_us, np.nan_to_num(samples.usable()).astype(np.int64)

    def _orders(self, facts: Facts, lo_us: int, hi_us: int) -> Windows | None:
        """Time with an order in work; None: not known, or not to be asked."""
        if not self.orders_decide:
            return None
        if not self.setup.of(Role.ORDER):
            return facts.orders(lo_us, hi_us)
        texts = self.texts(Role.ORDER, lo_us, hi_us)
        starts = [to_us(row.time) for row in texts]
        spans = zip(starts, [*starts[1:], hi_us], texts, strict=True)
        own = [(a, b) for a, b, row in spans if row.value]
        return Windows.union_of([a for a, _ in own], [b for _, b in own])

    def _counter(self, found: Mapping[int, Samples], role: Role, lo_us: int) -> CounterSeries | None:
        """Readings, with the last valid one before `lo_us`: heartbeats put it among what was read, else it is asked for."""
        series = self.setup.of(role)
        if not series:
            return None
        samples = as_one(found, series)
        times, values = samples.times_us, samples.usable()
        if not has_reading(times, values, lo_us):
            before = self.last_count(series, int(times[0]) if times.size else lo_us)
            if before is not None:
                times, values = np.append(np.int64(before[0]), times), np.append(before[1], values)
        facts = self.setup.counters.get(role.value, CounterFacts())
        return CounterSeries(times, values, facts.modulus, facts.replaced_us, facts.least_cycle_us)


def make_reader(session: Session, settings: Settings, equipment_id: int) -> Reader:
    """Reader of an equipment under the settings of the process.

    Raises:
        NotFoundError: when the equipment is not registered.
    """
    return reader_of(session, settings, load_setup(session, equipment_id))


def reader_of(session: Session, settings: Settings, setup: Setup) -> Reader:
    """Reader of an equipment whose set-up is known, see `make_reader`."""
    minor, changeover = (round(s * 1_000_000) for s in (settings.minor_stop, settings.changeover))
    return Reader(
        session,
        setup,
        round(settings.hold * 1_000_000),
        TimeRules(minor_stop_us=minor, changeover_us=changeover),
        settings.orders_decide,
    )


def has_reading(times_us: NDArray[np.int64], values: NDArray[np.float64], before_us: int) -> bool:
    """Whether a valid reading of a counter lies before a time."""
    early = values[: np.searchsorted(times_us, before_us)]
    return bool(((early >= 0) & (early == np.floor(early)) & (early < _INT64_SPAN)).any())


def as_one(found: Mapping[int, Samples], series: Sequence[int]) -> Samples:
    """Samples of several series in the order of time; equal times by series."""
    own = [found[i] for i in sorted(series) if i in found]
    if len(own) == 1:
        return own[0]
    if not own:
        return NOTHING
    times = np.concatenate([s.times_us for s in own])
    order = np.argsort(times, kind="stable")
    return Samples(
        times[order],
        np.concatenate([s.values for s in own])[order],
        np.concatenate([s.quality for s in own])[order],
    )
