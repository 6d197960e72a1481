"""The cases that were worked out by hand on real releases of Core and of Malawi."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from olmis_release.errors import Severity
from olmis_release.manifest.image import ImageRef
from olmis_release.manifest.importers.cores import COMPOSE_FILE, cores_of
from olmis_release.manifest.importers.distribution import read_at
from olmis_release.manifest.importers.importing import Imported, Request, import_core, import_extension
from olmis_release.manifest.importers.model import Distribution
from olmis_release.manifest.importers.source import Source
from olmis_release.manifest.infer import CoreImages, Nearest, nearest_core, telling_images
from olmis_release.manifest.policy import Stage
from olmis_release.version import Order, compare_tags
from olmis_release.workspace import Workspace

PROD = "deployment/prod_env"


@pytest.fixture(scope="module")
def releases(core_bundle: Path) -> list[CoreImages]:
    return [telling_images(core) for core in cores_of(str(core_bundle)).values()]


def core(source: Source, version: str) -> Distribution:
    return read_at(source, f"refs/tags/v{version}", files=[COMPOSE_FILE])


def prod(source: Source, commit: str) -> Distribution:
    return read_at(source, f"refs/tags/upstream-{commit}", folder=PROD)


def tags(distribution: Distribution) -> dict[str, str]:
    return {name: "" if image.untagged else image.tag for name, image in distribution.images.items()}


def changed(before: Distribution, after: Distribution) -> dict[str, Order]:
    old, new = before.images, after.images
    return {name: compare_tags(old[name].tag, new[name].tag) for name in old if name in new and old[name] != new[name]}


def fits(distribution: Distribution, releases: list[CoreImages]) -> Nearest:
    return nearest_core(distribution.images, releases)


def test_case_1_core_3_19_2(core_bundle: Path) -> None:
    found = import_core(None, "v3.19.2", Request(source=str(core_bundle)))

    assert tags(found.distribution) == {
        "auth": "4.4.0",
        "buq": "1.1.0",
        "cce": "1.4.0",
        "diagnostics": "1.1.4",
        "dhis2-integration": "1.1.0",
        "fulfillment": "9.3.0",
        "hapifhir": "2.1.0",
        "notification": "4.4.0",
        "reference-ui": "5.2.12",
        "referencedata": "15.4.0",
        "report": "1.5.0",
        "requisition": "8.5.0",
        "stockmanagement": "5.3.0",
        "nginx": "v7.1",
        "log": "3",
        "db": "14-debezium",
        "redis": "3.2.12",
        "consul": "",
        "ftp": "",
    }
    assert found.distribution.built == ("service-configuration",)
    unused = [problem for problem in found.problems if problem.code == "W-UNUSED-VARIABLE"]
    assert len(unused) == 3
    assert all("ONE_NETWORK" in problem.message for problem in unused)
    assert found.errors == ()


def test_case_2_an_undefined_variable_is_an_error_with_its_place(core_bundle: Path) -> None:
    found = import_core(None, "v3.4.1", Request(source=str(core_bundle)))

    (error,) = found.errors
    assert (error.where and error.where.file, error.where and error.where.line) == ("docker-compose.yml", 104)
    assert "OL_HAPIFHIR_VERSION" in error.message
    assert "hapifhir" not in found.distribution.images


def test_case_3_a_literal_snapshot_and_an_unused_variable_are_both_said(core_bundle: Path) -> None:
    found = import_core(None, "v3.3.0", Request(source=str(core_bundle)))
    release = import_core(None, "v3.3.0", Request(source=str(core_bundle), stage=Stage.RELEASE))

    assert tags(found.distribution)["cce"] == "1.0.0-SNAPSHOT"
    codes = {problem.code for problem in found.problems}
    assert {"W-SNAPSHOT-TAG", "W-UNUSED-VARIABLE", "W-SHADOWED-VARIABLE"} <= codes
    assert "E-SNAPSHOT-TAG" in {problem.code for problem in release.errors}


def test_case_4_hotfixes_go_up_and_shapes_that_differ_have_no_order(core_source: Source) -> None:
    first = changed(core(core_source, "3.19.0"), core(core_source, "3.19.1"))
    second = changed(core(core_source, "3.19.1"), core(core_source, "3.19.2"))

    assert first == {"referencedata": Order.UP, "report": Order.UP, "nginx": Order.DOWN}
    assert len(second) == 14
    assert {name for name, order in second.items() if order is Order.UNKNOWN} == {"nginx", "db"}


def test_case_5_no_core_release_may_be_claimed(country_source: Source, releases: list[CoreImages]) -> None:
    before, after = prod(country_source, "5ee4917"), prod(country_source, "d451cec")
    changes = changed(before, after)

    assert len(changes) == 11
    assert Order.DOWN not in changes.values()
    assert fits(before, releases).matches == ("3.19.1",)
    assert fits(after, releases).matches == ()
    assert fits(after, releases).of == 8


def test_case_6_a_true_rollback(country_source: Source) -> None:
    before, after = prod(country_source, "e04612d"), prod(country_source, "ed74a90")

    moved = {name: (before.images[name].tag, after.images[name].tag) for name in changed(before, after)}
    assert moved == {
        "referencedata": ("15.2.5", "15.2.4"),
        "requisition": ("8.3.5", "8.3.4"),
        "stockmanagement": ("5.1.8", "5.1.7"),
        "ui": ("1.6.12", "1.6.10"),
    }
    assert set(changed(before, after).values()) == {Order.DOWN}
    assert before.images["reports"].tag == after.images["reports"].tag == "2.1.9"
    assert before.doubtful == after.doubtful == ()
    assert {problem.code for problem in before.errors} == {"E-REPEATED-KEY"}


def test_case_7_an_overlay_on_core_is_malawi_prod(core_bundle: Path, country_bundle: Path, tmp_path: Path) -> None:
    found = imported(country_bundle, core_bundle, tmp_path, commit="6804eae")

    assert found.nearest.matches == ("3.19.1",)
    assert found.nearest.is_exact
    assert len(found.distribution.services) == 17
    assert found.country is not None
    said = found.country.data["components"]
    assert {name for name, one in said.items() if "remove" in one} == {"cce", "db", "diagnostics", "ftp"}
    replaced = {
        name: (one["replace"].get("as"), one["replace"]["image"]) for name, one in said.items() if "replace" in one
    }
    assert replaced == {
        "reference-ui": ("ui", "openlmismw/ui-with-production-settings:1.7.0"),
        "report": ("reports", "openlmismw/reports:2.1.16"),
        "dhis2-integration": (None, "openlmismw/dhis2-integration:1.0.4"),
        "service-configuration": (None, "openlmismw/service-configuration:built-6804eae"),
    }
    assert {name: one["pin"] for name, one in said.items() if "pin" in one} == {"log": "2"}
    assert {name for name, one in said.items() if "add" in one} == {"scalyr"}


def imported(country_bundle: Path, core_bundle: Path, folder: Path, *, commit: str) -> Imported:
    (folder / "manifests").mkdir()
    request = Request(source=str(country_bundle), ref=f"upstream-{commit}", folder=PROD, core_source=str(core_bundle))
    return import_extension(Workspace(root=folder), "mw", request)


def test_case_8_eleven_images_and_five_migrations(country_source: Source, core_bundle: Path) -> None:
    before, after = prod(country_source, "3abd31a"), prod(country_source, "6804eae")
    known = json.loads((core_bundle.parent / "migrations.json").read_text())

    moved = changed(before, after)
    pending = {name: _pending(known[name], before.images[name], after.images[name]) for name in moved if name in known}
    own = {name: count for name, count in pending.items() if count and after.images[name].path.startswith("openlmis/")}

    assert len(moved) == 11
    assert own == {"auth": 3, "referencedata": 1, "stockmanagement": 1}


def _pending(known: dict[str, dict[str, list[int]]], before: ImageRef, after: ImageRef) -> int:
    versions = known["versions"]
    return len(set(versions.get(after.tag, [])) - set(versions.get(before.tag, [])))


def test_problems_of_real_files_have_places(core_bundle: Path) -> None:
    found = import_core(None, "v3.16.0", Request(source=str(core_bundle)))

    assert all(problem.where and problem.where.line for problem in found.problems)
    assert {problem.severity for problem in found.problems} == {Severity.WARNING}
