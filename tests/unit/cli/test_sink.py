import io
import json
from pathlib import Path

import pytest

from olmis_release.cli.sink import Sink


@pytest.fixture
def sink() -> Sink:
    return Sink()


def test_control_characters_are_shown_and_line_ends_kept(sink: Sink) -> None:
    assert sink.clean("a\x1b[2Jb\nc\x07") == "a\\x1b[2Jb\nc\\x07"


def test_secrets_are_blotted_out_longest_first(sink: Sink) -> None:
    sink.hide(["secret", "secret-and-more", "abc"])
    assert sink.clean("secret-and-more, secret, abc") == "***, ***, abc"


def test_secrets_with_quotation_marks_are_found_in_json(sink: Sink, capsys: pytest.CaptureFixture[str]) -> None:
    sink.hide(['pass"word'])
    sink.json({"text": 'is pass"word', "list": [{"deep": 'pass"word'}], "number": 1.5, "nothing": None})
    assert json.loads(capsys.readouterr().out) == {
        "text": "is ***",
        "list": [{"deep": "***"}],
        "number": 1.5,
        "nothing": None,
    }


def test_json_is_ascii_without_control_characters(sink: Sink, capsys: pytest.CaptureFixture[str]) -> None:
    text = "\x7f\x1b\u202e\u200bé"
    sink.json({"text": text})
    out = capsys.readouterr().out
    assert out.isascii()
    assert "\x7f" not in out
    assert json.loads(out)["text"] == text


def test_colour_is_written_only_where_it_is_wanted(sink: Sink, capsys: pytest.CaptureFixture[str]) -> None:
    sink.color_err = True
    sink.out("plain", style="red")
    sink.err("red", style="red")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("plain\n", "\x1b[31mred\x1b[0m\n")


def test_a_reader_that_went_away_stops_nothing(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", Gone())
    sink.out("nobody hears")


def test_json_hides_secrets_in_keys_and_in_what_is_no_text_too(sink: Sink, capsys: pytest.CaptureFixture[str]) -> None:
    sink.hide(["open-sesame"])
    sink.json({"open-sesame": Path("/tmp/open-sesame")})
    assert json.loads(capsys.readouterr().out) == {"***": "/tmp/***"}


def test_a_json_line_stays_json_whatever_is_in_it(sink: Sink, capsys: pytest.CaptureFixture[str]) -> None:
    sink.hide(['pass"word'])
    sink.json_line({"text": 'a\x7f\x1b\u202e\n pass"word'})
    printed = capsys.readouterr().err
    assert printed.isascii()
    assert len(printed.splitlines()) == 1
    assert json.loads(printed) == {"text": "a\x7f\x1b\u202e\n ***"}
