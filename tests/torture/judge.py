"""Judge a case by what was seen, never by what the tool said of itself. Pure: values in, complaints out."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from tests.torture.bed import Done
from tests.torture.look import Picture, Reference

WAY_OUT = re.compile(r"olmis-release (resume|takeover) [\w-]+( --\w+)*")
LOOK = re.compile(r"olmis-release (status|lock status) [\w-]+")
LOCKED = 8
"""Exit status of who was refused, or lost the lock: not theirs is the command that leads out, but the holder's."""
KNOWING = frozenset({0, 9, 10, 16})
"""Exit statuses of commands that know what the instance is in; the others may not have got through to it."""
SERVED, SHUT = "open", "closed"


class Word(StrEnum):
    """What an instance is in: exactly the old release, exactly the new one, held; or none of these."""

    OLD = "old"
    NEW = "new"
    HELD = "held"
    NEITHER = "neither"


def word_of(seen: Picture, old: Reference, new: Reference) -> tuple[Word, tuple[str, ...]]:
    """Return what the instance is in and, where it is none of the three, what speaks against each.

    Held is: no user gets in, and the lock stands. Old and new are: all of it serves, and users get in.
    """
    if seen.wall == SHUT and seen.lock is not None:
        let_in = [f"{service} answers {told}" for service, told in seen.versions.items() if told != "503"]
        return (Word.HELD, ()) if not let_in else (Word.NEITHER, tuple(f"held, but {one}" for one in let_in))
    against_old, against_new = tuple(differences(seen, old)), tuple(differences(seen, new))
    if not against_old:
        return Word.OLD, ()
    if not against_new:
        return Word.NEW, ()
    nearer, name = min((against_old, "old"), (against_new, "new"), key=lambda pair: len(pair[0]))
    return Word.NEITHER, (f"the wall is {seen.wall}, lock {bool(seen.lock)}", *(f"not {name}: {o}" for o in nearer))


def differences(seen: Picture, wanted: Reference) -> Iterator[str]:
    """Say in what an instance is not exactly this release, serving."""
    if seen.wall != SERVED:
        yield f"the wall is {seen.wall}"
    yield from _unlike("image of", seen.images, wanted.images)
    yield from _unlike("version of", seen.versions, wanted.versions)
    yield from _unlike("table", seen.database.get("tables", {}), wanted.database["tables"])
    if seen.database.get("attributes") != wanted.database["attributes"]:
        yield f"the database is {seen.database.get('attributes')}, not {wanted.database['attributes']}"
    for service, address in seen.addresses.items():
        if {*seen.registered.get(service, ())} != {address}:
            yield f"{service} is registered at {seen.registered.get(service)}, and lives at {address}"


def _unlike(what: str, seen: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*seen, *wanted}):
        if seen.get(name) != wanted.get(name):
            yield f"{what} {name} is {str(seen.get(name))[:120]}, not {str(wanted.get(name))[:120]}"


def left_behind(seen: Picture, before: Picture, word: Word) -> Iterator[str]:
    """Say what an ended case left that it should not have: a lock, a database nobody owns, a needlessly new container.

    Args:
        seen: At the end.
        before: At the start.
        word: How it ended.
    """
    if seen.lock is not None:
        yield f"the lock stands: {seen.lock['doing']}"
    known = set(before.databases)
    for name, comment in seen.databases.items():
        if name in known or name == "olmis_release":
            continue
        if re.findall(r"state=(\w+)", comment) != [_state_of_a_rest(name, word)]:
            yield f"the database {name} is left over ({comment!r})"
    for name in ("auth", "db", "consul", "nginx"):
        if seen.ids.get(name) != before.ids.get(name):
            yield f"{name} was replaced, though nothing changes it"


def _state_of_a_rest(name: str, word: Word) -> str:
    """Return what a database that may stay calls itself; empty where none may."""
    if "__failed_" in name:
        return "failed"
    return "accepted" if word is Word.NEW else ""


EXITS = {
    0: (Word.NEW, Word.OLD),
    5: (Word.OLD,),
    6: (Word.OLD,),
    8: (Word.OLD, Word.HELD),
    9: (Word.OLD,),
    10: (Word.HELD,),
    15: (Word.OLD,),
    16: (Word.OLD, Word.HELD),
    17: (Word.OLD, Word.HELD),
    130: (Word.OLD, Word.HELD),
}
"""Exit status to what the instance may be in. An unexpected fault (1) fits nothing: it is one of the tool's own."""


def exit_fits(done: Done, word: Word, *, back_wanted: bool, is_open: bool = False) -> Iterator[str]:
    """Say whether an exit status lies, or the Next line names no command where a run is open.

    Args:
        done: The command.
        word: What the instance is in.
        back_wanted: A person asked for the old release.
        is_open: A lock stands, so that one command must lead out.
    """
    if done.killed:
        return
    if done.exit_code == 0 and word is Word.OLD and not back_wanted:
        yield "exit 0, and the old release serves"
    if word not in EXITS.get(done.exit_code, ()):
        yield f"exit {done.exit_code}, and the instance is {word}"
    if found := re.search(r"Unexpected fault.*", done.out + done.err):
        yield found[0][:300]
    yield from _state_lies(done, word, is_open=is_open)
    if not done.next or (is_open and not leads_out(done)):
        yield f"the Next line is no command that leads out: {done.next!r}"


def leads_out(done: Done) -> bool:
    """Tell whether the Next line names the one command that ends an open run; who was refused may look first."""
    return bool(WAY_OUT.fullmatch(done.next) or (done.exit_code == LOCKED and LOOK.fullmatch(done.next)))


def _state_lies(done: Done, word: Word, *, is_open: bool) -> Iterator[str]:
    state = next((line for line in done.out.splitlines() if line.startswith("STATE ")), "")
    if word is Word.HELD and re.match(r"STATE [\w-]+: open,", state):
        yield f"nobody is let in, and {state}"
    if done.exit_code in KNOWING and not is_open and re.search(r": held between|has not ended", state):
        yield f"nothing is open, and {state}"


def chain_faults(journal: Path) -> Iterator[str]:
    """Check a journal's chain with eyes of our own; a torn end is allowed."""
    before = ""
    *lines, _torn = journal.read_bytes().split(b"\n")
    for number, line in enumerate(lines, 1):
        record = json.loads(line)
        if record["seq"] != number or record["prev"] != before:
            yield f"{journal}:{number} breaks the chain"
        before = hashlib.sha256(line).hexdigest()


def told_secrets(secrets: Sequence[str], texts: Mapping[str, str]) -> Iterator[str]:
    """Say where a secret was shown."""
    for place, text in texts.items():
        if any(secret in text for secret in secrets):
            yield f"a secret stands in {place}"
