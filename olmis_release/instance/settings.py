"""The settings file of an instance: what its services get as environment, secrets among it.

Docker's tools read such files differently: older ones take everything after ``=`` as it stands, Compose 2 takes quotes
away, cuts off `` # …`` and puts in ``$NAME``. Here a value is what stands after ``=``, as country files were written;
the two cases in which a reader could mean either are refused. `keep_copy` writes a form that Compose 2 reads back as
these very values, so that a password with a ``$`` arrives whole.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from olmis_release.errors import BadInput, PreflightRefused, Problem, StepFailed, Where
from olmis_release.manifest.masking import secrets_in
from olmis_release.workspace import InstanceFolder

SIZE_LIMIT_BYTES = 1024 * 1024
LIMIT_PROBLEMS = 300
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\Z")
_RESERVED = re.compile(r"(?:LD|DYLD|DOCKER|COMPOSE|BUILDKIT)_[A-Z0-9_]*|PATH|BASH_ENV|ENV|IFS")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class SettingsExposed(PreflightRefused):
    """Others than the operator can read or change the settings file."""

    code = "E-SETTINGS-MODE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a settings file says.

    Attributes:
        values: Key to value.
        fingerprint: Keyed hash of the values; empty when no key was given. Equal values have equal fingerprints on one
            instance, and nobody without its key can try passwords against it.
        fingerprints: The same for each value.
    """

    values: Mapping[str, str] = field(repr=False)
    fingerprint: str
    fingerprints: Mapping[str, str] = field(default_factory=dict)

    @property
    def secrets(self) -> Mapping[str, str]:
        """The settings that are secret, or have a secret in them, with their fingerprints."""
        secret = (name for name, value in self.values.items() if value and any(secrets_in(name, value)))
        return {name: self.fingerprints.get(name, "") for name in secret}


def read_settings(path: Path, *, shown_as: str, key: bytes = b"") -> Settings:
    """Read ``KEY=VALUE`` lines; empty lines and lines that begin with ``#`` are left out.

    Args:
        path: The file.
        shown_as: Its path as the user knows it.
        key: The instance's `settings_key.fingerprint_key`.

    Raises:
        PreflightRefused: Others may read or change it (code ``E-SETTINGS-MODE``).
        BadInput: It is missing or has lines that cannot be used; lists all of them.
    """
    text = _text(path, shown_as)
    values: dict[str, str] = {}
    problems: list[Problem] = []
    for number, line in enumerate(text.split("\n"), start=1):
        problem = _take(line.strip(), values)
        if problem:
            code, message, resolution = problem
            where = Where(file=shown_as, line=number)
            problems.append(Problem(code=code, message=message, resolution=resolution, where=where))
        if len(problems) >= LIMIT_PROBLEMS:
            break
    if problems:
        raise BadInput(problems, resolution=f"Correct the lines of {shown_as} named above.")
    if not key:
        return Settings(values=values, fingerprint="")
    each = {name: _fingerprint({name: value}, key) for name, value in values.items()}
    return Settings(values=values, fingerprint=_fingerprint(values, key), fingerprints=each)


def keep_copy(folder: InstanceFolder, settings: Settings) -> Path:
    """Keep the values under their fingerprint, for Compose to read now and for a rollback to find later.

    Returns:
        The copy, mode 0600; the `env_file` of the rendered Compose file.

    Raises:
        ValueError: The settings were read without a key.
    """
    if not settings.fingerprint:
        raise ValueError("settings without a fingerprint cannot be kept")
    path = folder.ensure(folder.settings) / f"{settings.fingerprint[:12]}.env"
    place(path, "".join(f"{name}={for_compose(content)}\n" for name, content in sorted(settings.values.items())))
    return path


def for_compose(content: str) -> str:
    """Return a value so that Compose 2 reads exactly this value out of an `env_file`."""
    if "'" not in content and "\\" not in content:
        return f"'{content}'"
    return '"' + re.sub(r'([\\"$])', r"\\\1", content) + '"'


