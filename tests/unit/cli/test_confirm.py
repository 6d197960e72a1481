import io

import pytest

from olmis_release.cli.confirm import confirm
from olmis_release.cli.session import Session
from olmis_release.errors import Declined, UsageError


class Keyboard(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Keyboard:
    keyboard = Keyboard()
    monkeypatch.setattr("sys.stdin", keyboard)
    return keyboard


@pytest.mark.parametrize(("given", "needed"), [(None, False), ("prod", True), ("prod", False)])
def test_goes_on_where_nothing_need_be_confirmed_or_the_name_was_given(given: str | None, needed: bool) -> None:
    confirm(Session(), "prod", given=given, needed=needed)


def test_goes_on_when_the_name_is_typed(typed: Keyboard, capsys: pytest.CaptureFixture[str]) -> None:
    typed.write("prod\n")
    typed.seek(0)
    confirm(Session(), "prod", given=None, needed=True)
    assert capsys.readouterr().err == "Type the instance name to continue: "


@pytest.mark.parametrize("line", ["yes\n", "\n", "", "PROD\n", "uat\n"])
def test_anything_else_declines(typed: Keyboard, line: str) -> None:
    typed.write(line)
    typed.seek(0)
    with pytest.raises(Declined):
        confirm(Session(), "prod", given=None, needed=True)


def test_a_wrong_name_declines_even_where_none_is_needed() -> None:
    with pytest.raises(Declined, match="'uat' is not 'prod'"):
        confirm(Session(), "prod", given="uat", needed=False)


def test_nobody_to_ask_names_the_option() -> None:
    with pytest.raises(UsageError) as refused:
        confirm(Session(), "prod", given=None, needed=True)
    assert "--confirm prod" in refused.value.resolution


def test_no_input_forbids_asking(typed: Keyboard) -> None:
    with pytest.raises(UsageError):
        confirm(Session(no_input=True), "prod", given=None, needed=True)
