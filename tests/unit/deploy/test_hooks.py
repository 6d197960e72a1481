import json
from collections.abc import Callable
from pathlib import Path

import pytest

from olmis_release.deploy.hooks import Moment, hooks_for, run_hooks
from olmis_release.errors import PreflightRefused
from olmis_release.events import Event, Evidence, Note

EVENT = {"instance": "uat", "release": "3.5.0+mw1", "previous": None, "outage_s": 12.5}
Write = Callable[..., Path]


class Notebook:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def report(self, event: Event) -> None:
        self.events.append(event)

    @property
    def text(self) -> str:
        return "\n".join(getattr(one, "message", "") + getattr(one, "text", "") for one in self.events)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(name: str, script: str, *, mode: int = 0o755) -> Path:
        path = tmp_path / "hooks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(mode)
        return path

    return _write


def run(tmp_path: Path, moment: Moment, *, timeout_s: float = 10) -> Notebook:
    notebook = Notebook()
    run_hooks(tmp_path / "hooks", moment, EVENT, timeout_s=timeout_s, reporter=notebook)
    return notebook


def test_hooks_run_in_name_order_and_files_that_are_not_executable_are_left_alone(tmp_path: Path, write: Write) -> None:
    second, first = write("pre-deploy.d/20-b", "true"), write("pre-deploy.d/10-a", "true")
    write("pre-deploy.d/05-notes.sample", "exit 1", mode=0o644)

    assert hooks_for(tmp_path / "hooks", Moment.PRE_DEPLOY) == (first, second)


def test_a_hook_gets_the_event_as_json_and_as_variables_and_runs_in_the_workspace(tmp_path: Path, write: Write) -> None:
    write("post-deploy.d/10-a", 'cat > event.json; echo "$OLMIS_RELEASE_MOMENT $OLMIS_RELEASE_RELEASE" > variables')

    run(tmp_path, Moment.POST_DEPLOY)

    event = json.loads((tmp_path / "event.json").read_text())
    assert event == {"format_version": "1.0", "moment": "post-deploy", **EVENT}
    assert (tmp_path / "variables").read_text() == "post-deploy 3.5.0+mw1\n"


def test_a_pre_hook_that_fails_stops_the_deploy_and_the_next_hook_does_not_run(tmp_path: Path, write: Write) -> None:
    write("pre-deploy.d/10-a", "echo facilities submit today >&2; exit 3")
    write("pre-deploy.d/20-b", "touch ran")

    with pytest.raises(PreflightRefused, match=r"10-a stopped the deploy: exit status 3"):
        run(tmp_path, Moment.PRE_DEPLOY)
    assert not (tmp_path / "ran").exists()


def test_a_post_hook_that_fails_is_told_with_its_output_and_changes_nothing(tmp_path: Path, write: Write) -> None:
    write("post-deploy.d/10-a", "echo no connection to the log; exit 1")

    notebook = run(tmp_path, Moment.POST_DEPLOY)

    assert any(isinstance(one, Note) and one.warning for one in notebook.events)
    assert any(isinstance(one, Evidence) and "no connection" in one.text for one in notebook.events)


def test_a_hook_that_hangs_is_ended_with_what_it_started(tmp_path: Path, write: Write) -> None:
    write("pre-deploy", "sleep 600 & sleep 600")

    with pytest.raises(PreflightRefused, match="did not end within"):
        run(tmp_path, Moment.PRE_DEPLOY, timeout_s=0.3)


def test_no_hooks_is_fine(tmp_path: Path) -> None:
    assert run(tmp_path, Moment.POST_ROLLBACK).events == []


def test_a_hook_that_leads_out_of_the_repository_is_not_run(tmp_path: Path, write: Write) -> None:
    """The link may have been put there after the plan was made."""
    repository = tmp_path / "repository"
    script = write("outside", "touch ran")
    for moment in (Moment.PRE_DEPLOY, Moment.POST_DEPLOY):
        (repository / "hooks" / f"{moment}.d").mkdir(parents=True)
        (repository / "hooks" / f"{moment}.d" / "10-a").symlink_to(script)

    with pytest.raises(PreflightRefused, match="leads out of the repository"):
        run(repository, Moment.PRE_DEPLOY)
    assert "leads out of the repository" in run(repository, Moment.POST_DEPLOY).text
    assert not list(tmp_path.rglob("ran"))


def test_a_link_inside_the_repository_is_a_hook_like_any_other(tmp_path: Path, write: Write) -> None:
    write("../scripts/tell", "echo told")
    (tmp_path / "hooks" / "post-deploy.d").mkdir(parents=True)
    (tmp_path / "hooks" / "post-deploy.d" / "10-a").symlink_to("../../scripts/tell")

    assert "told" in run(tmp_path, Moment.POST_DEPLOY).text
