import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from lab.catalogue import Image, images
from lab.facts import FACTS, WANTED, as_text, reduced
from lab.releases import WITHOUT_MIGRATION
from lab.variants import config_of, tar_of
from tests.standin.service.spec import Fault, Spec, migration_from_file, read_migrations, read_spec

RECORD = Path(__file__).resolve().parents[4] / "shared" / "real" / "migrations.json"
FLEET = {image.name: image for image in images()}


def unpacked(name: str, folder: Path) -> Path:
    jar = folder / "service.jar"
    jar.write_bytes(FLEET[name].files[0][1])
    return jar


def spec_of(name: str, folder: Path) -> Spec:
    return read_spec(unpacked(name, folder))


@pytest.mark.parametrize(
    "name",
    [
        "openlmis/requisition:7.1.0",
        "openlmis/requisition:7.1.1-hotfix.1",
        "openlmis/requisition:7.1.0-drops-column",
        "openlmis/stockmanagement:4.0.0",
        "openlmis/requisition:8.4.0-bench",
        "openlmismw/ui:1.2.0",
        "openlmismw/ui:1.3.0-exits-after-20",
        "openlmismw/reports:1.0.5",
        "openlmismw/dhis2-integration:1.0.4",
        "openlmismw/extensions:1.0.0",
        "gliderlabs/consul-server:latest",
        "library/redis:3.2.12",
        "library/nginx:1.22",
        "openlmis/nginx:5",
        "openlmis/postgres:9.6-debezium",
    ],
)
def test_the_images_that_manifests_and_patches_name_exist(name: str) -> None:
    assert name in FLEET


def test_equal_contents_give_equal_bytes_whenever_they_are_made() -> None:
    assert {image.name: image for image in images()} == FLEET


def test_a_jar_carries_identity_and_migrations_where_spring_boot_has_them(tmp_path: Path) -> None:
    jar = unpacked("openlmismw/reports:1.0.5", tmp_path)
    spec = read_spec(jar)
    assert (spec.name, spec.consul, spec.schema, spec.version) == ("reports", "report", "report", "1.0.5")
    assert len(read_migrations(jar)) == 20
    with zipfile.ZipFile(jar) as archive:
        assert sum(name.startswith("BOOT-INF/classes/db/migration/") for name in archive.namelist()) == 20


def test_hotfix_numbers_lie_right_after_their_base_so_the_next_core_release_with_the_hotfix_finds_all_in_order(
    tmp_path: Path,
) -> None:
    base = [migration.version for migration in read_migrations(unpacked("openlmis/requisition:7.1.1", tmp_path))]
    hotfix = [m.version for m in read_migrations(unpacked("openlmis/requisition:7.1.1-hotfix.1", tmp_path))]
    next_core = [m.version for m in read_migrations(unpacked("openlmis/requisition:8.0.0-hotfix.1", tmp_path))]
    assert hotfix == [*base, base[-1] + 1]
    assert next_core[: len(hotfix)] == hotfix
    assert len(next_core) == 59


@pytest.mark.parametrize(
    ("name", "flyway", "history"),
    [
        ("openlmis/requisition:7.1.0", "4.0.3", ("schema_version",)),
        ("openlmis/auth:4.1.0", "4.1.2", ("schema_version",)),
        ("openlmis/hapifhir:2.0.0", "5.2", ("flyway_schema_history", "schema_version")),
        ("openlmis/requisition:8.4.0", "6.0.8", ("schema_version",)),
        ("openlmismw/dhis2-integration:1.0.4", "6.0.8", ("flyway_schema_history",)),
    ],
)
def test_each_version_follows_the_flyway_it_was_built_with(
    name: str, flyway: str, history: tuple[str, ...], tmp_path: Path
) -> None:
    spec = spec_of(name, tmp_path)
    assert (spec.flyway, spec.history_tables) == (flyway, history)


def test_fault_versions_say_their_own_tag_but_the_wrong_version_says_the_one_before(tmp_path: Path) -> None:
    assert spec_of("openlmis/auth:4.1.0-error-500", tmp_path).served_version == "4.1.0-error-500"
    wrong = spec_of("openlmis/auth:4.1.0-wrong-version", tmp_path)
    assert (wrong.served_version, wrong.fault) == ("4.0.0", Fault.WRONG_VERSION)


def test_migration_faults_bring_migrations_of_their_own(tmp_path: Path) -> None:
    sound = len(read_migrations(unpacked("openlmis/auth:4.1.0", tmp_path)))
    failing = read_migrations(unpacked("openlmis/auth:4.1.0-failing-migration", tmp_path))
    dropping = read_migrations(unpacked("openlmis/auth:4.1.0-drops-column", tmp_path))
    assert [migration.name for migration in failing[sound:]] == ["works", "fails"]
    assert [migration.name for migration in dropping[sound:]] == ["drops a column in use"]
    assert "openlmismw/ui:1.2.0-failing-migration" not in FLEET


def test_all_eleven_services_of_the_bench_migrate(tmp_path: Path) -> None:
    for name in WANTED:
        before, after = bench_pair(name)
        old = read_migrations(unpacked(before, tmp_path))
        new = read_migrations(unpacked(after, tmp_path))
        assert len(new) > len(old), name
        assert new[: len(old)] == old, name


def bench_pair(name: str) -> tuple[str, str]:
    before, after = WANTED[name][-2:]
    ending = "-bench" if name in WITHOUT_MIGRATION else ""
    return f"openlmis/{name}:{before}", f"openlmis/{name}:{after}{ending}"


def test_a_variant_adds_one_layer_variables_and_labels_and_leaves_the_base_alone() -> None:
    base = {"created": "2026-01-01T00:00:00Z", "config": {"Env": ["A=1"]}, "rootfs": {"diff_ids": []}, "history": []}
    before = json.dumps(base)
    image = Image(repository="openlmis/x", tag="1", kind="small", env=("B=2",), files=(("a.txt", b"hello"),))
    layer = tar_of(image.files)
    config = config_of(image, base, layer)
    assert config["config"]["Env"] == ["A=1", "B=2"]
    assert config["config"]["Labels"]["org.opencontainers.image.version"] == "1"
    assert len(config["rootfs"]["diff_ids"]) == 1
    assert json.dumps(base) == before
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        assert archive.getnames() == ["a.txt"]


def test_a_file_name_tells_number_and_name() -> None:
    migration = migration_from_file("20250304145300926__add_a_column.sql", "SELECT 1;\n")
    assert (migration.version, migration.name) == (20250304145300926, "add a column")


@pytest.mark.skipif(not RECORD.exists(), reason=f"the full migration record {RECORD} is not on this machine")
def test_the_committed_facts_are_those_of_the_full_record() -> None:
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    assert FACTS.read_text(encoding="utf-8") == as_text({name: reduced(record[name], WANTED[name]) for name in WANTED})
