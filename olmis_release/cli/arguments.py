"""Arguments that several commands share, with completion from local files only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from olmis_release.cli.session import Session
from olmis_release.errors import ReleaseError
from olmis_release.workspace import Workspace, find_workspace

Command = TypeVar("Command", bound=Callable[..., Any])


def _from_files(names: Callable[[Workspace], Iterable[str]]) -> Callable[..., list[CompletionItem]]:
    def complete(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        session = context.find_object(Session)
        try:
            known = names(find_workspace(session.repo if session else None))
        except (ReleaseError, OSError):
            return []
        return [CompletionItem(name) for name in known if name.startswith(begun)]

    return complete


def _releases(workspace: Workspace) -> Iterable[str]:
    from olmis_release.manifest.lock import known_releases

    return known_releases(workspace)


def _plans(workspace: Workspace) -> Iterable[str]:
    return sorted(path.parent.name for path in workspace.plans.glob("*/plan.json"))


complete_instance = _from_files(Workspace.instance_names)
complete_release = _from_files(_releases)
complete_plan = _from_files(_plans)


def instance_argument(*, required: bool = True) -> Callable[[Command], Command]:
    """Return the decorator for the one positional argument INSTANCE."""
    return click.argument("instance", required=required, shell_complete=complete_instance)


def plan_option(help_text: str) -> Callable[[Command], Command]:
    """Return the decorator for ``--plan CODE``."""
    return click.option("--plan", "code", metavar="CODE", shell_complete=complete_plan, help=help_text)


def confirm_option() -> Callable[[Command], Command]:
    """Return the decorator for ``--confirm NAME``."""
    return click.option(
        "--confirm", metavar="NAME", help="Confirm by giving the instance's name; needed where nobody can type it."
    )


def no_db_rollback_option() -> Callable[[Command], Command]:
    """Return the decorator for ``--no-db-rollback``, which must always be typed."""
    return click.option(
        "--no-db-rollback",
        is_flag=True,
        help="Take no copy of the database: a failed release leaves its changes there.",
    )


def dry_run_option() -> Callable[[Command], Command]:
    """Return the decorator for ``--dry-run``."""
    return click.option("-n", "--dry-run", is_flag=True, help="Show what would be done; carry nothing out.")


def way_out_options(command: Command) -> Command:
    """Add how an open run may be led out: back, or on, however often it failed."""
    again = click.option(
        "--again", is_flag=True, help="Try on, however often a step has failed: you mended what was wrong."
    )
    abort = click.option("--abort", is_flag=True, help="Take the run back; one that was accepted already is finished.")
    return abort(again(command))
