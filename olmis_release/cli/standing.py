"""What an instance serves according to its records: the STATE line where nothing was asked of the instance itself."""

from __future__ import annotations

from olmis_release.plan.model import Outcome, PlanPurpose, Run
from olmis_release.workspace import Workspace


def recorded_state(workspace: Workspace, instance: str) -> str:
    """Return the state of an instance that this command has not touched; never raises."""
    from olmis_release.plan.records import runs

    try:
        known = runs(workspace, instance)
    except Exception:  # noqa: BLE001 - the last line of an error message must not be another error
        return f"{instance}: untouched; its records cannot be read."
    touched = [run for run in known if run.outcome is not Outcome.REFUSED]
    return standing_after(instance, touched[-1] if touched else None)


def standing_after(instance: str, last: Run | None) -> str:
    """Return what an instance serves after its last run."""
    from olmis_release.deploy.ending import closing

    match last:
        case None:
            return f"{instance}: untouched; nothing was deployed from this workspace yet."
        case Run(outcome=Outcome.RUNNING):
            return (
                f"{instance}: the {act(last)} (plan {last.code}, begun {last.started}) "
                "has not ended; what serves is not verified."
            )
        case Run(outcome=Outcome.NOT_RESTORED | Outcome.HELD):
            return closing(last).state
        case Run(outcome=Outcome.DEPLOYED):
            return f"{instance}: untouched, serving {last.release}."
        case _:
            return f"{instance}: untouched, serving {last.previous or 'nothing'}."


def act(run: Run) -> str:
    """Return ``deploy of 3.5.0+mw1`` or ``rollback to 3.4.1+mw1``."""
    return f"{run.kind} {'to' if run.kind is PlanPurpose.ROLLBACK else 'of'} {run.release}"
