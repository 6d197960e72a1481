"""The git repository that a workspace is kept in: which commit a line comes from, and the tags of releases."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import git

from olmis_release.errors import BadInput
from olmis_release.workspace import Workspace

_BLAMED = re.compile(r"^([0-9a-f]{40,64}) [0-9]+ ([0-9]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A git repository that does not ignore the workspace inside it."""

    git: git.Repo

    @classmethod
    def of(cls, workspace: Workspace) -> Repository | None:
        """Return the repository that a workspace is kept in; None where it is in none, or in one that ignores it."""
        try:
            found = git.Repo(workspace.root, search_parent_directories=True)
            if found.bare or found.ignored(str(workspace.root / "manifests" / "releases" / "x.yml")):
                return None
        except (git.InvalidGitRepositoryError, git.NoSuchPathError, git.GitCommandError, ValueError):
            return None
        return cls(git=found)

    def commit_of_file(self, path: Path) -> str:
        """Return the commit that last changed a file, empty if it was changed since or never committed."""
        if self.has_changes(path):
            return ""
        return self._ask("log", "-n1", "--format=%H", "--", str(path))

    def commits_of_lines(self, path: Path, *, at: str = "") -> dict[int, str]:
        """Return line number to the commit that the line comes from; lines that none holds are left out.

        Args:
            path: The file.
            at: Commit at which the file is looked at; the file as it lies there when empty.
        """
        revision = [at] if at else []
        blamed = _BLAMED.findall(self._ask("blame", "--porcelain", *revision, "--", str(path)))
        return {int(line): commit for commit, line in blamed if commit.strip("0")}

    def has_changes(self, path: Path) -> bool:
        """Return whether anything below a path is not committed."""
        return bool(self._ask("status", "--porcelain", "--", str(path)))

    def has_tag(self, name: str) -> bool:
        """Return whether there is a tag of that name."""
        return bool(self._ask("rev-parse", "--verify", "--quiet", f"refs/tags/{name}"))

    def check_identity(self) -> None:
        """See that git knows who is at work.

        Raises:
            BadInput: It does not, so it could neither commit nor tag.
        """
        try:
            self.git.git.var("GIT_COMMITTER_IDENT")
        except git.GitCommandError as error:
            raise BadInput.one(
                "git does not know who you are, so it can neither commit nor tag.",
                resolution="Set user.name and user.email with `git config`, or add --no-tag.",
                code="E-GIT",
            ) from error

    def commit_and_tag(self, paths: Sequence[Path], *, message: str, tag: str) -> str:
        """Commit these files alone, whatever else is changed or staged, and tag that commit.

        Returns:
            The commit.

        Raises:
            BadInput: Git refused; nothing of it is left but what git says.
        """
        names = [str(path) for path in paths]
        before = self._ask("rev-parse", "--verify", "--quiet", "HEAD")
        try:
            self.git.git.add("--force", "--", *names)
            self.git.git.commit("--quiet", "--only", "-m", message, "--", *names)
            self.git.git.tag("--annotate", "-m", message, tag)
        except git.GitCommandError as error:
            self._forget(names, before)
            said = (error.stderr or error.stdout or str(error)).strip().removeprefix("stderr: ").strip("'")
            raise BadInput.one(
                f"git refused: {said}", resolution="Mend the repository, then release again.", code="E-GIT"
            ) from error
        return self._ask("rev-parse", "HEAD")

    def _forget(self, names: Sequence[str], before: str) -> None:
        """Take a commit of ours back, and what was staged for it; files and what others staged stay."""
        if before and before != self._ask("rev-parse", "HEAD"):
            self._ask("reset", "--soft", "--quiet", before)
        self._ask("rm", "--cached", "--force", "--quiet", "--ignore-unmatch", "--", *names)

    def _ask(self, command: str, *arguments: str) -> str:
        """Return what a reading git command prints, nothing when it has no answer."""
        try:
            return str(getattr(self.git.git, command.replace("-", "_"))(*arguments))
        except git.GitCommandError:
            return ""
