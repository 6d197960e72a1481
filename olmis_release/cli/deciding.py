"""What `approve`, `reject` and `revoke` share: who decides what, signed and filed beside the plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from olmis_release.cli.arguments import complete_plan
from olmis_release.cli.result import Result
from olmis_release.cli.session import Session
from olmis_release.errors import UsageError

if TYPE_CHECKING:
    from olmis_release.plan.approval.statement import Decision, Statement
    from olmis_release.plan.approval.tally import Tally
    from olmis_release.plan.sets import PlanSet

Command = TypeVar("Command", bound=Callable[..., Any])
KEY_VARIABLE = "OLMIS_RELEASE_KEY"
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What was typed.

    Attributes:
        until: As typed; a day or a minute, in the instance's time zone.
        by: Whose decision it is, where another person records it; `spoken` where it was given by word of mouth.
    """

    role: str
    comment: str
    key: Path | None
    evidence: Path | None = None
    until: str | None = None
    by: str | None = None
    spoken: bool = False


def decision_options(command: Command) -> Command:
    """Add what every decision takes: the plan, the role, why, and the key."""
    options = [
        click.argument("code", shell_complete=complete_plan),
        click.option("--as", "role", required=True, metavar="ROLE", help="The role in which you decide."),
        click.option("--comment", default="", metavar="TEXT", help="Why; it is signed with the decision."),
        click.option(
            "--key",
            type=FILE,
            envvar=KEY_VARIABLE,
            show_envvar=True,
            metavar="FILE",
            help="Your ssh key (with an agent: the public one); default: one in ~/.ssh that allowed_signers has.",
        ),
        click.option("--by", metavar="NAME", help="Whose decision it is, where you only record it."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def evidence_option(command: Command) -> Command:
    """Add ``--evidence FILE``."""
    return click.option(
        "--evidence",
        type=FILE,
        metavar="FILE",
        help="What shows it, for example the scan of a signed page; its SHA-256 is recorded.",
    )(command)


def decided(session: Session, code: str, decision: Decision, *, typed: Typed) -> Result:
    """Sign and file a decision; return what the approvals come to now."""
    from olmis_release import clock
    from olmis_release.cli.plan_text import plan_text
    from olmis_release.deploy.gatekeeping import require_unused
    from olmis_release.plan.approval.deciding import Wish, decide
    from olmis_release.plan.approval.desk import approvals_of, case_of
    from olmis_release.plan.sets import load_plan

    plan_set = load_plan(session.workspace, code)
    config = session.about(plan_set.plan.instance)
    # The writing that follows a spoken word may come after the deploy.
    if not (typed.evidence and typed.by and after_use(session, plan_set)):
        require_unused(session.workspace, plan_set)
        _require_sound(session, plan_set)
    session.tell(plan_text(plan_set.plan, plan_set.code))  # what is signed is shown first
    case = case_of(session.workspace, config, plan_set, now=clock.now())
    _require_asked(case.roles, plan_set)
    wish = Wish(
        decision=decision,
        role=typed.role,
        key=typed.key,
        until=_until(session, typed.until, now=case.now),
        comment=typed.comment,
        evidence=typed.evidence,
        by=typed.by,
        spoken=typed.spoken,
    )
    statement = decide(session.workspace, plan_set, wish, case=case)
    return _result(session, plan_set, statement, approvals_of(session.workspace, config, plan_set))


def _require_asked(roles: tuple[str, ...], plan_set: PlanSet) -> None:
    if not roles:
        plan = plan_set.plan
        raise UsageError(
            f"The policy of {plan.instance} asks for no approval of plan {plan_set.code}.",
            resolution=f"olmis-release deploy {plan.instance} --plan {plan_set.code}",
        )


def _require_sound(session: Session, plan_set: PlanSet) -> None:
    """Refuse to sign what no signature could save: the policy or the signers are not those of the plan."""
    from olmis_release.plan.approval.desk import approvals_of
    from olmis_release.plan.approval.refusal import refusal_of

    counted = approvals_of(session.workspace, session.about(plan_set.plan.instance), plan_set)
    if counted.problems:
        refusal = refusal_of(counted)
        assert refusal is not None  # noqa: S101 - a tally with problems is never complete
        raise refusal


def _until(session: Session, text: str | None, *, now: datetime) -> datetime | None:
    """Return the moment that a person typed; a day counts to its end."""
    from olmis_release.text import quoted

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{quoted(text)} is not a date.", resolution="Write --until 2026-11-30, or 2026-11-30T17:00."
        ) from None
    end = moment + timedelta(days=1) if len(text) <= len("2026-11-30") else moment
    local = end if end.tzinfo else end.replace(tzinfo=session.zone)
    if local <= now:
        raise UsageError(f"{quoted(text)} is past.", resolution="Write a later date with --until.")
    return local


def after_use(session: Session, plan_set: PlanSet) -> str:
    """Return what comes next once a plan was carried out, nothing before."""
    from olmis_release.plan.records import runs

    name = plan_set.plan.instance
    used = any(run.code == plan_set.code for run in runs(session.workspace, name))
    return f"olmis-release history {name}" if used else ""


def _result(session: Session, plan_set: PlanSet, statement: Statement, counted: Tally) -> Result:
    from olmis_release.cli.approvals_data import tally_data
    from olmis_release.cli.standing import recorded_state
    from olmis_release.plan.approval.deciding import NOUNS
    from olmis_release.plan.approval.refusal import next_step
    from olmis_release.text import safe

    how = f"{statement.method}" + (f", recorded by {statement.recorded_by}" if statement.method != "signature" else "")
    evidence, release = statement.evidence, plan_set.plan.release
    lines = [
        f"Recorded: {NOUNS[statement.decision]} of plan {plan_set.code} ({release} on {statement.instance})",
        f"  by {statement.person} as {statement.role}, {how}",
        f"  evidence {safe(evidence.file)} sha256 {evidence.sha256}" if evidence else "",
        f"  seen: {', '.join(statement.sees)}" if statement.sees and statement.expires else "",
        f"  until {statement.expires}" if statement.expires else "",
        f"{counted.count}. Waiting for: {', '.join(counted.missing) or 'nobody'}.",
    ]
    return Result(
        text="\n".join(line for line in lines if line),
        data={"statement": statement.model_dump(mode="json"), "approvals": tally_data(counted)},
        state=recorded_state(session.workspace, plan_set.plan.instance),
        next=after_use(session, plan_set) or next_step(counted),
        brief=counted.count,
    )