def read_copy(path: Path) -> Mapping[str, str]:
    """Return the values of a kept copy.

    Raises:
        StepFailed: It is gone.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise StepFailed(
            f"The kept settings {path} cannot be read: {error.strerror}.",
            resolution="Put the file back from your backup, or make a new plan.",
        ) from error
    return {name: from_compose(content) for name, equals, content in (line.partition("=") for line in lines) if equals}


def from_compose(content: str) -> str:
    """Return the value that `for_compose` wrote."""
    inner = content[1:-1]
    return inner if content.startswith("'") else re.sub(r"\\(.)", r"\1", inner)


def _take(line: str, values: dict[str, str]) -> tuple[str, str, str] | None:
    """Take one line in; returns code, message and resolution when it cannot be taken."""
    if not line or line.startswith("#"):
        return None
    name, equals, content = (part.strip() for part in line.partition("="))
    problem = next(_problems(name, equals, content), None)
    if problem is None and name in values:
        problem = ("E-SETTINGS-DUPLICATE", f"{name} is set twice.", "Keep one of the two lines.")
    values.setdefault(name, content)
    return problem


def _problems(name: str, equals: str, content: str) -> Iterator[tuple[str, str, str]]:
    if not equals:
        yield "E-SETTINGS-LINE", "the line has no `=`.", "Write KEY=VALUE; a value is never taken from the shell."
    if name.startswith("export "):
        yield "E-SETTINGS-LINE", "`export` does not belong here.", "Write KEY=VALUE only."
    if not _NAME.fullmatch(name):
        yield "E-SETTINGS-KEY", "the key has other signs than letters, digits, `_`, `.` and `-`.", "Correct it."
    if _RESERVED.fullmatch(name):
        advice = "Take the line away; a setting of OpenLMIS has another name."
        yield "E-SETTINGS-KEY", f"{name} steers the loader, the shell or Docker, so it is no setting.", advice
    if len(content) > 1 and content[0] == content[-1] and content[0] in "\"'":
        advice = "Take the quotes away; blanks need none."
        yield "E-SETTINGS-QUOTES", f"{name} is in quotes, which some Docker versions keep and others drop.", advice
    if re.search(r"\s#", content):
        advice = "Put the comment on a line of its own; a value cannot hold a blank followed by #."
        yield "E-SETTINGS-COMMENT", f"{name} is followed by what may be a comment or a part of it.", advice
    if _CONTROL.search(content):
        yield "E-SETTINGS-VALUE", f"{name} holds a control character.", "Take it away."


def _text(path: Path, shown_as: str) -> str:
    where = Where(file=shown_as)
    try:
        with path.open("rb") as file:
            _check_owner_and_mode(os.fstat(file.fileno()), shown_as)
            content = file.read(SIZE_LIMIT_BYTES + 1)
    except OSError as error:
        raise BadInput.one(
            f"the settings file cannot be read: {error.strerror}.",
            resolution="Write it (KEY=VALUE lines, mode 0600), or correct `settings` in the instance file.",
            where=where,
            code="E-NO-SETTINGS",
        ) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput.one("it is not UTF-8 text.", resolution="Save it as UTF-8.", where=where) from error
    if len(content) > SIZE_LIMIT_BYTES:
        raise BadInput.one(
            f"it is larger than {SIZE_LIMIT_BYTES} bytes.", resolution="Is it the right file?", where=where
        )
    return text


def _check_owner_and_mode(status: os.stat_result, shown_as: str) -> None:
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o177:
        raise SettingsExposed(
            f"{shown_as} has mode {mode:04o}; it holds passwords, so only its owner may read it.",
            resolution=f"chmod 600 {shown_as}",
        )
    # Under sudo the file belongs to the person who typed it.
    if status.st_uid not in {os.geteuid(), int(os.environ.get("SUDO_UID", os.geteuid()))}:
        raise SettingsExposed(
            f"{shown_as} belongs to user id {status.st_uid}, not to you (user id {os.geteuid()}).",
            resolution=f"chown {os.geteuid()} {shown_as}",
        )


def _fingerprint(values: Mapping[str, str], key: bytes) -> str:
    text = "".join(f"{name}={content}\n" for name, content in sorted(values.items()))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def place(path: Path, text: str) -> None:
    """Write a new private file whole or not at all; one that is there already stays as it is."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(aside, path)
    except FileExistsError:
        return
    finally:
        aside.unlink()
