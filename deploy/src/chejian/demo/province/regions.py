"""Forms of the region: what was published of 2015, and an open one of this year with what the platform measured."""

from datetime import datetime
from typing import Final

from chejian_cloud.db.engine import bind_rows
from chejian_cloud.db.rows import EVERYTHING
from chejian_cloud.regions import filling, sealing
from chejian_cloud.regions.schemas import Confidence, RegionStartIn, RegionStepIn, ValueIn
from sqlalchemy import Engine
from sqlalchemy.orm import Session

_REGION: Final = "230000"
_YEAR: Final = 2015
_USER: Final = "模拟省级"
_INDEX: Final = "区域两化融合发展水平评估 2015 (table of teniang.cn)"
_PLAN: Final = "黑龙江省制造业转型升级“十三五”规划 (2017)"
_PUBLISHED: Final[tuple[tuple[str, str, Confidence, dict[str, str]], ...]] = (
    (
        "regional-index-2015",
        _INDEX,
        "A",
        {"infrastructure": "80.2", "application": "80.8", "benefit": "64.2"},
    ),
    ("penetration", _PLAN, "A", {"erp": "0.682", "mes": "0.76", "plm": "0.715"}),
)
"""Standard, source, confidence and values."""


def keep_regions(engine: Engine, now: datetime) -> None:
    """Enter what was published and submit it; begin the form of this year."""
    with Session(engine) as session, session.begin():
        bind_rows(session, EVERYTHING)
        for standard, source, confidence, values in _PUBLISHED:
            key = filling.start(
                session, RegionStartIn(standard=standard, region=_REGION, year=_YEAR), _USER, now
            )
            given = [
                ValueIn(item=item, value=value, source=source, confidence=confidence)
                for item, value in values.items()
            ]
            filling.save(session, key, 1, given, None, _USER, now)
            sealing.submit(session, key, RegionStepIn(lock=2, comment="as published"), _USER, now)
        this_year = RegionStartIn(standard="national-indicators", region=_REGION, year=now.year)
        filling.start(session, this_year, _USER, now)
