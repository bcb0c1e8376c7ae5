"""Making a report that is due: exactly once, whoever else tries, and with nothing half done left behind.

The row of the report is locked from the look at its state until its file is committed, so a second worker passes by, and a
worker that is killed leaves the report due. Everything is read and written under the rows of the report's own enterprise.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from chejian_cloud.config import Settings
from chejian_cloud.console.language import language_of
from chejian_cloud.db.engine import bind_rows
from chejian_cloud.db.journal import Line, write
from chejian_cloud.db.reporting import StoredReport
from chejian_cloud.jsontypes import TimeRange
from chejian_cloud.kpi import service
from chejian_cloud.kpi.export import as_xlsx, table
from chejian_cloud.registry.scope import Scope
from chejian_cloud.reports.production import MONTH, production
from chejian_cloud.reports.production_pdf import production_report

_LONGEST: Final = 500
"""Characters of an error that are kept."""
_ACTION: Final = "report made"
_WHO: Final = "chejian-cloud jobs"


def make(
    engine: Engine, settings: Settings, enterprise_id: int, report_id: int, clock: Callable[[], datetime]
) -> bool:
    """Make a report; answers whether it was this call that did.

    Args:
        engine: of the database, scoped.
        settings: for the length of a minor stop, and the font.
        enterprise_id: whose report it is.
        report_id: of the report.
        clock: the present time.

    Raises:
        CloudError: figures are missing yet, or no font can draw them.
        SQLAlchemyError: the database does not answer.
    """
    with Session(engine) as session, session.begin():
        bind_rows(session, str(enterprise_id))
        wanted = select(StoredReport).filter_by(stored_report_id=report_id, state="due")
        row = session.scalars(wanted.with_for_update(skip_locked=True)).one_or_none()
        if row is None:
            return False
        content = _drawn(engine, settings, row)
        row.content, row.size = content, len(content)
        row.sha256, row.state, row.error = hashlib.sha256(content).hexdigest(), "made", ""
        row.made_at = clock()
        target = {"stored_report_id": report_id, "workshop_id": row.workshop_id, "sha256": row.sha256}
        session.flush()
        write(session, Line(None, _WHO, _ACTION, "", target, enterprise_id=enterprise_id))
    return True


def note_failure(engine: Engine, enterprise_id: int, report_id: int, error: str, *, last: bool) -> None:
    """Keep what an attempt failed with; after the `last` one the report is given up."""
    with Session(engine) as session, session.begin():
        bind_rows(session, str(enterprise_id))
        wanted = select(StoredReport).filter_by(stored_report_id=report_id, state="due")
        row = session.scalars(wanted.with_for_update()).one_or_none()
        if row is None:
            return
        row.attempts += 1
        row.error = error[:_LONGEST]
        row.state = "failed" if last else "due"


def _drawn(engine: Engine, settings: Settings, row: StoredReport) -> bytes:
    """The file, from one snapshot of the figures."""
    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with Session(reader) as session:
        bind_rows(session, str(row.enterprise_id))
        scope = Scope(row.workshop_id)
        if row.format == "xlsx":
            window = "day" if row.window_kind == MONTH else row.window_kind
            found = service.values_in(session, scope, TimeRange(row.start, row.end), kpi=None, window=window)
            return as_xlsx(table(found, service.definitions()))
        figures = production(session, settings, scope, window=row.window_kind, start=row.start)
        return production_report(figures, language_of(row.language) or "").pdf(settings.report_font)
