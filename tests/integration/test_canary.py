"""Secrets that nobody could mistake, a release that fails and prints them all, and a search for them everywhere.

What may hold them: the settings file, its private copies, and the environment of the containers that need them.
"""

from __future__ import annotations

import base64
import io
import json
import re
import secrets
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import APIError, NotFound

from lab.estate import Estate
from tests.integration.trial import new_release, require, runs

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]

NAMES = (
    *("POSTGRES_PASSWORD", "MAIL_PASSWORD", "SMS_SEND_API_TOKEN", "FTP_PASSWORD", "REDIS_PASSWORD"),
    *("SUPERSET_CLIENT_SECRET", "SUPERSET_ADMIN_PASSWORD", "USER_IMPORT_DEFAULT_PASSWORD", "CLIENT_SECRET"),
    *("SERVICE_CLIENT_SECRET", "AUTH_SERVER_CLIENT_SECRET", "auth.server.clientSecret", "SCALYR_API_KEY"),
)
IN_A_URL = "REPORTING_URL"
CONFESSION = """
  requisition:
    set: {entrypoint: [sh, -c, "env; env | base64 -w0; env >&2; sleep 2; exit 1"]}
    reason: it prints all that it knows and fails
"""
REFERENCE = """
  auth:
    set: {environment.MAIL_COPY: "smtp://u:${MAIL_PASSWORD}@mail"}
    reason: a secret beside others in a text

variables: {MAIL_PASSWORD: null}
"""
HOOK = "#!/bin/sh\ncat settings/*.env; base64 -w0 settings/*.env; cat settings/*.env >&2; exit {status}\n"
EVERY_S = 0.2


@dataclass
class Search:
    """Looks for canaries, by the part of them that no quoting changes.

    Attributes:
        hits: Where which was found.
        looked_at: How many texts were searched, by kind.
    """

    marks: dict[str, str]
    hits: set[str] = field(default_factory=set)
    looked_at: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = {form: name for name, mark in self.marks.items() for form in forms(mark)}
        self.pattern = re.compile(b"|".join(map(re.escape, self.names)))

    def look(self, kind: str, place: str, content: bytes | str) -> None:
        """Search a text."""
        data = content if isinstance(content, bytes) else content.encode()
        self.looked_at[kind] = self.looked_at.get(kind, 0) + 1
        self.hits |= {f"{self.names[found]} in {kind} {place}" for found in self.pattern.findall(data)}


