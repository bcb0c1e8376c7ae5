"""Queries of labels."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, select, text
from sqlalchemy.orm import Session

from chejian_cloud.db.diagnosis import DiagnosisLabel
from chejian_cloud.paging import Part
from chejian_cloud.registry.scope import Scope

_IN_SCOPE = """
 (CAST(:workshop_id AS int) IS NULL OR e.workshop_id = :workshop_id)
   AND (CAST(:line_id AS int) IS NULL OR e.line_id = :line_id)
"""
_PRECISION = text(f"""
SELECT w.workshop_id, w.code AS workshop, d.method,
       count(*) FILTER (WHERE d.part IS NOT NULL) AS named,
       count(*) FILTER (WHERE l.part IS NOT NULL AND l.answer = 'confirmed') AS confirmed,
       count(*) FILTER (WHERE l.part IS NOT NULL AND l.answer = 'rejected') AS rejected,
       count(*) FILTER (WHERE l.part IS NULL AND l.answer = 'rejected') AS missed
  FROM app.equipment e JOIN app.workshop w USING (workshop_id)
 CROSS JOIN LATERAL (SELECT x.diagnosis_id, x.method, x.part FROM app.diagnosis x
                      WHERE x.equipment_id = e.equipment_id OFFSET 0) d
  LEFT JOIN LATERAL (SELECT x.part, x.answer FROM app.diagnosis_label x WHERE x.diagnosis_id = d.diagnosis_id
                      ORDER BY x.label_id DESC LIMIT 1) l ON true
 WHERE {_IN_SCOPE}
 GROUP BY w.workshop_id, w.code, d.method
 ORDER BY w.code, d.method
""")  # noqa: S608 - the text put in is the constant above
_ROWS = text(f"""
SELECT w.code AS workshop, e.code AS machine, s.name AS signal, d.time, d.method,
       l.method_version, l.baseline, l.part, l.confidence, l.answer, l.found, l.comment, l.user_name, l.made_at,
       l.label_id = (SELECT max(n.label_id) FROM app.diagnosis_label n WHERE n.diagnosis_id = l.diagnosis_id) AS holds
  FROM app.diagnosis_label l
  JOIN app.diagnosis d USING (diagnosis_id)
  JOIN app.equipment e USING (equipment_id)
  JOIN app.workshop w USING (workshop_id)
  JOIN telemetry.series s ON s.series_id = d.series_id
 WHERE {_IN_SCOPE}
 ORDER BY l.label_id
""")  # noqa: S608 - the text put in is the constant above


def labels_of(session: Session, diagnosis_id: int, part: Part) -> Sequence[DiagnosisLabel]:
    """Answers to a diagnosis, newest first."""
    statement = select(DiagnosisLabel).filter_by(diagnosis_id=diagnosis_id)
    return session.scalars(part.of(statement, DiagnosisLabel.label_id, descending=True)).all()


def precision(session: Session, scope: Scope) -> Sequence[RowMapping]:
    """Counts of answers that hold, by workshop and method."""
    return session.execute(_PRECISION, _values(scope)).mappings().all()


def rows(session: Session, scope: Scope) -> Sequence[RowMapping]:
    """All answers with what they are about, in their order."""
    return session.execute(_ROWS, _values(scope)).mappings().all()


def _values(scope: Scope) -> dict[str, int | None]:
    return {"workshop_id": scope.workshop_id, "line_id": scope.line_id}
