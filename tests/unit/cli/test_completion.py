import pytest

from tests.fakes.cli import Desk


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_is_printed_alone(desk: Desk, shell: str) -> None:
    told = desk.type("completion", shell)
    assert told.status == 0
    assert "_OLMIS_RELEASE_COMPLETE" in told.out
    assert "STATE" not in told.everything


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("olmis-release deploy u", ["uat"]),
        ("olmis-release --repo {root} status ", ["prod", "uat"]),
        ("olmis-release plan 3", ["3.5.0+mw1"]),
        ("olmis-release deploy uat --plan ", ["{code}"]),
        ("olmis-release explain E-PLAN-ST", ["E-PLAN-STALE"]),
        ("olmis-release sm", ["smoke"]),
    ],
)
def test_names_are_completed_from_local_files(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, line: str, offered: list[str]
) -> None:
    desk.instance("prod")
    code = desk.plan().code
    line = line.format(root=desk.root)
    monkeypatch.chdir(desk.root)
    monkeypatch.setenv("_OLMIS_RELEASE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    told = desk.type()
    assert [one.removeprefix("plain,") for one in told.out.splitlines()] == [word.format(code=code) for word in offered]


def test_outside_a_workspace_nothing_is_offered(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    monkeypatch.setenv("_OLMIS_RELEASE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "olmis-release deploy ")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert desk.type().out.strip() == ""
