"""Answers the health check of the compose file over HTTPS, where no Grafana can be had."""

import http.server
import os
import ssl


class Health(http.server.BaseHTTPRequestHandler):
    """200 on /api/health."""

    def do_GET(self) -> None:
        """Answer."""
        self.protocol_version = "HTTP/1.1"
        self.send_response(200 if self.path == "/api/health" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()


server = http.server.ThreadingHTTPServer(("0.0.0.0", 3000), Health)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.environ["GF_SERVER_CERT_FILE"], os.environ["GF_SERVER_CERT_KEY"])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
