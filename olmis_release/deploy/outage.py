"""How long users were cut off by a run that another process began."""

from __future__ import annotations

from olmis_release import clock
from olmis_release.deploy.job import Job
from olmis_release.deploy.journal import Mark
from olmis_release.plan.model import StepKind

CUT_OFF = (StepKind.RAISE_WALL, StepKind.STOP_COMPONENTS)


def recall_outage(job: Job) -> None:
    """Count the time in which nobody carried the run on: users were cut off all along."""
    since = next((record.at for record in job.journal.records if record.kind in CUT_OFF), None)
    if since is None or job.previous is None:
        return
    let_in = [one.at for one in job.journal.records if one.kind is StepKind.LOWER_WALL and one.mark is Mark.DONE]
    if let_in:
        job.outage.total_s += max(0.0, (clock.parse_iso(let_in[0]) - clock.parse_iso(since)).total_seconds())
    else:  # a clock that was put back since counts for nothing
        job.outage.begin(ago_s=max(0.0, (clock.now() - clock.parse_iso(since)).total_seconds()))
