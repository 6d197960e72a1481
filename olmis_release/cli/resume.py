"""`resume`: go on with a run that was cut off or stopped, forward or (with --abort) back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from olmis_release.cli.arguments import confirm_option, instance_argument, way_out_options
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import Result
from olmis_release.cli.session import Session

if TYPE_CHECKING:
    from olmis_release.deploy.executor import Ending
    from olmis_release.deploy.resume import Wish
    from olmis_release.plan.model import Run


@click.command(
    cls=ExampleCommand,
    short_help="go on with a run that was cut off or stopped",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release resume uat",
        "olmis-release resume uat --abort     take it back; one that was accepted is finished",
        "olmis-release resume uat --again     after a person mended what failed again and again",
    ],
)
@instance_argument()
@way_out_options
@confirm_option()
@global_options(hidden=True)
@click.pass_obj
def resume(session: Session, *, instance: str, abort: bool, again: bool, confirm: str | None) -> Result:
    """Go on with the run that this workspace began and that did not come to its end.

    What was done is not done again. A step that failed sends the run back; a run that was accepted is finished.
    """
    from olmis_release.cli.confirm import confirm as ask
    from olmis_release.cli.who import operator
    from olmis_release.deploy.resume import Wish
    from olmis_release.deploy.resume import resume as go_on

    session.acts = True
    site = session.site(instance)
    ask(session, site.config.name, given=confirm, needed=False)
    wish = Wish(operator=operator(), abort=abort, again=again)
    return ended(*go_on(session.workspace, site, wish), wish=wish)


def ended(run: Run, ending: Ending, *, wish: Wish) -> Result:
    """Return the result of a run that was gone on with; being back is success where that was wanted."""
    from olmis_release.cli.run_result import run_result

    return run_result(run, ending, back_is_good=wish.abort)
