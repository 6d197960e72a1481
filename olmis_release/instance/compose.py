"""The Compose command line, bound to one project; the only caller of `docker compose`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from olmis_release.errors import EffectUnknown, StepFailed, TargetUnreachable
from olmis_release.instance import process
from olmis_release.instance.cli_answers import lost
from olmis_release.instance.compose_file import secret_settings
from olmis_release.instance.config import Docker
from olmis_release.instance.connection import START_ENGINE, cli_prefix
from olmis_release.instance.endpoint import reach

TAIL_LINES = 40
ASK_S = 60.0
# Few at once over ssh: all calls share one connection there.
PARALLEL, PARALLEL_SSH = "8", "2"

NONE: Mapping[str, str] = {}


class ComposeCli:
    """Compose for one project; see `ports.Compose` for what each call promises.

    Attributes:
        project: Its name; containers are found by it, so it never changes.
        folder: Project directory, to which relative paths in the file refer.
    """

    def __init__(self, project: str, docker: Docker, folder: Path) -> None:
        """Bind to a project; nothing is asked yet.

        Raises:
            TargetUnreachable: There is no such Docker context.
            BadInput: The endpoint is one in plain text, or its key files cannot be used.
        """
        self.project = project
        self.folder = folder
        self._endpoint = reach(docker)

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
        arguments = (*self._files(file), "config", "--format", "json")
        finished = self._run(arguments, timeout_s=ASK_S, secrets=secret_settings(file, self.folder))
        if finished.timed_out or finished.truncated:
            raise StepFailed(
                f"Compose did not read {file.name} within {ASK_S:.0f} s.", resolution="Check the file and its folder."
            )
        _check(finished, f"read {file.name}")
        return cast("Mapping[str, object]", json.loads(finished.stdout))

    def up(self, file: Path, components: Sequence[str], *, timeout_s: float, anew: bool = False) -> None:
        """Create or recreate and start these components only; no pull, no build, no dependencies.

        Raises:
            StepFailed: Compose refused or failed; its output is in the details.
            EffectUnknown: It did not end in time, or lost the engine on its way.
        """
        doing = f"start {', '.join(components)}"
        self._endpoint.ensure()
        arguments = (*self._files(file), *up_arguments(components, anew=anew))
        finished = self._run(arguments, timeout_s=timeout_s, secrets=secret_settings(file, self.folder))
        if finished.timed_out:
            raise EffectUnknown(
                f"Compose did not {doing} within {timeout_s:.0f} s.",
                details=_tail(finished),
                resolution="Look at the containers with `docker ps -a`; what was started still runs.",
            )
        if finished.exit_code and lost(finished.stderr):
            raise EffectUnknown(
                f"The Docker engine gave no whole answer when Compose was to {doing}.",
                details=_tail(finished),
                resolution=START_ENGINE,
            )
        _check(finished, doing)

    def _files(self, file: Path) -> tuple[str, ...]:
        return (
            *("--ansi", "never", "--progress", "plain"),
            *("--project-name", self.project, "--project-directory", str(self.folder)),
            # A stray .env in the folder must not change what the file means.
            *("--env-file", os.devnull, "--file", str(file)),
        )

    def _run(
        self, arguments: Sequence[str], *, timeout_s: float, secrets: Mapping[str, str] = NONE
    ) -> process.Finished:
        parallel = {"COMPOSE_PARALLEL_LIMIT": PARALLEL_SSH if self._endpoint.tunnel else PARALLEL}
        argv = (*cli_prefix(self._endpoint), "compose", *arguments)
        return process.run(argv, timeout_s=timeout_s, env={**parallel, "COMPOSE_IGNORE_ORPHANS": "1", **secrets})


def _check(finished: process.Finished, doing: str) -> None:
    if finished.exit_code:
        raise StepFailed(
            f"Compose failed to {doing} (exit {finished.exit_code}).",
            details=_tail(finished),
            resolution="Correct what Compose complains of, then make a new plan.",
        )


def _tail(finished: process.Finished) -> str:
    return "\n".join(f"{finished.stderr}{finished.stdout}".strip().splitlines()[-TAIL_LINES:])


def up_arguments(components: Sequence[str], *, anew: bool = False) -> tuple[str, ...]:
    """Return the `up` command for these components and nothing else."""
    if not components:
        raise ValueError("up without components would start everything")
    options = ("--detach", "--no-deps", "--no-build", "--pull", "never")
    return ("up", *options, *(("--force-recreate",) if anew else ()), *components)
