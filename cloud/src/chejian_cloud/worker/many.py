"""Inputs of many spans of many machines: a few statements for all of them, and the same bits as reading them one by one.

`Reader` asks some statements for each span, which is right for the worker's units. An answer about the orders of a workshop has
dozens of spans; here what they need is read by batches, and handed to `Reader.oee_inputs` when it asks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from chejian_analytics.kpi import Correction, OeeInputs, ReasonSpan
from chejian_contract.signals import Role
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from chejian_cloud.clock import HOUR_US, from_us, to_us
from chejian_cloud.db.arrays import Samples, read_spans
from chejian_cloud.db.engine import raw_connection
from chejian_cloud.reasons.stops import Journal, journals
from chejian_cloud.reasons.tree import ReasonNode, load_tree
from chejian_cloud.worker.facts import Facts, corrections_of, reason_spans
from chejian_cloud.worker.inputs import (
    COUNTERS,
    EVER,
    NEAR_US,
    READABLE,
    VALID_COUNT,
    Reader,
    as_one,
    has_reading,
)

Texts = Sequence[Row[tuple[datetime, int, str | None]]]
"""Rows of (time, series_id, value), by time."""
_BATCH_US: Final = 1000 * HOUR_US
"""[us] Time of all series together that is read at once: at a sample a second 3.6 million samples of 18 bytes."""
_NUMBERS: Final = (Role.MACHINE_STATE, *COUNTERS)
_TEXTS = text("""
SELECT a.number, t.time, t.series_id, t.value
  FROM unnest(CAST(:numbers AS integer[]), CAST(:series AS integer[]), CAST(:lo AS timestamptz[]), CAST(:hi AS timestamptz[]))
       AS a(number, id, lo, hi)
 CROSS JOIN LATERAL (
       (SELECT x.time, x.series_id, x.value FROM telemetry.text_sample x
         WHERE x.series_id = a.id AND x.time < a.lo ORDER BY x.time DESC LIMIT 1)
       UNION ALL
       (SELECT x.time, x.series_id, x.value FROM telemetry.text_sample x
         WHERE x.series_id = a.id AND x.time >= a.lo AND x.time < a.hi)) t
 ORDER BY a.number, t.time, t.series_id, t.value
""")
_COUNTS = text(f"""
SELECT a.number, p.time, p.value
  FROM unnest(CAST(:numbers AS integer[]), CAST(:series AS integer[]), CAST(:since AS timestamptz[]),
              CAST(:before AS timestamptz[])) AS a(number, id, since, before)
 CROSS JOIN LATERAL (SELECT p.time, p.value FROM telemetry.sample p
                      WHERE p.series_id = a.id AND p.time >= a.since AND p.time < a.before
                        AND {VALID_COUNT} ORDER BY p.time DESC LIMIT 1) p
 ORDER BY a.number, p.time, a.id
""")  # noqa: S608 - the text put in is a constant


class Span(NamedTuple):
    """Time [lo_us, hi_us) of one machine [us since 1970]."""

    reader: Reader
    lo_us: int
    hi_us: int

    def seen(self) -> tuple[int, int]:
        """What the time model looks at [us]."""
        margin = self.reader.rules.margin_us
        return self.lo_us - margin, self.hi_us + margin

    def series(self) -> list[int]:
        """Ids of what holds numbers: state and counters."""
        return [i for role in _NUMBERS for i in self.reader.setup.of(role)]


def inputs_of(spans: Sequence[Span]) -> Iterator[OeeInputs]:
    """What `Reader.oee_inputs` gives for each span, in their order. The spans share one session."""
    for batch in _batches(spans):
        for span, held in zip(batch, _hold(batch[0].reader.session, batch), strict=True):
            own = span.reader
            reader = _Holding(own.session, own.setup, own.hold_us, own.rules, own.orders_decide, held)
            yield reader.oee_inputs(span.lo_us, span.hi_us)


def texts_of(session: Session, asked: Sequence[tuple[Sequence[int], int, int]]) -> list[Texts]:
    """`Reader.texts` of many spans at once.

    Args:
        session: any.
        asked: ids of series, lo and hi [us since 1970] of each span.
    """
    rows = [(number, key, lo, hi) for number, (series, lo, hi) in enumerate(asked) for key in series]
    found: list[list[Row[tuple[datetime, int, str | None]]]] = [[] for _ in asked]
    if rows:
        values = {
            "numbers": [number for number, _, _, _ in rows],
            "series": [key for _, key, _, _ in rows],
            "lo": [from_us(lo) for _, _, lo, _ in rows],
            "hi": [from_us(hi) for _, _, _, hi in rows],
        }
        for row in session.execute(_TEXTS, values):
            found[row.number].append(row)
    return [_one_before(own, from_us(lo)) for own, (_, lo, _) in zip(found, asked, strict=True)]


def _one_before(rows: Texts, lo: datetime) -> Texts:
    """Rows from a time on, and the last before: each of several series has told one."""
    before = sum(row.time < lo for row in rows)
    return rows[max(before - 1, 0) :]


def _batches(spans: Sequence[Span]) -> Iterator[list[Span]]:
    batch: list[Span] = []
    total = 0
    for span in spans:
        size = (span.hi_us - span.lo_us) * max(len(span.series()), 1)
        if batch and total + size > _BATCH_US:
            yield batch
            batch, total = [], 0
        batch.append(span)
        total += size
    if batch:
        yield batch


@dataclass(frozen=True, slots=True)
class _Held:
    """What the inputs of one span need; counts by the first of a counter's series: the last valid reading before."""

    samples: Mapping[int, Samples] = field(default_factory=dict)
    products: Texts = ()
    counts: Mapping[int, tuple[int, float]] = field(default_factory=dict)
    journal: Journal = field(default_factory=Journal)
    tree: Mapping[str, ReasonNode] = field(default_factory=dict)
    corrections: Sequence[Correction] = ()


