"""The engine adapter on a real engine."""

from __future__ import annotations

import io
import secrets
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.fleet import Fleet, ensure_fleet
from olmis_release.errors import StepFailed, TargetUnreachable
from olmis_release.instance.compose import ComposeCli
from olmis_release.instance.config import Docker
from olmis_release.instance.engine import DockerEngine
from olmis_release.instance.own_containers import TEMPORARY_LABEL
from olmis_release.instance.ports import ContainerStatus
from olmis_release.instance.registry import RegistryClient
from olmis_release.manifest.model import ImageRef

pytestmark = pytest.mark.docker
BASE = "debian:bookworm-slim"


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return ensure_fleet()


@pytest.fixture(scope="module")
def engine() -> DockerEngine:
    return DockerEngine.connect(Docker())


@pytest.fixture(scope="module")
def stack(engine: DockerEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ComposeCli, Path]]:
    """A project with one component that sleeps and one that has ended."""
    project, folder = f"engine-{secrets.token_hex(3)}", tmp_path_factory.mktemp("stack")
    file = folder / "compose.yml"
    file.write_text(
        f"name: {project}\n"
        "services:\n"
        f"  sleeper: {{image: '{BASE}', init: true, command: [sleep, '600'], volumes: ['kept:/kept'],"
        " env_file: [settings.env], labels: {org.openlmis.lab: '1'}}\n"
        f"  ended: {{image: '{BASE}', command: [sh, -c, 'echo one; echo two >&2; exit 7'],"
        " labels: {org.openlmis.lab: '1'}}\n"
        f"  other: {{image: '{BASE}', labels: {{org.openlmis.lab: '1'}}}}\n"
        "volumes:\n  kept: {labels: {org.openlmis.lab: '1'}}\n"
    )
    (folder / "settings.env").write_text("SECRET=s3cret\n")
    (folder / ".env").write_text("COMPOSE_PROJECT_NAME=stray\n")
    compose = ComposeCli(project, Docker(), folder)
    compose.up(file, ["sleeper", "ended"], timeout_s=60)
    try:
        yield project, compose, file
    finally:
        for one in engine.containers(project):
            engine.stop(one.id, grace_s=0)
            engine.remove(one.id)
        engine._client.remove_volume(f"{project}_kept")
        engine._client.remove_network(f"{project}_default")


def test_the_engine_says_who_it_is(engine: DockerEngine) -> None:
    about = engine.info()
    assert about.id
    assert about.platform.startswith("linux/")
    assert tuple(map(int, about.api_version.split("."))) >= (1, 40)
    assert about.root_dir.startswith("/")


def test_compose_starts_what_is_named_and_nothing_else(
    engine: DockerEngine, stack: tuple[str, ComposeCli, Path]
) -> None:
    project, _, _ = stack
    ended, sleeper = engine.containers(project)
    assert (ended.component, sleeper.component) == ("ended", "sleeper")
    assert sleeper.status is ContainerStatus.RUNNING
    assert sleeper.environment["SECRET"] == "s3cret"
    assert sleeper.volumes == {f"{project}_kept": "/kept"}
    assert f"{project}_default" in sleeper.networks
    assert engine.projects()[project] == ("ended", "sleeper")


def test_compose_tells_what_it_understood(stack: tuple[str, ComposeCli, Path]) -> None:
    project, compose, file = stack
    understood = compose.config(file)
    assert understood["name"] == project
    services = understood["services"]
    assert isinstance(services, dict)
    assert services["sleeper"]["environment"] == {"SECRET": "s3cret"}


def test_a_file_that_compose_cannot_read_fails_with_its_words(
    stack: tuple[str, ComposeCli, Path], tmp_path: Path
) -> None:
    (tmp_path / "bad.yml").write_text("services: {a: {image: x, prots: [80]}}\n")
    with pytest.raises(StepFailed) as error:
        stack[1].config(tmp_path / "bad.yml")
    assert "prots" in error.value.details


def test_an_image_that_is_not_there_is_not_pulled(stack: tuple[str, ComposeCli, Path], tmp_path: Path) -> None:
    (tmp_path / "absent.yml").write_text(f"name: {stack[0]}\nservices: {{absent: {{image: 'absent/absent:1'}}}}\n")
    with pytest.raises(StepFailed, match="failed to start absent") as error:
        stack[1].up(tmp_path / "absent.yml", ["absent"], timeout_s=60)
    assert "absent/absent:1" in error.value.details


def test_a_container_left_under_a_temporary_name_is_still_found_and_replaced(
    engine: DockerEngine, stack: tuple[str, ComposeCli, Path]
) -> None:
    project, compose, file = stack
    ended = engine.containers(project)[0]
    engine._client.rename(ended.id, f"0a1b2c3d4e5f_{ended.name}")
    assert engine.containers(project)[0].id == ended.id
    compose.up(file, ["ended"], timeout_s=60)
    assert [one.component for one in engine.containers(project)] == ["ended", "sleeper"]


def test_one_off_containers_are_no_components(engine: DockerEngine, stack: tuple[str, ComposeCli, Path]) -> None:
    labels = {
        "com.docker.compose.project": stack[0],
        "com.docker.compose.service": "sleeper",
        "com.docker.compose.oneoff": "True",
        "org.openlmis.lab": "1",
    }
    made = engine._client.create_container(BASE, command=["true"], labels=labels)["Id"]
    try:
        assert made not in {one.id for one in engine.containers(stack[0])}
    finally:
        engine.remove(made)


