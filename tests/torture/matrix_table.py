"""The fault matrix as data: 18 steps by 10 faults, each with what must come of it.

The letters are those of the specification: A stopped, target unchanged; A0 the same after undoing; F the way leads
forward; B, BD gone back, images only or with the database; H held, then forward; HB held, then back; A0/F and BD/F one
of the two; H! a person must act first; X the second operator is refused and the run goes on unharmed; - no effect.
Where the design differs from the specification, or a cell cannot occur, the reason stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tests.torture.judge import Word
from tests.torture.matrix_faults import Column
from tests.torture.matrix_points import Row


class Outcome(StrEnum):
    """What must come of a cell."""

    RERUN = "rerun"
    A = "A"
    A0 = "A0"
    F = "F"
    B = "B"
    BD = "BD"
    H = "H"
    HB = "HB"
    ROOM_EARLY = "A0/F"
    ROOM = "BD/F"
    P = "H!"
    X = "X"
    BOTH = "both"
    NONE = "-"
    ON = "on"
    LATER = "alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What an outcome looks like from outside; empty sets promise nothing.

    Attributes:
        first: What the instance is in after the first command.
        exits: Exit status of the first command.
        last: What it is in at the end, for a run that goes well and for one that fails; None: as without the fault.
    """

    first: frozenset[Word] = frozenset()
    exits: frozenset[int] = frozenset()
    last: Word | None = None


FULL = (
    "the room set aside (ballast) carries a run's records to its end, which then says that only the record waits for \
room; where others take that room first, the run goes back: both are whole"
)
OLD, NEW, HELD = frozenset({Word.OLD}), frozenset({Word.NEW}), frozenset({Word.HELD})
UNTOUCHED = frozenset({4, 5, 6, 8, 15, 16, 17})
PROMISES = {
    Outcome.RERUN: Promise(first=OLD, last=Word.NEW),
    Outcome.A: Promise(first=OLD, exits=UNTOUCHED, last=Word.OLD),
    Outcome.A0: Promise(first=OLD, exits=frozenset({9}), last=Word.OLD),
    Outcome.F: Promise(last=Word.NEW),
    Outcome.B: Promise(first=OLD, exits=frozenset({9}), last=Word.OLD),
    Outcome.BD: Promise(first=OLD, exits=frozenset({9}), last=Word.OLD),
    Outcome.H: Promise(exits=frozenset({8, 10, 16}), last=Word.NEW),
    Outcome.HB: Promise(first=HELD, exits=frozenset({10}), last=Word.OLD),
    Outcome.P: Promise(first=HELD, exits=frozenset({10}), last=Word.OLD),
    Outcome.ROOM_EARLY: Promise(first=OLD | NEW, exits=frozenset({0, 6, 9, 16})),
    Outcome.ROOM: Promise(first=OLD | NEW, exits=frozenset({0, 9, 16})),
    Outcome.X: Promise(),
    Outcome.BOTH: Promise(last=Word.NEW),
    Outcome.NONE: Promise(),
    Outcome.ON: Promise(last=Word.OLD),
    Outcome.LATER: Promise(),
}
LASTING = {Outcome.A, Outcome.A0, Outcome.B, Outcome.BD, Outcome.H, Outcome.HB, Outcome.P, Outcome.LATER}
LASTING |= {Outcome.ROOM_EARLY, Outcome.ROOM}
"""What comes of a fault that lasts as long as the command; the others last as long as the step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell.

    Attributes:
        said: What the specification says.
        outcome: What must come of it here.
        reason: Why that is not the same, or what the fault is in this design.
    """

    row: Row
    column: Column
    said: str
    outcome: Outcome
    reason: str = ""

    @property
    def lasting(self) -> bool:
        """Whether the fault lasts until the command ends."""
        return self.outcome in LASTING or self.column in {Column.NETWORK, Column.ENGINE}

    @property
    def plan(self) -> str:
        """Which release is deployed: one that fails where the way back is the point, or where the fault is its own."""
        if self.row in {Row.START, Row.READY} and self.column is Column.MIGRATION:
            return "migrates-badly"
        if self.row is Row.START and self.column is Column.UNHEALTHY:
            return "never-listens"
        if self.row is Row.SMOKE and self.column is Column.SMOKE:
            return "bad"
        return "bad" if self.row.is_back else "good"

    @property
    def in_the_release(self) -> bool:
        """Whether the release itself is the fault, so that nothing else is done."""
        return self.plan != ("bad" if self.row.is_back else "good") or (
            self.row is Row.SMOKE and self.column is Column.SMOKE
        )


