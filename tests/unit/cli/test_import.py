"""`import`: what it tells, what it writes, what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.cli import Desk

CORE = """version: "3.3"
services:
  consul: {image: gliderlabs/consul-server}
  auth:
    image: openlmis/auth:${OL_AUTH_VERSION}
    env_file: settings.env
    environment: {JAVA_OPTS: -Xmx512m}
    depends_on: [log, db]
    command: [/wait-for-postgres.sh, /run.sh]
  report: {image: "openlmis/report:1.4.0", depends_on: [log, db], mem_limit: 1G}
  reference-ui: {image: "openlmis/reference-ui:5.0.0", depends_on: [consul]}
  db: {image: "openlmis/postgres:14-debezium"}
  log: {image: "openlmis/rsyslog:3", volumes: ["syslog:/var/log"]}
volumes: {syslog: {external: false}}
"""
COUNTRY = """services:
  consul: {image: gliderlabs/consul-server}
  auth:
    image: openlmis/auth:4.4.0
    env_file: .env
    environment: {JAVA_OPTS: -Xmx2048m}
    depends_on: [log]
  reports: {image: "openlmisxx/reports:2.0.0", depends_on: [log], networks: [inside]}
  xx-ui: {image: "openlmisxx/xx-ui:1.0.0", depends_on: [consul]}
  log: {build: ./log, volumes: ["syslog:/var/log", "more:/more"]}
  equipment: {image: "openlmisxx/equipment:1.0.0", environment: [JAVA_OPTS=-Xmx1g], depends_on: [reports]}
