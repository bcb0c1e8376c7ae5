"""HTTP routes of findings."""

from fastapi import APIRouter

from chejian_cloud.clock import utc_now
from chejian_cloud.db.engine import ReadSession
from chejian_cloud.diagnosis.finding_schemas import FindingOut
from chejian_cloud.diagnosis.findings import findings
from chejian_cloud.registry.scope import InScope

router = APIRouter(tags=["diagnosis"])


@router.get("/diagnosis-findings")
def get_findings(session: ReadSession, scope: InScope) -> list[FindingOut]:
    """Faults that are named at present, by machine and part, the newest first; those held back by the budget too."""
    return findings(session, scope, utc_now())
