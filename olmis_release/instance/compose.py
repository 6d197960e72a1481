"""The Compose command line, bound to one project; the only caller of `docker compose`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from olmis_release.errors import StepFailed, TargetUnreachable
from olmis_release.instance import process
from olmis_release.instance.config import Docker
from olmis_release.instance.connection import START_ENGINE, cli_prefix
from olmis_release.instance.engine import NO_ANSWER

TAIL_LINES = 40
ASK_S = 60.0
# Few at once over ssh: each call is a connection of its own there, and servers limit those.
PARALLEL, PARALLEL_SSH = "8", "2"


class ComposeCli:
    """Compose for one project; see `ports.Compose` for what each call promises.

    Attributes:
        project: Its name; containers are found by it, so it never changes.
        folder: Project directory, to which relative paths in the file refer.
    """

    def __init__(self, project: str, docker: Docker, folder: Path) -> None:
        """Bind to a project; nothing is asked yet."""
        self.project = project
        self.folder = folder
        self._docker = docker

    def version(self) -> str:
        """Return Compose's version, for example ``2.26.1``.

        Raises:
            TargetUnreachable: Compose 2 is not installed here.
        """
        finished = self._run(("version", "--short"), timeout_s=ASK_S)
        version = finished.stdout.strip().removeprefix("v")
        if finished.exit_code or not version[:1].isdigit():
            raise TargetUnreachable(
                "Docker Compose 2 does not answer on this machine (`docker compose version`).",
                resolution="Install the Compose plugin of your Docker packages; docker-compose 1 will not do.",
            )
        return version

    def config(self, file: Path) -> Mapping[str, object]:
        """Return the configuration as Compose understands the file, environment files read in.

        Raises:
            StepFailed: Compose does not accept the file.
        """
        finished = self._run((*self._files(file), "config", "--format", "json"), timeout_s=ASK_S)
        self._check(finished, f"read {file.name}", ASK_S)
        return cast("Mapping[str, object]", json.loads(finished.stdout))

    def up(self, file: Path, components: Sequence[str], *, timeout_s: float) -> None:
        """Create or recreate and start these components only; no pull, no build, no dependencies.

        Raises:
            StepFailed: Compose refused or failed; its output is in the details.
        """
        finished = self._run((*self._files(file), *up_arguments(components)), timeout_s=timeout_s)
        self._check(finished, f"start {', '.join(components)}", timeout_s)

    def _files(self, file: Path) -> tuple[str, ...]:
        return (
            *("--ansi", "never", "--progress", "plain"),
            *("--project-name", self.project, "--project-directory", str(self.folder)),
            # A stray .env in the folder must not change what the file means.
            *("--env-file", os.devnull, "--file", str(file)),
        )

    def _run(self, arguments: Sequence[str], *, timeout_s: float) -> process.Finished:
        over_ssh = (self._docker.host or os.environ.get("DOCKER_HOST", "")).startswith("ssh://")
        parallel = {"COMPOSE_PARALLEL_LIMIT": PARALLEL_SSH if over_ssh else PARALLEL}
        argv = (*cli_prefix(self._docker), "compose", *arguments)
        return process.run(argv, timeout_s=timeout_s, env={**parallel, "COMPOSE_IGNORE_ORPHANS": "1"})

    def _check(self, finished: process.Finished, doing: str, timeout_s: float) -> None:
        output = f"{finished.stderr}{finished.stdout}".strip()
        tail = "\n".join(output.splitlines()[-TAIL_LINES:])
        if finished.timed_out:
            raise StepFailed(
                f"Compose did not {doing} within {timeout_s:.0f} s.",
                details=tail,
                resolution="Look at the containers with `docker ps -a`; what was started still runs.",
            )
        if finished.exit_code and any(sign in output for sign in NO_ANSWER):
            raise TargetUnreachable(f"The Docker engine did not answer when asked to {doing}.", resolution=START_ENGINE)
        if finished.exit_code:
            raise StepFailed(
                f"Compose failed to {doing} (exit {finished.exit_code}).",
                details=tail,
                resolution="Correct what Compose complains of, then make a new plan.",
            )


def up_arguments(components: Sequence[str]) -> tuple[str, ...]:
    """Return the `up` command for these components and nothing else."""
    if not components:
        raise ValueError("up without components would start everything")
    return ("up", "--detach", "--no-deps", "--no-build", "--pull", "never", *components)
