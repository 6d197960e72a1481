"""Who may sign: ``manifests/allowed_signers``, in the form that ssh and git know, read more strictly than they do.

A pattern for a name would let one key speak for anybody, and a certificate authority could name signers whom nobody
here wrote down: either makes the file unfit for approvals.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from olmis_release.errors import Problem, Where
from olmis_release.instance.config import PERSON
from olmis_release.plan.approval.statement import NAMESPACE
from olmis_release.plan.codes import sha256
from olmis_release.text import quoted
from olmis_release.workspace import Workspace

LIMIT_BYTES = 1024 * 1024
_REVOCATION_LIST = b"SSHKRL\n\0"

_LINE = re.compile(
    r'(?P<names>"[^"]*"|\S+)\s+(?:(?P<options>(?:[^\s"]|"[^"]*")+)\s+)?'
    r"(?P<type>(?:ssh|ecdsa|sk)-[\w.@-]+)\s+(?P<key>[A-Za-z0-9+/]+=*)(?:\s.*)?"
)
_OPTION = re.compile(r'(?P<name>[A-Za-z-]+)(?:=(?:"(?P<quoted>[^"]*)"|(?P<plain>[^,"]*)))?(?:,|\Z)')
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?Z?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """One key and whose it is.

    Attributes:
        names: What the person is called; the first counts, others are log-ins under which plans are made.
        blob: The public key, as ssh writes it.
        valid_after, valid_before: Outside of these the key is not taken, UTC.
        for_plans: Whether the line lets it sign approvals of plans at all.
    """

    names: tuple[str, ...]
    blob: bytes
    line: int
    valid_after: datetime | None = None
    valid_before: datetime | None = None
    for_plans: bool = True

    @property
    def person(self) -> str:
        """The name that counts."""
        return self.names[0]

    @property
    def fingerprint(self) -> str:
        """What ``ssh-keygen -l`` shows of the key."""
        return fingerprint(self.blob)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signers:
    """The two files as they were read, once: what is judged is what is checked.

    Attributes:
        allowed: Bytes of ``manifests/allowed_signers``; empty where there is none.
        revoked: Bytes of ``manifests/revoked_keys``; None where there is none.
        problems: Why no signature counts, each with its place.
    """

    allowed: bytes
    revoked: bytes | None
    keys: tuple[Signer, ...] = ()
    problems: tuple[Problem, ...] = field(default=())

    def of_key(self, blob: bytes) -> Signer | None:
        """Return whose key it is, None where nobody here wrote it down."""
        return next((one for one in self.keys if one.blob == blob and one.for_plans), None)

    def names_of(self, person: str) -> frozenset[str]:
        """Return everything that whoever goes by a name is called."""
        people = {one.person for one in self.keys if person in one.names}
        own = (one.names for one in self.keys if one.person in people)
        return frozenset({person, *(name for names in own for name in names)})


def fingerprint(blob: bytes) -> str:
    """Return what ``ssh-keygen -l`` shows of a public key."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def digests(workspace: Workspace) -> dict[str, str]:
    """Return the SHA-256 of each file that says who may sign; a file that is not there has the one of nothing."""
    return {workspace.relative(path): sha256(read(path) or b"") for path in _files(workspace)}


def _files(workspace: Workspace) -> tuple[Path, Path]:
    return workspace.allowed_signers, workspace.revoked_keys


def read(path: Path) -> bytes | None:
    """Return a file's bytes, None where there is none that can be read; one that is too long counts as none."""
    try:
        with path.open("rb") as file:
            data = file.read(LIMIT_BYTES + 1)
    except OSError:
        return None
    return data if len(data) <= LIMIT_BYTES else None


def read_signers(workspace: Workspace) -> Signers:
    """Read who may sign; what is wrong with it comes back as problems, for the message that refuses."""
    allowed, revoked = map(read, _files(workspace))
    name = workspace.relative(workspace.allowed_signers)
    found: list[Signer] = []
    problems = [*_unreadable(workspace), *_read(allowed or b"", name, found)]
    problems += [*_twice(found, name), *_not_revocations(revoked or b"", workspace.relative(workspace.revoked_keys))]
    return Signers(allowed=allowed or b"", revoked=revoked, keys=tuple(found), problems=tuple(problems))


