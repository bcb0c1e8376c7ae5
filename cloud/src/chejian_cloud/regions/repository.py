"""Queries of forms, values, steps and submissions of regions, and of what enterprises of a region submitted."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, select, text
from sqlalchemy.orm import Session

from chejian_cloud.db.regions import RegionAssessment, RegionEvent, RegionSubmission, RegionValue
from chejian_cloud.paging import Part

_NAMES = text("SELECT code, name_zh, name_en FROM app.caller_region_names()")
_LIST = text("""
SELECT a.region_assessment_id, a.region, COALESCE(n.name_zh, a.region) AS region_name_zh,
       COALESCE(n.name_en, a.region) AS region_name_en, a.year, a.standard_id, a.standard_version, a.normaliser, a.state,
       a.revision, s.submitted_at, s.total AS submitted_total
  FROM app.region_assessment a LEFT JOIN app.caller_region_names() n ON n.code = a.region
  LEFT JOIN LATERAL (SELECT * FROM app.region_submission x WHERE x.region_assessment_id = a.region_assessment_id
                      ORDER BY x.revision DESC LIMIT 1) s ON true
 WHERE (CAST(:standard AS text) IS NULL OR a.standard_id = :standard)
   AND (CAST(:key AS integer) IS NULL OR a.region_assessment_id = :key)
   AND (CAST(:below AS bigint) IS NULL OR a.region_assessment_id < :below)
 ORDER BY a.region_assessment_id DESC LIMIT :limit
""")
_TAKE = text("""
UPDATE app.region_assessment SET lock = lock + 1 WHERE region_assessment_id = :key AND lock = :lock RETURNING lock
""")
_JOURNALLED = text("SELECT sha256 FROM app.region_journalled(:key) WHERE revision = :revision")
_INSIDE = """
WITH place AS (
     SELECT w.workshop_id, w.enterprise_id FROM app.workshop w WHERE w.city_code LIKE :cities),
inside AS (
     SELECT p.enterprise_id,
            NOT EXISTS (SELECT FROM app.workshop o WHERE o.enterprise_id = p.enterprise_id
                           AND o.city_code NOT LIKE :cities) AS whole
       FROM place p GROUP BY p.enterprise_id)"""
EVIDENCE = f"""{_INSIDE},
newest AS (
     SELECT DISTINCT ON (a.enterprise_id, a.workshop_id, v.indicator)
            a.enterprise_id, a.workshop_id, a.assessment_id, v.indicator, v.numerator, v.denominator, v.known, v.expected
       FROM app.assessment a JOIN inside i USING (enterprise_id)
       JOIN app.assessment_submission s USING (assessment_id)
       JOIN app.assessment_evidence v ON (v.assessment_id, v.revision) = (s.assessment_id, s.revision)
      WHERE v.indicator = ANY (:indicators) AND v.window_end > :start AND v.window_end <= :end
        AND (a.workshop_id IN (SELECT p.workshop_id FROM place p) OR (a.workshop_id IS NULL AND i.whole))
      ORDER BY a.enterprise_id, a.workshop_id, v.indicator, v.window_end DESC, s.submitted_at DESC, a.assessment_id DESC)
SELECT i.enterprise_id, e.name_zh, e.name_en, n.workshop_id, n.assessment_id, n.indicator, n.numerator, n.denominator,
       n.known, n.expected
  FROM inside i JOIN app.enterprise e USING (enterprise_id) LEFT JOIN newest n USING (enterprise_id)
 ORDER BY i.enterprise_id, n.indicator, n.workshop_id
"""  # noqa: S608 - our own parts
"""Enterprises with a workshop in a region, each with the newest submitted evidence of each workshop there whose window ended in
a year; that of a whole enterprise counts only where all its workshops are in the region."""

ANSWERS = f"""{_INSIDE},
newest AS (
     SELECT DISTINCT ON (a.enterprise_id, a.workshop_id, a.standard_id)
            a.enterprise_id, a.workshop_id, a.standard_id, a.assessment_id, s.submitted_at
       FROM app.assessment a JOIN inside i USING (enterprise_id)
       JOIN app.assessment_submission s ON (s.assessment_id, s.revision) = (a.assessment_id, a.revision)
      WHERE a.standard_id = ANY (:standards) AND s.submitted_at >= :start AND s.submitted_at < :end
        AND (a.workshop_id IN (SELECT p.workshop_id FROM place p) OR (a.workshop_id IS NULL AND i.whole))
      ORDER BY a.enterprise_id, a.workshop_id, a.standard_id, s.submitted_at DESC, a.assessment_id DESC)
