"""Whether a process has certainly ended: only that lets anybody take a lock without waiting."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import replace

import pytest

from olmis_release.deploy.process_identity import (
    Identity,
    identity_of,
    is_gone,
    is_of_earlier_boot,
    this_process,
)


def own() -> Identity:
    host, machine, boot, space, pid, started = this_process().split(" ")
    return Identity(host=host, machine=machine, boot=boot, space=space, pid=int(pid), started=started)


def test_this_process_has_not_ended() -> None:
    assert not is_gone(this_process())
    assert not is_of_earlier_boot(this_process())


def test_one_that_lives_has_not_ended_and_one_that_ended_has() -> None:
    child = subprocess.Popen(["sleep", "60"])
    identity = identity_of(child.pid)
    assert not is_gone(identity)
    child.kill()
    child.wait()
    assert is_gone(identity)


def test_one_that_ended_and_that_nobody_has_waited_for_has_ended() -> None:
    child = subprocess.Popen(["sleep", "60"])
    identity = identity_of(child.pid)
    child.kill()
    while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT) is None:
        time.sleep(0)
    assert is_gone(identity)
    child.wait()


def test_another_process_with_the_number_of_one_that_ended_does_not_stand_for_it() -> None:
    assert is_gone(str(replace(own(), started="1")))


@pytest.mark.parametrize("change", [{"host": "elsewhere"}, {"machine": "f" * 32}, {"space": "pid:[1]"}])
def test_of_one_that_cannot_be_seen_from_here_nothing_is_known(change: dict[str, str]) -> None:
    identity = str(replace(own(), started="1", **change))  # type: ignore[arg-type]
    assert not is_gone(identity)
    assert not is_of_earlier_boot(identity)


def test_one_of_an_earlier_boot_is_told_but_could_be_a_clone_of_this_machine() -> None:
    identity = str(replace(own(), boot="earlier"))
    assert is_of_earlier_boot(identity)
    assert not is_gone(identity)


@pytest.mark.parametrize("said", ["", "x", "a b c d e f", "a b c d ² f", "vm - 12 7", f"{'a ' * 5}b", "a b c d -1 f"])
def test_what_is_no_identity_stands_for_nobody_known(said: str) -> None:
    assert not is_gone(said)
    assert not is_of_earlier_boot(said)


def test_a_number_no_system_gives_out_is_of_one_that_ended() -> None:
    assert is_gone(str(replace(own(), pid=10**30)))


def test_somebody_elses_process_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", forbidden)
    assert not is_gone(this_process())
