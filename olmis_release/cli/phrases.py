"""Events in words, the same for a terminal and a log."""

from __future__ import annotations

from olmis_release.events import Evidence, Note, Progress, StepEvent, StepStatus

WORDS = {
    StepStatus.STARTED: "",
    StepStatus.DONE: "done: ",
    StepStatus.SKIPPED: "skipped: ",
    StepStatus.FAILED: "FAILED: ",
    StepStatus.UNDOING: "taking back: ",
    StepStatus.UNDONE: "taken back: ",
    StepStatus.UNDO_FAILED: "NOT TAKEN BACK: ",
}
STYLES = {
    StepStatus.DONE: "green",
    StepStatus.FAILED: "red",
    StepStatus.UNDOING: "yellow",
    StepStatus.UNDONE: "yellow",
    StepStatus.UNDO_FAILED: "red",
}


def step_text(event: StepEvent) -> str:
    """Return ``3/9 done: raise the wall: users see the maintenance page``."""
    note = f": {event.note}" if event.note else ""
    return hanging(f"{event.number}/{event.total} {WORDS[event.status]}{event.title}{note}")


def note_text(event: Note) -> str:
    """Return the message, ``warning:`` before it where it is one."""
    return hanging(f"warning: {event.message}" if event.warning else event.message)


def hanging(text: str) -> str:
    """Return a text with all lines but the first indented: what it quotes must not look like a line of ours."""
    return text.replace("\n", "\n    ")


def step_style(status: StepStatus) -> str:
    """Return the colour of a step's line."""
    return STYLES.get(status, "")


def progress_text(event: Progress) -> str:
    """Return ``pulling reports, 41 of 96 MB``."""
    unit = f" {event.unit}" if event.unit else ""
    if event.done is None:
        return event.activity
    if event.total is None:
        return f"{event.activity}, {event.done:.0f}{unit}"
    return f"{event.activity}, {event.done:.0f} of {event.total:.0f}{unit}"


def evidence_text(event: Evidence) -> str:
    """Return the title, the output indented under it, and where the whole of it is."""
    if not event.text:
        return f"{event.title}: {event.path}" if event.path else event.title
    lines = [f"{event.title}:", *(f"    {line}" for line in event.text.rstrip().splitlines())]
    lines += [f"    (all of it: {event.path})"] if event.path else []
    return "\n".join(lines)
