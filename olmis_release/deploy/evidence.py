"""Keep what tells why a deploy failed, before the containers that know are taken away."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from olmis_release.deploy.job import Job
from olmis_release.errors import ReleaseError
from olmis_release.events import Evidence
from olmis_release.instance.ports import Container
from olmis_release.text import plural, safe

LOG_LINES = 1000


def keep_evidence(job: Job) -> None:
    """Store logs, container facts and migration histories in the run's folder; what cannot be had is left out."""
    _folder(job).mkdir(mode=0o700, exist_ok=True)
    containers = job.containers(change.component for change in job.plan.changed)
    for one in containers:
        _store(job, f"{one.component}.log", partial(job.site.engine.logs, one.id, tail=LOG_LINES))
    _store(job, "containers.json", lambda: json.dumps([_facts(one) for one in containers], indent=1, default=str))
    _store(job, "histories.json", lambda: _histories(job))
    job.site.reporter.report(
        Evidence(title=f"logs of {plural(len(containers), 'component')} kept", text="", path=str(_folder(job)))
    )


def _folder(job: Job) -> Path:
    return job.folder / "evidence"


def _store(job: Job, name: str, get: Callable[[], str]) -> None:
    """Write a file that people open on terminals and send to others: no secret, no escape sequence."""
    try:
        text = get()
    except ReleaseError as error:
        text = f"not available: {error.message}\n"
    path = _folder(job) / name
    path.touch(mode=0o600)
    path.write_text(safe(job.site.redactor.redact(text), multiline=True), encoding="utf-8")


def _facts(container: Container) -> dict[str, object]:
    facts = dataclasses.asdict(container)
    facts["environment"] = sorted(facts["environment"])  # names only: values hold passwords
    return facts


def _histories(job: Job) -> str:
    histories = [dataclasses.asdict(one) for one in job.site.database.histories()]
    return json.dumps(histories, indent=1)
