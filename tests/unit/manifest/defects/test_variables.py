"""Defects of variables: unused, shadowed by a literal, undefined."""

from pathlib import Path

import pytest

from tests.fakes.distribution import defects, told


def test_an_image_without_its_variable_is_an_error_and_never_an_empty_tag(tmp_path: Path) -> None:
    text = "services:\n  hapifhir:\n    image: openlmis/hapifhir:${OL_HAPIFHIR_VERSION}\n"
    found = defects(tmp_path, text, "OL_HAPIFHIRR_VERSION=1\n")
    assert told(found) == [
        ("W-UNUSED-VARIABLE", ".env:1:1"),
        ("E-UNDEFINED-VARIABLE", "docker-compose.yml:3:12"),
    ]
    assert "OL_HAPIFHIRR_VERSION" in found[1].resolution


def test_a_literal_in_place_of_a_variable_is_said_with_both_places(tmp_path: Path) -> None:
    text = "services:\n  cce:\n    image: openlmis/cce:1.0.0-SNAPSHOT\n"
    found = defects(tmp_path, text, "\n\nOL_CCE_VERSION=1.0.0\n")
    assert told(found) == [
        ("W-UNUSED-VARIABLE", ".env:3:1"),
        ("W-SNAPSHOT-TAG", "docker-compose.yml:3:12"),
        ("W-SHADOWED-VARIABLE", "docker-compose.yml:3:12"),
    ]
    assert "OL_CCE_VERSION=1.0.0 (.env:3:1) does not count" in found[2].message


def test_variables_of_other_services_are_not_taken_for_the_literals(tmp_path: Path) -> None:
    text = "services:\n  report: {image: 'openlmis/report:1.0.0'}\n"
    found = defects(tmp_path, text, "OL_REPORTING_VERSION=1\nOL_NETWORK_REPORT_EXTENSION_VERSION=1\n")
    assert {problem.code for problem in found} == {"W-UNUSED-VARIABLE"}


def test_spellings_of_variables_and_services_need_not_agree_in_dashes(tmp_path: Path) -> None:
    text = "services:\n  dhis2-integration: {image: 'a/b:1.0.0'}\n"
    found = defects(tmp_path, text, "OL_DHIS2INTEGRATION_VERSION=1.1.0\n")
    assert ("W-SHADOWED-VARIABLE", "docker-compose.yml:2:30") in told(found)


@pytest.mark.parametrize(
    ("service", "image", "variable"),
    [
        ("reports", "openlmisao/reports:1.0.0", "OL_REPORT_VERSION"),
        ("ui", "openlmis/reference-ui:5.2.1", "OL_REFERENCE_UI_VERSION"),
        ("requisition", "openlmis/requisition:8.5.0", "GM_OL_REQUISITION_IMAGE_TAG"),
        ("db", "openlmis/postgres:12-debezium", "OL_POSTGRES_VERSION"),
    ],
)
def test_a_renamed_service_is_known_by_its_image(tmp_path: Path, service: str, image: str, variable: str) -> None:
    found = defects(tmp_path, f"services:\n  {service}: {{image: '{image}'}}\n", f"{variable}=9.0.0\n")
    assert "W-SHADOWED-VARIABLE" in {problem.code for problem in found}


@pytest.mark.parametrize("image", ["x/a:${TAG}", "x/a:${UNSET:-}", "x/a:${UNSET-}", "x/a:", "${TAG}"])
def test_an_empty_tag_is_an_error_and_never_latest(tmp_path: Path, image: str) -> None:
    found = defects(tmp_path, f"services:\n  a:\n    image: '{image}'\n", 'TAG="" # later\r\n')
    assert ("E-IMAGE", "docker-compose.yml:3:12") in told(found)


@pytest.mark.parametrize(
    "image", ["x/a:$TAG", '"x/a:${TAG}" # c', "'${TAG}/a:1.0'", "x/a:${UNSET:-${TAG}}", "x/a:${TAG:?}"]
)
def test_an_undefined_variable_is_found_however_it_is_written(tmp_path: Path, image: str) -> None:
    found = defects(tmp_path, f"services:\r\n  a: &a\r\n    image: {image}\r\n", "tag=1.0\n")
    assert ("E-UNDEFINED-VARIABLE", "docker-compose.yml:3:12") in told(found)
    assert "Did you mean `tag`?" in " ".join(problem.resolution for problem in found)


def test_a_name_alone_in_the_environment_uses_the_variable(tmp_path: Path) -> None:
    text = "services:\n  a: {image: 'x/a:1.0', environment: [LOCALE]}\n"
    assert defects(tmp_path, text, "LOCALE=pt\n") == []


def test_a_literal_environment_value_hides_the_variable_of_its_name(tmp_path: Path) -> None:
    text = "services:\n  a:\n    image: a/b:1.0.0\n    environment:\n      LOCALE: fr\n"
    found = defects(tmp_path, text, "LOCALE=pt\n")
    assert ("W-SHADOWED-VARIABLE", "docker-compose.yml:5:15") in told(found)


def test_an_env_file_that_services_read_themselves_has_no_unused_variables(tmp_path: Path) -> None:
    text = "services:\n  a:\n    image: a/b:1.0.0\n    env_file: .env\n"
    assert defects(tmp_path, text, "BASE_URL=http://x\n") == []


def test_what_compose_itself_reads_is_used(tmp_path: Path) -> None:
    text = "services:\n  a: {image: 'a/b:1.0.0'}\n"
    assert defects(tmp_path, text, "COMPOSE_PROJECT_NAME=x\nDOCKER_HOST=y\n") == []


def test_a_variable_given_twice_is_said_once_with_both_lines(tmp_path: Path) -> None:
    text = "services:\n  a: {image: 'a/b:${TAG}'}\n"
    found = defects(tmp_path, text, "TAG=1.0\nTAG=1.1\n")
    assert told(found) == [("W-DUPLICATE-VARIABLE", ".env:2:1")]


@pytest.mark.parametrize("second", ["export TAG=1.1", "TAG: '1.1'", 'TAG="1.0" # the same', "TAG = 1.1"])
def test_a_variable_given_twice_is_found_however_it_is_written(tmp_path: Path, second: str) -> None:
    found = defects(tmp_path, "services:\n  a: {image: 'a/b:${TAG}'}\n", f"# x\r\nTAG=1.0\r\n{second}\r\n")
    assert [problem.code for problem in found] == ["W-DUPLICATE-VARIABLE"]
    assert str(found[0].where).startswith(".env:3:")
