"""Health and metrics of a process: `/healthz`, `/readyz` (JSON) and `/metrics` (Prometheus text) from the standard library."""

import json
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

Labels = tuple[tuple[str, str], ...]


class Metrics:
    """Counters and gauges of one process; names follow `chejian_<part>_<what>_<unit>[_total]`. Safe across threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[str, Labels], float] = {}
        self._help: dict[str, tuple[str, str]] = {}

    def declare(self, name: str, kind: str, text: str) -> None:
        """Name a metric once; `kind` is "counter" or "gauge"."""
        self._help[name] = (kind, text)

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        key = (name, tuple(sorted(labels.items())))
        with self._lock:
            self._values[key] = self._values.get(key, 0.0) + amount

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        with self._lock:
            self._values[name, tuple(sorted(labels.items()))] = value

    def get(self, name: str, **labels: str) -> float:
        """Present value; 0 when never touched."""
        with self._lock:
            return self._values.get((name, tuple(sorted(labels.items()))), 0.0)

    def render(self) -> str:
        """Prometheus text exposition format 0.0.4."""
        with self._lock:
            values = dict(self._values)
        lines = []
        for name in sorted({n for n, _ in values} | set(self._help)):
            kind, text = self._help.get(name, ("gauge", name))
            lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
            for (_, labels), value in sorted(item for item in values.items() if item[0][0] == name):
                inner = ",".join(f'{k}="{_escape(v)}"' for k, v in labels)
                lines.append(f"{name}{{{inner}}} {value:.17g}" if inner else f"{name} {value:.17g}")
        return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


class HealthServer:
    """Serves the three pages from a thread of its own; a context manager.

    Args:
        metrics: what `/metrics` shows.
        ready: returns (is ready, details); `/readyz` answers 200 or 503 with the details as JSON.
        host: address to listen on.
        port: 0 takes a free one; read `port` afterwards.
    """

    def __init__(
        self,
        metrics: Metrics,
        ready: Callable[[], tuple[bool, Mapping[str, object]]],
        *,
        host: str,
        port: int,
    ) -> None:
        def pages(path: str) -> tuple[HTTPStatus, str, str]:
            if path == "/healthz":
                return HTTPStatus.OK, "application/json", '{"status":"ok"}'
            if path == "/readyz":
                ok, details = ready()
                status = HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE
                return status, "application/json", json.dumps({"ready": ok, **details}, ensure_ascii=False)
            if path == "/metrics":
                return HTTPStatus.OK, "text/plain; version=0.0.4", metrics.render()
            return HTTPStatus.NOT_FOUND, "application/json", '{"status":"not found"}'

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, kind, text = pages(self.path.partition("?")[0])
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", kind + "; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - name set by the library
                """Requests of monitors are not worth a line."""

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        """TCP port that is listened on."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
