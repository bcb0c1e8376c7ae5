"""The simulated province of a run of the demo: its files, its filling, its checks over HTTP."""

import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from chejian_cloud.access.commands import make_token
from chejian_cloud.access.permissions import TOKEN_PERMISSIONS, Role

from chejian.demo.province.check import check_province
from chejian.demo.province.fill import fill
from chejian.demo.province.plan import shifted_plan
from chejian.report.checks import Check
from chejian.stack import StackError

_REGION = "230000"
_TIMEOUT_S = 120.0


class Province:
    """A simulated province below a data folder; one that was filled stays part of that folder.

    Args:
        data: folder of the run.
    """

    def __init__(self, data: Path) -> None:
        self._plan, self._truth = data / "plan.toml", data / "truth" / "province.json"
        self._done = data / "province.filled"

    @property
    def filled(self) -> bool:
        """Whether the data folder has one, or would have one."""
        return self._truth.exists()

    def environment(self) -> dict[str, str]:
        """Variables by which the API finds the plan."""
        return {"CHEJIAN_PROGRAMME_PLAN": str(self._plan)} if self._plan.exists() else {}

    def fill(self, dsn: str, seed: int, say: Callable[[str], None]) -> float | None:
        """Fill it in where it is not yet; answers what that took [s], None where it was there.

        Raises:
            StackError: an earlier start was stopped while it filled.
        """
        begin, now = time.monotonic(), datetime.now(UTC)
        if self.filled and not self._done.exists():
            raise StackError(
                f"filling the province in {self._done.parent} was cut short; remove that folder, or another --data"
            )
        if not self._plan.exists():
            self._plan.write_text(shifted_plan(now.date()), "utf-8")
        done = fill(dsn, self._plan, self._truth, now, say, seed_number=seed)
        self._done.touch()
        return time.monotonic() - begin if done else None

    def checks(self, dsn: str, port: int) -> Iterator[Check]:
        """What the API on a port of this machine shows, beside the truth."""
        token = make_token(dsn, "demo-report", Role.PROVINCE, _REGION, TOKEN_PERMISSIONS, days=1)
        truth = json.loads(self._truth.read_text("utf-8"))
        return check_province(lambda path, query: _get(port, token, path, query), truth)


def _get(port: int, token: str, path: str, query: Mapping[str, Any]) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        headers = {"Authorization": f"Bearer {token}"}
        connection.request("GET", f"/api/v1{path}?{urlencode(query)}", headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status != http.client.OK:
            raise StackError(f"GET {path}: {answer.status} {text}")
        return json.loads(text)
    finally:
        connection.close()
