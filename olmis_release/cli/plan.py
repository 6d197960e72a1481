"""`plan`: what would change on an instance, why, and the way back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from olmis_release.cli.arguments import complete_instance, complete_plan, complete_release, no_db_rollback_option
from olmis_release.cli.examples import ExampleCommand
from olmis_release.cli.options import GLOBAL_HELP, global_options
from olmis_release.cli.plan_verify import verify
from olmis_release.cli.result import NOTHING_TOUCHED, Result
from olmis_release.cli.session import Session
from olmis_release.errors import DifferencesFound, UsageError

if TYPE_CHECKING:
    from olmis_release.plan.sets import PlanSet
    from olmis_release.plan.terms import Wishes

IMPACTS = ("extensive", "significant", "moderate", "minor")
URGENCIES = ("critical", "high", "medium", "low")
ROUTES = ("emergency", "standard")
LANGUAGES = ("en", "fr", "pt")


class DefaultGroup(click.Group):
    """A group whose first subcommand is meant when none is named: `plan 3.5.0+mw1 --to uat`."""

    default = "make"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default subcommand in front, unless a subcommand is there already."""
        first = next((arg for arg in args if not arg.startswith("-")), "")
        if first not in self.commands or first == self.default:
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Leave the default subcommand without a name, so that usage lines show what people type."""
        name, command, rest = super().resolve_command(ctx, args)
        return ("" if name == self.default else name), command, rest


@click.group(
    cls=DefaultGroup,
    short_help="what would change on an instance, why, and the way back",
    add_help_option=False,
    no_args_is_help=False,
)
@global_options(hidden=True)
def plan() -> None:
    """Plan a release for an instance; `plan show CODE` shows a plan again."""


@plan.command(
    cls=ExampleCommand,
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release plan 3.5.0+mw1 --to uat     to a release or its newest candidate",
        "olmis-release plan --to uat               to the newest there is",
        "olmis-release plan show F7DS-JEEJ         show a plan again",
        "olmis-release plan 3.6.0+mw1 --to prod --inputs-template > inputs.yml    to fill in, then:",
        "olmis-release plan 3.6.0+mw1 --to prod --inputs inputs.yml --window '2026-11-28 20:00'",
    ],
)
@click.argument("release", required=False, shell_complete=complete_release)
@click.option("--to", "instance", required=True, metavar="INSTANCE", shell_complete=complete_instance, help="Where to.")
@click.option("--window", default="", metavar="WHEN", help="When, in the instance's time: '2026-11-28 20:00[/22:00]'.")
@click.option("--impact", type=click.Choice(IMPACTS), help="How many users it concerns.")
@click.option("--urgency", type=click.Choice(URGENCIES), help="How much it impedes their work.")
@click.option("--route", type=click.Choice(ROUTES), help="A stricter route than impact and urgency open.")
@click.option(
    "--inputs",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="What only people know: reason, what users notice, owners, risks …",
)
@click.option(
    "--inputs-template",
    "template",
    type=click.Choice(ROUTES),
    is_flag=False,
    flag_value="standard",
    help="Print such a file to fill in, for a route (standard), and plan nothing.",
)
@click.option("--pdf", is_flag=True, help="Also print the documents to PDF, with the system's Chromium.")
@no_db_rollback_option()
@click.option("--detailed-exitcode", is_flag=True, help="Exit 3 instead of 0 when there is something to do.")
@global_options(hidden=True)
@click.pass_obj
def make(
    session: Session,
    /,
    *,
    release: str | None,
    instance: str,
    template: str | None,
    pdf: bool,
    no_db_rollback: bool,
    detailed_exitcode: bool,
    **wishes: Any,
) -> Result | int:
    """Read an instance and write the plan that brings a release to it; the instance is not touched."""
    from olmis_release.cli.offline import require_good_files
    from olmis_release.cli.standing import act
    from olmis_release.cli.who import operator
    from olmis_release.deploy.gatekeeping import unsettled
    from olmis_release.plan.documents.pdf import chromium as require_chromium
    from olmis_release.plan.make import make_plan
    from olmis_release.plan.model import Outcome
    from olmis_release.plan.renditions import write_pdfs

    if template:
        return _template(session, release, instance, route=template)
    if pdf:
        require_chromium()
    require_good_files(session, instance)
    site = session.site(instance)
    going_on = unsettled(session.workspace, instance)
    if going_on is not None and going_on.outcome is not Outcome.NOT_RESTORED:
        session.warn(f"the {act(going_on)} (begun {going_on.started}) has not ended; this plan will be stale.")
    made = make_plan(
        session.workspace, site, release, author=operator(), give_up_database=no_db_rollback, wishes=_wishes(**wishes)
    )
    if made is None:
        return _nothing_to_do(session, instance, release)
    if pdf:
        write_pdfs(made)
    result = shown(session, made)
    if not detailed_exitcode:
        return result
    return replace(
        result, failure=DifferencesFound(f"{instance} differs from {made.plan.release}.", resolution=result.next)
    )


def _wishes(*, window: str, impact: str | None, urgency: str | None, route: str | None, inputs: Path | None) -> Wishes:
    from olmis_release.manifest.emergency import Impact, Route, Urgency
    from olmis_release.plan.terms import Wishes

    return Wishes(
        window=window,
        impact=Impact(impact) if impact else None,
        urgency=Urgency(urgency) if urgency else None,
        route=Route(route) if route else None,
        inputs=inputs,
    )


def _template(session: Session, release: str | None, instance: str, *, route: str) -> int:
    from olmis_release.manifest.emergency import Route
    from olmis_release.plan.inputs_template import template

    config = session.about(instance)
    session.sink.out(template(release or "RELEASE", instance, route=Route(route), languages=config.languages).rstrip())
    return 0


@plan.command(epilog=GLOBAL_HELP)
@click.argument("code", shell_complete=complete_plan)
@global_options(hidden=True)
@click.pass_obj
def show(session: Session, *, code: str) -> Result:
    """Show a plan again, with its steps, and whether it was used."""
    from olmis_release.plan.sets import load_plan

    chosen = load_plan(session.workspace, code)
    session.instance = chosen.plan.instance
    return shown(session, chosen, steps=True)


plan.add_command(verify)


@plan.command(
    cls=ExampleCommand,
    epilog=GLOBAL_HELP,
    examples=[
        "olmis-release plan render F7DS-JEEJ --lang fr --lang pt",
        "olmis-release plan render F7DS-JEEJ --pdf",
        "olmis-release plan render F7DS-JEEJ --cancel    a calendar file that withdraws its dates",
    ],
)
@click.argument("code", shell_complete=complete_plan)
@click.option("--lang", "languages", multiple=True, type=click.Choice(LANGUAGES), help="In this language too.")
@click.option("--pdf", is_flag=True, help="Also print the documents to PDF, with the system's Chromium.")
@click.option("--cancel", is_flag=True, help="Write plan.cancelled.ics, which withdraws the dates of plan.ics.")
@global_options(hidden=True)
@click.pass_obj
def render(session: Session, *, code: str, languages: tuple[str, ...], pdf: bool, cancel: bool) -> Result:
    """Write the documents of a plan anew; the plan itself, its code and its approvals stay as they are."""
    from olmis_release.instance.config import Language
    from olmis_release.plan.documents.pdf import chromium as require_chromium
    from olmis_release.plan.renditions import write_calendar, write_documents, write_pdfs
    from olmis_release.plan.sets import load_plan

    chosen = load_plan(session.workspace, code)
    session.instance = chosen.plan.instance
    if cancel and chosen.plan.window is None:
        raise UsageError(f"Plan {code} has no window, so no dates.", resolution=f"olmis-release plan show {code}")
    if pdf:
        require_chromium()
    written = [*write_documents(chosen, [Language(one) for one in languages]), *(write_pdfs(chosen) if pdf else ())]
    if chosen.plan.window:
        written.append(write_calendar(session.workspace, chosen, cancel=cancel))
    names = [session.workspace.relative(path) for path in written]
    return Result(
        text="\n".join(f"Wrote {name}" for name in names),
        data={"code": chosen.code, "written": names},
        state=NOTHING_TOUCHED,
        next=f"olmis-release plan show {chosen.code}",
    )


def shown(session: Session, plan_set: PlanSet, *, steps: bool = False) -> Result:
    """Return a plan as a command's result."""
    from olmis_release.cli.plan_text import plan_text, steps_text
    from olmis_release.cli.standing import recorded_state

    chosen, code = plan_set.plan, plan_set.code
    files = sorted(path.name for path in plan_set.folder.glob("plan.*"))
    place = session.workspace.relative(plan_set.folder)
    parts = [plan_text(chosen, code), steps_text(chosen) if steps else "", f"Files in {place}/: {' '.join(files)}"]
    used = _use(session, plan_set)
    return Result(
        text="\n".join(part for part in [*parts, used] if part),
        data={
            "code": code,
            "has_changes": chosen.has_changes,
            "folder": place,
            "files": files,
            "used": used,
            "plan": chosen.model_dump(mode="json"),
        },
        state=recorded_state(session.workspace, chosen.instance),
        next=_next(session, plan_set, used=used),
        brief=code,
    )


def _use(session: Session, plan_set: PlanSet) -> str:
    from olmis_release.plan.records import runs

    uses = [run for run in runs(session.workspace, plan_set.plan.instance) if run.code == plan_set.code]
    return f"Used {uses[-1].started}: {uses[-1].outcome}. A plan runs once." if uses else ""


def _next(session: Session, plan_set: PlanSet, *, used: str) -> str:
    from olmis_release.plan.approval.desk import approvals_of
    from olmis_release.plan.approval.refusal import next_step

    chosen = plan_set.plan
    if used:
        return f"olmis-release history {chosen.instance}"
    return next_step(approvals_of(session.workspace, session.about(chosen.instance), plan_set))


def _nothing_to_do(session: Session, instance: str, release: str | None) -> Result:
    from olmis_release.cli.standing import recorded_state

    what = release or "the newest release"
    return Result(
        text=f"{instance} already runs {what}; nothing to do.",
        data={"code": None, "has_changes": False},
        state=recorded_state(session.workspace, instance),
        next=f"olmis-release smoke {instance}",
    )
