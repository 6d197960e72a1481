"""Text for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from olmis_release.text import code_points, did_you_mean, human_bytes, listed, minutes, plural, safe


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é ü 漢 😀 [/red]", "plain é ü 漢 😀 [/red]"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x1b]52;c;x\x07", "\\x1b]52;c;x\\x07"),
        ("user\u202eexe.gpj", "user\\u202eexe.gpj"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("\x9b31m", "\\x9b31m"),
        ("half \ud800", "half \\ud800"),
        ("a\nb\tc\r", "a\\x0ab\\x09c\\x0d"),
    ],
)
def test_what_could_deceive_a_reader_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_many_lines_keep_their_breaks_and_tabs_but_no_carriage_return() -> None:
    assert safe("a\n\tb\rc", multiline=True) == "a\n\tb\\x0dc"


@given(st.text())
def test_safe_text_stays_as_it_is(text: str) -> None:
    assert safe(safe(text)) == safe(text)
    assert safe(text, multiline=True).isprintable() or "\n" in text or "\t" in text or safe(text).strip() != ""


def test_a_look_alike_letter_is_named() -> None:
    assert code_points("\u0430uth") == "U+0430 CYRILLIC SMALL LETTER A"
    assert code_points("auth") == ""


def test_the_nearest_word_is_proposed_and_nothing_when_none_is_near() -> None:
    assert did_you_mean("serivces", ["services", "volumes"]) == "Did you mean `services`?"
    assert did_you_mean("x", ["services"]) == ""


def test_long_lists_are_counted() -> None:
    assert listed([]) == "none"
    assert listed(["a", "b"]) == "a, b"
    assert listed("abc", most=2) == "a, b and 1 more"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_440_000, "1.4 MB"),
        (20e9, "20 GB"),
        (999_600, "1.0 MB"),
        (3e15, "3000 TB"),
    ],
)
def test_sizes_have_two_or_three_digits(size: float, text: str) -> None:
    assert human_bytes(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (4.2, "4.2 s"), (9.97, "10 s"), (59.7, "1 min 00 s"), (185, "3 min 05 s"), (7620, "2 h 07 min")],
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert minutes(seconds) == text


def test_one_component_is_no_components() -> None:
    assert [plural(1, "component"), plural(2, "component"), plural(0, "entry", many="entries")] == [
        "1 component",
        "2 components",
        "0 entries",
    ]
