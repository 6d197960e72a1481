"""Defects of images: tags that move, tags that only look like versions, organisations, services without any image."""

from pathlib import Path

import pytest

from olmis_release.manifest.defects.malformed_tags import meant_by
from olmis_release.manifest.defects.model import Context
from olmis_release.manifest.defects.mutable_tags import mutability_of
from olmis_release.manifest.image import ImageRef
from tests.fakes.distribution import defects, told

CORE = {
    "3.18.0": {"report": ImageRef.parse("openlmis/report:1.3.0"), "auth": ImageRef.parse("openlmis/auth:4.3.3")},
    "3.19.1": {"report": ImageRef.parse("openlmis/report:1.4.0-hotfix"), "auth": ImageRef.parse("openlmis/auth:4.4.0")},
}


@pytest.mark.parametrize(
    ("image", "defect"),
    [
        ("consul", "untagged-image"),
        ("registry.example.org:5000/consul", "untagged-image"),
        ("openlmis/nginx:latest", "latest-tag"),
        ("openlmis/auth:4.4.0-SNAPSHOT", "snapshot-tag"),
        ("openlmis/auth:4.4.0-RC1-snapshot", "snapshot-tag"),
        ("openlmis/auth:SNAPSHOT", "snapshot-tag"),
        ("openlmis/auth:master", "moving-tag"),
        ("openlmis/auth:4.4.0-STAGING", "moving-tag"),
        ("openlmis/auth:4.4.0-dev", "moving-tag"),
        ("openlmis/auth:HEAD", "moving-tag"),
        ("openlmis/auth:latest-alpine", "latest-tag"),
        ("openlmis/auth:4.4.0-latest", "latest-tag"),
        ("openlmis/auth:4.4.0", None),
        ("openlmis/auth:4.4.0-hotfix.1", None),
        ("openlmis/postgres:14-debezium", None),
        (f"openlmis/auth:latest@sha256:{'a' * 64}", None),
    ],
)
def test_tags_that_are_pushed_again_are_told_apart_from_fixed_ones(image: str, defect: str | None) -> None:
    found = mutability_of(ImageRef.parse(image))
    assert (found[0] if found else None) == defect


@pytest.mark.parametrize(
    ("tag", "meant"),
    [
        ("5.1.9.hotfix.1", "5.1.9-hotfix.1"),
        ("5.1.9hotfix", "5.1.9-hotfix"),
        ("5.1.9_hotfix1", "5.1.9-hotfix.1"),
        ("5.1.9.SNAPSHOT", "5.1.9-SNAPSHOT"),
        ("5.1.9-SNAPHOT", "5.1.9-SNAPSHOT"),
        ("5.1.9-hotifx.2", "5.1.9-hotfix.2"),
        ("3.3.0.RC2", "3.3.0-RC2"),
        ("1.0.0-Rgit", ""),
        ("1.0..0", "1.0.0"),
        ("1.0.0.", "1.0.0"),
        ("v.7.1", "v7.1"),
        ("5.l.O", "5.1.0"),
        ("5.1.9-SNAPSHOT-1", "5.1.9-SNAPSHOT"),
        ("5.1.9-hotfix.1", ""),
        ("5.1.9-RC1-SNAPSHOT", ""),
        ("2.1.34-alpine", ""),
        ("14-debezium", ""),
        ("1.0.4-truststore", ""),
        ("v7.1", ""),
        ("latest", ""),
    ],
)
def test_a_tag_that_only_looks_like_a_version_is_answered_with_the_one_meant(tag: str, meant: str) -> None:
    assert meant_by(tag) == meant


def test_a_malformed_tag_is_found_where_it_stands(tmp_path: Path) -> None:
    found = defects(tmp_path, "services:\n  stock:\n    image: openlmis/stockmanagement:5.1.9.hotfix.1\n")
    assert told(found) == [("W-MALFORMED-TAG", "docker-compose.yml:3:12")]
    assert "Did you mean `5.1.9-hotfix.1`?" in str(found[0])


