from dataclasses import replace

import pytest

from olmis_release.instance.ports import Container
from olmis_release.preflight.checks.project_identity import WALL_LABEL, project_is_the_instance
from tests.fakes.instance import a_container
from tests.fakes.preflight import Place

PROJECT = "com.docker.compose.project"


def elsewhere(component: str, project: str, **values: object) -> Container:
    one = a_container(component)
    return replace(
        one,
        id=f"{project}-{component}",
        name=f"{project}-{component}-1",
        labels={**one.labels, PROJECT: project},
        **values,  # type: ignore[arg-type]
    )


def add(place: Place, *containers: Container) -> None:
    place.engine.all.update({one.id: one for one in containers})


def twins(place: Place) -> tuple[Container, ...]:
    return tuple(elsewhere(name, "dev_env") for name in place.manifest.components)


def test_the_stack_of_the_project_is_found(place: Place) -> None:
    finding = project_is_the_instance(place.subject)
    assert (finding.status, "holds 6 containers" in finding.message) == ("ok", True)


def test_an_empty_host_is_fine(place: Place) -> None:
    place.engine.all.clear()
    finding = project_is_the_instance(place.subject)
    assert (finding.status, "is new here" in finding.message) == ("ok", True)


def test_a_second_stack_beside_the_one_in_use_is_refused(place: Place) -> None:
    place.engine.all.clear()
    add(place, *twins(place))
    finding = project_is_the_instance(place.subject)
    assert finding.status == "fail"
    assert "dev_env" in finding.message
    assert "`project: dev_env`" in finding.resolution


def test_another_unmanaged_stack_is_told_when_ours_is_there(place: Place) -> None:
    add(place, *twins(place))
    assert project_is_the_instance(place.subject).status == "warn"


def test_another_instance_of_this_tool_is_no_twin(place: Place) -> None:
    place.engine.all.clear()
    wall = replace(a_container(""), id="wall", name="dev_env-wall", labels={WALL_LABEL: "training"})
    add(place, *twins(place), wall)
    assert project_is_the_instance(place.subject).status == "ok"


@pytest.mark.parametrize(("port", "status"), [(8999, "ok"), (8080, "fail")])
def test_an_instance_of_the_same_name_is_a_twin_only_at_the_same_address(place: Place, port: int, status: str) -> None:
    place.engine.all.clear()
    labels = {WALL_LABEL: place.site.config.name}
    wall = replace(a_container(""), id="wall", name="dev_env-wall", labels=labels, ports=(("127.0.0.1", port),))
    add(place, *twins(place), wall)
    assert place.site.config.wall.publish.endswith(":8080")
    assert project_is_the_instance(place.subject).status == status


def test_a_stack_with_few_of_the_components_is_no_twin(place: Place) -> None:
    place.engine.all.clear()
    add(place, elsewhere("nginx", "blog"), elsewhere("db", "blog"))
    assert project_is_the_instance(place.subject).status == "ok"


def test_a_project_that_runs_something_else_is_refused(place: Place) -> None:
    place.engine.all.clear()
    add(place, a_container("wordpress"))
    finding = project_is_the_instance(place.subject)
    assert (finding.status, "wordpress" in finding.message) == ("fail", True)


def test_a_volume_that_another_project_writes_to_is_refused(place: Place) -> None:
    place.compose.configuration = {
        "services": place.services,
        "volumes": {"pgdata": {"name": "pgdata", "external": True}},
    }
    add(place, elsewhere("postgres", "old", volumes={"pgdata": "/var/lib/postgresql/data"}))
    finding = project_is_the_instance(place.subject)
    assert (finding.status, "pgdata (old-postgres-1)" in finding.message) == ("fail", True)
