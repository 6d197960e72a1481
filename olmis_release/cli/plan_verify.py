"""`plan verify`: is a plan what it was, who approved it, and who is missing?"""

from __future__ import annotations

import click

from olmis_release.cli.arguments import complete_plan
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.result import Result
from olmis_release.cli.session import Session


@click.command(
    name="verify",
    cls=ExampleCommand,
    short_help="who approved a plan, and who is missing",
    epilog=GLOBAL_HELP,
    examples=["olmis-release plan verify F7DS-JEEJ"],
)
@click.argument("code", shell_complete=complete_plan)
@global_options(hidden=True)
@click.pass_obj
def verify(session: Session, *, code: str) -> Result:
    """Check that plan CODE is unchanged and every statement about it genuine; 4 when it may not be carried out."""
    from olmis_release.cli.approvals_data import tally_data
    from olmis_release.cli.approvals_text import tally_text
    from olmis_release.cli.deciding import after_use
    from olmis_release.cli.standing import recorded_state
    from olmis_release.plan.approval.desk import approvals_of
    from olmis_release.plan.approval.refusal import next_step, refusal_of
    from olmis_release.plan.sets import load_plan

    chosen = load_plan(session.workspace, code)
    config = session.about(chosen.plan.instance)
    counted = approvals_of(session.workspace, config, chosen)
    head = f"Plan {chosen.code} ({chosen.plan.release} on {config.name}) is unchanged: SHA-256 {chosen.sha256}"
    asked = tally_text(counted, session.zone) if counted.roles else f"The policy of {config.name} asks for no approval."
    withdrawn = [f"{one.file} was taken back." for one in counted.withdrawn]
    # A fault that keeps nothing from being carried out is shown too: somebody may wonder why it does not count.
    lapsed = [f"{one.file} {one.why}." for one in counted.faulty] if counted.complete else []
    return Result(
        text="\n".join([head, asked, *withdrawn, *lapsed, *([f"{counted.count}."] if counted.roles else [])]),
        data={"plan": chosen.sha256, **tally_data(counted)},
        state=recorded_state(session.workspace, config.name),
        next=after_use(session, chosen) or next_step(counted),
        brief=counted.count if counted.roles else chosen.code,
        failure=refusal_of(counted),
    )
