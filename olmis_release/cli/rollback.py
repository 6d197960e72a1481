"""`rollback`: back to the last good release, or out of a run that was cut off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from olmis_release.cli.arguments import complete_release, confirm_option, dry_run_option, instance_argument
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import Result
from olmis_release.cli.session import Session

if TYPE_CHECKING:
    from olmis_release.instance.site import Site
    from olmis_release.plan.model import Run


@click.command(
    cls=ExampleCommand,
    short_help="go back to the last good release",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release rollback uat",
        'olmis-release rollback uat --to 3.4.1+mw1 --reason "requisitions cannot be submitted"',
        "olmis-release rollback prod --data restore --confirm prod",
    ],
)
@instance_argument()
@click.option(
    "--to",
    metavar="RELEASE",
    shell_complete=complete_release,
    help="A release that ran here; default: the last good one.",
)
@click.option(
    "--data",
    type=click.Choice(["keep", "restore"]),
    default="keep",
    show_default=True,
    help="restore: also put the database back as it was before the deploy; what was written since is set aside.",
)
@click.option("--reason", default="", metavar="TEXT", help="Why, for the record.")
@confirm_option()
@dry_run_option()
@global_options(hidden=True)
@click.pass_obj
def rollback(
    session: Session, *, instance: str, to: str | None, data: str, reason: str, confirm: str | None, dry_run: bool
) -> Result:
    """Bring an instance back to the last good release, or take a run back that was cut off."""
    from olmis_release.deploy.gatekeeping import unsettled
    from olmis_release.deploy.local_lock import locked

    session.acts = True
    site = session.site(instance)
    wish = _Wish(to=to, restore=data == "restore", reason=reason, confirm=confirm, dry_run=dry_run)
    with locked(site, doing="looking what a rollback would take back"):
        left = unsettled(session.workspace, instance)
    if left and _is_to_settle(left, wish):
        return _settle(session, site, wish, cut_off=left)
    return _go_back(session, site, wish)


def _is_to_settle(left: Run, wish: _Wish) -> bool:
    """Tell whether a run that did not end well is to be gone on with; a release named with --to goes before that.

    A run that was cut off is settled in any case: nothing may begin over it.
    """
    from olmis_release.plan.model import Outcome

    return left.outcome is not Outcome.NOT_RESTORED or (wish.to is None and not wish.restore)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What the person asked for."""

    to: str | None
    restore: bool
    reason: str
    confirm: str | None
    dry_run: bool


def _go_back(session: Session, site: Site, wish: _Wish) -> Result:
    from olmis_release.cli.confirm import confirm
    from olmis_release.cli.plan import shown
    from olmis_release.cli.plan_text import plan_text
    from olmis_release.cli.run_result import run_result
    from olmis_release.cli.who import operator
    from olmis_release.deploy.gatekeeping import require_approvals
    from olmis_release.deploy.run import Order, carry_out
    from olmis_release.plan.make import make_rollback_plan

    chosen = make_rollback_plan(session.workspace, site, to=wish.to, restore_data=wish.restore, author=operator())
    if wish.dry_run:
        return replace(shown(session, chosen, steps=True), next=_same_again(site.config.name, wish))
    require_approvals(session.workspace, site.config, chosen)
    session.tell(plan_text(chosen.plan, chosen.code))
    confirm(session, site.config.name, given=wish.confirm, needed=wish.restore or site.config.asks_to_confirm)
    run, ending = carry_out(session.workspace, site, Order(plan_set=chosen, operator=operator(), reason=wish.reason))
    return run_result(run, ending)


def _same_again(name: str, wish: _Wish) -> str:
    """Return the command that carries out what a dry run showed."""
    options = [f"--to {wish.to}"] if wish.to else []
    return " ".join(["olmis-release rollback", name, *options, *(["--data restore"] if wish.restore else [])])


def _settle(session: Session, site: Site, wish: _Wish, *, cut_off: Run) -> Result:
    """Take a run back that a crash or power cut stopped, or finish it if it was accepted already."""
    from olmis_release.cli.confirm import confirm
    from olmis_release.cli.resume import ended
    from olmis_release.cli.run_result import run_data
    from olmis_release.cli.standing import act, standing_after
    from olmis_release.cli.who import operator
    from olmis_release.deploy.resume import Wish, resume

    text = (
        f"The {act(cut_off)} (plan {cut_off.code}, begun {cut_off.started}) did not come to its end. "
        "It is taken back, or finished if it was accepted already."
    )
    if wish.dry_run:
        name = site.config.name
        return Result(
            text=text,
            data=run_data(cut_off),
            state=standing_after(name, cut_off),
            next=f"olmis-release rollback {name}",
        )
    session.tell(text)
    confirm(session, site.config.name, given=wish.confirm, needed=site.config.asks_to_confirm)
    back = Wish(operator=operator(), abort=True)
    return ended(*resume(session.workspace, site, back), wish=back)
