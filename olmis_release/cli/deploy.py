"""`deploy`: carry out the plan of an instance; a release that fails is taken back by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from olmis_release.cli.arguments import (
    complete_release,
    confirm_option,
    dry_run_option,
    instance_argument,
    no_db_rollback_option,
    plan_option,
)
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import Result
from olmis_release.cli.session import Session

if TYPE_CHECKING:
    from olmis_release.instance.site import Site
    from olmis_release.plan.sets import PlanSet


@click.command(
    cls=ExampleCommand,
    short_help="carry out the open plan of an instance",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release deploy uat",
        "olmis-release deploy prod --plan F7DS-JEEJ --confirm prod",
    ],
)
@instance_argument()
@plan_option("The plan to carry out; default: the one open plan of the instance.")
@click.option("--release", metavar="RELEASE", shell_complete=complete_release, help="Only a plan to this release.")
@confirm_option()
@click.option("--repair", is_flag=True, help="Replace a release that is known to be broken: do not ask it for proof.")
@no_db_rollback_option()
@dry_run_option()
@global_options(hidden=True)
@click.pass_obj
def deploy(
    session: Session,
    *,
    instance: str,
    code: str | None,
    release: str | None,
    confirm: str | None,
    repair: bool,
    no_db_rollback: bool,
    dry_run: bool,
) -> Result:
    """Carry out the one open plan of an instance, or the one that --plan names.

    Without an open plan it makes one and shows it, where the instance's policy asks for no approval.
    """
    from olmis_release.cli.choosing import named_plan, plan_to_carry_out, require_ready, require_typed
    from olmis_release.cli.offline import require_good_files, require_good_plan
    from olmis_release.cli.plan import shown

    session.acts = True
    require_good_files(session, instance)
    require_good_plan(session, instance, code)
    site = session.site(instance)
    _require_free(session, site)
    chosen = (
        named_plan(session, code, instance=instance)
        if code
        else plan_to_carry_out(session, site, release=release, give_up_database=no_db_rollback)
    )
    if chosen is None:
        return _runs_already(session, site, release)
    require_typed(chosen, no_db_rollback=no_db_rollback)
    require_ready(session, site, chosen)
    if dry_run:
        return shown(session, chosen, steps=True)
    return _carry_out(session, site, chosen, confirm=confirm, repair=repair)


def _require_free(session: Session, site: Site) -> None:
    """Refuse before anything is read, made or asked if another run goes on here or was cut off."""
    from olmis_release.deploy.gatekeeping import require_finished
    from olmis_release.deploy.local_lock import locked
    from olmis_release.deploy.lock import require_free

    with locked(site, doing="looking whether a deploy may begin"):
        require_finished(session.workspace, site.config.name)
        require_free(site)


def _carry_out(session: Session, site: Site, chosen: PlanSet, *, confirm: str | None, repair: bool) -> Result:
    from olmis_release.cli.confirm import confirm as ask
    from olmis_release.cli.plan_text import plan_text
    from olmis_release.cli.run_result import run_result
    from olmis_release.cli.who import operator
    from olmis_release.deploy.run import Order, carry_out

    session.tell(plan_text(chosen.plan, chosen.code))
    ask(session, site.config.name, given=confirm, needed=site.config.asks_to_confirm)
    run, ending = carry_out(session.workspace, site, Order(plan_set=chosen, operator=operator(), repair=repair))
    return run_result(run, ending)


def _runs_already(session: Session, site: Site, release: str | None) -> Result:
    from olmis_release.cli.standing import recorded_state

    name = site.config.name
    return Result(
        text=f"{name} already runs {release or 'the newest release'}; nothing to do.",
        data={
            "code": None,
            "release": release,
            "outcome": "nothing-to-do",
            "way_back": None,
            "started": None,
            "ended": None,
            "outage_s": 0.0,
            "exit_code": 0,
        },
        state=recorded_state(session.workspace, name),
        next=f"olmis-release status {name}",
    )
