"""A desk to type commands at: a workspace on disk, an instance of fakes behind it, and what was printed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from olmis_release.cli import wiring
from olmis_release.cli.main import main
from olmis_release.events import Reporter
from olmis_release.instance.site import Site
from olmis_release.workspace import Workspace
from tests.fakes.preflight import Place

INSTANCE = """\
kind: instance
name: {name}
purpose: {purpose}
url: http://127.0.0.1:8080
time_zone: Africa/Blantyre
project: uat
settings: settings/{name}.env
database: {{component: db}}
wall: {{image: "nginx:1.22", publish: "127.0.0.1:8080"}}
policy: {{approvals: {approvals}}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on standard output."""
        return json.loads(self.out)

    @property
    def everything(self) -> str:
        """Both streams."""
        return self.out + self.err


@dataclass
class Desk:
    """Types commands and keeps the workspace.

    Attributes:
        place: The fakes behind every instance.
    """

    root: Path
    capsys: pytest.CaptureFixture[str]
    place: Place
    reporters: list[Reporter] = field(default_factory=list)

    @property
    def workspace(self) -> Workspace:
        """The workspace on disk."""
        return Workspace(root=self.root)

    def write(self, path: str, text: str) -> Path:
        """Write a file of the workspace."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def instance(self, name: str, *, purpose: str = "uat", approvals: str = "[]") -> None:
        """Write an instance file."""
        text = INSTANCE.format(name=name, purpose=purpose, approvals=approvals)
        self.write(f"manifests/instances/{name}.yml", text)
        self.write(f"settings/{name}.env", "POSTGRES_PASSWORD=open-sesame-2026\n").chmod(0o600)

    def type(self, *words: str) -> Told:
        """Type a command in this workspace."""
        self.capsys.readouterr()
        status = main(["--repo", str(self.root), *words])
        printed = self.capsys.readouterr()
        return Told(status=status, out=printed.out, err=printed.err)

    def open_site(self, workspace: Workspace, name: str, reporter: Reporter) -> Site:
        """Stand in for `wiring.open_site`: the instance file is read, the outside world is fake."""
        self.reporters.append(reporter)
        config = wiring.read_instance(workspace, name)
        return replace(self.place.site, config=config, folder=workspace.folder(name), reporter=reporter)

    def files(self) -> Mapping[str, bytes]:
        """Every file of the workspace but logs, to see that nothing was touched."""
        every = (path for path in self.root.rglob("*") if path.is_file() and "logs" not in path.parts)
        return {str(path.relative_to(self.root)): path.read_bytes() for path in every}