def test_what_ended_says_how_and_its_log_has_both_streams(
    engine: DockerEngine, stack: tuple[str, ComposeCli, Path]
) -> None:
    ended = engine.containers(stack[0])[0]
    engine._client.wait(ended.id)
    again = engine.container(ended.id)
    assert again is not None
    assert (again.status, again.exit_code) == (ContainerStatus.EXITED, 7)
    assert set(engine.logs(ended.id, tail=10).split()) == {"one", "two"}
    assert len(engine.logs(ended.id, tail=1).split()) == 1


def test_a_command_gets_input_and_secrets_and_gives_its_output(
    engine: DockerEngine, stack: tuple[str, ComposeCli, Path]
) -> None:
    sleeper = engine.containers(stack[0])[1]
    done = engine.exec(
        sleeper.id, ["sh", "-c", "cat; echo $PGPASSWORD; exit 3"], stdin="in\n", env={"PGPASSWORD": "pw"}
    )
    assert (done.exit_code, done.stdout) == (3, "in\npw\n")


def test_a_command_that_hangs_or_has_no_container_is_told(
    engine: DockerEngine, stack: tuple[str, ComposeCli, Path]
) -> None:
    ended, sleeper = engine.containers(stack[0])
    with pytest.raises(TargetUnreachable, match="did not end in time"):
        engine.exec(sleeper.id, ["sleep", "5"], timeout_s=1)
    with pytest.raises(StepFailed, match="could not be run"):
        engine.exec(ended.id, ["true"])


def test_stopping_and_removing_twice_or_what_is_not_there_is_fine(engine: DockerEngine) -> None:
    made = engine._client.create_container(BASE, command=["sleep", "60"], labels={"org.openlmis.lab": "1"})["Id"]
    engine.start(made)
    with pytest.raises(StepFailed, match="remove a container"):
        engine.remove(made)
    for _ in range(2):
        engine.stop(made, grace_s=0)
    for _ in range(2):
        engine.remove(made)
    engine.stop(made, grace_s=0)
    assert engine.container(made) is None


@pytest.fixture
def published(engine: DockerEngine, fleet: Fleet) -> Iterator[str]:
    """Push a tiny image of its own to the registry, which the engine then does not have; gives its name with tag."""
    name = f"{fleet.registry}/test/pulled-{secrets.token_hex(3)}"
    one_file = io.BytesIO()
    with tarfile.open(fileobj=one_file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(secrets.token_hex(8)))
    engine._client.import_image_from_data(one_file.getvalue(), repository=name, tag="1")
    pushed = engine._client.push(name, tag="1", stream=True, decode=True)
    assert not [line for line in pushed if "error" in line]
    forget(engine, name)
    yield f"{name}:1"
    forget(engine, name)


def forget(engine: DockerEngine, repository: str) -> None:
    # By name, never by id: a test that failed half-way may have left the name with an image that others need.
    for known in engine._client.images(repository):
        for name in (*(known["RepoTags"] or ()), *(known["RepoDigests"] or ())):
            if name.startswith((f"{repository}:", f"{repository}@")) and engine.image(name):
                engine._client.remove_image(name)


def digest_of(name: str, fleet: Fleet, cache: Path) -> str:
    image = ImageRef.parse(name.removeprefix(f"{fleet.registry}/"))
    digest = RegistryClient({"docker.io": fleet.registry}, cache).digest(image)
    assert digest is not None
    return digest


def test_an_image_is_pulled_by_digest_and_keeps_a_name(
    engine: DockerEngine, fleet: Fleet, published: str, tmp_path: Path
) -> None:
    digest = digest_of(published, fleet, tmp_path)
    assert engine.image(published) is None
    told: list[tuple[float, float]] = []
    pulled = engine.pull(
        f"{published}@{digest}", timeout_s=120, on_progress=lambda done, total: told.append((done, total))
    )
    assert pulled.digests == (f"{published[:-2]}@{digest}",)
    known = engine.image(f"{published}@{digest}")
    assert known is not None
    assert (known.id, known.tags) == (pulled.id, (published,))
    assert all(done <= total for done, total in told)


def test_a_tag_that_another_image_holds_stays_with_it(
    engine: DockerEngine, fleet: Fleet, published: str, tmp_path: Path
) -> None:
    digest = digest_of(published, fleet, tmp_path)
    base = engine.image(BASE)
    assert base is not None
    engine._client.tag(BASE, published[:-2], "1")
    pulled = engine.pull(f"{published}@{digest}", timeout_s=120, on_progress=lambda *_: None)
    held, named = engine.image(published), engine.image(pulled.id)
    assert held is not None
    assert named is not None
    assert held.id == base.id
    assert named.tags == (f"{published}-{pulled.id[7:19]}",)
    engine._client.remove_image(published)  # the name only: the base has others


def test_an_image_the_registry_does_not_have_fails(engine: DockerEngine, fleet: Fleet) -> None:
    with pytest.raises(StepFailed, match=r"not found|manifest unknown"):
        engine.pull(f"{fleet.registry}/openlmis/no-such:1", timeout_s=30, on_progress=lambda *_: None)


def test_files_are_read_out_of_an_image_that_never_runs(engine: DockerEngine) -> None:
    found = engine.read_members(BASE, lambda path: path.endswith("/debian_version"), folder="/etc")
    assert list(found) == ["/etc/debian_version"]
    assert engine.read_members(BASE, lambda _: True, folder="/etc/debian_version") == found
    assert engine.read_members(BASE, lambda _: True, folder="/no/such") == {}
    assert engine._client.containers(all=True, filters={"label": [TEMPORARY_LABEL]}) == []


def test_reading_an_image_that_is_not_there_fails(engine: DockerEngine) -> None:
    with pytest.raises(StepFailed, match="No such image"):
        engine.read_members("absent/absent:1", lambda _: True, folder="/")
