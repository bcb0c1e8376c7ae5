"""Queries of what workshops of the programme report: submissions, months of OEE and electricity, who was heard when.

Row-level security bounds each of them to what the caller sees. Times are of the programme's time zone.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

ZONE: Final = "Asia/Shanghai"
"""Of days and months of the programme."""

_DAY: Final = timedelta(days=1)
_ENTRY: Final = """p.programme_entry_id, p.enterprise_id, p.workshop_id, e.code AS enterprise, p.code, p.name_zh, p.name_en,
       p.city_code, p.sector, p.status"""
_WORKSHOPS: Final = "p.kind = 'workshop' AND p.status <> 'withdrawn'"
_NARROWED: Final = """(CAST(:city AS text) IS NULL OR p.city_code = :city)
   AND (CAST(:sector AS text) IS NULL OR p.sector = :sector)
   AND (CAST(:entry AS integer) IS NULL OR p.programme_entry_id = :entry)"""

_SUBMITTED: Final = text(f"""
SELECT {_ENTRY}, n.assessment_id, n.revision, n.state, n.submitted_at, n.total::double precision AS total, n.level,
       n.level_number, n.measured::double precision AS measured, n.attached::double precision AS attached,
       n.declared::double precision AS declared, n.contradictions, n.standard_version, n.standard_digest
  FROM app.programme_entry p JOIN app.enterprise e USING (enterprise_id)
  LEFT JOIN LATERAL (
       SELECT a.assessment_id, s.revision, a.state, s.submitted_at, s.total, s.level, s.level_number, s.measured, s.attached,
              s.declared, s.contradictions, a.standard_version, a.standard_digest
         FROM app.assessment a JOIN app.assessment_submission s USING (assessment_id)
        WHERE a.enterprise_id = p.enterprise_id AND (a.workshop_id IS NULL OR a.workshop_id = p.workshop_id)
          AND a.standard_id = :standard AND s.submitted_at < :until
        ORDER BY s.submitted_at DESC, s.revision DESC LIMIT 1) n ON true
 WHERE {_WORKSHOPS} AND {_NARROWED} ORDER BY p.programme_entry_id
""")  # noqa: S608 - our own parts
"""Workshops with the newest submission of a standard before a moment; one for an enterprise is that of its workshops."""
_DOCUMENTS: Final = text("""
SELECT s.assessment_id, s.revision, s.content FROM app.assessment_submission s
 WHERE (s.assessment_id, s.revision) IN (SELECT * FROM unnest(CAST(:forms AS integer[]), CAST(:revisions AS integer[])))
""")
_FORMS: Final = text("""
SELECT a.assessment_id, a.standard_id, a.state, s.revision, s.submitted_at, s.total::double precision AS total, s.level,
       s.measured::double precision AS measured, s.attached::double precision AS attached,
       s.declared::double precision AS declared, COALESCE(s.contradictions, 0) AS contradictions, a.revision AS open_revision
  FROM app.assessment a
  LEFT JOIN LATERAL (SELECT * FROM app.assessment_submission x WHERE x.assessment_id = a.assessment_id
                      ORDER BY x.revision DESC LIMIT 1) s ON true
 WHERE a.enterprise_id = :enterprise AND (a.workshop_id IS NULL OR a.workshop_id = :workshop)
 ORDER BY a.assessment_id DESC LIMIT 100
""")
_CONTRADICTED: Final = text(f"""
SELECT p.programme_entry_id, p.city_code FROM app.programme_entry p
 WHERE {_WORKSHOPS} AND EXISTS (
       SELECT FROM app.assessment a JOIN app.assessment_submission s USING (assessment_id)
        WHERE a.enterprise_id = p.enterprise_id AND (a.workshop_id IS NULL OR a.workshop_id = p.workshop_id)
          AND s.contradictions > 0 AND s.revision = (SELECT max(x.revision) FROM app.assessment_submission x
                                                       WHERE x.assessment_id = a.assessment_id))
