"""Where things are in a workspace: the folder with `manifests/`, `plans/` and `hooks/`.

Paths only; nothing here reads a file's content.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from olmis_release.errors import BadInput

MARKER = Path("manifests")
PRIVATE = ".olmis-release"
REPO_VARIABLE = "OLMIS_RELEASE_REPO"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFolder:
    """The private files of one instance, ``.olmis-release/<instance>/``, mode 0700, never committed."""

    root: Path

    @property
    def lock(self) -> Path:
        """The lock file of local runs."""
        return self.root / "lock"

    @property
    def settings(self) -> Path:
        """Copies of the settings file by fingerprint, so that a rollback finds the old ones."""
        return self.root / "settings"

    def run(self, run: str) -> Path:
        """Return the folder of one run: journal, logs, evidence."""
        return self.root / "runs" / run

    def from_workspace(self, path: Path) -> str:
        """Return a path below this folder as it reads in any copy of the workspace, wherever that lies."""
        return str(path.relative_to(self.root.parent.parent))

    def in_workspace(self, text: str) -> Path:
        """Return the file of this workspace that such a path names."""
        return self.root.parent.parent / text

    def ensure(self, path: Path) -> Path:
        """Create a folder of this instance, readable by its owner only."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A workspace folder; every path handed out is absolute."""

    root: Path

    def core(self, version: str) -> Path:
        """Return the path of a Core manifest."""
        return self.root / "manifests" / "core" / f"{version}.yml"

    @property
    def extensions(self) -> Path:
        """The folder of extension manifests."""
        return self.root / "manifests" / "extensions"

    def candidates(self, release: str) -> Path:
        """Return the folder of a release's candidates, ``rc1.yml`` and so on."""
        return self.root / "manifests" / "candidates" / release

    def release(self, release: str) -> Path:
        """Return the path of a promoted release."""
        return self.root / "manifests" / "releases" / f"{release}.yml"

    def instance(self, name: str) -> Path:
        """Return the path of an instance file."""
        return self.root / "manifests" / "instances" / f"{name}.yml"

    def instance_names(self) -> tuple[str, ...]:
        """Return the instances that have a file."""
        return tuple(sorted(path.stem for path in (self.root / "manifests" / "instances").glob("*.yml")))

    @property
    def allowed_signers(self) -> Path:
        """The file that says whose key is whose, for approvals."""
        return self.root / "manifests" / "allowed_signers"

    @property
    def revoked_keys(self) -> Path:
        """The public keys that are taken no more, one a line, or a revocation list of ssh-keygen."""
        return self.root / "manifests" / "revoked_keys"

    @property
    def plans(self) -> Path:
        """The folder of all plans."""
        return self.root / "plans"

    def plan(self, code: str) -> Path:
        """Return the folder of one plan."""
        return self.plans / code

    @property
    def hooks(self) -> Path:
        """The folder of hooks by moment."""
        return self.root / "hooks"

    @property
    def cache(self) -> Path:
        """The folder of things that can be fetched again (digests, migration lists)."""
        return self.root / PRIVATE / "cache"

    @property
    def logs(self) -> Path:
        """The folder of log files."""
        return self.root / PRIVATE / "logs"

    def folder(self, instance: str) -> InstanceFolder:
        """Return the private folder of one instance."""
        return InstanceFolder(root=self.root / PRIVATE / instance)

    def relative(self, path: Path) -> str:
        """Return a path as the user would type it from the workspace root."""
        try:
            return str(path.resolve().relative_to(self.root.resolve()))
        except ValueError:
            return str(path)


def find_workspace(start: Path | None = None) -> Workspace:
    """Return the workspace that holds `start`, the named one (`OLMIS_RELEASE_REPO`), or the current folder's.

    Raises:
        BadInput: No folder here or above has a `manifests` folder.
    """
    named = os.environ.get(REPO_VARIABLE)
    begin = (start or (Path(named) if named else Path.cwd())).absolute()
    for folder in (begin, *begin.parents):
        if (folder / MARKER).is_dir():
            return Workspace(root=folder)
    raise BadInput.one(
        f"{begin} is not inside a workspace: no folder here or above it has manifests/.",
        resolution="Run `olmis-release init` to make one, or name it with --repo DIR.",
        code="E-NO-WORKSPACE",
    )
