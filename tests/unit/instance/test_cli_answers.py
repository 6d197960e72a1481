"""What the docker command line's ending means; the real one is in tests/integration/test_bad_lines.py."""

from __future__ import annotations

import subprocess

import pytest

from olmis_release.errors import EffectUnknown, StepFailed
from olmis_release.instance.cli_answers import end_mark, exec_result, lost, saying_so
from olmis_release.instance.process import Finished, run


def finished(exit_code: int, stderr: str = "", *, timed_out: bool = False, truncated: bool = False) -> Finished:
    return Finished(
        exit_code=exit_code, stdout="out", stderr=stderr, elapsed_s=0.1, timed_out=timed_out, truncated=truncated
    )


@pytest.mark.parametrize("command", ["exit 7", "echo one; echo two >&2; exit 7", "cat >&2; printf no-end >&2; exit 7"])
def test_a_command_that_says_its_end_is_otherwise_the_same(command: str) -> None:
    argv, mark = ("sh", "-c", command), end_mark()
    plain = subprocess.run(argv, input="in\n", capture_output=True, text=True, check=False)
    result = exec_result(run(saying_so(argv, mark), timeout_s=5, stdin="in\n"), "sh", mark)
    assert (result.exit_code, result.stdout, result.stderr) == (7, plain.stdout, plain.stderr)


def test_words_with_blanks_and_quotes_stay_words() -> None:
    argv, mark = ("printf", "<%s>", "a b", "'\"$(id)", ""), end_mark()
    assert exec_result(run(saying_so(argv, mark), timeout_s=5), "printf", mark).stdout == "<a b><'\"$(id)><>"


@pytest.mark.parametrize("exit_code", [0, 1, 137, 255])
def test_no_word_of_its_end_means_that_nobody_knows(exit_code: int) -> None:
    with pytest.raises(EffectUnknown, match=f"docker ended with status {exit_code}"):
        exec_result(finished(exit_code), "psql", end_mark())


def test_a_deadline_means_that_nobody_knows_whatever_was_said() -> None:
    with pytest.raises(EffectUnknown, match="psql in the container did not end in time"):
        exec_result(finished(-9, "Error response from daemon: x", timed_out=True), "psql", end_mark())


def test_a_refusal_of_the_engine_changed_nothing() -> None:
    with pytest.raises(StepFailed, match="psql could not be run in the container") as error:
        exec_result(finished(1, "Error response from daemon: container x is not running\n"), "psql", end_mark())
    assert "is not running" in error.value.details


def test_an_image_without_a_shell_is_told_like_a_missing_program() -> None:
    words = 'OCI runtime exec failed: exec failed: exec: "sh": executable file not found in $PATH'
    assert exec_result(finished(127, words), "psql", end_mark()).exit_code == 127


def test_output_beyond_the_limit_is_no_output() -> None:
    mark = end_mark()
    with pytest.raises(StepFailed, match="could not be run") as error:
        exec_result(finished(0, f"\n{mark} 0\n", truncated=True), "psql", mark)
    assert "more than we keep" in error.value.details


def test_a_lost_engine_is_told_from_a_refusal() -> None:
    assert lost("error during connect: Post ...: EOF")
    assert not lost("Error response from daemon: driver failed programming external connectivity")
