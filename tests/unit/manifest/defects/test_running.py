"""Defects that show when services run: profiles that wipe, lost extensions, heaps, names that lead nowhere."""

from pathlib import Path

import pytest

from olmis_release.manifest.defects.model import Context
from olmis_release.manifest.policy import ImageMounts
from tests.fakes.distribution import defects, told

GIGA = 2**30


def service(*lines: str, name: str = "auth") -> str:
    return f"services:\n  {name}:\n    image: openlmis/{name}:4.4.0\n" + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("value", "meant"),
    [("refresh-db", "production,refresh-db"), ("demo-data", "demo-data,production"), ("''", "production")],
)
def test_a_profile_without_production_wipes(tmp_path: Path, value: str, meant: str) -> None:
    found = defects(tmp_path, service("environment:", f"  spring_profiles_active: {value}"))
    assert told(found) == [("W-WIPING-PROFILE", "docker-compose.yml:5:31")]
    assert set(meant.split(",")) <= set(found[0].resolution.replace("`", ",").split(","))


@pytest.mark.parametrize("value", ["production", "production,refresh-db", "' refresh-db , production'"])
def test_a_profile_with_production_is_good(tmp_path: Path, value: str) -> None:
    assert defects(tmp_path, service("environment:", f"  spring_profiles_active: {value}")) == []


def test_settings_that_all_stand_in_the_file_and_name_no_profile_wipe(tmp_path: Path) -> None:
    found = defects(tmp_path, service("environment:", "  - DATABASE_URL=jdbc:postgresql://db:5432/x", "  - A=b"))
    assert told(found) == [("W-WIPING-PROFILE", "docker-compose.yml:2:3")]
    assert defects(tmp_path, service("environment: {DATABASE_URL: x, spring_profiles_active: production}")) == []


def test_a_profile_that_the_shell_decides_is_said_once(tmp_path: Path) -> None:
    found = defects(tmp_path, service("environment:", "  spring_profiles_active: ${spring_profiles_active}"))
    assert told(found) == [("W-OPEN-PROFILE", "docker-compose.yml:5:31")]


def test_a_profile_of_the_env_file_is_followed(tmp_path: Path) -> None:
    text = service("environment:", "  spring_profiles_active: ${spring_profiles_active}")
    assert defects(tmp_path, text, "spring_profiles_active=production\n") == []
    wiped = defects(tmp_path, text, "spring_profiles_active=refresh-db\n")
    assert told(wiped) == [("W-WIPING-PROFILE", "docker-compose.yml:5:31")]


def test_an_env_that_services_read_is_looked_at_too(tmp_path: Path) -> None:
    found = defects(tmp_path, service("env_file: .env"), "spring_profiles_active=refresh-db\n")
    assert told(found) == [("W-WIPING-PROFILE", ".env:1:1")]


@pytest.mark.parametrize(
    ("settings", "places"),
    [
        ("# x\nspring_profiles_active=refresh-db\n", ["settings.env:2:1"]),
        ('export SPRING_PROFILES_ACTIVE="demo-data"\r\n', ["settings.env:1:8"]),
        ("POSTGRES_PASSWORD=a$b\nspring_profiles_active=production,refresh-db\n", []),
        ("BASE_URL=http://x\n", ["docker-compose.yml:4:5"]),
        ("spring_profiles_active=production\nA=1\nA=2\n", ["settings.env:3:1"]),
    ],
)
def test_a_settings_file_beside_the_compose_file_is_looked_into(
    tmp_path: Path, settings: str, places: list[str]
) -> None:
    (tmp_path / "settings.env").write_bytes(settings.encode())
    found = defects(tmp_path, service("env_file: [settings.env]"))
    assert [str(problem.where) for problem in found] == places


def test_services_that_read_one_wiping_file_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("spring_profiles_active=refresh-db\n", encoding="utf-8")
    other = "  report: {image: 'openlmis/report:1.5.0', env_file: ./settings.env}\n"
    found = defects(tmp_path, service("env_file: settings.env") + other)
    assert told(found) == [("W-WIPING-PROFILE", "settings.env:1:1")]
    assert "auth (and 1 more that read this file)" in found[0].message


@pytest.mark.parametrize(
    "line",
    [
        "command: java -Dspring.profiles.active=demo-data -jar x.jar",
        "command: [--spring.profiles.active=refresh-db]",
        "environment: ['spring_profiles_active=refresh-db']",
        "environment: {SPRING_PROFILES_ACTIVE: Production}",
        "environment: {spring_profiles_active: '${spring_profiles_active:-}'}",
    ],
)
def test_a_profile_is_found_wherever_it_is_set(tmp_path: Path, line: str) -> None:
    assert [problem.code for problem in defects(tmp_path, service(line))] == ["W-WIPING-PROFILE"]


def test_known_settings_count_where_the_body_says_nothing(tmp_path: Path) -> None:
    context = Context(settings={"spring_profiles_active": "refresh-db"})
    found = defects(tmp_path, service("env_file: settings.env"), context=context)
    assert told(found) == [("W-WIPING-PROFILE", "docker-compose.yml:4:15")]
    assert defects(tmp_path, service("env_file: s.env"), context=Context(settings={})) == []


def test_a_system_property_beats_the_environment(tmp_path: Path) -> None:
    lines = ("environment:", "  JAVA_OPTS: -Dspring.profiles.active=production", "  spring_profiles_active: x")
    assert defects(tmp_path, service(*lines)) == []


def test_diagnostics_has_no_schema_to_wipe(tmp_path: Path) -> None:
    assert defects(tmp_path, service("environment: {spring_profiles_active: x}", name="diagnostics")) == []


