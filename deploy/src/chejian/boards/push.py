"""Publishing the boards through the HTTP API of a running Grafana: what is as it should be stays untouched."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chejian.boards.compare import differences
from chejian.boards.files import BoardFile, boards
from chejian.stack import StackError

FOLDER_UID, FOLDER_TITLE = "chejian", "数字化车间 · Digital workshops"
DATASOURCE_UID = "chejian-timescale"
_OK, _MISSING = 200, 404


@dataclass(frozen=True, slots=True)
class Step:
    """What has to be done about one thing.

    Attributes:
        kind: "folder" or "board".
        uid: of it.
        action: "create", "update" or "keep".
        paths: where an existing board differs.
    """

    kind: str
    uid: str
    action: str
    paths: tuple[str, ...] = ()


class Grafana:
    """A Grafana server's HTTP API, as `grafana-api-sdk` speaks it.

    Args:
        url: of the server, with its path where it has one.
        token: of a service account that may write folders and dashboards (role Editor).
        org: id of the organisation; None: that of the token.

    Raises:
        StackError: when the SDK is not installed.
    """

    def __init__(self, url: str, token: str, *, org: int | None = None) -> None:
        try:
            from grafana_api.api import Api  # noqa: PLC0415 - an extra, only needed here
            from grafana_api.model import APIModel, RequestsMethods  # noqa: PLC0415 - same
        except ImportError as error:
            raise StackError("the command needs grafana-api-sdk: pip install 'chejian[grafana]'") from error
        self.url = url.rstrip("/")
        self._api = Api(APIModel(host=self.url, token=token, retries=2))
        self._methods = RequestsMethods
        self._org = org

    def get(self, path: str) -> dict[str, Any] | None:
        """What is at a path; None where nothing is.

        Raises:
            StackError: for any other answer, and when the server can't be reached.
        """
        answer = self._call(path, self._methods.GET, None)
        return None if answer["status"] == _MISSING else self._good(path, answer)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a document.

        Raises:
            StackError: when the server refuses it.
        """
        return self._good(path, self._call(path, self._methods.POST, json.dumps(body)))

    def _call(self, path: str, method: Any, body: str | None) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._api.call_the_api(
                path, method, body, org_id_header=self._org, response_status_code=True
            )
        except Exception as error:
            # The SDK raises httpx's errors, and plain ones for words of Grafana that it knows, e.g. "Invalid API key".
            raise StackError(f"Grafana at {self.url}{path}: {error or type(error).__name__}") from error
        return answer

    def _good(self, path: str, answer: dict[str, Any]) -> dict[str, Any]:
        if answer["status"] != _OK:
            said = answer.get("message") or answer.get("data") or "no words"
            raise StackError(f"Grafana at {self.url}{path} answered {answer['status']}: {said}")
        return answer


def plan(grafana: Grafana, files: Sequence[BoardFile] | None = None) -> list[Step]:
    """What `push` would do.

    Raises:
        StackError: when Grafana can't be asked, or has no datasource of the boards' uid.
    """
    if grafana.get(f"/api/datasources/uid/{DATASOURCE_UID}") is None:
        raise StackError(
            f"Grafana at {grafana.url} has no datasource with uid {DATASOURCE_UID}, which every panel names;"
            " `chejian boards build` writes its provisioning file"
        )
    folder = grafana.get(f"/api/folders/{FOLDER_UID}")
    steps = [Step("folder", FOLDER_UID, "create" if folder is None else "keep")]
    for board in boards() if files is None else files:
        found = grafana.get(f"/api/dashboards/uid/{board.uid}")
        if found is None:
            steps.append(Step("board", board.uid, "create"))
            continue
        paths = tuple(differences(board.content, found["dashboard"]))
        if found.get("meta", {}).get("folderUid") != FOLDER_UID:
            paths = (*paths, "folder")
        steps.append(Step("board", board.uid, "update" if paths else "keep", paths))
    return steps


def push(grafana: Grafana, steps: Sequence[Step], files: Sequence[BoardFile] | None = None) -> None:
    """Carry out a plan; boards that differ are written over, and Grafana keeps their former versions.

    Raises:
        StackError: when Grafana refuses something; what was done before stays.
    """
    by_uid = {board.uid: board for board in (boards() if files is None else files)}
    for step in steps:
        if step.action == "keep":
            continue
        if step.kind == "folder":
            grafana.post("/api/folders", {"uid": FOLDER_UID, "title": FOLDER_TITLE})
        else:
            content = {key: value for key, value in by_uid[step.uid].content.items() if key != "version"}
            body = {
                "dashboard": {**content, "id": None},
                "folderUid": FOLDER_UID,
                "message": "chejian boards push",
                "overwrite": True,
            }
            grafana.post("/api/dashboards/db", body)
