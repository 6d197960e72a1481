"""Write the documents of a plan anew beside it: other languages, PDF files, a calendar that withdraws its dates."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from olmis_release.instance.config import Language
from olmis_release.plan.documents import documents_of
from olmis_release.plan.documents.calendar_file import Dated, calendar_of
from olmis_release.plan.documents.pdf import print_pdf
from olmis_release.plan.files import write_whole
from olmis_release.plan.sets import CALENDAR, PlanSet, revision_of
from olmis_release.workspace import Workspace

CANCELLED = "plan.cancelled.ics"


def write_documents(plan_set: PlanSet, languages: Iterable[Language] = ()) -> tuple[Path, ...]:
    """Write the documents in the plan's languages and in these; the plan itself stays as it is."""
    every = tuple(dict.fromkeys((*plan_set.plan.languages, *languages)))
    spoken = plan_set.plan.model_copy(update={"languages": every})
    written = []
    for name, text in documents_of(spoken, code=plan_set.code, hash_hex=plan_set.sha256):
        write_whole(plan_set.folder / name, text.encode())
        written.append(plan_set.folder / name)
    return tuple(written)


def write_pdfs(plan_set: PlanSet) -> tuple[Path, ...]:
    """Print the page of every language that lies beside a plan.

    Raises:
        UsageError: There is no Chromium.
        BadInput: It did not print.
    """
    return tuple(print_pdf(page) for page in sorted(plan_set.folder.glob("plan.*.html")))


def write_calendar(workspace: Workspace, plan_set: PlanSet, *, cancel: bool = False) -> Path:
    """Write the calendar of a plan, or the one that withdraws its dates."""
    dated = Dated(plan=plan_set.plan, code=plan_set.code, revision=revision_of(workspace, plan_set.plan))
    path = plan_set.folder / (CANCELLED if cancel else CALENDAR)
    write_whole(path, calendar_of([dated], cancel=cancel))
    return path
