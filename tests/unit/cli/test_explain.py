import re
from pathlib import Path

import olmis_release
from olmis_release.cli.explanations import EXPLANATIONS
from olmis_release.errors import EXIT_CODES
from olmis_release.manifest.policy import DEFAULTS, Verdict, code_of
from tests.fakes.cli import Desk

PACKAGE = Path(olmis_release.__file__).parent
CODE = re.compile(r"\"([EW]-[A-Z][A-Z-]+)\"")


def codes_in_package() -> set[str]:
    files = (path for path in PACKAGE.rglob("*.py") if not path.name.startswith("explanations"))
    written = {code for path in files for code in CODE.findall(path.read_text(encoding="utf-8"))}
    judged = {code_of(defect, Verdict.ERROR) for defect in DEFAULTS}
    return judged | {as_explained(code) for code in written}


def as_explained(code: str) -> str:
    as_error = f"E-{code[2:]}"
    return as_error if code not in EXPLANATIONS and as_error in EXPLANATIONS else code


def test_every_id_that_can_be_shown_is_explained() -> None:
    assert codes_in_package() - set(EXPLANATIONS) == set()


def test_nothing_is_explained_that_cannot_be_shown() -> None:
    assert set(EXPLANATIONS) - codes_in_package() == set()


def test_an_id_is_explained_in_any_case(desk: Desk) -> None:
    told = desk.type("explain", "e-plan-stale")
    assert told.status == 0
    assert told.out.startswith("E-PLAN-STALE (exit code 5)\n")


def test_a_warning_is_explained_by_what_it_is_as_an_error(desk: Desk) -> None:
    assert desk.type("explain", "W-SNAPSHOT-TAG").out.startswith("E-SNAPSHOT-TAG (exit code 15)\n")


def test_a_defect_is_explained_under_its_name_in_the_policy(desk: Desk) -> None:
    assert desk.type("explain", "snapshot-tag").out.startswith("E-SNAPSHOT-TAG (exit code 15)\n")


def test_a_warning_that_is_never_an_error_ends_no_command(desk: Desk) -> None:
    assert desk.type("explain", "w-kept").out.startswith("W-KEPT (exit code 0)\n")


def test_every_exit_code_is_explained(desk: Desk) -> None:
    for status, meaning in EXIT_CODES.items():
        assert f"{status}: {meaning}" in desk.type("explain", str(status)).out


def test_a_misspelt_id_is_answered_with_the_nearest(desk: Desk) -> None:
    assert "Did you mean `E-PLAN-STALE`?" in desk.type("explain", "E-PLAN-STAL").err


def test_all_ids_are_listed(desk: Desk) -> None:
    assert {one["code"] for one in desk.type("explain", "--json").json["errors"]} == set(EXPLANATIONS)
