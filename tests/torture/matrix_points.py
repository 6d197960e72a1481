"""Where a fault strikes: the rows of the fault matrix as places in this tool, and the driver that stops it there.

``python -m tests.torture.matrix_driver SPEC.json -- deploy …`` stops itself (SIGSTOP) at each place of ``stops`` and
waits to be continued, so that whoever watches can do harm at exactly that moment; ``strike`` kills it there instead.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any

from olmis_release.deploy.journal import Journal, Mark
from olmis_release.instance.front import HttpFrontDoor
from olmis_release.instance.ports import Answer
from olmis_release.plan.model import PlannedStep

RUN = "olmis_release.deploy.run"
PROOF = "olmis_release.deploy.steps.raise_wall"


class Row(StrEnum):
    """A step of a run, forward, or of its way back."""

    VERIFY = "verify"
    LOCK = "lock"
    PREFLIGHT = "preflight"
    PULL = "pull"
    WALL_UP = "wall-up"
    STOP = "stop"
    POINT = "rollback-point"
    POINTER = "config-pointer"
    START = "start"
    READY = "ready"
    SMOKE = "smoke"
    ACCEPT = "accept"
    WALL_DOWN = "wall-down"
    UNDO_START = "undo-start"
    SWAP = "database-swap"
    UNDO_STOP = "undo-stop"
    PROOF = "proof"
    CLOSE = "wall-down-of-old"

    @property
    def is_back(self) -> bool:
        """Whether it is of the way back."""
        return self in BACK


BACK = (Row.UNDO_START, Row.SWAP, Row.UNDO_STOP, Row.PROOF, Row.CLOSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A moment: a record of the journal (about to be written, or written), or a call (entered, or left).

    Attributes:
        step, marks: Of the record; any of the marks.
        module, call: Of the function.
        after: When it was written, or was left.
    """

    step: int = 0
    marks: tuple[str, ...] = ()
    module: str = ""
    call: str = ""
    after: bool = False


def _step(number: int, *, back: bool = False) -> tuple[Place, Place]:
    begun = (Mark.UNDO_INTENT,) if back else (Mark.INTENT,)
    ended = (Mark.UNDO_DONE, Mark.UNDO_FAIL) if back else (Mark.DONE, Mark.FAIL, Mark.UNKNOWN)
    return Place(step=number, marks=begun, after=True), Place(step=number, marks=ended)


def _call(module: str, name: str) -> tuple[Place, Place]:
    return Place(module=module, call=name), Place(module=module, call=name, after=True)


#: Beginning and end of each row. There is no step that moves a pointer to the configuration: the plan names the Compose
#: file of each release, so that the row is what lies between the rollback point and the start.
PLACES: dict[Row, tuple[Place, Place]] = {
    Row.VERIFY: _call(RUN, "require_approvals"),
    Row.LOCK: _call(RUN, "take"),
    Row.PREFLIGHT: _call(RUN, "require_preflight"),
    Row.PULL: _step(1),
    Row.WALL_UP: _step(3),
    Row.STOP: _step(4),
    Row.POINT: _step(5),
    Row.POINTER: (Place(step=5, marks=(Mark.DONE,), after=True), Place(step=6, marks=(Mark.INTENT,))),
    Row.START: _step(6),
    Row.READY: _step(7),
    Row.SMOKE: _step(8),
    Row.ACCEPT: _step(9),
    Row.WALL_DOWN: _step(10),
    Row.UNDO_START: _step(6, back=True),
    Row.SWAP: _step(5, back=True),
    Row.UNDO_STOP: _step(4, back=True),
    Row.PROOF: _call(PROOF, "prove_again"),
    Row.CLOSE: (Place(module=PROOF, call="prove_again", after=True), Place(module=RUN, call="close", after=True)),
}
PROVE_OLD = _step(2)
"""Where preflight asks the running release: a step of its own here."""


def as_spec(places: Sequence[Place], *, kill: bool = False) -> dict[str, Any]:
    """Return what the driver reads."""
    return {"strike" if kill else "stops": [asdict(place) for place in places]}


def install(spec: dict[str, Any]) -> None:
    """Have this process stopped or killed at each place, the first time it comes there."""
    for word, number in (("stops", signal.SIGSTOP), ("strike", signal.SIGKILL)):
        for given in spec.get(word, ()):
            place = Place(**{**given, "marks": tuple(given["marks"])})
            once = _once(number)
            if place.call:
                _around_call(place, once)
            else:
                _around_record(place, once)
    if flag := spec.get("front_cut"):
        _cut_front(flag)


def _once(number: int) -> Callable[[], None]:
    seen: list[int] = []

    def strike() -> None:
        if not seen:
            seen.append(number)
            os.kill(os.getpid(), number)

    return strike


def _around_call(place: Place, strike: Callable[[], None]) -> None:
    module = import_module(place.module)
    real = getattr(module, place.call)

    def around(*arguments: Any, **options: Any) -> Any:
        if not place.after:
            strike()
        try:
            return real(*arguments, **options)
        finally:
            if place.after:
                strike()

    setattr(module, place.call, around)


def _around_record(place: Place, strike: Callable[[], None]) -> None:
    real = Journal.write

    def write(self: Journal, step: int, planned: PlannedStep, mark: Mark, *, note: str = "") -> None:
        here = step == place.step and mark in place.marks
        if here and not place.after:
            strike()
        real(self, step, planned, mark, note=note)
        if here and place.after:
            strike()

    setattr(Journal, "write", write)  # noqa: B010 - a wrapper over a wrapper


def _cut_front(flag: str) -> None:
    """Let the front not answer while a file is there: the line to it is cut, and nobody else's."""
    real = HttpFrontDoor.request

    def request(self: HttpFrontDoor, method: str, path: str, **options: Any) -> Answer:
        if Path(flag).exists():
            return Answer(status=0, text="", json=None, elapsed_s=0.0, error="ConnectionError: the line is cut")
        return real(self, method, path, **options)

    HttpFrontDoor.request = request  # type: ignore[method-assign]
