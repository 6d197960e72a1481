"""Faults at the gates of a running tool, put in from outside: the product has no hook for them.

Every way out of the process is a gate: the engine's SDK (`line`), commands (`process`), SQL over TCP (`sql`), the front
(`front`), the disk (`disk`). `install` wraps them in this process, counts the calls, and does one thing to the call of
one number. Calls of the thread that gives signs of life are not counted: they depend on time, and none is waited for.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NoReturn

import docker.errors
import psycopg
import requests

from olmis_release.deploy import hooks
from olmis_release.deploy.journal import Journal, Mark
from olmis_release.instance import database_hook, endpoint, process
from olmis_release.instance.connection import Line
from olmis_release.instance.database import PostgresDatabase
from olmis_release.instance.front import HttpFrontDoor
from olmis_release.instance.ports import Answer
from olmis_release.plan.model import PlannedStep

HANG_S = 1.5
"""Deadline that a call gets when its peer is to say nothing."""
GARBAGE = "\x1b]0;garbage\x07{\xff"


class Do(StrEnum):
    """What happens to a call. HANG: its request is never read. LOST: it was carried out, and the answer never came."""

    ERROR = "error"
    HANG = "hang"
    LOST = "lost"
    GARBAGE = "garbage"
    KILL_BEFORE = "kill-before"
    KILL_AFTER = "kill-after"


class Moment(StrEnum):
    """When, around a step, the tool is killed (or stopped)."""

    BEFORE_INTENT = "before-intent"
    AFTER_INTENT = "after-intent"
    AFTER_EFFECT = "after-effect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A call and what happens to it.

    Attributes:
        call: Its number, from 1; 0 only counts.
        like: Count only calls of which ``<gate> <name>`` matches this pattern, for example ``sql CREATE DATABASE*``.
    """

    call: int
    do: Do
    like: str = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class KillPoint:
    """A moment of one step, on the way forward or back."""

    step: int
    back: bool
    moment: Moment

    def is_at(self, step: int, mark: Mark) -> bool:
        """Whether it is around this record of the journal; a step that failed has had its effect too."""
        intent, *ends = (Mark.UNDO_INTENT, Mark.UNDO_DONE) if self.back else (Mark.INTENT, Mark.DONE, Mark.FAIL)
        return step == self.step and mark in (ends if self.moment is Moment.AFTER_EFFECT else (intent,))


def die(number: int = signal.SIGKILL) -> None:
    """End this process as a power cut would, or freeze it."""
    os.kill(os.getpid(), number)


@dataclass(slots=True, kw_only=True)
class Forms:
    """What a gate's faults look like to its caller."""

    error: Callable[[], Any]
    hang: Callable[[], Any]
    lost: Callable[[], Any]
    garbage: Callable[[], Any]


@dataclass(slots=True, kw_only=True)
class Turnstile:
    """Counts calls and does to one of them what was asked for.

    Attributes:
        trace: File that gets one line per call, for whoever chooses the next number.
    """

    fault: Fault
    trace: Path
    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def passed(self, gate: str, name: str, real: Callable[[], Any], forms: Forms) -> Any:
        """Let a call through, or do to it what was asked for."""
        if threading.current_thread().name == "lease" or not fnmatchcase(f"{gate} {name}", self.fault.like):
            return real()
        number = self._number()
        hit = number == self.fault.call
        self._note(number, gate, name, hit=hit)
        return self._treated(real, forms) if hit else real()

    def _number(self) -> int:
        with self._lock:
            self._count += 1
            return self._count

    def _note(self, number: int, gate: str, name: str, *, hit: bool) -> None:
        line = {"n": number, "gate": gate, "name": name, "at": round(time.monotonic(), 3), "hit": hit}
        with self.trace.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def _treated(self, real: Callable[[], Any], forms: Forms) -> Any:
        match self.fault.do:
            case Do.KILL_BEFORE:
                return die()
            case Do.KILL_AFTER:
                real()
                return die()
            case Do.ERROR:
                return forms.error()
            case Do.HANG:
                return forms.hang()
            case Do.LOST:
                return forms.lost()
            case Do.GARBAGE:
                return forms.garbage()


def install(turnstile: Turnstile) -> None:
    """Wrap every gate."""
    _wrap_line(turnstile)
    _wrap_process(turnstile)
    _wrap_front(turnstile)
    _wrap_sql(turnstile)
    _wrap_disk(turnstile)


def install_kill(point: KillPoint, *, number: int = signal.SIGKILL) -> None:
    """Kill this process (or stop it, with SIGSTOP) at one moment of one step, the first time it comes there."""
    real = Journal.write
    seen = list[int]()

    def write(self: Journal, step: int, planned: PlannedStep, mark: Mark, *, note: str = "") -> None:
        here = point.is_at(step, mark) and not seen
        if here and point.moment is not Moment.AFTER_INTENT:
            seen.append(step)
            die(number)
        real(self, step, planned, mark, note=note)
        if here and point.moment is Moment.AFTER_INTENT:
            seen.append(step)
            die(number)

    Journal.write = write  # type: ignore[method-assign,assignment]


def install_stop_before_swap() -> None:
    """Stop this process (SIGSTOP) when it has looked at its lock and is about to send the swap of the database."""
    real = PostgresDatabase.swap

    def swap(self: PostgresDatabase, point: str, **options: Any) -> None:
        die(signal.SIGSTOP)
        real(self, point, **options)

    PostgresDatabase.swap = swap  # type: ignore[method-assign]


