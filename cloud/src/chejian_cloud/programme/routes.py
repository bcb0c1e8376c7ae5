"""HTTP routes of the programme."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from chejian_cloud.access.routes import CallerIs
from chejian_cloud.clock import utc_now
from chejian_cloud.conditional import SeenBefore, tagged
from chejian_cloud.db.engine import ReadSession, WriteSession
from chejian_cloud.jsontypes import Day
from chejian_cloud.kpi import export
from chejian_cloud.once import Once
from chejian_cloud.paging import Page, paging
from chejian_cloud.programme import bulletin, figures, keeping, moved, plans, ranking, service, targets
from chejian_cloud.programme import bulletin_schemas as sheet
from chejian_cloud.programme import schemas as out
from chejian_cloud.programme.outlines import Outlines
from chejian_cloud.programme.plans import Programme
from chejian_cloud.registry.scope import MAX_ID

router = APIRouter(tags=["programme"])


async def _programme(request: Request) -> Programme:
    found: Programme = request.app.state.programme
    return found


async def _on(
    on: Annotated[Day | None, Query(description="Day to look from (default: today).")] = None,
) -> date:
    return on or plans.today(utc_now())


async def _where(
    city: Annotated[str | None, Query(max_length=6, description="Only this city's (GB/T 2260).")] = None,
    sector: Annotated[str | None, Query(max_length=64, description="Only this field's.")] = None,
) -> dict[str, Any]:
    return figures.narrowed(city=city, sector=sector)


InForce = Annotated[Programme, Depends(_programme)]
On = Annotated[date, Depends(_on)]
Where = Annotated[dict[str, Any], Depends(_where)]
EntryId = Annotated[int, Path(ge=1, le=MAX_ID, examples=[1])]
Indicator = Annotated[str, Path(max_length=16, examples=["oee"])]
StandardName = Annotated[str, Query(max_length=64, description="Id of a standard.")]
EntriesPage = Annotated[Page, Depends(paging({"programme_entry_id": int}, default=200, most=2000))]
RankingPage = Annotated[Page, Depends(paging({"place": int}, default=200, most=2000))]
MonthName = Annotated[
    str | None,
    Query(
        pattern="^(19[7-9]|20[0-9])[0-9]-(0[1-9]|1[0-2])$",
        examples=["2026-10"],
        description="Month (default: the last one that has ended).",
    ),
]
Since = Annotated[
    Day | None, Query(description="Day that `rank_before` is of (default: a year before `on`).")
]


@router.get("/programme")
def get_programme(programme: InForce) -> out.PlanOut:
    """The plan in force with its sources, cities, fields, and whether its figures agree with each other."""
    return plans.told(programme)


@router.get("/programme/entries")
def get_entries(
    session: ReadSession,
    page: EntriesPage,
    on: On,
    where: Where,
    kind: Annotated[out.Kind | None, Query()] = None,
    status: Annotated[out.Status | None, Query()] = None,
) -> list[out.EntryOut]:
    """Enterprises, workshops and lines of the programme with their milestones."""
    filters = {"kind": kind, "status": status, "city": where["city"], "sector": where["sector"]}
    return page.cut(service.entries(session, on, page.part, **filters))


@router.get("/programme/entries/{entry_id}")
def get_entry(session: ReadSession, response: Response, entry_id: EntryId, on: On) -> out.EntryOut:
    """One entry; its ETag is what edits of it take as `If-Match`."""
    return tagged(response, service.entry_of(session, entry_id, on))


@router.get("/programme/entries/{entry_id}/evidence")
def get_evidence(session: ReadSession, entry_id: EntryId, on: On) -> out.EntryDetailOut:
    """One entry with everything that it stands on: reports, trends, assessments, contradicted answers."""
    return service.detail_of(session, entry_id, on, utc_now())


@router.post("/programme/entries", status_code=201)
def post_entry(
    session: WriteSession, programme: InForce, caller: CallerIs, once: Once, on: On, body: out.EntryIn
) -> out.EntryOut:
    """Add an entry."""

    def added() -> out.EntryOut:
        key = keeping.add(session, programme, body, caller.display_name, utc_now())
        return service.entry_of(session, key, on)

    return once.do(session, added)


@router.put("/programme/entries/{entry_id}")
def put_entry(
    session: WriteSession,
    programme: InForce,
    caller: CallerIs,
    seen: SeenBefore,
    entry_id: EntryId,
    on: On,
    body: out.EntryChange,
) -> out.EntryOut:
    """Change an entry as a whole."""
    keeping.require(session, entry_id)
    seen.check(lambda: service.entry_of(session, entry_id, on))
    keeping.change(session, programme, entry_id, body, caller.display_name, utc_now())
    return service.entry_of(session, entry_id, on)


@router.put("/programme/entries/{entry_id}/milestones/{kind}")
def put_milestone(
    session: WriteSession,
    caller: CallerIs,
    seen: SeenBefore,
    entry_id: EntryId,
    kind: Annotated[str, Path(max_length=64, examples=["accepted"])],
    on: On,
    body: out.MilestoneIn,
) -> out.EntryOut:
    """Say when a step is due and when it was reached; neither takes it away."""
    keeping.require(session, entry_id)
    seen.check(lambda: service.entry_of(session, entry_id, on))
    keeping.set_milestone(session, entry_id, kind, body, caller.display_name, utc_now())
    return service.entry_of(session, entry_id, on)


@router.get("/programme/targets")
def get_targets(session: ReadSession, programme: InForce, on: On) -> list[out.TargetOut]:
    """Every target: baseline, method, source, the plan's line, observations, status with reasons."""
    return targets.targets_of(session, programme, on)


