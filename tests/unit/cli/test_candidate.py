from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from olmis_release.cli import wiring
from olmis_release.errors import BadInput, Problem, Where
from olmis_release.manifest.candidate import CandidateResult
from olmis_release.manifest.model import ImageRef, Origin
from olmis_release.manifest.policy import Stage
from tests.fakes.cli import Desk
from tests.fakes.instance import FakeRegistry
from tests.fakes.preflight import a_component, a_release

WARNING = Problem(
    code="E-X", message="consul names no tag.", resolution="Name one.", where=Where(file="core.yml", line=3)
)


@pytest.fixture
def made(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Let `make_candidate` return this; returns what it was asked for."""

    def prepare(**changes: Any) -> list[Any]:
        asked: list[Any] = []
        why = {"image": Origin(layer="mw", file="manifests/extensions/mw.yml", line=4, reason="own UI")}
        manifest = a_release(ui=a_component("ui", tag="1.2.0", origin=why))
        path = desk.root / "manifests/candidates/3.5.0+mw1/rc1.yml"
        usual: dict[str, Any] = {
            "manifest": manifest, "path": path, "number": 1, "same_as": None, "previous": None, "warnings": (WARNING,)
        }  # fmt: skip

        def make_candidate(
            _workspace: object,
            release: str,
            *,
            digest_of: Callable[[ImageRef], str | None] | None,
            overrides: Sequence[tuple[str, str]],
            reason: str,
            stage: Stage,
        ) -> CandidateResult:
            assert stage is Stage.DEVELOPMENT
            asked.append((release, list(overrides), reason, digest_of and digest_of(manifest.components["ui"].image)))
            return CandidateResult(**{**usual, **changes})

        monkeypatch.setattr("olmis_release.manifest.candidate.make_candidate", make_candidate)
        return asked

    return prepare


@pytest.fixture
def mirrors(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let the registry know the image; keeps the mirrors it was reached by."""
    kept: list[Any] = []

    def open_registry(_workspace: object, given: object) -> FakeRegistry:
        kept.append(given)
        return FakeRegistry({"openlmis/ui:1.2.0": "sha256:beef"})

    monkeypatch.setattr(wiring, "open_registry", open_registry)
    return kept


def test_every_component_is_shown_with_where_it_comes_from(
    desk: Desk, made: Callable[..., list[Any]], mirrors: list[Any], golden: Callable[[str, str], None]
) -> None:
    asked = made()
    told = desk.type("candidate", "3.5.0+mw1", "--set", "ui=1.2.0", "--reason", "own UI")
    assert told.status == 0
    assert asked == [("3.5.0+mw1", [("ui", "1.2.0")], "own UI", "sha256:beef")]
    assert "warning: core.yml:3: consul names no tag. Name one." in told.err
    golden("cli/candidate.txt", told.out)


def test_mirrors_come_from_the_option_before_the_workspace(
    desk: Desk, made: Callable[..., list[Any]], mirrors: list[Any]
) -> None:
    made()
    desk.write("manifests/registries.yml", 'kind: registries\nmirrors: {docker.io: "127.0.0.1:1"}\n')
    desk.type("candidate", "3.5.0+mw1")
    desk.type("candidate", "3.5.0+mw1", "--mirror", "docker.io=127.0.0.1:2")
    assert mirrors == [{"docker.io": "127.0.0.1:1"}, {"docker.io": "127.0.0.1:2"}]


def test_offline_asks_no_registry(desk: Desk, made: Callable[..., list[Any]], mirrors: list[Any]) -> None:
    asked = made()
    told = desk.type("candidate", "3.5.0+mw1", "--offline")
    assert asked[0][3] is None
    assert mirrors == []
    assert "No registry was asked; digests are those on record" in told.out
    assert "Next: olmis-release plan 3.5.0+mw1 --to uat" in told.out


def test_nothing_changed_is_said(desk: Desk, made: Callable[..., list[Any]], mirrors: list[Any]) -> None:
    same = Path(desk.root / "manifests/candidates/3.5.0+mw1/rc3.yml")
    made(path=None, same_as=same, number=3)
    told = desk.type("candidate", "3.5.0+mw1")
    assert "Nothing changed since manifests/candidates/3.5.0+mw1/rc3.yml; nothing written." in told.out
    assert desk.type("-q", "candidate", "3.5.0+mw1").out == "manifests/candidates/3.5.0+mw1/rc3.yml\n"
    assert desk.type("candidate", "3.5.0+mw1", "--json").json["written"] is False


def test_what_became_of_the_candidate_before_is_said(
    desk: Desk, made: Callable[..., list[Any]], mirrors: list[Any]
) -> None:
    made(previous=a_release(), number=2)
    told = desk.type("candidate", "3.5.0+mw1")
    assert "Since rc1:\n  changed ui: openlmis/ui:1.0.0 -> openlmis/ui:1.2.0 (image, role)\nWrote" in told.out


def test_every_problem_of_a_merge_is_shown_with_its_place(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    problems = [
        Problem(code="E-CONFLICT", message="two images.", resolution="Keep one.", where=Where(file="mw.yml", line=4)),
        Problem(code="E-VALUE", message="no such key.", resolution="Remove it.", where=Where(file="mw.yml", line=9)),
    ]

    def refused(*_: object, **__: object) -> None:
        raise BadInput(problems)

    monkeypatch.setattr("olmis_release.manifest.candidate.make_candidate", refused)
    told = desk.type("candidate", "3.5.0+mw1", "--offline")
    assert told.status == 15
    assert "mw.yml:4: two images. Keep one." in told.err
    assert "mw.yml:9: no such key. Remove it." in told.err
    json = desk.type("candidate", "3.5.0+mw1", "--offline", "--json").json
    assert [(one["code"], one["line"]) for one in json["error"]["problems"]] == [
        ("E-CONFLICT", 4),
        ("E-VALUE", 9),
    ]


def test_a_component_is_set_once(desk: Desk, made: Callable[..., list[Any]]) -> None:
    made()
    told = desk.type("candidate", "3.5.0+mw1", "--set", "ui=1.2.0", "--set", "ui=1.3.0")
    assert told.status == 2
    assert "--set names ui more than once" in told.err
