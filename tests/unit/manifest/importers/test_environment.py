"""`.env` files mean what Compose says they mean."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from olmis_release.errors import Severity
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.importers.environment import read_environment
from olmis_release.manifest.importers.model import Variable
from tests.fakes.compose_config import compose_config, needs_compose

VALUES = [
    ("A=b", "b"),
    ("A= b ", "b"),
    ("A='b' # c", "b"),
    ("A=b'c'", "b'c'"),
    ('A="b\\nc"', "b\nc"),
    ("A=b\\nc", "b\\nc"),
    ("A='it\\'s'", "it's"),
    ('A="x\ny"', "x\ny"),
    ("A=b # c", "b"),
    ("A=b#c", "b#c"),
    ("A=#c", "#c"),
    ("A=", ""),
    ("A: b", "b"),
    ("export A=b", "b"),
    ("A==b", "=b"),
    ("A=${B:-x}", "x"),
    ("A='$B'", "$B"),
    ('A="$$B"', "$B"),
    ('A="\\$B"', "$B"),
    ("\tA=b\r\nC=d", "b"),
    ("# x\n\nA=b\nA=c", "c"),
    ('A="a\\"b"', 'a"b'),
    ("A=é", "é"),
    ("B=1\nA=${B}$B", "11"),
    ("A=b\\ c", "b\\ c"),
    ("A=b\t#c", "b\t#c"),
]


def read(text: bytes) -> tuple[dict[str, Variable], Findings]:
    findings, known = Findings(), dict[str, Variable]()
    read_environment(text, shown_as=".env", findings=findings, known=known)
    return known, findings


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_a_value_is_read(text: str, value: str) -> None:
    known, findings = read(text.encode())

    assert known["A"].value == value
    assert [problem for problem in findings.problems if problem.severity is Severity.ERROR] == []


@needs_compose
@pytest.mark.parametrize(("text", "value"), VALUES)
def test_compose_reads_the_same(text: str, value: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(text.encode())
    (tmp_path / "compose.yml").write_text('services: {a: {image: x, environment: {A: "${A-none}"}}}\n')

    theirs = compose_config(tmp_path)

    assert isinstance(theirs, dict)
    assert theirs["services"]["a"]["environment"]["A"].replace("$$", "$") == value


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("A=1\nwhat is this\n", ".env:2:1"),
        ("A='x\nB=2", ".env:1:1"),
        ("A=1\n=b", ".env:2:1"),
        ("A='b'c", ".env:1:1"),
        ("A=${B", ".env:1:1"),
        ("A=$B", ".env:1:1"),
        ("\n\n  A=${A}", ".env:3:3"),
    ],
)
def test_what_cannot_be_read_is_placed(text: str, place: str) -> None:
    _, findings = read(text.encode())

    assert place in [str(problem.where) for problem in findings.problems]


def test_a_variable_defined_twice_is_noted_and_the_later_one_wins() -> None:
    known, findings = read(b"A=1\nB=2\nA=3\n")

    assert known["A"].value == "3"
    assert [(problem.code, str(problem.where)) for problem in findings.problems] == [
        ("W-DUPLICATE-VARIABLE", ".env:3:1")
    ]


def test_variables_that_grow_without_end_are_stopped() -> None:
    lines = ["A0=" + "x" * 1000] + [f"A{n}=${{A{n - 1}}}${{A{n - 1}}}" for n in range(1, 60)]

    _, findings = read("\n".join(lines).encode())

    assert {problem.code for problem in findings.problems} <= {"E-INTERPOLATION", "E-ENV"}
    assert findings.problems


@settings(deadline=1000, max_examples=200)
@given(st.text(alphabet="AB=:'\"$\\{}-# \n\texport", max_size=60) | st.binary(max_size=80))
def test_anything_is_a_value_or_a_placed_problem(text: str | bytes) -> None:
    _, findings = read(text if isinstance(text, bytes) else text.encode())

    assert all(problem.where for problem in findings.problems)
