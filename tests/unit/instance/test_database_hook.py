"""A country's own snapshot hook: what it is asked, and that only a proved snapshot counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from olmis_release.errors import RollbackRefused, StepFailed
from olmis_release.instance.database_hook import NAME, SnapshotHook

POINT, RUN = "lmis__before_20261128t180211", "20261128t180211"
GOOD = """
import json, sys
asked = json.load(sys.stdin)
open("asked", "a").write(json.dumps(asked) + "\\n")
print(json.dumps({"id": "snap-1", "restorable": True}))
"""


@pytest.fixture
def hooks(tmp_path: Path) -> Path:
    folder = tmp_path / "hooks"
    folder.mkdir()
    return folder


def hook(folder: Path, script: str, *, timeout_s: float = 20.0) -> SnapshotHook:
    file = folder / NAME
    file.write_text(f"#!/usr/bin/env python3\n{script}")
    file.chmod(0o755)
    return SnapshotHook(folder, instance="uat", database="lmis", timeout_s=timeout_s)


def asked(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder.parent / "asked").read_text().splitlines()]


def test_a_snapshot_is_taken_and_then_verified(hooks: Path) -> None:
    assert hook(hooks, GOOD).take(POINT, run=RUN) == "snapshot snap-1, verified by hooks/database-snapshot"
    first, second = asked(hooks)
    assert (first["action"], second["action"], second["id"]) == ("snapshot", "verify", "snap-1")
    assert (first["point"], first["run"], first["instance"], first["database"]) == (POINT, RUN, "uat", "lmis")


def test_a_restore_verifies_once_more_and_names_the_snapshot_by_its_point(hooks: Path) -> None:
    hook(hooks, GOOD).restore(POINT, run=RUN)
    assert [(one["action"], one["point"], one["id"]) for one in asked(hooks)] == [
        ("verify", POINT, ""),
        ("restore", POINT, "snap-1"),
    ]


NOT_PROVED = GOOD.replace("True", "asked['action'] == 'snapshot'")
OTHER_ID = GOOD.replace('"snap-1"', "'snap-' + asked['action']")


@pytest.mark.parametrize("script", [NOT_PROVED, OTHER_ID, GOOD.replace("True", '"yes"')])
def test_a_snapshot_that_is_not_proved_restorable_is_refused(hooks: Path, script: str) -> None:
    with pytest.raises(StepFailed, match="does not say that the snapshot"):
        hook(hooks, script).take(POINT, run=RUN)


def test_nothing_is_restored_from_a_snapshot_that_is_not_proved_any_more(hooks: Path) -> None:
    with pytest.raises(RollbackRefused, match="cannot be restored"):
        hook(hooks, NOT_PROVED).restore(POINT, run=RUN)
    assert [one["action"] for one in asked(hooks)] == ["verify"]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import sys; sys.exit('no such \\x1b[2J instance')", "ended with status 1: no such"),
        ("print('done')", "answered 'done'"),
        ("print('{}')", "answered '{}'"),
        ("print('[' * 100_000)", "answered"),
        ('print(\'{"id": "", "restorable": true}\')', "gave no id"),
        ('print(\'{"id": 7, "restorable": true}\')', "gave no id"),
    ],
)
def test_an_answer_that_cannot_be_understood_is_a_failure_and_told(hooks: Path, script: str, said: str) -> None:
    with pytest.raises(StepFailed) as failed:
        hook(hooks, script).take(POINT, run=RUN)
    assert said in failed.value.message
    assert "\x1b" not in failed.value.message


def test_a_hook_that_hangs_is_ended(hooks: Path) -> None:
    with pytest.raises(StepFailed, match="did not end within"):
        hook(hooks, "import time; time.sleep(60)", timeout_s=0.3).take(POINT, run=RUN)


def test_a_hook_that_is_missing_or_no_executable_is_lacking(hooks: Path) -> None:
    ours = hook(hooks, GOOD)
    assert ours.lacks(10**15) == ""
    (hooks / NAME).chmod(0o644)
    assert ours.lacks(1) == "there is no executable hooks/database-snapshot"
