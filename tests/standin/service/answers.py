"""What the stand-in answers to each request: pure routing, no sockets."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg

from tests.standin.service.records import Records
from tests.standin.service.spec import Fault, Spec

BUILT = "2019-01-01T00:00:00Z"
PAGE = """\
<!doctype html>
<html>
<head><title>OpenLMIS</title><meta name="version" content="{version}"></head>
<body><h1>OpenLMIS</h1><p>{name} {version}</p></body>
</html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as the router sees it."""

    method: str
    target: str
    body: bytes = b""
    authorized: bool = False

    @property
    def path(self) -> str:
        """The path without query and without a closing slash."""
        return urlsplit(self.target).path.rstrip("/") or "/"

    @property
    def wants_count(self) -> bool:
        """Tell whether only the number of rows is asked for."""
        return parse_qs(urlsplit(self.target).query).get("count") == ["1"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status and body; ``content`` may be text or anything JSON can hold."""

    status: HTTPStatus = HTTPStatus.OK
    content: Any = field(default_factory=dict)
    media_type: str = "application/json"

    def payload(self) -> bytes:
        """Encode the body."""
        return (self.content if isinstance(self.content, str) else json.dumps(self.content)).encode()


def answer(request: Request, spec: Spec, records: Records | None) -> Answer:
    """Answer one request; database errors become 500 and 503, never an acknowledgement."""
    if spec.is_ui:
        return _page(request, spec)
    if request.path == f"/{spec.consul}" and request.method == "GET":
        return Answer(content=_version(spec))
    if request.path == "/actuator/health" and spec.actuator:
        return Answer(content={"status": "UP"})
    if request.path == f"/api/{spec.consul}/records" and records is not None:
        return _business(request, spec, records)
    return _token(request, spec) or _guarded(request)


def _token(request: Request, spec: Spec) -> Answer | None:
    if spec.consul != "auth" or request.method != "POST" or request.path != "/api/oauth/token":
        return None
    return Answer(content={"access_token": "stand-in", "token_type": "bearer", "expires_in": 1800})


def _guarded(request: Request) -> Answer:
    if request.path.startswith("/api") and request.authorized:
        return Answer(status=HTTPStatus.NOT_FOUND, content={"message": "no such resource"})
    return Answer(status=HTTPStatus.UNAUTHORIZED, content={"error": "unauthorized"})


def _version(spec: Spec) -> dict[str, str]:
    return {
        "service": spec.name,
        "build": "stand-in",
        "branch": "master",
        "timeStamp": BUILT,
        "version": spec.served_version,
    }


def _page(request: Request, spec: Spec) -> Answer:
    if request.path not in {"/", "/index.html"}:
        return Answer(status=HTTPStatus.NOT_FOUND, content="<h1>404 Not Found</h1>", media_type="text/html")
    if spec.fault is Fault.ERROR_500:
        return Answer(status=HTTPStatus.INTERNAL_SERVER_ERROR, content="<h1>500</h1>", media_type="text/html")
    return Answer(content=PAGE.format(name=spec.name, version=spec.served_version), media_type="text/html")


def _business(request: Request, spec: Spec, records: Records) -> Answer:
    if spec.fault is Fault.ERROR_500:
        return Answer(
            status=HTTPStatus.INTERNAL_SERVER_ERROR, content={"message": "java.lang.OutOfMemoryError: Java heap space"}
        )
    try:
        return _write(request, records) if request.method == "POST" else _read(request, records)
    except psycopg.OperationalError as error:
        return Answer(status=HTTPStatus.SERVICE_UNAVAILABLE, content={"message": str(error)})
    except psycopg.Error as error:
        return Answer(status=HTTPStatus.INTERNAL_SERVER_ERROR, content={"message": str(error)})


def _read(request: Request, records: Records) -> Answer:
    if request.method != "GET":
        return Answer(status=HTTPStatus.METHOD_NOT_ALLOWED, content={"message": "use GET or POST"})
    return Answer(content={"count": records.count()} if request.wants_count else {"ids": records.ids()})


def _write(request: Request, records: Records) -> Answer:
    try:
        values = json.loads(request.body)
        record_id, note = str(values["id"]), values.get("note")
    except (ValueError, KeyError, TypeError, AttributeError):
        return Answer(status=HTTPStatus.BAD_REQUEST, content={"message": 'send {"id": "...", "note": "..."}'})
    if not records.add(record_id, note):
        return Answer(status=HTTPStatus.CONFLICT, content={"message": f"id {record_id} is taken"})
    return Answer(status=HTTPStatus.CREATED, content={"id": record_id})
