from collections.abc import Callable

import pytest

from olmis_release.cli import wiring
from olmis_release.errors import BadInput
from tests.fakes.cli import Desk


def codes(read: Callable[[], object]) -> list[str]:
    with pytest.raises(BadInput) as refused:
        read()
    return [problem.code for problem in refused.value.problems]


def test_an_instance_file_is_read(desk: Desk) -> None:
    assert wiring.read_instance(desk.workspace, "uat").time_zone == "Africa/Blantyre"


def test_an_unknown_instance_is_answered_with_the_nearest_and_all(desk: Desk) -> None:
    desk.instance("training")
    with pytest.raises(BadInput) as refused:
        wiring.read_instance(desk.workspace, "trainig")
    assert "Did you mean `training`?" in refused.value.message
    assert "training, uat" in refused.value.resolution


def test_a_name_is_never_a_path(desk: Desk) -> None:
    desk.write("elsewhere.yml", "kind: instance\n")
    assert codes(lambda: wiring.read_instance(desk.workspace, "../../elsewhere")) == ["E-UNKNOWN-INSTANCE"]


def test_a_file_must_describe_the_instance_it_is_named_after(desk: Desk) -> None:
    desk.instance("uat")
    desk.write("manifests/instances/prod.yml", (desk.root / "manifests/instances/uat.yml").read_text("utf-8"))
    assert codes(lambda: wiring.read_instance(desk.workspace, "prod")) == ["E-INSTANCE-NAME"]


def test_every_mistake_in_an_instance_file_is_told_with_its_line(desk: Desk) -> None:
    text = (desk.root / "manifests/instances/uat.yml").read_text("utf-8")
    desk.write("manifests/instances/uat.yml", text.replace("purpose: uat", "purpose: fun").replace("url:", "ulr:"))
    with pytest.raises(BadInput) as refused:
        wiring.read_instance(desk.workspace, "uat")
    places = {problem.where.line for problem in refused.value.problems if problem.where}
    assert {3, 4} <= places


def test_mirrors_come_from_the_instance_then_the_environment_then_the_workspace(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wiring.read_instance(desk.workspace, "uat").registries == {}
    desk.write("manifests/registries.yml", 'kind: registries\nmirrors: {docker.io: "127.0.0.1:1"}\n')
    assert wiring.read_instance(desk.workspace, "uat").registries == {"docker.io": "127.0.0.1:1"}
    monkeypatch.setenv("OLMIS_RELEASE_MIRRORS", "docker.io=127.0.0.1:2, ghcr.io=127.0.0.1:3")
    assert wiring.default_mirrors(desk.workspace) == {"docker.io": "127.0.0.1:2", "ghcr.io": "127.0.0.1:3"}
    text = (desk.root / "manifests/instances/uat.yml").read_text("utf-8")
    desk.write("manifests/instances/uat.yml", text + 'registries: {docker.io: "127.0.0.1:4"}\n')
    assert wiring.read_instance(desk.workspace, "uat").registries == {"docker.io": "127.0.0.1:4"}


@pytest.mark.parametrize("value", ["docker.io", "docker.io=http://127.0.0.1", "=x", "docker.io="])
def test_a_mirror_that_is_none_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("OLMIS_RELEASE_MIRRORS", value)
    assert codes(lambda: wiring.default_mirrors(desk.workspace)) == ["E-MIRROR"]


def test_a_registries_file_with_mistakes_is_refused(desk: Desk) -> None:
    desk.write("manifests/registries.yml", "kind: registries\nmirrors: {docker.io: http://x}\nmore: 1\n")
    assert set(codes(lambda: wiring.default_mirrors(desk.workspace))) == {"E-VALUE", "E-UNKNOWN-KEY"}


def test_secrets_are_the_secret_like_settings_and_the_database_url(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write("settings/uat.env", "POSTGRES_PASSWORD=hunter22\nVIRTUAL_HOST=example.org\nAPI_TOKEN=t0ken-t0ken\n")
    monkeypatch.setenv("DB", "postgresql://me:s3cret-pw@db/open_lmis")
    config = wiring.read_instance(desk.workspace, "uat")
    by_url = config.model_copy(update={"database": config.database.model_copy(update={"url_from": "DB"})})
    (desk.root / "settings/uat.env").chmod(0o600)
    assert wiring.secrets_of(desk.workspace, config) == {"hunter22", "t0ken-t0ken"}
    assert {"s3cret-pw", "hunter22"} <= wiring.secrets_of(desk.workspace, by_url)


def test_without_a_usable_settings_file_nothing_is_secret_yet(desk: Desk) -> None:
    (desk.root / "settings/uat.env").unlink()
    assert wiring.secrets_of(desk.workspace, wiring.read_instance(desk.workspace, "uat")) == frozenset()