SELECT i.enterprise_id, e.name_zh, e.name_en, w.assessment_id, n.standard_id || ':' || w.item AS asked, w.given[1] AS given
  FROM inside i JOIN app.enterprise e USING (enterprise_id) LEFT JOIN newest n USING (enterprise_id)
  LEFT JOIN app.assessment_answer w ON w.assessment_id = n.assessment_id AND n.standard_id || ':' || w.item = ANY (:asked)
 ORDER BY i.enterprise_id, w.assessment_id
"""  # noqa: S608 - our own parts
"""The same enterprises with what they answered in the newest forms that they submitted in a year and that nobody returned: the
answers of such a form are those of its submission."""


def names(session: Session) -> Sequence[RowMapping]:
    """Provinces and cities that the caller oversees, by code."""
    return session.execute(_NAMES).mappings().all()


def find(session: Session, key: int) -> RegionAssessment | None:
    """A form."""
    return session.get(RegionAssessment, key, populate_existing=True)


def same(session: Session, region: str, year: int, standard: str) -> RegionAssessment | None:
    """The form of a region, year and standard."""
    asked = select(RegionAssessment).filter_by(region=region, year=year, standard_id=standard)
    return session.scalars(asked).one_or_none()


def listed(
    session: Session, part: Part, *, standard: str | None = None, key: int | None = None
) -> Sequence[RowMapping]:
    """Forms with what was submitted last, newest first."""
    below = part.after[0] if part.after else None
    values = {"standard": standard, "key": key, "below": below, "limit": part.limit}
    return session.execute(_LIST, values).mappings().all()


def take(session: Session, key: int, lock: int) -> bool:
    """Count a change of a form up, if nobody else changed it since `lock`; it stays locked until the transaction ends."""
    return session.execute(_TAKE, {"key": key, "lock": lock}).first() is not None


def values(session: Session, keys: Iterable[int]) -> Sequence[RegionValue]:
    """Values of some forms, by form and item."""
    v = RegionValue
    statement = select(v).where(v.region_assessment_id.in_(list(keys)))
    return session.scalars(statement.order_by(v.region_assessment_id, v.item)).all()


def drop_values(session: Session, key: int, items: Iterable[str]) -> None:
    """Take values back."""
    rows = RegionValue.region_assessment_id == key, RegionValue.item.in_(list(items))
    session.execute(delete(RegionValue).where(*rows))


def submissions(session: Session, key: int) -> Sequence[RegionSubmission]:
    """What was submitted, by revision."""
    statement = select(RegionSubmission).filter_by(region_assessment_id=key)
    return session.scalars(statement.order_by(RegionSubmission.revision)).all()


def events(session: Session, key: int) -> Sequence[RegionEvent]:
    """Steps of a form, oldest first."""
    statement = select(RegionEvent).filter_by(region_assessment_id=key)
    return session.scalars(statement.order_by(RegionEvent.event_id)).all()


def journalled(session: Session, key: int, revision: int) -> Sequence[str]:
    """Hashes that the audit journal has of a revision."""
    return session.scalars(_JOURNALLED, {"key": key, "revision": revision}).all()


def evidence(
    session: Session, cities: str, indicators: Sequence[str], start: datetime, end: datetime
) -> Sequence[RowMapping]:
    """Rows of `EVIDENCE`; `cities` is a pattern of LIKE."""
    asked = {"cities": cities, "indicators": list(indicators), "start": start, "end": end}
    return session.execute(text(EVIDENCE), asked).mappings().all()


def answers(
    session: Session, cities: str, asked: Sequence[str], start: datetime, end: datetime
) -> Sequence[RowMapping]:
    """Rows of `ANSWERS`; `asked` are items as "standard:item"."""
    standards = [each.partition(":")[0] for each in asked]
    values = {"cities": cities, "asked": list(asked), "standards": standards, "start": start, "end": end}
    return session.execute(text(ANSWERS), values).mappings().all()


def add_event(
    session: Session, form: RegionAssessment, kind: str, user: str, at: datetime, **more: Any
) -> None:
    """Record a step."""
    keys = {name: getattr(form, name) for name in ("region_assessment_id", "region", "revision")}
    session.add(RegionEvent(**keys, kind=kind, user_name=user, at=at, **{"comment": "", **more}))