""")  # noqa: S608 - our own parts
"""Workshops of which some newest submission is contradicted by telemetry."""
_HEARD: Final = text(f"""
  WITH q AS MATERIALIZED (
       SELECT x.workshop_id, count(*) AS machines FROM app.equipment x
        WHERE NOT EXISTS (SELECT FROM app.meter m WHERE m.equipment_id = x.equipment_id) GROUP BY 1),
       n AS MATERIALIZED (
       SELECT y.workshop_id, count(*) AS edges, count(*) FILTER (WHERE y.online) AS online, max(y.last_seen) AS last_seen
         FROM (SELECT DISTINCT x.workshop_id, t.node_id, t.online, t.last_seen FROM app.equipment x
                 JOIN app.equipment_feed f USING (equipment_id)
                 JOIN telemetry.node t ON t.group_id = f.group_id AND t.edge_node = f.edge_node) y
        GROUP BY 1)
SELECT {_ENTRY}, COALESCE(q.machines, 0) AS machines, COALESCE(n.edges, 0) AS edges, COALESCE(n.online, 0) AS online,
       n.last_seen
  FROM app.programme_entry p JOIN app.enterprise e USING (enterprise_id)
  LEFT JOIN q USING (workshop_id)
  LEFT JOIN n USING (workshop_id)
 WHERE {_WORKSHOPS} AND p.workshop_id IS NOT NULL AND {_NARROWED}
 ORDER BY n.last_seen NULLS FIRST, p.programme_entry_id
""")  # noqa: S608 - our own parts
"""Registered workshops with their edge agents, the longest silent first."""

_MONTHS: Final = """
  WITH m AS MATERIALIZED (
       SELECT d.workshop_id, d.month, sum(d.numerator)::bigint AS numerator, sum(d.denominator)::bigint AS denominator,
              sum(d.covered_us)::bigint AS covered_us, sum(d.due_us)::bigint AS due_us
         FROM (SELECT e.workshop_id, s.month::timestamp AS month, s.numerator, s.denominator, s.covered_us, s.due_us
                 FROM app.month_sum s JOIN app.equipment e USING (equipment_id)
                WHERE s.indicator = '{indicator}' AND s.days > 0 AND s.month >= :first {counted}
                  AND s.month < CASE WHEN CAST(:until AS timestamptz) > now() THEN CAST(:next AS date) ELSE :rest END
                UNION ALL
               {days}) d GROUP BY 1, 2)
SELECT p.programme_entry_id, m.month AT TIME ZONE '{zone}' AS start,
       (m.month + interval '1 month') AT TIME ZONE '{zone}' AS "end", m.numerator, m.denominator, m.covered_us, m.due_us
  FROM app.programme_entry p JOIN m USING (workshop_id)
 WHERE {workshops} AND {narrowed} ORDER BY p.programme_entry_id, m.month