def test_a_misspelt_choice_may_wipe(tmp_path: Path) -> None:
    found = defects(tmp_path, service(), "KEEP_OR_WIPE=Keep\n")
    assert ("W-KEEP-OR-WIPE", ".env:1:1") in told(found)


EXTENSION = """\
services:
  stockmanagement:
    image: openlmis/stockmanagement:5.3.0
    volumes: [{host}]
  extensions-config:
    image: org/extensions-config:{tag}
    volumes: [{module}]
volumes: {{ext: {{}}, other: {{}}}}
"""


@pytest.mark.parametrize(
    ("host", "module", "places"),
    [
        ("ext:/extensions", "ext:/extensions", []),
        ("ext:/extensions", "", ["4:15", "5:3"]),
        ("", "ext:/extensions", ["7:15"]),
        ("other:/extensions", "ext:/extensions", ["4:15", "7:15"]),
        ("ext:/config", "ext:/extensions", []),
        ("", "/extensions", ["5:3"]),
    ],
)
def test_an_extension_that_reaches_nobody_is_noticed(tmp_path: Path, host: str, module: str, places: list[str]) -> None:
    found = defects(tmp_path, EXTENSION.format(host=host, module=module, tag="1.0.0"))
    assert told(found) == [("W-EXTENSION-MOUNT", f"docker-compose.yml:{place}") for place in places]


@pytest.mark.parametrize(("tag", "lost"), [("1.0.0", False), ("1.1.0", True), ("1.2.0", True)])
def test_a_folder_that_a_newer_image_fills_must_be_mounted(tmp_path: Path, tag: str, lost: bool) -> None:
    known = ImageMounts(image="org/extensions-config", since="1.1.0", paths=("/extensions-fulfillment",))
    text = EXTENSION.format(host="ext:/extensions", module="ext:/extensions", tag=tag)
    found = defects(tmp_path, text, context=Context(image_mounts=(known,)))
    assert [problem.code for problem in found] == (["W-EXTENSION-MOUNT"] if lost else [])
    assert all("/extensions-fulfillment" in problem.message for problem in found)


def test_a_module_known_to_have_moved_its_files_needs_no_policy(tmp_path: Path) -> None:
    text = EXTENSION.format(host="ext:/extensions", module="ext:/extensions", tag="1.1.0")
    found = defects(tmp_path, text.replace("org/extensions-config", "any/selv-v3-extensions-config"))
    assert told(found) == [("W-EXTENSION-MOUNT", "docker-compose.yml:7:5")]
    assert "/extensions-stockmanagement" in found[0].message


def test_a_heap_has_another_name_too(tmp_path: Path) -> None:
    found = defects(tmp_path, service("environment: {JAVA_OPTS: '-XX:MaxHeapSize=1g'}", "mem_limit: 1g"))
    assert [problem.code for problem in found] == ["W-HEAP-AT-LIMIT"]


def test_heaps_are_summed_against_a_stated_memory(tmp_path: Path) -> None:
    text = service("environment: {JAVA_OPTS: '-server -Xmx1024m'}") + (
        "  report:\n    image: openlmis/report:1.5.0\n    environment: ['JAVA_OPTS=-Xms512m -Xmx3g']\n"
    )
    assert defects(tmp_path, text, context=Context(memory_bytes=4 * GIGA)) == []
    found = defects(tmp_path, text, context=Context(memory_bytes=4 * GIGA - 1))
    assert [problem.code for problem in found] == ["W-HEAP-ABOVE-MEMORY"]
    assert "4096 MB" in found[0].message
    assert str(found[0].where).startswith("docker-compose.yml:7:")


@pytest.mark.parametrize(("limit", "told_of"), [("1g", True), ("1024m", True), ("1.3G", False), ("512m", True)])
def test_a_heap_as_large_as_its_container_is_noticed(tmp_path: Path, limit: str, told_of: bool) -> None:
    found = defects(tmp_path, service("environment: {JAVA_OPTS: -Xmx1024m}", f"mem_limit: {limit}"))
    assert [problem.code for problem in found] == (["W-HEAP-AT-LIMIT"] if told_of else [])


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("depends_on: [aut]", "E-DEPENDS-ON", "Did you mean `auth`?"),
        ("depends_on: {lgo: {condition: service_started}}", "E-DEPENDS-ON", "There are: auth"),
        ("links: ['nobody:x']", "E-DEPENDS-ON", "nobody"),
        ("network_mode: service:nobody", "E-DEPENDS-ON", "nobody"),
        ("volumes: ['dat:/data']", "E-VOLUME", "Add `dat:` to the top-level `volumes`"),
        ("networks: [inner]", "E-NETWORK", "Add `inner:` to the top-level `networks`"),
        ("configs: [inner]", "E-REFERENCE", "Add `inner:`"),
        ("secrets: [{source: inner}]", "E-REFERENCE", "Add `inner:`"),
        ("depends_on: [auth]", "E-CYCLE", "auth -> auth"),
    ],
)
def test_names_that_lead_nowhere_are_errors_at_their_place(tmp_path: Path, line: str, code: str, said: str) -> None:
    found = [problem for problem in defects(tmp_path, service(line)) if problem.severity.value == "error"]
    assert [problem.code for problem in found] == [code]
    assert found[0].where is not None
    assert found[0].where.line == 4
    assert said in str(found[0])


def test_a_dependency_that_may_be_missing_has_to_be_in_the_file_all_the_same(tmp_path: Path) -> None:
    line = "depends_on: {x: {condition: service_started, required: false}}"
    missing = defects(tmp_path, service(line))
    there = defects(tmp_path, service(line) + "  x: {image: 'org/x:1', profiles: [debug]}\n")

    assert [problem.code for problem in missing] == ["E-DEPENDS-ON"]
    assert "E-DEPENDS-ON" not in [problem.code for problem in there]
