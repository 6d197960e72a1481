from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from olmis_release.errors import StepFailed
from olmis_release.instance import process
from olmis_release.instance.process import Companion, run


def test_output_and_exit_code_come_back() -> None:
    finished = run(["sh", "-c", "cat; echo oh >&2; exit 3"], timeout_s=5, stdin="hello")
    assert (finished.exit_code, finished.stdout, finished.stderr) == (3, "hello", "oh\n")
    assert not finished.timed_out
    assert not finished.truncated


def test_the_deadline_kills_children_and_grandchildren(tmp_path: Path) -> None:
    child = tmp_path / "pid"
    finished = run(["sh", "-c", f"sleep 60 & echo $! > {child}; wait"], timeout_s=0.5)
    assert finished.timed_out
    assert finished.exit_code == -9
    await_gone(int(child.read_text()))


def test_what_a_command_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    child = tmp_path / "pid"
    finished = run(["sh", "-c", f"sleep 60 & echo $! > {child}"], timeout_s=5)
    assert finished.exit_code == 0
    await_gone(int(child.read_text()))


def test_what_holds_its_output_open_in_a_session_of_its_own_does_not_hold_us(tmp_path: Path) -> None:
    child = tmp_path / "pid"
    finished = run(["sh", "-c", f"echo said; setsid sleep 60 & echo $! > {child}; wait"], timeout_s=0.5)
    os.kill(int(child.read_text()), 9)
    assert (finished.timed_out, finished.stdout) == (True, "said\n")


BEGINS = """
import sys
from olmis_release.instance.process import Companion, run
Companion(["sh", "-c", "sleep 61 & echo $! >companion; wait"])
run(["sh", "-c", "sleep 62 & echo $! >child; wait"], timeout_s=60)
"""


def test_no_command_outlives_us_when_we_are_killed(tmp_path: Path) -> None:
    ours = subprocess.Popen([sys.executable, "-c", BEGINS], cwd=tmp_path)
    numbers = [await_number(tmp_path / name) for name in ("companion", "child")]
    ours.kill()
    ours.wait()
    for number in numbers:
        await_gone(number)


def await_number(file: Path) -> int:
    for _ in range(1000):
        if file.exists() and (text := file.read_text()).endswith("\n"):
            return int(text)
        time.sleep(0.02)
    pytest.fail(f"{file} was not written")


def test_a_companion_runs_until_it_is_ended_and_its_complaints_are_kept(tmp_path: Path) -> None:
    child = tmp_path / "pid"
    companion = Companion(["sh", "-c", f"echo woe >&2; sleep 60 & echo $! > {child}; wait"])
    number = await_number(child)
    seen = [companion.running]
    for _ in range(2):
        companion.end()
        seen.append(companion.running)
    assert seen == [True, False, False]
    assert companion.complaints == "woe\n"
    await_gone(number)


def await_gone(number: int) -> None:
    for _ in range(100):
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        time.sleep(0.02)
    pytest.fail(f"process {number} still runs")


def test_output_is_cut_at_the_limit_and_the_command_still_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "OUTPUT_LIMIT_BYTES", 1000)
    finished = run([sys.executable, "-c", "print('x' * 5_000_000)"], timeout_s=20)
    assert finished.exit_code == 0
    assert finished.truncated
    assert finished.stdout == "x" * 1000


def test_a_command_that_does_not_read_its_input_does_no_harm() -> None:
    assert run(["true"], timeout_s=5, stdin="x" * 1_000_000).exit_code == 0


def test_a_program_that_is_not_there_is_told_by_name() -> None:
    with pytest.raises(StepFailed, match=r"no-such-program could not be run: No such file") as error:
        run(["no-such-program"], timeout_s=5)
    assert "Install no-such-program" in error.value.resolution


def test_only_what_commands_need_is_passed_on_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"COMPOSE_FILE": "evil.yml", "POSTGRES_PASSWORD": "x", "DOCKER_CONFIG": "/d"}.items():
        monkeypatch.setenv(name, value)
    seen = dict(line.split("=", 1) for line in run(["env"], timeout_s=5, env={"MINE": "1"}).stdout.splitlines())
    assert {"PATH", "DOCKER_CONFIG", "MINE"} <= seen.keys()
    assert not {"COMPOSE_FILE", "POSTGRES_PASSWORD"} & seen.keys()


def test_every_line_is_told_as_it_comes() -> None:
    told: list[str] = []
    run(["sh", "-c", "echo one; echo two"], timeout_s=5, on_line=told.append)
    assert told == ["one", "two"]


def test_the_log_says_what_ran_how_long_and_how_it_ended(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "olmis_release.command"):
        run(["sh", "-c", "exit 4"], timeout_s=5)
    assert caplog.messages[0].startswith("sh -c 'exit 4': exit 4 after 0.")


def test_it_runs_where_it_is_told(tmp_path: Path) -> None:
    assert run(["pwd"], timeout_s=5, cwd=tmp_path).stdout.strip() == os.path.realpath(tmp_path)
