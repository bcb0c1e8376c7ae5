"""HTTP routes of tariffs; an edit takes the ETag of the tariff as `If-Match`."""

from typing import Annotated

from chejian_analytics.energy import Carrier
from fastapi import APIRouter, Depends, Path, Query, Response

from chejian_cloud.conditional import SeenBefore, tagged
from chejian_cloud.db.engine import ReadSession, WriteSession
from chejian_cloud.energy import tariffs
from chejian_cloud.energy.tariffs import TariffIn, TariffOut
from chejian_cloud.jsontypes import Day
from chejian_cloud.paging import Page, paging
from chejian_cloud.reasons.schemas import UserName
from chejian_cloud.registry.edit_routes import EnterpriseCode

router = APIRouter(tags=["energy"])

CarrierPath = Annotated[Carrier, Path(description="Energy carrier.", examples=["electricity"])]
ValidFrom = Annotated[Day, Path(description="First local day.", examples=["2026-01-01"])]
TariffPage = Annotated[Page, Depends(paging({"enterprise": str, "carrier": str, "valid_from": str}))]
_PATH = "/enterprises/{enterprise}/tariffs/{carrier}/{valid_from}"


@router.get("/tariffs")
def get_tariffs(
    session: ReadSession,
    page: TariffPage,
    enterprise: Annotated[
        str | None,
        Query(max_length=64, description="Only this enterprise's, by its code.", examples=["hlj-demo"]),
    ] = None,
    carrier: Annotated[Carrier | None, Query(description="Only this energy carrier.")] = None,
) -> list[TariffOut]:
    """Prices of energy carriers (峰谷分时电价) by enterprise, carrier and day."""
    return page.cut(tariffs.list_tariffs(session, enterprise, carrier, page.part))


@router.get(_PATH)
def get_tariff(
    session: ReadSession,
    response: Response,
    enterprise: EnterpriseCode,
    carrier: CarrierPath,
    valid_from: ValidFrom,
) -> TariffOut:
    """Prices of a carrier from a day on; the ETag is what edits take as `If-Match`."""
    return tagged(response, tariffs.describe(session, enterprise, carrier, valid_from))


@router.put(_PATH, status_code=204)
def put_tariff(
    session: WriteSession,
    seen: SeenBefore,
    enterprise: EnterpriseCode,
    carrier: CarrierPath,
    valid_from: ValidFrom,
    body: TariffIn,
) -> None:
    """Store prices from a day on; those of the same day are replaced."""
    tariffs.put(session, enterprise, carrier, valid_from, body, seen)


@router.delete(_PATH, status_code=204)
def delete_tariff(
    session: WriteSession,
    seen: SeenBefore,
    enterprise: EnterpriseCode,
    carrier: CarrierPath,
    valid_from: ValidFrom,
    user_name: Annotated[UserName, Query(examples=["王工"])],  # noqa: ARG001 - the journal keeps it
) -> None:
    """Take prices out; those before hold on."""
    tariffs.delete(session, enterprise, carrier, valid_from, seen)