def _unreadable(workspace: Workspace) -> Iterator[Problem]:
    """Yield the files that are there and cannot be read: what they say must not count as nothing."""
    for path in _files(workspace):
        if path.exists() and read(path) is None:
            yield _problem("cannot be read, or is too large.", Where(file=workspace.relative(path)))


def _not_revocations(data: bytes, name: str) -> Iterator[Problem]:
    """Yield the lines that ssh-keygen would not take for a key, in a file that is not a list of its own making."""
    if data.startswith(_REVOCATION_LIST):
        return
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        text = line.strip()
        if text and not text.startswith("#"):
            try:
                _blob(*(*text.split(), "", "")[:2])
            except ValueError as error:
                yield _problem(f"this is not a public key: {error}", Where(file=name, line=number))


def _read(data: bytes, name: str, found: list[Signer]) -> Iterator[Problem]:
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        text = line.strip()
        if text and not text.startswith("#"):
            try:
                found.append(_signer(text, number))
            except ValueError as error:
                yield _problem(str(error), Where(file=name, line=number))


def _problem(message: str, where: Where) -> Problem:
    return Problem(code="E-SIGNERS", message=message, resolution="", where=where)


def _signer(text: str, number: int) -> Signer:
    """Return what a line says.

    Raises:
        ValueError: It says it in a way that is not taken here.
    """
    parts = _LINE.fullmatch(text)
    if parts is None:
        raise ValueError("this is not a line of names, options, key type and key.")
    options = dict(_options(parts["options"] or ""))
    blob = _blob(parts["type"], parts["key"])
    spaces = options.get("namespaces")
    return Signer(
        names=_names(parts["names"].strip('"')),
        blob=blob,
        line=number,
        valid_after=_time(options.get("valid-after")),
        valid_before=_time(options.get("valid-before")),
        for_plans=spaces is None or NAMESPACE in spaces.split(","),
    )


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    for name in names:
        if set(name) & set("*?!"):
            raise ValueError(f"{quoted(name)} is a pattern (wildcard): one key could sign for anybody whom it fits.")
        if not PERSON.fullmatch(name):
            raise ValueError(f"{quoted(name)} is not a name, for example c.phiri@health.example.org.")
    return names


def _options(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(text):
        match = _OPTION.match(text, place)
        if match is None:
            raise ValueError(f"the options {quoted(text)} cannot be read.")
        name, place = match["name"].lower(), match.end()
        if name == "cert-authority":
            raise ValueError("cert-authority would let somebody else say who signs for whom.")
        if name not in {"namespaces", "valid-after", "valid-before"}:
            raise ValueError(f"{quoted(name)} is no option of a signer.")
        yield name, match["quoted"] or match["plain"] or ""


def _blob(kind: str, key: str) -> bytes:
    try:
        blob = base64.b64decode(key, validate=True)
    except binascii.Error as error:
        raise ValueError("the key cannot be read.") from error
    if blob[4 : 4 + int.from_bytes(blob[:4], "big")] != kind.encode():
        raise ValueError(f"the key is not of the type {quoted(kind)}.")
    if "-cert-" in kind:
        raise ValueError("a certificate would let somebody else say who signs for whom.")
    return blob


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    parts = _TIME.fullmatch(text)
    if parts is None:
        raise ValueError(f"{quoted(text)} is not a time, for example 20271231 or 202712312200 (UTC).")
    year, month, day, hour, minute, second = (int(part or 0) for part in parts.groups())
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def _twice(found: list[Signer], file: str) -> Iterator[Problem]:
    """Yield keys and names by which two people could be meant."""
    keys: dict[bytes, Signer] = {}
    names: dict[str, Signer] = {}  # a name in other letters is not another person
    for one in found:
        where = Where(file=file, line=one.line)
        other = keys.setdefault(one.blob, one)
        if other is not one:
            yield _problem(f"this key stands on line {other.line} already; a key is one person's.", where)
        for name in one.names:
            known = names.setdefault(name.casefold(), one)
            if known.person != one.person:
                yield _problem(f"{name} is {known.person} on line {known.line} and {one.person} here.", where)
