"""`takeover`: end the run of an operator who is gone."""

from __future__ import annotations

import click

from olmis_release.cli.arguments import confirm_option, instance_argument, way_out_options
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import Result
from olmis_release.cli.session import Session


@click.command(
    cls=ExampleCommand,
    short_help="end the run of an operator who is gone",
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release takeover uat",
        "olmis-release takeover uat --abort   take the run back instead of going on",
    ],
)
@instance_argument()
@way_out_options
@confirm_option()
@global_options(hidden=True)
@click.pass_obj
def takeover(session: Session, *, instance: str, abort: bool, again: bool, confirm: str | None) -> Result:
    """Take an instance over from an operator whose machine died or was cut off, and end that operator's run.

    It listens first whether the holder gives a sign of life, and refuses if so. The old lock is kept under another
    name; a holder that comes back finds that it lost it, and changes nothing. The run's plan must be in this workspace.
    """
    from olmis_release.cli.confirm import confirm as ask
    from olmis_release.cli.resume import ended
    from olmis_release.cli.who import operator
    from olmis_release.deploy.resume import Wish, take_over

    session.acts = session.takes_over = True
    site = session.site(instance)
    ask(session, site.config.name, given=confirm, needed=False)
    wish = Wish(operator=operator(), abort=abort, again=again)
    return ended(*take_over(session.workspace, site, wish), wish=wish)
