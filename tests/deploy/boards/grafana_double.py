"""A Grafana as far as `chejian boards push` sees it, written from the HTTP API's documentation: folders, boards, datasources.

Kept from that: bearer tokens, 404 with a message, 412 for a board of another version unless it is to be overwritten, 400 for a
board without title or with an unknown folder, an id and a version of the server's own, and its defaults added on load.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

TOKEN = "glsa_test"


class GrafanaDouble:
    """The server; `boards`, `folders` and `datasources` are what it holds, `written` what it was sent."""

    def __init__(self) -> None:
        self.boards: dict[str, dict[str, Any]] = {}
        self.folder_of: dict[str, str] = {}
        self.folders: dict[str, str] = {}
        self.datasources = {"chejian-timescale"}
        self.written: list[str] = []
        double = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                self._answer(*double.get(self._path()))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self._answer(*double.post(self._path(), body))

            def _path(self) -> str | None:
                given = self.headers.get("Authorization") == f"Bearer {TOKEN}"
                return urlsplit(self.path).path if given else None

            def _answer(self, status: int, body: dict[str, Any]) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def get(self, path: str | None) -> tuple[int, dict[str, Any]]:
        if path is None:
            return 401, {"message": "Invalid API key"}
        kind, _, uid = path.removeprefix("/api/").rpartition("/")
        if kind == "datasources/uid" and uid in self.datasources:
            return 200, {"uid": uid, "type": "grafana-postgresql-datasource"}
        if kind == "folders" and uid in self.folders:
            return 200, {"uid": uid, "title": self.folders[uid]}
        if kind == "dashboards/uid" and uid in self.boards:
            loaded = {**self.boards[uid], "weekStart": "", "fiscalYearStartMonth": 0}
            return 200, {"dashboard": loaded, "meta": {"folderUid": self.folder_of[uid]}}
        return 404, {"message": f"{kind.split('/')[0]} not found"}

    def post(self, path: str | None, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path is None:
            return 401, {"message": "Invalid API key"}
        if path == "/api/folders":
            if body["uid"] in self.folders:
                return 409, {"message": "a folder with the same uid already exists"}
            self.folders[body["uid"]] = body["title"]
            self.written.append(f"folder {body['uid']}")
            return 200, {"uid": body["uid"], "title": body["title"], "version": 1}
        if path == "/api/dashboards/db":
            return self._store(body)
        return 404, {"message": "Not found"}

    def _store(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        board = body["dashboard"]
        if not board.get("title"):
            return 400, {"message": "Dashboard title cannot be empty"}
        if body.get("folderUid") not in self.folders:
            return 400, {"message": "folder not found"}
        held = self.boards.get(board["uid"])
        if held is not None and not body.get("overwrite") and board.get("version") != held["version"]:
            return 412, {
                "message": "The dashboard has been changed by someone else",
                "status": "version-mismatch",
            }
        version = held["version"] + 1 if held else 1
        number = held["id"] if held else len(self.boards) + 1
        self.boards[board["uid"]] = {**board, "id": number, "version": version}
        self.folder_of[board["uid"]] = body["folderUid"]
        self.written.append(f"board {board['uid']}")
        return 200, {"id": number, "uid": board["uid"], "status": "success", "version": version}