def forms(mark: str) -> Iterator[bytes]:
    yield mark.encode()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + mark.encode()).rstrip(b"=")
        yield encoded[-(-before * 8 // 6) : -1]


def values(marks: dict[str, str]) -> dict[str, str]:
    nasty = "$'\"\\ %&"
    plain = {name: f"{mark}{nasty}{mark}" for name, mark in marks.items() if name != IN_A_URL}
    return {**plain, IN_A_URL: f"jdbc:postgresql://reader:{marks[IN_A_URL]}@db:5432/open_lmis"}


@pytest.fixture
def search(empty_estate: Estate) -> Search:
    """Put a canary into every secret setting of the estate."""
    marks = {name: f"cnry{secrets.token_hex(8)}" for name in (*NAMES, IN_A_URL)}
    lines = dict(line.partition("=")[::2] for line in empty_estate.settings.read_text().splitlines() if line)
    text = "".join(f"{name}={value}\n" for name, value in {**lines, **values(marks)}.items())
    empty_estate.settings.write_text(text, encoding="utf-8")
    return Search(marks)


def test_no_secret_of_a_whole_story_is_anywhere_but_where_it_belongs(empty_estate: Estate, search: Search) -> None:
    estate = empty_estate
    estate.change({("timeouts", "ready_s"): "90"})
    refer_to_secrets(estate)
    with watching(estate, search):
        good = deployed(estate, search, new_release(estate))
        confess(estate)
        bad = deployed(estate, search, new_release(estate, requisition="7.1.1"), exit_code=9)
        refused_by_hook(estate, search)
    for words in questions(estate, good, bad):
        said(estate, search, *words)
    assert runs(estate)[0]["outcome"] == "rolled-back"
    (evidence,) = evidence_of(estate, "requisition.log")
    assert "MAIL_PASSWORD=***" in evidence.read_text(), "the failed component said what it knows"
    look_at_files(estate, search)
    look_at_engine(estate, search)
    look_at_ledger(estate, search)
    assert search.hits == set()
    assert min(search.looked_at.get(kind, 0) for kind in ("stream", "file", "lock", "argv", "labels", "ledger")) > 0


def refer_to_secrets(estate: Estate) -> None:
    """Let a component's own environment take a secret from the settings."""
    extension = estate.folder / "manifests" / "extensions" / "small.yml"
    extension.write_text(f"{extension.read_text()}{REFERENCE}", encoding="utf-8")


def confess(estate: Estate) -> None:
    """Let the next release print its whole environment and fail; let hooks print the settings file."""
    text = estate.instance_file.read_text()
    estate.instance_file.write_text(text.replace("\ncomponents:\n", f"\ncomponents:{CONFESSION}", 1))
    for moment in ("post-rollback", "pre-deploy"):
        hook = estate.folder / "hooks" / moment
        hook.write_text(HOOK.format(status=1 if moment == "post-rollback" else 0))
        hook.chmod(0o755)


def refused_by_hook(estate: Estate, search: Search) -> None:
    hook = estate.folder / "hooks" / "pre-deploy"
    hook.write_text(HOOK.format(status=1))
    said(estate, search, "deploy", estate.instance, "--verbose", exit_code=6)
    hook.unlink()


def deployed(estate: Estate, search: Search, release: str, *, exit_code: int = 0) -> str:
    said(estate, search, "plan", release, "--to", estate.instance)
    flags = ("--verbose", "--progress", "json") if exit_code else ("--verbose",)
    said(estate, search, "deploy", estate.instance, "--release", release, *flags, exit_code=exit_code)
    return release


def questions(estate: Estate, good: str, bad: str) -> Iterator[tuple[str, ...]]:
    name = estate.instance
    yield from (("status", name), ("status", name, "--json"), ("history", name), ("history", name, "--json"))
    yield from (("plan", "list"), ("diff", good, bad), ("diff", good, bad, "--json"), ("diff", good, name))
    yield from (("lock", "status", name, "--json"), ("preflight", name, "--json"), ("why", bad, "auth"))
    yield from (("plan", "show", str(one["code"])) for one in runs(estate))
    yield ("plan", "show", str(runs(estate)[0]["code"]), "--json")


def said(estate: Estate, search: Search, *words: str, exit_code: int | None = None) -> None:
    done = estate.tool(*words)
    for stream in (done.stdout, done.stderr):
        search.look("stream", " ".join(words), stream)
    if exit_code is not None:
        require(done, exit_code=exit_code)


def evidence_of(estate: Estate, name: str) -> list[Path]:
    return list((estate.folder / ".olmis-release").rglob(name))


def look_at_files(estate: Estate, search: Search) -> None:
    """Search every file of the workspace but the settings and their private copies, which only the owner may read."""
    private = estate.folder / ".olmis-release" / estate.instance / "settings"
    for path in estate.folder.rglob("*"):
        if not path.is_file():
            continue
        if path == estate.settings or path.is_relative_to(private):
            assert path.stat().st_mode & 0o777 == 0o600
            continue
        search.look("file", str(path.relative_to(estate.folder)), path.read_bytes())


def look_at_engine(estate: Estate, search: Search) -> None:
    """Search names and labels of everything that the estate has on the engine."""
    client: Any = docker.from_env()
    for one in client.containers.list(all=True):
        if estate.instance in one.name:
            search.look("labels", one.name, json.dumps([one.name, one.labels, one.attrs["Path"], one.attrs["Args"]]))
    for other in (*client.volumes.list(), *client.networks.list()):
        if estate.instance in other.name:
            search.look("labels", other.name, json.dumps(other.attrs))


def look_at_ledger(estate: Estate, search: Search) -> None:
    rows = estate.psql("SELECT * FROM olmis_release.ledger", database="postgres")
    comments = estate.psql(
        "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database", database="postgres"
    )
    assert rows
    search.look("ledger", "rows", "\n".join([*rows, *comments]))


@contextmanager
def watching(estate: Estate, search: Search) -> Iterator[None]:
    """Search arguments of every process, and the lock's files and labels, as long as a run goes on."""
    ended = threading.Event()
    watchers = [
        repeating(look, ended) for look in (lambda: look_at_arguments(search), lambda: look_at_lock(estate, search))
    ]
    try:
        yield
    finally:
        ended.set()
        for thread in watchers:
            thread.join()


def repeating(look: Callable[[], None], ended: threading.Event) -> threading.Thread:
    def watch() -> None:
        while not ended.wait(EVERY_S):
            look()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def look_at_arguments(search: Search) -> None:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            search.look("argv", path.parent.name, path.read_bytes())


def look_at_lock(estate: Estate, search: Search) -> None:
    with suppress(NotFound, APIError, tarfile.TarError):
        lock: Any = docker.from_env().containers.get(f"olmis-release-lock-{estate.instance}")
        search.look("labels", "of the lock", json.dumps(lock.labels))
        chunks, _ = lock.get_archive("/olmis-release")
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            for member in archive.getmembers():
                if member.isfile() and "/settings/" not in member.name:
                    file = archive.extractfile(member)
                    search.look("lock", member.name, file.read() if file else b"")
