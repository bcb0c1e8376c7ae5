"""HTTP routes of energy."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query

from chejian_cloud.clock import utc_now
from chejian_cloud.db.engine import ReadSession
from chejian_cloud.energy import cost, scopes, service, sums
from chejian_cloud.energy.cost_schemas import CostOut
from chejian_cloud.energy.schemas import (
    EnergySumOut,
    EnergyValueOut,
    FactorOut,
    MeterOut,
    SharesOut,
    WorkshopEnergy,
)
from chejian_cloud.jsontypes import From, TimeRange, To, time_range
from chejian_cloud.registry.routes import EquipmentId, LineId, WorkshopId
from chejian_cloud.registry.scope import InScope, Scope

router = APIRouter(tags=["energy"])

ShareBy = Annotated[str, Path(description="states, products or orders", examples=["states"])]

DEFAULT = timedelta(hours=24)
Window = Annotated[str, Query(description="hour, shift or day.", examples=["shift"])]
CarrierName = Annotated[str | None, Query(description="Only this energy carrier.", examples=["electricity"])]


@router.get("/meters")
def get_meters(session: ReadSession, scope: InScope, carrier: CarrierName = None) -> list[MeterOut]:
    """Meters by workshop, carrier and code, with the meter above each and what each shows now.

    The tree is `parent_id`; a meter whose parent stands in no answer is a root of it.
    """
    return service.list_meters(session, scope, carrier)


@router.get("/energy/values")
def get_values_in(
    session: ReadSession, scope: InScope, window: Window = "shift", start: From = None, end: To = None
) -> list[EnergyValueOut]:
    """What all meters of a workshop or a line show in the windows that overlap a range (default: the last 24 hours)."""
    return scopes.values_in(session, scope, window, _range(window, start, end))


@router.get("/energy/shares/{by}")
def get_shares_in(
    session: ReadSession,
    by: ShareBy,
    scope: InScope,
    window: Window = "hour",
    start: From = None,
    end: To = None,
) -> list[SharesOut]:
    """Energy by states, products or orders of all machines of a workshop or a line that have a meter of their own."""
    return scopes.shares_in(session, scope, by, window, _range(window, start, end))


@router.get("/workshops-energy")
def get_workshops_energy(session: ReadSession) -> list[WorkshopEnergy]:
    """Energy of the running shift of every workshop, by carrier; one without a value of that shift is left out."""
    return scopes.running_shifts(session)


@router.get("/energy/factors")
def get_factors(session: ReadSession) -> list[FactorOut]:
    """Conversion factors to standard coal with source, confidence and days, and which of them are in use."""
    return service.list_factors(session)


@router.get("/equipment/{equipment_id}/energy")
def get_energy(
    session: ReadSession,
    equipment_id: EquipmentId,
    window: Window = "shift",
    carrier: CarrierName = None,
    start: From = None,
    end: To = None,
) -> list[EnergyValueOut]:
    """Energy of a meter, or of a machine by each meter that counts it alone, in the windows that overlap a range.

    Default: the last 24 hours. At most 62 days of hours, 400 days of shifts or days.
    """
    return service.energy_of(session, equipment_id, window, carrier, _range(window, start, end))


@router.get("/equipment/{equipment_id}/energy/{by}")
def get_shares(
    session: ReadSession,
    equipment_id: EquipmentId,
    by: ShareBy,
    window: Window = "hour",
    carrier: CarrierName = None,
    start: From = None,
    end: To = None,
) -> list[SharesOut]:
    """Energy by what the machine did: `by` is states, products or orders. One answer for each meter.

    The equipment is a machine, or a meter that counts exactly one. The windows are those that overlap the range (default:
    the last 24 hours). Orders: those in work in the range, each over all its days, also those before and behind it.
    """
    return service.shares_of(session, equipment_id, by, window, carrier, _range(window, start, end))


@router.get("/lines/{line_id}/energy")
def get_line_energy(
    session: ReadSession, line_id: LineId, window: Window = "shift", start: From = None, end: To = None
) -> list[EnergySumOut]:
    """Energy of a line by carrier, for one good item of its output and in standard coal, with the unmetered remainder.

    A line's energy is what its top meters show, less the sub-meters that stand in other lines; so the lines of a
    workshop add up to the workshop. Default: the last 24 hours.
    """
    return sums.energy_of_scope(session, Scope(line_id=line_id), window, _range(window, start, end))


@router.get("/workshops/{workshop_id}/energy")
def get_workshop_energy(
    session: ReadSession,
    workshop_id: WorkshopId,
    window: Window = "shift",
    start: From = None,
    end: To = None,
) -> list[EnergySumOut]:
    """Energy of a workshop, like that of a line; its output is that of all its lines."""
    return sums.energy_of_scope(session, Scope(workshop_id=workshop_id), window, _range(window, start, end))


@router.get("/workshops/{workshop_id}/energy/cost")
def get_workshop_cost(
    session: ReadSession, workshop_id: WorkshopId, start: From = None, end: To = None
) -> CostOut:
    """Cost of a workshop's energy by carrier and band of the enterprise's tariff, over the hours that overlap a range.

    Default: the last 24 hours; at most 31 days. What no tariff is of, or what is not known, is told and has no cost.
    """
    period = time_range(start, end, default=DEFAULT, longest=cost.LONGEST)
    return cost.cost_of_workshop(session, workshop_id, period, utc_now())


def _range(window: str, start: From, end: To) -> TimeRange:
    return time_range(start, end, default=DEFAULT, longest=service.longest(window))
