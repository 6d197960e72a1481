from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from olmis_release.cli import wiring
from olmis_release.errors import TargetUnreachable
from olmis_release.instance.ports import ContainerStatus, WallState
from olmis_release.manifest.render import CONFIG_LABEL
from olmis_release.plan.model import Outcome
from olmis_release.plan.records import runs, write_run
from olmis_release.workspace import Workspace
from tests.fakes import cli
from tests.fakes.cli import Desk
from tests.fakes.instance import STARTED, FakeWall, a_container, an_answer

LABEL = "0123456789abcdef"
Golden = Callable[[str, str], None]


@pytest.fixture
def serving(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """An instance on which all is as the last deploy left it."""
    place, components = desk.place, desk.place.manifest.components
    services = "".join(f"  {name}:\n    labels:\n      {CONFIG_LABEL}: {LABEL}\n" for name in components)
    monkeypatch.setattr(cli, "COMPOSE", f"name: uat\nservices:\n{services}")
    desk.deployed()
    for name, component in components.items():
        labels = {**place.engine.all[f"id-of-{name}"].labels, CONFIG_LABEL: LABEL}
        place.change_container(name, image_name=component.image.pinned(), labels=labels)
        if component.consul:
            answer = an_answer(json={"service": component.consul, "version": component.image.tag})
            place.front.prepare("GET", f"/{component.consul}", answer)
    wall(desk, monkeypatch, WallState.OPEN)
    return desk


def wall(desk: Desk, monkeypatch: pytest.MonkeyPatch, state: WallState) -> None:
    plain = desk.open_site
    monkeypatch.setattr(wiring, "open_site", lambda *given: replace(plain(*given), wall=FakeWall(state)))


def test_an_instance_that_is_as_it_was_left(serving: Desk, golden: Golden) -> None:
    told = serving.type("status", "uat")
    assert told.status == 0
    golden("cli/status.txt", told.out)


def test_what_was_changed_by_hand_is_named(serving: Desk, golden: Golden) -> None:
    place = serving.place
    place.change_container("auth", image_name=f"openlmis/auth:4.9.9@sha256:{'b' * 64}")
    place.change_container("nginx", labels={**place.engine.all["id-of-nginx"].labels, CONFIG_LABEL: "other"})
    place.change_container("requisition", status=ContainerStatus.EXITED)
    place.engine.all["more"] = replace(a_container("more"), id="more")
    del place.engine.all["id-of-db"]
    told = serving.type("status", "uat")
    golden("cli/status-drift.txt", told.out)


def test_a_finished_one_shot_is_well_and_a_failed_one_is_not(serving: Desk) -> None:
    serving.place.change_container("extensions", status=ContainerStatus.EXITED)
    assert serving.type("status", "uat", "--json").json["instances"][0]["is_well"] is True
    serving.place.change_container("extensions", exit_code=1)
    assert serving.type("status", "uat", "--json").json["instances"][0]["drift"] == ["extensions is exited"]


def test_a_service_with_a_wrong_version_is_not_healthy(serving: Desk) -> None:
    serving.place.front.prepare("GET", "/auth", an_answer(json={"service": "auth", "version": "3"}))
    one = serving.type("status", "uat", "--json").json["instances"][0]
    assert (one["healthy"], one["components"], one["drift"], one["is_well"]) == (5, 6, [], False)


def test_a_service_that_consul_may_have_forgotten_is_named_with_what_brings_it_back(serving: Desk) -> None:
    place = serving.place
    place.front.prepare("GET", "/auth", an_answer(404, text="<h1>404 Not Found</h1>"))
    place.engine.all["consul"] = replace(a_container("consul"), id="consul", started_at=STARTED + timedelta(hours=3))
    [told] = serving.type("status", "uat", "--json").json["instances"][0]["silent"]
    assert told == (
        "auth runs, but: expected 4.0.0 at /auth, got 404; Consul started no earlier than it and has no route to it, "
        "perhaps: docker restart uat-auth-1"
    )
    assert f"  uat: {told}" in serving.type("status", "uat").out
    place.change_container("auth", started_at=STARTED + timedelta(hours=4))
    [told] = serving.type("status", "uat", "--json").json["instances"][0]["silent"]
    assert told == "auth runs, but: expected 4.0.0 at /auth, got 404"


def test_a_closed_wall_is_the_state(serving: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    wall(serving, monkeypatch, WallState.CLOSED)
    assert "STATE uat: CLOSED to users by the wall; serving 3.5.0+mw1 behind it." in serving.type("status", "uat").out


def test_a_run_that_was_cut_off_is_the_state_whatever_is_seen(serving: Desk) -> None:
    [run] = runs(serving.workspace)
    write_run(serving.workspace, run.model_copy(update={"run": "later", "outcome": Outcome.RUNNING, "ended": None}))
    told = serving.type("status", "uat")
    assert "has not ended; what serves is not verified" in told.out
    assert "Next: olmis-release resume uat" in told.out
    assert serving.type("status", "uat", "--json").json["instances"][0]["is_well"] is False


def test_a_run_that_goes_on_is_waited_for(serving: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("olmis_release.cli.observed.holder", lambda _site: "deploy of 3.6.0+mw1 by banda@host")
    told = serving.type("status", "uat")
    assert "STATE uat: at work: deploy of 3.6.0+mw1 by banda@host." in told.out
    assert "Next: olmis-release status uat" in told.out


def test_another_image_of_the_same_tag_and_another_repository_are_told_apart(serving: Desk) -> None:
    other = f"@sha256:{'b' * 64}"
    serving.place.change_container("auth", image_name=f"mirror:5000/openlmis/auth:4.0.0{other}")
    serving.place.change_container("ui", image_name=f"elsewhere/ui:1.0.0{other}")
    assert serving.type("status", "uat", "--json").json["instances"][0]["drift"] == [
        "auth runs another image of the same tag 4.0.0",
        "ui runs elsewhere/ui:1.0.0, not openlmis/ui:1.0.0",
    ]


def test_what_was_not_deployed_from_here_is_said(desk: Desk) -> None:
    told = desk.type("status", "uat")
    assert told.status == 0
    assert "auth runs; not deployed from this workspace" in told.out
    assert "Next: olmis-release plan --to uat" in told.out


def test_an_instance_that_does_not_answer_hides_no_other(serving: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    serving.instance("prod")
    plain = serving.open_site

    def one_is_down(workspace: Workspace, name: str, reporter: object) -> object:
        if name == "prod":
            raise TargetUnreachable("No engine answers.", resolution="Start it.")
        return plain(workspace, name, reporter)  # type: ignore[arg-type]

    monkeypatch.setattr(wiring, "open_site", one_is_down)
    told = serving.type("status")
    assert told.status == 17
    assert "3.5.0+mw1" in told.out
    assert "prod: No engine answers. Start it." in told.err
    assert serving.type("status", "prod").status == 17


def test_a_broken_instance_file_hides_no_other(serving: Desk) -> None:
    serving.write("manifests/instances/broken.yml", "kind: [instance\n")
    told = serving.type("status")
    assert told.status == 15
    assert "3.5.0+mw1" in told.out
    assert "broken: manifests/instances/broken.yml:2:1" in told.err
