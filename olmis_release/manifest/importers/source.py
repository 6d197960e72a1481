"""Where a distribution comes from: git URL, local repository, bundle or plain folder. Nothing is checked out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from olmis_release.errors import BadInput
from olmis_release.manifest.importers.tree import CommitTree, FolderTree, Tree
from olmis_release.text import did_you_mean, listed, safe

if TYPE_CHECKING:
    from git import Commit, Repo

CLONE_TIMEOUT_S = 600
CONNECT_TIMEOUT_S = 30

_URL = re.compile(r"(?:https?|ssh|git|file)://|[\w.-]+@[\w.-]+:")
_HEX = re.compile(r"[0-9a-f]{7,40}\Z")
_BUNDLE = b"# v"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An opened source.

    Attributes:
        name: As the user named it.
        repository: The repository, None for a plain folder.
        folder: The plain folder, None for a repository.
    """

    name: str
    repository: Repo | None = None
    folder: Path | None = None

    def at(self, ref: str | None) -> Tree:
        """Return the files at a ref; without one those of HEAD, or the folder as it is.

        Raises:
            BadInput: There is no such ref (lists near ones), or a plain folder was asked for one.
        """
        if self.repository is None:
            assert self.folder is not None  # noqa: S101 - a source is one or the other
            if ref:
                raise BadInput.one(
                    f"{self.name} is a plain folder: it has no ref {safe(ref)}.",
                    resolution="Leave --ref out, or name a repository or bundle.",
                    code="E-NO-REPOSITORY",
                )
            return FolderTree(root=self.folder)
        full, commit = self._found(self.repository, ref)
        return CommitTree(root=commit.tree, ref=full, commit=commit.hexsha, message=str(commit.message))

    def tags(self) -> tuple[str, ...]:
        """Return the names of all tags, none for a plain folder."""
        if self.repository is None:
            return ()
        return tuple(self.repository.git.for_each_ref("refs/tags", format="%(refname:strip=2)").split())

    def is_ambiguous(self, ref: str) -> bool:
        """Return whether a name is both a tag and a branch, at different commits."""
        if self.repository is None or ref.startswith("refs/"):
            return False
        names = _existing(self.repository, [f"refs/{kind}/{ref}" for kind in ("tags", "heads")])
        return len({sha for name in names if (sha := _commit_of(self.repository, name))}) > 1

    def _found(self, repository: Repo, ref: str | None) -> tuple[str, Commit]:
        """Return full name and commit; a tag goes before a branch of the same name, which `refs/heads/` names."""
        for full in _existing(repository, _names_for(ref)):
            sha = _commit_of(repository, full)
            if sha:
                return (full if full.startswith("refs/") else sha), repository.commit(sha)
        raise self._no_ref(repository, ref)

    def _no_ref(self, repository: Repo, ref: str | None) -> BadInput:
        known = repository.git.for_each_ref("refs/tags", "refs/heads", format="%(refname:strip=2)").split()
        if ref is None:
            message = f"{self.name} has no HEAD that could be read."
        else:
            message = f"{self.name} has no tag, branch or commit {safe(ref)}. {did_you_mean(ref, known)}".rstrip()
        return BadInput.one(
            message, resolution=f"Name one with --ref. There are: {listed(known, most=10)}.", code="E-UNKNOWN-REF"
        )


def _names_for(ref: str | None) -> tuple[str, ...]:
    if ref is None:
        return ("HEAD", "refs/heads/main", "refs/heads/master")
    if ref.startswith("refs/"):
        return (ref,)
    names = (f"refs/tags/{ref}", f"refs/heads/{ref}", f"refs/remotes/origin/{ref}")
    return (*names, ref) if _HEX.match(ref) or ref == "HEAD" else names


def _existing(repository: Repo, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names that may stand for something: full names that exist, by one question, and all others."""
    full = [name for name in names if name.startswith("refs/")]
    known = set(repository.git.for_each_ref(*full, format="%(refname)").splitlines()) if full else set()
    return tuple(name for name in names if name in known or not name.startswith("refs/"))


def _commit_of(repository: Repo, name: str) -> str | None:
    """Return the commit that a full name stands for; git itself would guess with a short one."""
    from git.exc import GitCommandError

    try:
        return str(repository.git.rev_parse("--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")) or None
    except GitCommandError:
        return None


@contextmanager
def open_source(name: str) -> Iterator[Source]:
    """Open a source; what had to be copied for it is removed at the end.

    Raises:
        BadInput: There is nothing there, or git cannot read it.
    """
    path = Path(name)
    if path.is_dir():
        source = _local(name, path)
        try:
            yield source
        finally:
            if source.repository is not None:
                source.repository.close()  # git processes that wait for questions end with it
    elif path.is_file() and _starts_with(path, _BUNDLE):
        with _copied(name, str(path.absolute())) as source:
            yield source
    elif _URL.match(name) and not path.exists():
        with _copied(name, name) as source:
            yield source
    else:
        raise BadInput.one(
            f"{safe(name)} is no folder, repository, bundle or git URL.",
            resolution="Check the name; a URL begins with https:// or ssh://.",
            code="E-NO-SOURCE",
        )


def _starts_with(path: Path, beginning: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(beginning)) == beginning


def _local(name: str, path: Path) -> Source:
    """Return a repository (with or without work tree) or, if the folder is none, the folder."""
    from git import Repo
    from git.exc import InvalidGitRepositoryError, NoSuchPathError

    try:
        return Source(name=name, repository=Repo(path, search_parent_directories=False))
    except (InvalidGitRepositoryError, NoSuchPathError):
        return Source(name=name, folder=path)


@contextmanager
def _copied(name: str, url: str) -> Iterator[Source]:
    """Copy the objects of a bundle or remote repository aside, all refs under their own names."""
    from git import Repo
    from git.exc import GitCommandError

    with TemporaryDirectory(prefix="olmis-release-import-") as aside:
        try:
            repository = Repo.clone_from(
                url, aside, mirror=True, env=_without_questions(), kill_after_timeout=CLONE_TIMEOUT_S
            )
        except GitCommandError as error:
            raise _not_copied(name, str(error.stderr)) from error
        try:
            yield Source(name=name, repository=repository)
        finally:
            repository.close()


def _without_questions() -> dict[str, str]:
    """Return the environment in which neither git nor ssh asks anything: nobody is there to answer."""
    ssh = os.environ.get("GIT_SSH_COMMAND", f"ssh -o BatchMode=yes -o ConnectTimeout={CONNECT_TIMEOUT_S}")
    return {"GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": ssh}


def _not_copied(name: str, stderr: str) -> BadInput:
    return BadInput.one(
        f"git cannot read {safe(name)}: {safe(_reason(stderr))}.",
        resolution="Check the address and your rights to it; or name a bundle or a folder.",
        code="E-NO-SOURCE",
    )


def _reason(stderr: str) -> str:
    """Return the line that says why: ssh says it before git, whose own last line only advises."""
    said = stderr.strip().removeprefix("stderr:").strip().strip("'")
    lines = [line.strip().rstrip(".") for line in said.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("Cloning into", "Please make sure", "and the repository"))]
    first = next((line for line in lines if line.startswith(("ssh:", "fatal: unable", "ERROR", "remote:"))), None)
    return first or (lines[0] if lines else "it gave no reason")
