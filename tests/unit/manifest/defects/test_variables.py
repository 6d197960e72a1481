"""Defects of variables: unused, shadowed by a literal, undefined."""

from pathlib import Path

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
