"""A country's own scripts, run at named moments of a deploy.

``hooks/<moment>`` and every executable in ``hooks/<moment>.d/``, in name order. A hook gets the event as JSON on
standard input and its main fields as environment variables; it may stop a deploy before it begins (pre-deploy), and it
can steer nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from olmis_release.errors import PreflightRefused, ReleaseError
from olmis_release.events import Evidence, Note, Reporter
from olmis_release.instance.process import Finished, run
from olmis_release.plan.hook_files import is_inside

TAIL_LINES = 20


class Moment(StrEnum):
    """When hooks run."""

    PRE_DEPLOY = "pre-deploy"
    POST_MIGRATE = "post-migrate"
    POST_DEPLOY = "post-deploy"
    POST_ROLLBACK = "post-rollback"


def hooks_for(folder: Path, moment: Moment) -> tuple[Path, ...]:
    """Return the executables for a moment, in the order in which they run."""
    single = folder / moment
    many = sorted((folder / f"{moment}.d").glob("*")) if (folder / f"{moment}.d").is_dir() else []
    candidates = [*([single] if single.is_file() else []), *many]
    return tuple(path for path in candidates if path.is_file() and os.access(path, os.X_OK))


def run_hooks(
    folder: Path, moment: Moment, event: Mapping[str, object], *, timeout_s: float, reporter: Reporter
) -> None:
    """Run every hook of a moment.

    Raises:
        PreflightRefused: A pre-deploy hook said no, or did not end in time.
    """
    for hook in hooks_for(folder, moment):
        problem = _run_one(hook, moment, event, timeout_s=timeout_s, reporter=reporter)
        if problem and moment is Moment.PRE_DEPLOY:
            raise PreflightRefused(
                f"Hook {moment}/{hook.name} stopped the deploy: {problem}.",
                resolution="Do what the hook asks for, or take it out of hooks/.",
            )
        if problem:
            text = f"Hook {moment}/{hook.name} failed: {problem}. The release is not affected."
            reporter.report(Note(message=text, warning=True))


def _run_one(hook: Path, moment: Moment, event: Mapping[str, object], *, timeout_s: float, reporter: Reporter) -> str:
    """Return why a hook failed, empty when it did not."""
    if not is_inside(hook, _workspace(hook)):
        return "it leads out of the repository, so it was not run"
    reporter.report(Note(message=f"hook {moment}/{hook.name}"))
    text = json.dumps({"format_version": "1.0", "moment": moment, **event})
    try:
        finished = run(
            [str(hook)], timeout_s=timeout_s, stdin=text, env=_environment(moment, event), cwd=_workspace(hook)
        )
    except ReleaseError as error:
        return error.message
    _show(hook, finished, reporter)
    if finished.timed_out:
        return f"it did not end within {timeout_s:.0f} s"
    return "" if finished.exit_code == 0 else f"exit status {finished.exit_code}"


def _workspace(hook: Path) -> Path:
    """Return the folder that holds hooks/, where a hook runs."""
    return next(folder.parent for folder in hook.parents if folder.name == "hooks")


def _environment(moment: Moment, event: Mapping[str, object]) -> dict[str, str]:
    fields = {f"OLMIS_RELEASE_{key.upper()}": str(value if value is not None else "") for key, value in event.items()}
    return {"OLMIS_RELEASE_MOMENT": moment, **fields}


def _show(hook: Path, finished: Finished, reporter: Reporter) -> None:
    lines = (finished.stdout + finished.stderr).splitlines()
    if lines:
        reporter.report(Evidence(title=f"hook {hook.name}", text="\n".join(lines[-TAIL_LINES:])))