#: One line per step, in the order of `Column`; a star marks a cell that differs from the specification (`REASONS`).
TABLE = """
verify            rerun  A*    F     A     -     -     -     -     -     both
lock              rerun  A     A     A     -*    -     -     -     -     both
preflight         rerun  A     A     A     A     A     A     -     A     X
pull              F      A     A     A0/F* A     -     -     -     -     X
wall-up           F      F*    H     A0/F* -     -     -     -     -     X
stop              F      F     H     -     -     F     -     -     -     X
rollback-point    F      F*    H     HB*   -*    -     H*    -     -     X
config-pointer    F      F*    H     A0/F* -     -     -     -     -     X
start             F      F*    H     BD    B     BD    BD    BD    -     X
ready             F      F*    H     BD/F* -     BD    BD    BD    -     X
smoke             F      F*    H     BD/F* -     BD    BD    -     BD    X
accept            F      F*    H     H     -     -     H     -     -     X
wall-down         F      F*    H     H     -     alert alert -     alert X
undo-start        on     on    on    -     -     -     -     -     -     X
database-swap     on     HB*   on    -     -     -     HB    -     -     X
undo-stop         on     on    on    on*   H!    H!    H!    -*    -     X
proof             on     on    on    on*   -     H!    H!    -     H!    X
wall-down-of-old  on     on    on    on*   -     alert alert -     alert X
"""
SAID = """
verify            rerun|-|works offline|A|-|-|-|-|-|both may
lock              adopt or takeover|W A|held or A|A|A|-|-|-|-|one 201, rest X
preflight         F|W A|W A|A|A|A|A|-|A|X
pull              F|W A|W A|A|A|-|-|-|-|X
wall-up           F or A0|W A0|H then F|A0|-|-|-|-|-|X
stop              F|F|H then F|-|-|SIGKILL|-|-|-|X
rollback-point    F|W A0|attach later|A0|A0|-|W A0|-|-|X
config-pointer    F|-|H then F|A0|-|-|-|-|-|X
start             F, then BD|W BD|H F|BD|B|BD|W BD|BD|-|X
ready             F|BD|H then F|BD|-|BD|W BD|BD|-|X
smoke             F|W BD|H then F|BD|-|BD|BD|-|BD|X
accept            re-read|W then 10|re-read|H|-|-|W H|-|-|X
wall-down         F|W H|H then F|H|-|alert|alert|-|alert|X
undo-start        on|W on|H, on|-|-|SIGKILL|-|-|-|X
database-swap     on|W H!|re-read, on|none needed|-|-|W H!|-|-|X
undo-stop         on|W on|H, on|H!|H!|H!|W H!|H!|-|X
proof             on|W on|H, on|H!|-|H!|H!|-|H!|X
wall-down-of-old  on|W H|H, on|H|-|alert|alert|-|alert|X
"""
REASONS = {
    (Row.VERIFY, Column.ENGINE): "verifying asks no engine; what comes next meets a release that the engine's end left "
    "down (OpenLMIS sets no restart policy), and refuses to begin over it",
    (Row.LOCK, Column.IMAGE): "the lock runs the image of the wall, which runs and so cannot be taken away; the "
    "release's own image is pulled again",
    **dict.fromkeys(((row, Column.DISK) for row in (Row.PULL, Row.WALL_UP, Row.POINTER, Row.READY, Row.SMOKE)), FULL),
    (Row.POINT, Column.DISK): "PostgreSQL itself stops when its disk is full (PANIC), and with it the way back: held "
    "until there is room, then back",
    (Row.WALL_UP, Column.ENGINE): "the wall is raised again once the engine is back, within hold_s: better than A0",
    (Row.POINT, Column.ENGINE): "the copy is one statement, done again once the engine is back: better than A0",
    (Row.POINT, Column.IMAGE): "the copy is SQL and needs no image",
    (Row.POINT, Column.DATABASE): "undoing needs the same database: waited for within hold_s, then held until it "
    "answers, then forward",
    (Row.POINTER, Column.ENGINE): "no pointer moves; the run goes on once the engine is back",
    (Row.START, Column.ENGINE): "waited for and started once more; back only if that fails",
    (Row.READY, Column.ENGINE): "the same",
    (Row.SMOKE, Column.ENGINE): "the same",
    (Row.ACCEPT, Column.ENGINE): "waited for within hold_s, then for every component, then accepted: better than held",
    (Row.WALL_DOWN, Column.ENGINE): "waited for within hold_s, then for every component, then opened: better than held",
    (Row.SWAP, Column.ENGINE): "the database comes back with the engine within hold_s, or the run is held",
    (Row.UNDO_STOP, Column.DISK): "the way back does not wait for room in the workspace: its records are owed",
    (
        Row.UNDO_STOP,
        Column.MIGRATION,
    ): "the old release finds all its migrations applied: there is none that could fail",
    (Row.PROOF, Column.DISK): "a proof writes nothing that it needs",
    (Row.CLOSE, Column.DISK): "the old release serves; only the record waits for room, and resume completes it",
}


def cells() -> Iterator[Cell]:
    """List all cells."""
    said = dict(_lines(SAID))
    for name, text in _lines(TABLE):
        row = Row(name)
        for column, word, told in zip(Column, text.split(), said[name].split("|"), strict=True):
            reason = REASONS.get((row, column), "")
            assert bool(reason) == word.endswith("*"), (row, column)
            yield Cell(row=row, column=column, said=told.strip(), outcome=Outcome(word.rstrip("*")), reason=reason)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.strip().splitlines():
        name, _, rest = line.partition(" ")
        yield name, rest
