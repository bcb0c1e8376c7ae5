"""The automatic baseline: the first healthy windows of a machine, by their own time.

Cold start. Until `FIRST_WINDOWS` windows in a row were healthy, bearings are judged by fixed thresholds and shafts are not
judged. The windows are looked for among the first `SEARCHED`, so a machine that begins its life with alarms gets no
automatic baseline: an engineer has to choose its windows. Late windows may change which ones are the first: then a new
version is frozen, and what it judges is judged anew.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from chejian_cloud.diagnosis.baselines import (
    SPEED_SHARE,
    HealthyWindow,
    Place,
    freeze_windows,
    newest,
    times_of,
    withdraw,
)
from chejian_cloud.diagnosis.methods import BEARING, WINDOW_METHODS

FIRST_WINDOWS = 10
"""Windows of an automatic baseline. Its standard deviations are known to +-24 % only, so the shaft method asks for a doubling
besides; a bearing needs 399 windows to be judged more sharply, which a person has to choose."""
SEARCHED = 200
"""First readable windows of a machine among which they are looked for."""

_FIRST = text("""
SELECT w.series_id, w.time, w.nominal_rpm AS rpm, w.bearing,
       d.confidence = 'none' AND w.zone IS DISTINCT FROM 'C' AND w.zone IS DISTINCT FROM 'D' AS healthy
  FROM app.vibration_window w
  JOIN app.diagnosis d ON d.series_id = w.series_id AND d.time = w.time AND d.method = :method
 WHERE w.series_id = ANY(:series) AND d.method_version = ANY(:versions) AND d.confidence <> 'cannot_tell'
 ORDER BY w.time, w.series_id LIMIT :searched
""")
_WAITS = text("""
SELECT EXISTS (SELECT FROM app.diagnosis_task WHERE series_id = ANY(:series) AND time <= :until)
""")


def refresh(session: Session, place: Place, time: datetime) -> bool:
    """Freeze the automatic baselines anew where the window of `time`, judged just now, changes them.

    Returns:
        Whether anything was frozen or withdrawn.
    """
    if newest(session, place, BEARING, automatic=False) is not None:
        return False  # people have chosen
    old = newest(session, place, BEARING, automatic=True)
    known = times_of(old) if old is not None else []
    if (known and time > known[-1]) or _waits(session, place, time):
        return False  # it comes after them, or an older window may still come before it
    windows = _first(session, place)
    if [w.time for w in windows] == known or (windows and _waits(session, place, windows[-1].time)):
        return False
    if windows:
        said = {"automatic": True, "user_name": "", "comment": ""}
        return bool(freeze_windows(session, place, windows, said=said))
    for reader in WINDOW_METHODS:
        own = newest(session, place, reader, automatic=True)
        if own is not None:
            withdraw(session, place, own, reader)
    return True


def _waits(session: Session, place: Place, until: datetime) -> bool:
    return bool(session.scalar(_WAITS, {"series": list(place.series), "until": until}))


def _first(session: Session, place: Place) -> list[HealthyWindow]:
    values = {
        "series": list(place.series),
        "method": BEARING.method.id,
        "versions": BEARING.method.baseline_versions,
        "searched": SEARCHED,
    }
    return first_run(session.execute(_FIRST, values).mappings().all())


def first_run(rows: Sequence[RowMapping]) -> list[HealthyWindow]:
    """The first `FIRST_WINDOWS` healthy windows in a row whose speeds are alike; empty when there are none."""
    run: list[HealthyWindow] = []
    for row in rows:
        if not row["healthy"] or (run and abs(row["rpm"] / run[0].rpm - 1) > SPEED_SHARE):
            run = []
        if row["healthy"]:
            run.append(HealthyWindow(row["series_id"], row["time"], row["rpm"], row["bearing"]))
        if len(run) == FIRST_WINDOWS:
            return run
    return []
