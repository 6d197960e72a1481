"""The HTTP side: one thread per connection, keep-alive, no port open before the boot is over."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.standin.service.answers import Request, answer
from tests.standin.service.records import Records
from tests.standin.service.spec import Spec


class Server(ThreadingHTTPServer):
    """Serves one stand-in on its port."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, spec: Spec, records: Records | None) -> None:
        super().__init__(("0.0.0.0", spec.port), Handler)
        self.spec = spec
        self.records = records


class Handler(BaseHTTPRequestHandler):
    """Turns sockets into requests and answers into sockets."""

    protocol_version = "HTTP/1.1"
    timeout = 75  # as long as a servlet container keeps an idle connection
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet
    server: Server

    def do_GET(self) -> None:
        """Answer a GET."""
        self._serve()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._serve()

    def do_PUT(self) -> None:
        """Answer a PUT."""
        self._serve()

    def do_DELETE(self) -> None:
        """Answer a DELETE."""
        self._serve()

    def do_HEAD(self) -> None:
        """Answer a HEAD."""
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        method = "GET" if self.command == "HEAD" else self.command
        authorized = self.headers.get("Authorization", "").startswith("Bearer ")
        request = Request(method=method, target=self.path, body=body, authorized=authorized)
        found = answer(request, self.server.spec, self.server.records)
        payload = found.payload()
        self.send_response(found.status)
        self.send_header("Content-Type", found.media_type)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        """Write no access log: Spring's services write none either."""
