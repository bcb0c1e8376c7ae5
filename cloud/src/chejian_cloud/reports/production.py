"""What a production report tells: the figures of one window of a workshop or a line, from the services of the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from chejian_cloud.calendar.service import WINDOW_KINDS
from chejian_cloud.config import Settings
from chejian_cloud.energy.schemas import EnergySumOut
from chejian_cloud.energy.sums import energy_of_scope
from chejian_cloud.errors import InvalidValueError, NotFoundError
from chejian_cloud.jsontypes import TimeRange
from chejian_cloud.kpi.losses import losses_in, steps
from chejian_cloud.kpi.report_schemas import Amount, Bar
from chejian_cloud.kpi.sheet import sheet_in, sheet_of_days
from chejian_cloud.kpi.sheet_schemas import SheetOut
from chejian_cloud.kpi.stored import result_of
from chejian_cloud.reasons.schemas import StopOut
from chejian_cloud.reasons.stops import stops_in
from chejian_cloud.reasons.tree import ReasonNode, load_tree
from chejian_cloud.registry.schemas import LineOut, WorkshopOut
from chejian_cloud.registry.scope import Scope
from chejian_cloud.registry.service import list_workshops

MONTH: Final = "month"
KINDS: Final = (*WINDOW_KINDS, MONTH)
"""Windows of a report; a month is the sum of its days."""
_NEW_YEAR: Final = 13


class Where(NamedTuple):
    """What a report is about; `line` is None where it is a whole workshop."""

    workshop: WorkshopOut
    line: LineOut | None


@dataclass(frozen=True, slots=True)
class Production:
    """Figures of one window.

    Attributes:
        where: what they are about.
        window: kind of the window.
        period: its ends; those of the calendar where nothing is stored.
        sheet: every KPI, the lines and the machines.
        steps: waterfall of all machines.
        bars: stop time by reason, greatest first.
        stops: longer than a minor stop, the longest first.
        reasons: the reason tree by code.
        energy: of the window, of a month by day.
    """

    where: Where
    window: str
    period: TimeRange
    sheet: SheetOut
    steps: Sequence[Amount]
    bars: Sequence[Bar]
    stops: Sequence[StopOut]
    reasons: Mapping[str, ReasonNode]
    energy: Sequence[EnergySumOut]


def production(
    session: Session, settings: Settings, scope: Scope, *, window: str, start: datetime
) -> Production:
    """Read the figures of one window.

    Args:
        session: any.
        settings: for the length of a minor stop.
        scope: a workshop or a line.
        window: one of `KINDS`.
        start: of the window; of a month any time in it.

    Raises:
        InvalidValueError: for an unknown kind of window, or a scope that names neither workshop nor line.
        NotFoundError: when the workshop or the line is not registered, or nothing is stored of the window.
    """
    if window not in KINDS:
        raise InvalidValueError("window", window, ", ".join(KINDS))
    where = _where(session, scope)
    if window == MONTH:
        first, last = month_of(start, where.workshop.timezone)
        sheet = sheet_of_days(session, scope, window=window, start=first, end=last)
    else:
        first = start
        sheet = sheet_in(session, scope, window=window, start=start)
    if sheet.end is None:
        raise NotFoundError(f"{window} with figures", "start", first.isoformat())
    period = TimeRange(first, sheet.end)
    machines = [m.equipment_id for m in sheet.machines]
    minor = timedelta(seconds=settings.minor_stop)
    found = [s for machine in machines for s in stops_in(session, [machine], period, minor=minor)]
    return Production(
        where=where,
        window=window,
        period=period,
        sheet=sheet,
        steps=steps(result_of(sheet.terms, sheet.flags)) if sheet.terms else (),
        bars=losses_in(session, scope, period, under=None).pareto,
        stops=sorted(
            (s for s in found if s.end - s.start > minor),
            key=lambda s: (s.start - s.end, s.equipment_id, s.start),
        ),
        reasons=load_tree(session),
        energy=[
            each
            for each in energy_of_scope(session, scope, "day" if window == MONTH else window, period)
            if period.start <= each.start and each.end <= period.end
        ],
    )


def month_of(moment: datetime, timezone: str) -> tuple[datetime, datetime]:
    """The local month that holds an instant, as its ends in UTC."""
    zone = ZoneInfo(timezone)
    local = moment.astimezone(zone)
    following = local.month + 1
    year, month = (local.year + 1, 1) if following == _NEW_YEAR else (local.year, following)
    ends = (datetime(local.year, local.month, 1, tzinfo=zone), datetime(year, month, 1, tzinfo=zone))
    return ends[0].astimezone(UTC), ends[1].astimezone(UTC)


def _where(session: Session, scope: Scope) -> Where:
    """Workshop, and line if one is named.

    Raises:
        InvalidValueError: neither is named.
        NotFoundError: it is not registered, or the line is not of the workshop.
    """
    if scope.workshop_id is None and scope.line_id is None:
        raise InvalidValueError("workshop_id", None, "a workshop, or a line by line_id")
    workshops = [w for w in list_workshops(session) if scope.workshop_id in {None, w.workshop_id}]
    if scope.line_id is None:
        if not workshops:
            raise NotFoundError("workshop", "workshop_id", scope.workshop_id)
        return Where(workshops[0], None)
    for workshop in workshops:
        for line in workshop.lines:
            if line.line_id == scope.line_id:
                return Where(workshop, line)
    raise NotFoundError("line", "line_id", scope.line_id)