@router.put("/programme/targets/{target}/observations/{day}", status_code=204)
def put_observation(
    session: WriteSession,
    programme: InForce,
    caller: CallerIs,
    target: Annotated[str, Path(max_length=64, examples=["T4"])],
    day: Annotated[Day, Path(examples=["2019-12-31"])],
    body: out.ObservationIn,
) -> None:
    """Keep what was observed of a target on a day; on the last day of the base year it is the baseline the plan lacks."""
    keeping.observe(session, programme, target, day, body, caller.display_name, utc_now())


@router.get("/programme/energy-years")
def get_energy_years(session: ReadSession, programme: InForce) -> list[out.EnergyYearOut]:
    """The years of energy and value added that the intensity target is chained from."""
    return targets.energy_years(session, programme)


@router.put("/programme/energy-years/{year}", status_code=204)
def put_energy_year(
    session: WriteSession,
    programme: InForce,
    caller: CallerIs,
    year: Annotated[int, Path(ge=1990, le=2100, examples=[2019])],
    body: out.EnergyYearIn,
) -> None:
    """Keep energy and growth of a year; years have no gap and one basis of electricity."""
    keeping.energy(session, programme, year, body, caller.display_name, utc_now())


@router.get("/programme/cities")
def get_cities(session: ReadSession, programme: InForce, on: On) -> list[out.CityCountsOut]:
    """What each city has in the programme, as far as the caller sees it."""
    return service.cities(session, programme, on, utc_now())


@router.get("/programme/map")
def get_map(request: Request) -> out.MapOut:
    """Outlines of the cities from the map that this site was given, with its approval number; none: a schematic map is drawn."""
    found: Outlines | None = request.app.state.programme_map
    if found is None:
        return out.MapOut(approval_number=None, source="", cities=[])
    cities = [out.OutlineOut(code=code, rings=rings) for code, rings in found.cities.items()]
    return out.MapOut(approval_number=found.approval_number, source=found.source, cities=cities)


@router.get("/programme/bulletin")
def get_bulletin(session: ReadSession, programme: InForce, month: MonthName = None) -> sheet.BulletinOut:
    """The bulletin of a month: counts against the plan, moves of the ranking, who is at risk and why, who does not report."""
    return bulletin.bulletin(session, programme, month)


@router.get("/programme/ranking")
def get_ranking(
    session: ReadSession,
    page: RankingPage,
    on: On,
    where: Where,
    since: Since = None,
    standard: StandardName = ranking.DEFAULT,
) -> list[out.RankedOut]:
    """Workshops by their newest submissions of a standard, with how much of each is measured, attached and declared."""
    found = _ranked(session, on, where, since, standard)
    after = page.part.after[0] if page.part.after else 0
    return page.cut([each for each in found if each.place > after][: page.part.limit])


@router.get("/programme/ranking/file", response_class=Response)
def get_ranking_file(
    session: ReadSession,
    on: On,
    where: Where,
    since: Since = None,
    standard: StandardName = ranking.DEFAULT,
    form: Annotated[Literal["csv", "xlsx"], Query(alias="format")] = "csv",
) -> Response:
    """The ranking as a file."""
    rows = ranking.as_rows(_ranked(session, on, where, since, standard))
    body, media_type, headers = export.as_file(form, f"ranking-{on:%Y%m%d}", rows, ranking.HEAD)
    return Response(body, media_type=media_type, headers=headers)


def _ranked(
    session: ReadSession, on: date, where: dict[str, Any], since: date | None, standard: str
) -> list[out.RankedOut]:
    before = since or on.replace(year=on.year - 1, day=min(on.day, 28))
    return ranking.ranking(session, ranking.standard_of(standard), on, before, where)


@router.get("/programme/distribution")
def get_distribution(
    session: ReadSession,
    on: On,
    where: Where,
    standard: StandardName = ranking.DEFAULT,
    entry: Annotated[
        int | None, Query(ge=1, le=MAX_ID, description="Entry whose own axes are told, too.")
    ] = None,
) -> out.DistributionOut:
    """Levels by year and quartiles of the radar's axes."""
    return ranking.distribution(session, ranking.standard_of(standard), on, where, entry)


@router.get("/programme/trends/{indicator}")
def get_trend(session: ReadSession, indicator: Indicator, on: On, where: Where) -> out.MovedOut:
    """How OEE ("oee") or electricity per item ("energy", an index over many) moved, of all workshops together."""
    return moved.together(session, indicator, on, where)


@router.get("/programme/trends/{indicator}/workshops")
def get_trends(session: ReadSession, indicator: Indicator, on: On, where: Where) -> list[out.TrendRowOut]:
    """The same by workshop, the most improved first; workshops without such data are left out."""
    return moved.by_workshop(session, indicator, on, where)


@router.get("/programme/reporting")
def get_reporting(session: ReadSession, where: Where) -> list[out.ReportingOut]:
    """When each registered workshop was heard last, the longest silent first."""
    return service.reporting(session, utc_now(), where)