@pytest.mark.parametrize(
    ("tag", "meant"),
    [("5.1.9,1", "5.1.9.1"), ("5.1.9+gm2", "5.1.9_gm2"), (".5.1.9", "5.1.9"), ("5.1.9 ", "5.1.9")],
)
def test_a_tag_that_docker_refuses_is_answered_with_one_that_it_takes(tmp_path: Path, tag: str, meant: str) -> None:
    found = defects(tmp_path, f"services:\n  a: {{image: 'x/a:{tag}'}}\n")
    assert told(found) == [("W-MALFORMED-IMAGE", "docker-compose.yml:2:14")]
    assert f"Did you mean `x/a:{meant}`?" in found[0].resolution


def test_a_service_that_slipped_out_of_another_is_recognised(tmp_path: Path) -> None:
    text = """\
    services:
      log:
        image: openlmis/rsyslog:3
      logging:
        driver: syslog
      other:
        restart: always
    """
    found = [problem for problem in defects(tmp_path, text) if problem.code == "E-NO-IMAGE"]
    assert [str(problem.where) for problem in found] == ["docker-compose.yml:4:3", "docker-compose.yml:6:3"]
    assert "Did you mean `log.logging`?" in found[0].resolution
    assert "image" in found[1].resolution


@pytest.mark.parametrize(
    ("line", "place", "code"),
    [
        ("  logging: {driver: syslog}", "4:3", "E-NO-IMAGE"),
        ("  depends_on: [db]", "4:3", "E-COMPOSE"),
        ("  restart: always", "4:12", "E-COMPOSE"),
        ("logging: {driver: syslog}", "4:1", "E-UNKNOWN-KEY"),
    ],
)
def test_lines_that_slipped_out_are_told_once_and_where_they_belong(
    tmp_path: Path, line: str, place: str, code: str
) -> None:
    found = defects(tmp_path, f"services:\n  log:\n    image: openlmis/rsyslog:3\n{line}\n")
    assert told(found) == [(code, f"docker-compose.yml:{place}")]
    assert f"Did you mean `log.{line.strip().partition(':')[0]}`?" in found[0].resolution


@pytest.mark.parametrize("key", ["logging", "environment"])
def test_lines_below_an_empty_mapping_belong_into_it(tmp_path: Path, key: str) -> None:
    found = defects(tmp_path, f"services:\n  log:\n    image: x/log:3.0\n    {key}:\n    driver: syslog\n")
    assert f"Did you mean `log.{key}.driver`? Indent it." in [problem.resolution for problem in found]


def test_an_image_that_lost_its_organisation_is_answered_with_the_countrys_own(tmp_path: Path) -> None:
    text = """\
    services:
      dhis2-integration: {image: "dhis2-integration:1.0.4"}
      ui: {image: "openlmismw/ui:1.2.0"}
      cache: {image: "redis:3.2.12"}
    """
    found = defects(tmp_path, text)
    assert told(found) == [("W-CORE-ORGANISATION", "docker-compose.yml:2:30")]
    assert "openlmismw/dhis2-integration:1.0.4" in found[0].resolution


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("openlmis/auth:12.0.0-BENIN", "W-CORE-ORGANISATION"),
        ("openlmis/report:8.3.8-angola.r1", "W-CORE-ORGANISATION"),
        ("openlmis/report:2.1.16", "W-CORE-ORGANISATION"),
        ("openlmis/reports:2.1.16", "W-CORE-ORGANISATION"),
        ("docker.io/openlmis/gambia-ui:1.0.0", "W-CORE-ORGANISATION"),
        ("openlmis/report:1.0.5_gm1", "W-CORE-ORGANISATION"),
        ("openlmis/report:1.0.5.gm.2", "W-CORE-ORGANISATION"),
        ("openlmis/equipment:1.0.5", "W-UNKNOWN-CORE-IMAGE"),
        ("openlmis/scalyr:2.1.34-alpine", None),
        ("openlmis/report:1.4.0-RC2", None),
        ("openlmis/report:1.9.0", None),
        ("openlmis/report:1.4.0-hotfix.3", None),
        ("openlmismw/reports:2.1.16", None),
        ("openlmis/auth:4.4.0-alpine", None),
    ],
)
def test_a_countrys_version_on_cores_repository_is_noticed(tmp_path: Path, image: str, code: str | None) -> None:
    lines = [f"x: {{image: '{image}'}}", "a: {image: 'openlmis/auth:4.3.0'}", "b: {image: 'openlmis/auth:4.4.1'}"]
    text = "services:\n" + "".join(f"  {line}\n" for line in lines)
    found = defects(tmp_path, text, context=Context(core=CORE))
    assert told(found) == ([(code, "docker-compose.yml:2:14")] if code else [])