def _hold(session: Session, batch: Sequence[Span]) -> list[_Held]:
    seen = [span.seen() for span in batch]
    samples = read_spans(
        raw_connection(session),
        [(x.series(), lo - x.reader.hold_us, hi) for x, (lo, hi) in zip(batch, seen, strict=True)],
    )
    products = texts_of(
        session, [(x.reader.setup.of(Role.PRODUCT), lo, hi) for x, (lo, hi) in zip(batch, seen, strict=True)]
    )
    counts = _counts(session, batch, samples)
    setups = {span.reader.setup.equipment_id: span.reader.setup for span in batch}
    lo, hi = min(lo for lo, _ in seen), max(hi for _, hi in seen)
    for calendar in {id(setup.calendar): setup.calendar for setup in setups.values()}.values():
        calendar.hold(lo, hi)
    explained = [key for key, setup in setups.items() if setup.explained]
    said = journals(
        session, explained, lo, hi, lambda keys: {key: setups[key].of(Role.MACHINE_STATE) for key in keys}
    )
    tree = load_tree(session) if explained else {}
    inspected = [key for key, setup in setups.items() if setup.inspected]
    moved = corrections_of(session, inspected, lo, hi) if inspected else {}
    out = []
    for number, span in enumerate(batch):
        key = span.reader.setup.equipment_id
        own = (said.get(key, Journal()), tree, moved.get(key, ()))
        out.append(_Held(samples[number], products[number], counts.get(number, {}), *own))
    return out


def _counts(
    session: Session, batch: Sequence[Span], samples: Sequence[Mapping[int, Samples]]
) -> dict[int, dict[int, tuple[int, float]]]:
    """By span and first series: last valid readings of the counters that have none before among what was read."""
    lacking: list[_Lacking] = []
    for number, (span, found) in enumerate(zip(batch, samples, strict=True)):
        for series in filter(None, map(span.reader.setup.of, COUNTERS)):
            own = as_one(found, series)
            times = own.times_us
            if not has_reading(times, own.usable(), span.lo_us):
                lacking.append(_Lacking(number, series, int(times[0]) if times.size else span.lo_us))
    out: dict[int, dict[int, tuple[int, float]]] = {}
    for near_us in (NEAR_US, None):
        told = _last_counts(session, lacking, near_us)
        for each, last in zip(lacking, told, strict=True):
            if last is not None:
                out.setdefault(each.number, {})[each.series[0]] = last
        lacking = [each for each, last in zip(lacking, told, strict=True) if last is None]
    return out


class _Lacking(NamedTuple):
    """A counter whose last reading before a time is wanted, and its span."""

    number: int
    series: list[int]
    before_us: int


def _last_counts(
    session: Session, lacking: Sequence[_Lacking], near_us: int | None
) -> list[tuple[int, float] | None]:
    """`Reader.last_count` of each, looked for so far back; None: everywhere."""
    out: list[tuple[int, float] | None] = [None] * len(lacking)
    rows = [(i, key, each.before_us) for i, each in enumerate(lacking) for key in each.series]
    if rows:
        values = {
            "numbers": [i for i, _, _ in rows],
            "series": [key for _, key, _ in rows],
            "since": [EVER if near_us is None else from_us(before - near_us) for _, _, before in rows],
            "before": [from_us(before) for _, _, before in rows],
            "readable": READABLE,
        }
        for i, time, value in session.execute(_COUNTS, values):  # the last of several series counts
            out[i] = (to_us(time), value)
    return out


@dataclass(frozen=True, slots=True)
class _Holding(Reader):
    """A reader to whom the numbers, products and facts of its span have been read already."""

    held: _Held = field(default_factory=_Held)

    def samples(self, series: list[int], lo_us: int, hi_us: int) -> Mapping[int, Samples]:
        del series, lo_us, hi_us
        return self.held.samples

    def texts(self, role: Role, lo_us: int, hi_us: int) -> Texts:
        return self.held.products if role is Role.PRODUCT else Reader.texts(self, role, lo_us, hi_us)

    def last_count(self, series: list[int], before_us: int) -> tuple[int, float] | None:
        del before_us
        return self.held.counts.get(series[0])

    def facts(self) -> Facts:
        return _HeldFacts(self.session, self.setup, self.held)


@dataclass(frozen=True, slots=True)
class _HeldFacts(Facts):
    held: _Held = field(default_factory=_Held)

    def reasons(self, lo_us: int, hi_us: int) -> list[ReasonSpan]:
        return reason_spans(self.held.journal, self.held.tree, lo_us, hi_us)

    def corrections(self, lo_us: int, hi_us: int) -> list[Correction]:
        return [each for each in self.held.corrections if lo_us <= each.time_us < hi_us]
