"""What the first enterprise has with the province, for access tests: an assessment of its workshop that was submitted,
returned and submitted again, the workshop's entry in the programme, and what its city submitted of itself."""

import psycopg
from chejian_cloud.assessment import filling, review
from chejian_cloud.assessment.schemas import AnswerIn, StartIn, SubmitIn, VerdictIn
from chejian_cloud.clock import utc_now
from chejian_cloud.db.engine import bind_rows, make_engine
from chejian_cloud.regions import filling as regions
from chejian_cloud.regions import sealing
from chejian_cloud.regions.schemas import RegionStartIn, RegionStepIn, ValueIn
from sqlalchemy.orm import Session

_ENTRY = """
INSERT INTO app.programme_entry (enterprise_id, workshop_id, kind, code, name_zh, name_en, city_code, sector, industry, status,
                                 changed_by)
VALUES (1, 1, 'workshop', 'HRB-W1', '车间', 'Workshop', '230100', 'power', 'discrete', 'running', 'zhao');
INSERT INTO app.programme_milestone (programme_entry_id, enterprise_id, kind, due_on) VALUES (1, 1, 'accepted', '2026-01-31');
"""


def add_assessment(dsn: str) -> None:
    """Assessment 1 with attachment 1 and revisions 1 and 2, which waits for the city; programme entry 1; region form 1."""
    engine = make_engine(dsn, application="test", scoped=True)
    with Session(engine) as session, session.begin():
        bind_rows(session, "1")
        asked = StartIn(standard="gbt37393-2019", workshop_id=1, industry="discrete")
        key = filling.start(session, asked, "li", utc_now())
        filling.attach(session, key, ("mes.pdf", b"%PDF-1.7 of the MES", None), "li", utc_now())
        filling.save(session, key, 1, [AnswerIn(item="mes", given=["1"])], None, "li", utc_now())
        review.submit(session, key, SubmitIn(lock=2), "li", utc_now())
        session.flush()
        review.judge(
            session, key, VerdictIn(lock=3, verdict="return", comment="?"), "wang", utc_now(), step="review"
        )
        session.flush()
        review.submit(session, key, SubmitIn(lock=4), "li", utc_now())
    with Session(engine) as session, session.begin():
        bind_rows(session, "1", "230100")
        year = RegionStartIn(standard="penetration", region="230100", year=2022)
        region = regions.start(session, year, "wang", utc_now())
        value = ValueIn(item="erp", value="0.7", source="survey")
        regions.save(session, region, 1, [value], None, "wang", utc_now())
        sealing.submit(session, region, RegionStepIn(lock=2), "wang", utc_now())
    engine.dispose()
    with psycopg.connect(dsn) as connection:
        connection.execute(_ENTRY)
        row = connection.execute("SELECT assessment_id, state, revision FROM app.assessment").fetchone()
    assert row == (1, "submitted", 2)