def test_a_distribution_newer_than_all_known_core_releases_is_not_suspected(tmp_path: Path) -> None:
    text = "services:\n  auth: {image: 'openlmis/auth:5.0.0'}\n  report: {image: 'openlmis/report:2.0.0'}\n"
    assert defects(tmp_path, text, context=Context(core=CORE)) == []


@pytest.mark.parametrize(
    ("before", "image", "told_of"),
    [
        ("openlmismw/dhis2-integration:1.0.3", "openlmis/dhis2-integration:1.0.4", True),
        ("openlmisgambia/auth:1.0.0", "openlmisgm/auth:1.0.0", True),
        ("openlmismw/ui:1.0", "openlmismw/ui-with-production-settings:1.0", False),
        ("openlmis/reference-ui:5.0.0", "openlmismw/ui:1.0", False),
        ("openlmis/auth:4.3.0", "openlmis/auth:4.4.0", False),
    ],
)
def test_an_image_that_changed_its_organisation_since_the_last_manifest_is_noticed(
    tmp_path: Path, before: str, image: str, told_of: bool
) -> None:
    context = Context(earlier={"x": ImageRef.parse(before)})
    found = defects(tmp_path, f"services:\n  x: {{image: '{image}'}}\n", context=context)
    assert told(found) == ([("W-ORGANISATION-CHANGED", "docker-compose.yml:2:14")] if told_of else [])


def test_an_organisation_is_compared_for_a_renamed_service_too(tmp_path: Path) -> None:
    context = Context(earlier={"reports": ImageRef.parse("openlmisgm/reports:1.0.0")})
    found = defects(tmp_path, "services:\n  report: {image: 'openlmisgambia/reports:1.0.1'}\n", context=context)
    assert told(found) == [("W-ORGANISATION-CHANGED", "docker-compose.yml:2:19")]


def test_the_repair_of_a_lost_organisation_is_not_suspected(tmp_path: Path) -> None:
    context = Context(earlier={"x": ImageRef.parse("dhis2-integration:1.0.4")})
    assert defects(tmp_path, "services:\n  x: {image: 'openlmismw/dhis2-integration:1.0.4'}\n", context=context) == []


def test_one_image_of_nearly_the_countrys_organisation_is_noticed(tmp_path: Path) -> None:
    own = "".join(f"  {name}: {{image: 'openlmisgambia/{name}:1.0.0'}}\n" for name in ("ui", "reports"))
    found = defects(tmp_path, f"services:\n{own}  x: {{image: 'openlmisgm/x:1.0.0'}}\n")
    assert told(found) == [("W-STRAY-ORGANISATION", "docker-compose.yml:4:14")]
    assert "openlmisgambia/x:1.0.0" in found[0].resolution


def test_a_version_that_goes_down_is_noticed_but_a_hotfix_goes_up(tmp_path: Path) -> None:
    earlier = {"nginx": ImageRef.parse("openlmis/nginx:7"), "report": ImageRef.parse("openlmis/report:1.4.0")}
    text = "services:\n  nginx: {image: 'openlmis/nginx:6'}\n  report: {image: 'openlmis/report:1.4.0-hotfix'}\n"
    found = defects(tmp_path, text, context=Context(earlier=earlier))
    assert told(found) == [("W-LOWERED-VERSION", "docker-compose.yml:2:18")]
    assert "from 7 to 6" in found[0].message
