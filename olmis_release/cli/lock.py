"""`lock`: who holds an instance; take it to keep deploys away; give it back."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from olmis_release.cli.arguments import instance_argument
from olmis_release.cli.examples import write_examples
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import Result
from olmis_release.cli.session import Session
from olmis_release.errors import UsageError

if TYPE_CHECKING:
    from olmis_release.instance.locking import LockSeen


EXAMPLES = (
    "olmis-release lock status uat",
    'olmis-release lock take uat -m "month-end: no release before Friday"',
    "olmis-release lock free uat",
)


class LockGroup(click.Group):
    """The group, with a session in its help."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help text, then the examples."""
        super().format_help_text(ctx, formatter)
        write_examples(formatter, EXAMPLES)


@click.group(
    cls=LockGroup,
    short_help="who holds an instance; keep deploys away from it",
    epilog=GLOBAL_HELP,
)
def lock() -> None:
    """Show, take or free the lock of an instance."""


@lock.command(epilog=GLOBAL_HELP)
@instance_argument()
@global_options(hidden=True)
@click.pass_obj
def status(session: Session, *, instance: str) -> Result:
    """Say who holds the lock, since when, and what for."""
    site = session.site(instance)
    return _standing(session, site.lock.look())


@lock.command(epilog=GLOBAL_HELP)
@instance_argument()
@click.option("-m", "--message", required=True, metavar="TEXT", help="Why, for whoever is refused meanwhile.")
@global_options(hidden=True)
@click.pass_obj
def take(session: Session, *, instance: str, message: str) -> Result:
    """Keep every deploy and rollback away from an instance until the lock is freed."""
    from olmis_release.deploy.lock import take_by_hand

    site = session.site(instance)
    return _standing(session, take_by_hand(site, message=message))


@lock.command(epilog=GLOBAL_HELP)
@instance_argument()
@click.option("--id", "typed", metavar="ID", help="The lock's id as `lock status` shows it: frees it whoever holds it.")
@global_options(hidden=True)
@click.pass_obj
def free(session: Session, *, instance: str, typed: str | None) -> Result:
    """Free a lock that a person took; one of a run is freed only by its id, typed."""
    from olmis_release.deploy.lock import free_by_hand

    site = session.site(instance)
    seen = site.lock.look()
    if seen is None:
        return _standing(session, None)
    free_by_hand(site, seen, typed=typed)
    return _standing(session, None)


def _standing(session: Session, seen: LockSeen | None) -> Result:
    from olmis_release.cli.standing import recorded_state

    name = session.instance
    if name is None:
        raise UsageError("Name an instance.", resolution="olmis-release lock --help")
    text = f"{name} is locked: {seen}. Lock id {seen.id[:12]}." if seen else f"Nobody holds {name}."
    held = {"id": seen.id, **asdict(seen.claim), "token": None} if seen else None
    return Result(
        text=text,
        data={"instance": name, "lock": held},
        state=recorded_state(session.workspace, name),
        next=f"olmis-release lock free {name}" if seen and seen.claim.by_hand else f"olmis-release status {name}",
    )