def _wrap_line(turnstile: Turnstile) -> None:
    real = Line.ask

    def ask(self: Line, doing: str, call: Callable[[Any], Any], *, timeout_s: float | None = None) -> Any:
        def through(changed: Callable[[Any], Any], limit_s: float | None = timeout_s) -> Any:
            return real(self, doing, changed, timeout_s=limit_s)

        def afterwards(error: Exception) -> Any:
            return through(lambda api: _raised(error, after=lambda: call(api)))

        forms = Forms(
            error=lambda: through(lambda _: _raised(docker.errors.APIError("injected: the engine cannot do that"))),
            hang=lambda: through(lambda _: time.sleep(60), HANG_S),
            lost=lambda: afterwards(requests.exceptions.ReadTimeout("injected: the answer was lost")),
            garbage=lambda: afterwards(ValueError(f"injected: {GARBAGE}")),
        )
        return turnstile.passed("line", doing, lambda: through(call), forms)

    Line.ask = ask  # type: ignore[method-assign]


def _wrap_process(turnstile: Turnstile) -> None:
    real = process.run

    def run(argv: Any, *, timeout_s: float, **options: Any) -> process.Finished:
        def through() -> process.Finished:
            return real(argv, timeout_s=timeout_s, **options)

        forms = Forms(
            error=lambda: _ended(exit_code=1, stderr="Error response from daemon: injected"),
            hang=lambda: real(["sleep", "60"], timeout_s=HANG_S),
            lost=lambda: _after(through, _ended(exit_code=-9, timed_out=True)),
            garbage=lambda: _after(through, _ended(exit_code=0, stdout=GARBAGE, stderr=GARBAGE)),
        )
        return turnstile.passed("process", " ".join(argv)[:200], through, forms)  # type: ignore[no-any-return]

    for module in (process, hooks, endpoint, database_hook):
        module.run = run  # type: ignore[attr-defined]


def _wrap_front(turnstile: Turnstile) -> None:
    real = HttpFrontDoor.request

    def request(self: HttpFrontDoor, method: str, path: str, **options: Any) -> Answer:
        def through() -> Answer:
            return real(self, method, path, **options)

        def silent() -> Answer:
            time.sleep(HANG_S)
            return _answer(0, error="ReadTimeout: injected")

        forms = Forms(
            error=lambda: _answer(0, error="ConnectionError: injected"),
            hang=silent,
            lost=lambda: _after(through, silent()),
            garbage=lambda: _after(through, _answer(200, text=GARBAGE)),
        )
        return turnstile.passed("front", f"{method} {path}", through, forms)  # type: ignore[no-any-return]

    HttpFrontDoor.request = request  # type: ignore[method-assign]


def _wrap_sql(turnstile: Turnstile) -> None:
    real = psycopg.Connection.execute

    def execute(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        def through() -> Any:
            return real(self, query, *arguments, **options)

        def cut(error: Exception, *, after: Callable[[], Any] = lambda: None) -> NoReturn:
            try:
                after()
            finally:
                self.close()
            raise error

        if query.startswith(b"SET "):
            return through()
        forms = Forms(
            error=lambda: _raised(psycopg.errors.InternalError_("injected")),
            hang=lambda: _raised(psycopg.errors.QueryCanceled("injected"), after=lambda: time.sleep(HANG_S)),
            lost=lambda: cut(psycopg.OperationalError("injected: the server closed the connection"), after=through),
            garbage=lambda: cut(psycopg.OperationalError("injected: got message type 0x07"), after=through),
        )
        return turnstile.passed("sql", query.decode()[:200], through, forms)

    psycopg.Connection.execute = execute  # type: ignore[method-assign]


def _wrap_disk(turnstile: Turnstile) -> None:
    write, fsync = os.write, os.fsync

    def slow(real: Callable[[], Any]) -> Any:
        time.sleep(HANG_S)
        return real()

    def writing(descriptor: int, data: bytes) -> int:
        forms = Forms(
            error=lambda: _raised(OSError(28, "No space left on device (injected)")),
            hang=lambda: slow(lambda: write(descriptor, data)),
            lost=lambda: slow(lambda: write(descriptor, data)),
            garbage=lambda: write(descriptor, data[: len(data) // 2]),
        )
        return int(turnstile.passed("disk", f"write {len(data)} bytes", lambda: write(descriptor, data), forms))

    def syncing(descriptor: int) -> None:
        failed = OSError(5, "Input/output error (injected)")
        forms = Forms(
            error=lambda: _raised(failed),
            hang=lambda: slow(lambda: fsync(descriptor)),
            lost=lambda: _raised(failed, after=lambda: fsync(descriptor)),
            garbage=lambda: _raised(failed, after=lambda: fsync(descriptor)),
        )
        turnstile.passed("disk", "fsync", lambda: fsync(descriptor), forms)

    os.write = writing  # type: ignore[assignment]
    os.fsync = syncing  # type: ignore[assignment]


def _after(call: Callable[[], Any], answer: Any) -> Any:
    call()
    return answer


def _raised(error: Exception, *, after: Callable[[], Any] = lambda: None) -> NoReturn:
    after()
    raise error


def _ended(*, exit_code: int, stdout: str = "", stderr: str = "", timed_out: bool = False) -> process.Finished:
    return process.Finished(exit_code=exit_code, stdout=stdout, stderr=stderr, elapsed_s=0.0, timed_out=timed_out)


def _answer(status: int, *, text: str = "", error: str = "") -> Answer:
    return Answer(status=status, text=text, json=None, elapsed_s=0.0, error=error)
