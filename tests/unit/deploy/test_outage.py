"""What is told of a run that another process began."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from olmis_release import clock
from olmis_release.deploy.closing import keep_record
from olmis_release.deploy.job import Job, Outage
from olmis_release.deploy.journal import Journal
from olmis_release.deploy.journal_file import JournalFile
from olmis_release.deploy.outage import recall_outage
from olmis_release.errors import JournalDamaged
from olmis_release.plan.model import StepKind
from olmis_release.workspace import Workspace
from tests.fakes.cli import a_run

RUN = "20261128t180211"


def job_of(folder: Path, *records: tuple[StepKind, str, str]) -> Job:
    """Return a job with such a journal: kind, mark and time of each record."""
    file = JournalFile(folder / "journal")
    for kind, mark, at in records:
        file.append(
            {"run": RUN, "epoch": 1, "step": 1, "kind": str(kind), "mark": mark, "at": at, "who": "x", "note": ""}
        )
    journal = Journal(folder / "journal", run=RUN)
    return cast(Job, SimpleNamespace(journal=journal, outage=Outage(), previous="3.4.1+mw1"))


def test_users_were_cut_off_all_the_time_that_nobody_carried_the_run_on(tmp_path: Path) -> None:
    ago = clock.iso(clock.now().replace(year=clock.now().year - 1))
    job = job_of(tmp_path, (StepKind.RAISE_WALL, "intent", ago))

    recall_outage(job)
    job.outage.end()

    assert job.outage.total_s >= 365 * 86_400


def test_users_that_were_let_in_before_the_crash_were_cut_off_until_then(tmp_path: Path) -> None:
    job = job_of(
        tmp_path,
        (StepKind.RAISE_WALL, "intent", "2026-11-23T10:00:00Z"),
        (StepKind.LOWER_WALL, "intent", "2026-11-23T10:00:40Z"),
        (StepKind.LOWER_WALL, "done", "2026-11-23T10:00:42Z"),
    )

    recall_outage(job)

    assert job.outage.total_s == 42.0


def test_an_end_that_cannot_be_recorded_tells_how_it_ended_and_how_to_complete_the_record(tmp_path: Path) -> None:
    (tmp_path / "plans").write_text("no folder")

    with pytest.raises(JournalDamaged, match=r"ended \(deployed\) without record") as told:
        keep_record(Workspace(root=tmp_path), a_run("F7DS-JEEJ"), journal=tmp_path / "journal")

    assert "olmis-release resume uat" in told.value.resolution
    assert told.value.state == "uat: open, serving 3.5.0+mw1. Its record is not written yet."