"""
"""Sums are made once (MATERIALIZED), not once an entry. Whole months, and the one that is not over, are stored sums; the days of an
earlier one that is asked for in part are added by machine, so that a caller of one enterprise reads its own only (OFFSET 0 keeps
the server from reading all of them)."""
_OEE_DAYS: Final = f"""
SELECT e.workshop_id, date_trunc('month', x.start AT TIME ZONE '{ZONE}'), x.effective_us, COALESCE(x.busy_us, 0),
       COALESCE(x.busy_us, 0), COALESCE(x.busy_us + x.no_data_us, 0)
  FROM app.equipment e CROSS JOIN LATERAL (
       SELECT k.start, k.effective_us, k.busy_us, k.no_data_us FROM app.kpi_value k
        WHERE k.equipment_id = e.equipment_id AND k.kpi = 'oee' AND k.window_kind = 'day' AND k.start >= :since AND k.start < :until
          AND NOT k.provisional AND k.effective_us IS NOT NULL OFFSET 0) x
 WHERE CAST(:since AS timestamptz) < :until AND :until <= now()"""  # noqa: S608 - our own parts
_ENERGY_DAYS: Final = f"""
SELECT e.workshop_id, date_trunc('month', x.start AT TIME ZONE '{ZONE}'), x.amount, x.output, x.covered_us, x.due_us
  FROM app.meter m JOIN app.equipment e USING (equipment_id) CROSS JOIN LATERAL (
       SELECT v.start, v.amount, v.output, v.covered_us, (extract(epoch FROM v."end" - v.start) * 1000000)::bigint AS due_us
         FROM app.energy_value v
        WHERE v.equipment_id = m.equipment_id AND v.window_kind = 'day' AND v.start >= :since AND v.start < :until
          AND NOT v.provisional AND v.output IS NOT NULL OFFSET 0) x
 WHERE m.carrier = 'electricity' AND CAST(:since AS timestamptz) < :until AND :until <= now()"""  # noqa: S608 - our own parts
_ELECTRIC: Final = (
    "AND EXISTS (SELECT FROM app.meter m WHERE m.equipment_id = s.equipment_id AND m.carrier = 'electricity')"
)
INDICATORS: Final = ("oee", "energy")
"""oee: effective time / planned busy time [us] (ISO 22400-2:2014); energy: electricity / good items [Wh] of meters that count
one machine. Both are sums over the machines' days, as the indicators `oee_trend` and `energy_trend` of assessments."""
_BY_MONTH: Final = {
    name: text(
        _MONTHS.format(
            zone=ZONE, indicator=name, counted=counted, days=days, workshops=_WORKSHOPS, narrowed=_NARROWED
        )
    )
    for name, counted, days in zip(INDICATORS, ("", _ELECTRIC), (_OEE_DAYS, _ENERGY_DAYS), strict=True)
}


def narrowed(
    *, city: str | None = None, sector: str | None = None, entry: int | None = None
) -> dict[str, Any]:
    """Which workshops a query is about; None does not narrow."""
    return {"city": city, "sector": sector, "entry": entry}


def submitted(
    session: Session, standard: str, until: datetime, where: dict[str, Any]
) -> Sequence[RowMapping]:
    """Workshops with their newest submission before `until`."""
    return session.execute(_SUBMITTED, {"standard": standard, "until": until, **where}).mappings().all()


def documents(session: Session, forms: Sequence[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """What was frozen, by form and revision."""
    values = {"forms": [form for form, _ in forms], "revisions": [revision for _, revision in forms]}
    rows = session.execute(_DOCUMENTS, values).all() if forms else []
    return {(row.assessment_id, row.revision): bytes(row.content) for row in rows}


def forms_of(session: Session, enterprise_id: int, workshop_id: int | None) -> Sequence[RowMapping]:
    """Forms of an enterprise and of one of its workshops with what was submitted last, newest first."""
    return session.execute(_FORMS, {"enterprise": enterprise_id, "workshop": workshop_id}).mappings().all()


def contradicted(session: Session) -> Sequence[RowMapping]:
    """Workshops with a declared answer that telemetry contradicts."""
    return session.execute(_CONTRADICTED).mappings().all()


def heard(session: Session, where: dict[str, Any]) -> Sequence[RowMapping]:
    """Registered workshops with when they were heard last."""
    return session.execute(_HEARD, where).mappings().all()


def months(
    session: Session, indicator: str, first: date, last: date, where: dict[str, Any]
) -> Sequence[RowMapping]:
    """Sums of an indicator by workshop and month.

    Args:
        session: of the caller.
        indicator: one of `INDICATORS`.
        first: the first day of a month.
        last: the last day that counts.
        where: see `narrowed`.
    """
    after = last + _DAY
    rest, following = after.replace(day=1), (last.replace(day=1) + 31 * _DAY).replace(day=1)
    values = {
        "first": first,
        "rest": rest,
        "next": following,
        "since": begin_of(rest),
        "until": begin_of(after),
    }
    return session.execute(_BY_MONTH[indicator], {**values, **where}).mappings().all()


def begin_of(day: date) -> datetime:
    """First moment of a day of the programme's time zone."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(ZONE))