volumes: {syslog: {external: true}, more: }
networks: {inside: {driver: bridge}}
"""


@pytest.fixture
def places(desk: Desk, tmp_path: Path) -> dict[str, str]:
    texts = {"core": CORE, "country": COUNTRY}
    for name, text in texts.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "docker-compose.yml").write_text(text)
    (tmp_path / "core" / ".env").write_text("OL_AUTH_VERSION=4.4.0\nOL_CCE_VERSION=1\n")
    return {name: str(tmp_path / name) for name in texts}


def test_core_is_told_and_written(desk: Desk, places: dict[str, str]) -> None:
    ended = desk.type("import", "core", "v3.9.0", "--from", places["core"], "--json")

    assert ended.status == 0
    told = ended.json
    assert told["format_version"] == "1.0"
    assert told["images"]["auth"] == {"repository": "openlmis/auth", "tag": "4.4.0", "digest": None}
    assert told["images"]["consul"] == {"repository": "gliderlabs/consul-server", "tag": None, "digest": None}
    assert told["built"] == []
    assert told["nearest_core"] == {"matches": ["3.9.0"], "matched": 3, "of": 3, "deviating": []}
    assert {"W-UNUSED-VARIABLE", "W-UNTAGGED-IMAGE"} <= {problem["code"] for problem in told["problems"]}
    unused = next(problem for problem in told["problems"] if problem["code"] == "W-UNUSED-VARIABLE")
    assert (unused["severity"], unused["file"], unused["line"], unused["column"]) == ("warning", ".env", 2, 1)
    assert (desk.root / "manifests/core/3.9.0.yml").read_text().startswith("# yaml-language-server: $schema=")
    assert (desk.root / "manifests/schemas/core.json").exists()


def test_a_country_becomes_an_extension_that_makes_exactly_it(desk: Desk, places: dict[str, str]) -> None:
    desk.type("import", "core", "v3.9.0", "--from", places["core"])
    ended = desk.type("import", "extension", "xx", "--from", places["country"], "--json")

    assert ended.status == 0
    told = ended.json
    assert told["nearest_core"]["matches"] == ["3.9.0"]
    assert told["built"] == ["log"]
    assert told["written"] == [{"path": "manifests/extensions/xx.yml", "outcome": "written"}]
    text = (desk.root / "manifests/extensions/xx.yml").read_text()
    assert 'replace: {as: reports, image: "openlmisxx/reports:2.0.0"}' in text
    assert 'replace: {as: xx-ui, image: "openlmisxx/xx-ui:1.0.0"}' in text
    components = desk.type("candidate", "3.9.0+xx1", "--offline", "--json").json["manifest"]["components"]
    assert sorted(components) == ["auth", "consul", "equipment", "log", "reports", "xx-ui"]
    assert components["auth"]["compose"] == {
        "env_file": ["settings.env"],
        "environment": {"JAVA_OPTS": "-Xmx2048m"},
        "depends_on": ["log"],
    }
    assert components["reports"]["compose"] == {"depends_on": ["log"], "networks": ["inside"]}
    assert components["log"]["image"]["repository"] == "openlmisxx/log"


def test_a_second_import_changes_nothing_and_a_persons_change_is_kept(desk: Desk, places: dict[str, str]) -> None:
    given = ("import", "core", "3.9.0", "--from", places["core"], "--json")
    path = desk.root / "manifests/core/3.9.0.yml"
    desk.type(*given)
    assert desk.type(*given).json["written"][0]["outcome"] == "unchanged"

    path.write_text(path.read_text().replace("5.0.0", "5.0.1"))
    told = desk.type(*given).json
    assert told["written"][0]["outcome"] == "kept"
    assert "W-KEPT" in {problem["code"] for problem in told["problems"]}
    assert desk.type(*given, "--replace").json["written"][0]["outcome"] == "written"
    assert "5.0.1" not in path.read_text()


def test_a_refusal_tells_the_same_object_and_writes_nothing(desk: Desk, places: dict[str, str]) -> None:
    Path(places["core"], ".env").write_text("")

    ended = desk.type("import", "core", "v3.9.0", "--from", places["core"], "--json")

    assert ended.status == 15
    told = ended.json
    (error,) = [problem for problem in told["problems"] if problem["severity"] == "error"]
    assert (error["code"], error["file"], error["line"]) == ("E-UNDEFINED-VARIABLE", "docker-compose.yml", 5)
    assert "auth" not in told["images"]
    assert told["images"]["report"]["tag"] == "1.4.0"
    assert told["error"]["exit_code"] == 15
    assert not (desk.root / "manifests/core/3.9.0.yml").exists()


def test_what_is_not_there_is_refused_in_the_same_form(desk: Desk) -> None:
    ended = desk.type("import", "extension", "xx", "--from", "no-such-place", "--json")

    assert ended.status == 15
    told = ended.json
    assert (told["images"], told["built"], told["nearest_core"]["matches"]) == ({}, [], [])
    assert told["problems"][0]["code"] == "E-NO-SOURCE"
    assert told["problems"][0]["resolution"]


@pytest.mark.parametrize(
    "text",
    [
        "services: {portal: {image: 'siglus/openlmis-portal:2.0'}, db: {image: 'postgres:9.4'}}\n",
        "services: {web: {build: ./open-lmis}, db: {image: 'postgres:9.4'}}\n",
        "services: {web: {image: 'tomcat:7', volumes: ['./openlmis-web.war:/w.war']}}\n",
    ],
)
def test_openlmis_2_is_recognised_and_refused(desk: Desk, tmp_path: Path, text: str) -> None:
    (tmp_path / "docker-compose.yml").write_text(text)

    ended = desk.type("import", "extension", "old", "--from", str(tmp_path), "--json")

    assert ended.status == 15
    assert "E-OPENLMIS-OLD" in {problem["code"] for problem in ended.json["problems"]}


def test_a_release_refuses_what_development_only_warns_of(desk: Desk, places: dict[str, str]) -> None:
    ended = desk.type("import", "core", "v3.9.0", "--from", places["core"], "--stage", "release", "--json")

    assert ended.status == 15
    assert "E-UNTAGGED-IMAGE" in {problem["code"] for problem in ended.json["problems"]}


def test_people_read_a_summary(desk: Desk, places: dict[str, str]) -> None:
    desk.type("import", "core", "v3.9.0", "--from", places["core"])

    ended = desk.type("import", "extension", "xx", "--from", places["country"], "--dry-run")
    assert ended.status == 0
    out = ended.out
    assert "Nearest Core release: 3.9.0 (1 of 1 Core services, exactly)." in out
    assert "replace  report (by reports), reference-ui (by xx-ui), log" in out
    assert "remove   db" in out
    assert "Dry run: nothing was written." in out
    assert not (desk.root / "manifests/extensions/xx.yml").exists()


def test_an_extension_for_another_core_is_left_beside(desk: Desk, places: dict[str, str]) -> None:
    desk.type("import", "core", "v3.8.0", "--from", places["core"])
    desk.type("import", "core", "v3.9.0", "--from", places["core"])
    country = ("import", "extension", "xx", "--from", places["country"], "--json")

    first = desk.type(*country, "--core", "3.8.0").json["written"]
    second = desk.type(*country, "--core", "3.9.0").json["written"]
    again = desk.type(*country, "--core", "3.8.0").json["written"]

    assert [one["path"] for one in (*first, *second)] == [
        "manifests/extensions/xx.yml",
        "manifests/extensions/xx-3.9.0.yml",
    ]
    assert again == [{"path": "manifests/extensions/xx.yml", "outcome": "unchanged"}]


def test_an_image_whose_organisation_changed_since_the_last_import_is_said(desk: Desk, places: dict[str, str]) -> None:
    desk.type("import", "core", "v3.9.0", "--from", places["core"])
    country = ("import", "extension", "xx", "--from", places["country"], "--json")
    desk.type(*country)
    path = Path(places["country"], "docker-compose.yml")
    path.write_text(path.read_text().replace("openlmisxx/equipment", "openlmis/equipment"))

    codes = {(problem["code"], problem["line"]) for problem in desk.type(*country).json["problems"]}

    assert ("W-ORGANISATION-CHANGED", 11) in codes


def test_services_keep_the_names_that_compose_gives_them(desk: Desk, places: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "docker-compose.yml").write_text(
        "services:\n"
        "  Auth.Service: {image: 'openlmis/auth:4.4.0', depends_on: [my.DB], environment: {A.b: x}}\n"
        "  my.DB: {image: 'postgres:14'}\n"
        "  UI: {image: 'openlmisxx/xx-ui:1.0.0', depends_on: {my.DB: {condition: service_healthy}}}\n"
    )
    desk.type("import", "core", "3.9.0", "--from", places["core"])

    assert desk.type("import", "extension", "xx", "--from", str(folder)).status == 0
    assert desk.type("candidate", "3.9.0+xx1", "--offline").status == 0

    told = desk.type("why", "3.9.0+xx1", "Auth.Service.environment.A.b", "--json").json
    assert [(one["path"], one["value"]) for one in told["values"]] == [("Auth.Service.environment.A.b", "x")]
    told = desk.type("why", "3.9.0+xx1", "my.DB", "--json").json
    assert {"my.DB.image", "UI.depends_on.my.DB"} <= {one["path"] for one in told["values"]}
    told = desk.type("diff", str(folder), "3.9.0+xx1", "--json").json
    assert {one["name"]: one["change"] for one in told["components"]} == dict.fromkeys(
        ("Auth.Service", "UI", "my.DB"), "unchanged"
    )


def test_an_image_that_no_engine_pulls_is_told_as_it_is_written(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yml").write_text("services:\n  a: {image: 'org/a:1.0+xx1'}\n  b: {image: 'org/b:2'}\n")

    ended = desk.type("import", "extension", "xx", "--from", str(tmp_path), "--json")

    assert ended.status == 0
    assert ended.json["images"]["a"] == {"repository": "org/a", "tag": "1.0+xx1", "digest": None}
    wrong = next(one for one in ended.json["problems"] if one["code"] == "W-MALFORMED-IMAGE")
    assert (wrong["severity"], wrong["line"], wrong["column"]) == ("warning", 2, 14)
    assert "`org/a:1.0_xx1`" in wrong["resolution"]
    strict = desk.type("import", "extension", "xx", "--from", str(tmp_path), "--stage", "uat", "--json")
    assert strict.status == 15
    assert strict.json["images"].keys() == {"a", "b"}
