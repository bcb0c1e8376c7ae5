"""Assessments of simulated enterprises through the services that people use: filled in, submitted, reviewed, approved."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import numpy as np
from chejian_analytics.assessment import Scale, Standard, load_standards
from chejian_cloud.assessment import filling, review
from chejian_cloud.assessment.schemas import AnswerIn, StartIn, SubmitIn, VerdictIn
from chejian_cloud.db.engine import bind_rows
from chejian_simulators.province import Province
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from chejian.demo.province.times import assessed_at

INTEGRATION, DIGITAL = "gbt23020-2013", "gbt37393-2019"
_DOCUMENT = b"%PDF-1.4 simulated"
_ATTACHED = 0.3
"""Share of the declared answers that have a document."""
_DIGITS = {Scale.SCORE: 0, Scale.SHARE: 2, Scale.YES_NO: 0}
_USERS = {"enterprise": "模拟企业", "city": "模拟市级", "province": "模拟省级"}


def assess(
    engine: Engine,
    province: Province,
    number: int,
    ids: tuple[Mapping[str, int], Mapping[str, int]],
    now: datetime,
) -> None:
    """Forms of a workshop: this year's of two standards, and earlier years' of one.

    Args:
        engine: as requests have it, so that each enterprise sees itself only.
        province: whose workshops.
        number: of the workshop in it, from 0.
        ids: of enterprises and of workshops, by code.
        now: the present.
    """
    workshop, rng = province.workshops[number], np.random.default_rng([province.seed, number, 3])
    enterprise = ids[0][workshop.enterprise]
    for year, at in assessed_at(workshop, now).items():
        asked = StartIn(standard=INTEGRATION, enterprise_id=enterprise, industry=workshop.sector.industry)
        told = workshop.declared if at == now else {}
        _form(engine, enterprise, asked, Told(workshop.maturity[year], told), at, rng)
    asked = StartIn(standard=DIGITAL, workshop_id=ids[1][workshop.code], industry=workshop.sector.industry)
    last = workshop.maturity[max(workshop.maturity)]
    _form(engine, enterprise, asked, Told(last, workshop.declared), now, rng)


class Told(NamedTuple):
    """What an enterprise answers.

    Attributes:
        maturity: 0 to 1.
        against: id of an item -> what it says against better knowledge.
    """

    maturity: float
    against: Mapping[str, float]


def _form(
    engine: Engine,
    enterprise: int,
    asked: StartIn,
    told: Told,
    at: datetime,
    rng: np.random.Generator,
) -> None:
    with Session(engine) as session, session.begin():
        bind_rows(session, str(enterprise))
        key = filling.start(session, asked, _USERS["enterprise"], at)
        sha = filling.attach(session, key, ("simulated.pdf", _DOCUMENT, None), _USERS["enterprise"], at)
        answers = _answers(load_standards().get(asked.standard), told, sha, rng)
        filling.save(session, key, 1, answers, None, _USERS["enterprise"], at)
        review.submit(session, key, SubmitIn(lock=2), _USERS["enterprise"], at)
        session.flush()
        if told.against or rng.random() < 0.2:  # noqa: PLR2004 - some wait for their city
            return
        review.judge(session, key, VerdictIn(lock=3, verdict="pass"), _USERS["city"], at, step="review")
        session.flush()
        if rng.random() < 0.8:  # noqa: PLR2004 - the others wait for the province
            review.judge(
                session, key, VerdictIn(lock=4, verdict="pass"), _USERS["province"], at, step="approve"
            )


def _answers(standard: Standard, told: Told, sha: str, rng: np.random.Generator) -> list[AnswerIn]:
    """Answers to what telemetry does not measure, and those that are given against it."""
    given = []
    for item in standard.items:
        drawn = float(np.clip(told.maturity + rng.normal(0.0, 0.08), 0.02, 1.0))
        if item.id in told.against:
            given.append(AnswerIn(item=item.id, given=[f"{told.against[item.id]:g}"]))
        elif not item.evidence:
            value = {Scale.SCORE: 100 * drawn, Scale.YES_NO: float(drawn > 0.4)}.get(item.scale, drawn)  # noqa: PLR2004 - a middling one
            documents = [sha] if rng.random() < _ATTACHED else []
            given.append(
                AnswerIn(item=item.id, given=[f"{value:.{_DIGITS[item.scale]}f}"], attachments=documents)
            )
    return given
