"""The province from its seed: workshops with machines, status, maturity by year, and the four planted stories."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from chejian_simulators.province.places import City, Sector, cities_of, sector_of
from chejian_simulators.province.production import Machine, make_days

OVER_DECLARES, IMPROVES, OUTAGE, ENERGY_FALLS = "over_declares", "improves", "outage", "energy_falls"
STORIES = (OVER_DECLARES, IMPROVES, OUTAGE, ENERGY_FALLS)
"""One workshop each."""
SILENT_DAYS = 9
"""[d] Length of the outage so far."""
_STORY_MACHINES = 5
_SENDING = 2
"""Machines of the over-declaring workshop that really deliver, of `_STORY_MACHINES`."""
ASSESSED = (10, 15)
"""Month and day on which earlier years' assessments were handed in."""
_LOOKS_BACK = timedelta(days=31)
"""What such an assessment looks back on."""
MONTHS = 36
"""Whole months of history by default, before the month of the last day."""
_LINES = 10
"""Automated lines that a workshop brings to the programme, on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """A simulated workshop, the only one of its enterprise.

    Attributes:
        code: of the workshop; the enterprise's is `enterprise`.
        city: where.
        sector: what it makes.
        name_zh: 名称.
        name_en: English name.
        status: of its entry in the programme.
        counts_from: day of recognition; None: not recognised.
        investment: [yuan].
        lines: automated lines that it brings to the programme.
        maturity: year with an assessment -> 0 (nothing) to 1 (all that the standards ask); the last is the present one.
        declared: id of an item -> what it says against better knowledge, 0 to 1.
        story: one of `STORIES`, "" for none.
        silent_days: [d] since when nothing was heard; 0: it reports.
        machines: with their days.
    """

    code: str
    enterprise: str
    city: City
    sector: Sector
    name_zh: str
    name_en: str
    status: str
    counts_from: date | None
    investment: int
    lines: int
    maturity: Mapping[int, float]
    declared: Mapping[str, float] = field(default_factory=dict)
    story: str = ""
    silent_days: int = 0
    machines: tuple[Machine, ...] = ()


@dataclass(frozen=True, slots=True)
class Province:
    """Everything.

    Attributes:
        seed: that it was made from.
        first: first day of the machines' history.
        days: its length.
        workshops: all of them.
    """

    seed: int
    first: date
    days: int
    workshops: tuple[Workshop, ...]

    def of_story(self, story: str) -> Workshop:
        """The workshop of a story."""
        return next(each for each in self.workshops if each.story == story)


def make_province(
    seed: int, last: date, *, workshops: int = 97, months: int = MONTHS, lines: int | None = None
) -> Province:
    """Make the province.

    Args:
        seed: of everything.
        last: last day of the history.
        workshops: number, `len(STORIES)` or more.
        months: whole ones of history before that of the last day, 2 or more, so that there is something to compare.
        lines: of all workshops together, `workshops` or more; None: 10 each on average.

    Raises:
        ValueError: too few workshops, months or lines.
    """
    wanted = _LINES * workshops if lines is None else lines
    if workshops < len(STORIES) or months < 2 or wanted < workshops:  # noqa: PLR2004 - two to compare
        raise ValueError(
            f"{workshops} workshops, {months} months, {wanted} lines; allowed: {len(STORIES)}, 2, one line each, or more"
        )
    first = _months_before(last, months)
    days = (last - first).days + 1
    shares = _shares(np.random.default_rng([seed, workshops]), wanted, workshops)
    cities = cities_of(workshops)
    told = {index * workshops // len(STORIES): story for index, story in enumerate(STORIES)}
    numbers: Counter[str] = Counter()
    made = []
    for index, city in enumerate(cities):
        numbers[city.code] += 1
        made.append(
            _workshop(seed, index, city, numbers[city.code], told.get(index, ""), last, days, shares[index])
        )
    return Province(seed, first, days, tuple(made))


def _months_before(day: date, months: int) -> date:
    """First day of the month that many months before a day's."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, 1)


def _shares(rng: np.random.Generator, lines: int, workshops: int) -> list[int]:
    """Lines of each workshop, one or more, that add up."""
    weights = rng.uniform(0.6, 1.4, workshops)
    ends = np.round(np.cumsum(weights) / weights.sum() * (lines - workshops)).astype(int)
    return [1 + int(each) for each in np.diff(ends, prepend=0)]


def _workshop(
    seed: int, index: int, city: City, number: int, story: str, last: date, days: int, lines: int
) -> Workshop:
    rng = np.random.default_rng([seed, index])
    sector = sector_of(city, number - 1)
    code = f"{city.short}-S{number:02d}"
    recognised = bool(story) or rng.random() < 0.7  # noqa: PLR2004 - most are
    return Workshop(
        code=code,
        enterprise=f"sim-{city.short.lower()}-{number:02d}",
        city=city,
        sector=sector,
        name_zh=f"{city.zh}{sector.zh}{number}号车间（模拟）",
        name_en=f"{city.en} {sector.en} workshop {number} (simulated)",
        status="recognised" if recognised else "running",
        counts_from=_recognised(rng, last) if recognised else None,
        investment=int(rng.integers(800, 12_000)) * 10_000,
        lines=lines,
        maturity=_maturity(rng, story, last, days),
        declared={"connected_equipment": 1.0, "auto_data_share": 0.95} if story == OVER_DECLARES else {},
        story=story,
        silent_days=SILENT_DAYS if story == OUTAGE else 0,
        machines=_machines(rng, code, sector, story, days),
    )


def _recognised(rng: np.random.Generator, last: date) -> date:
    """A day within the four years before the last one, more of them late."""
    return last - timedelta(days=int(4 * 365 * (1 - np.sqrt(rng.random()))))


def _maturity(rng: np.random.Generator, story: str, last: date, days: int) -> dict[int, float]:
    """The present year, all earlier ones of a story, and of the others half of those that history covers."""
    begin, gain = (0.35, 0.2) if story == IMPROVES else (rng.uniform(0.35, 0.65), rng.uniform(0.0, 0.08))
    first = last - timedelta(days=days - 1)
    years = [y for y in range(first.year, last.year) if first + _LOOKS_BACK <= date(y, *ASSESSED)]
    kept = [y for y in years if story or rng.random() < 0.5] + [last.year]  # noqa: PLR2004 - half
    return {y: float(min(begin + gain * (y - first.year), 0.95)) for y in kept}


def _machines(
    rng: np.random.Generator, code: str, sector: Sector, story: str, days: int
) -> tuple[Machine, ...]:
    number = _STORY_MACHINES if story else int(rng.integers(2, 5))
    base = rng.uniform(0.55, 0.85)
    drift = rng.uniform(-0.02, 0.04)
    availability = (0.55, 0.85) if story == IMPROVES else (base, base + drift)
    energy = (1.15, 0.80) if story == ENERGY_FALLS else (1.0, float(rng.uniform(0.96, 1.02)))
    silent_from = days - SILENT_DAYS if story == OUTAGE else days
    return tuple(
        Machine(
            code=f"{code}-M{i}",
            meter=f"{code}-E{i}",
            sends=story != OVER_DECLARES or i <= _SENDING,
            days=make_days(
                rng, sector, days=days, availability=availability, energy=energy, silent_from=silent_from
            ),
        )
        for i in range(1, number + 1)
    )
