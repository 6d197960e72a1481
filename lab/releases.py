"""Every sound version of every stand-in service and UI, and the migrations that its image holds.

Versions are those of Core 3.4.1, 3.5.0, 3.6.0, 3.18.0 and 3.19.0, and of a made-up Malawi extension on them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lab.migrations import MigrationFile, added, facts, newest_number, published
from tests.standin.service.spec import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version of one component.

    Attributes:
        older: Version before it, which the wrong-version fault shows.
        demo: Whether fault versions of it exist; the bench's releases have none.
    """

    repository: str
    spec: Spec
    migrations: tuple[MigrationFile, ...] = ()
    older: str = "0.0.1"
    demo: bool = True


#: First version of each service on Spring Boot 2, where Flyway is 6.0.8.
BOOT_2: dict[str, tuple[int, ...]] = {
    "auth": (4, 3),
    "buq": (0,),
    "cce": (1, 3),
    "dhis2-integration": (0,),
    "fulfillment": (8, 2),
    "notification": (4, 3),
    "referencedata": (15, 2),
    "report": (1, 2),
    "requisition": (8, 3),
    "stockmanagement": (5, 1),
}
#: Flyway before that: 4.1.2 but for these.
BEFORE_BOOT_2 = {"requisition": "4.0.3", "hapifhir": "5.2"}
HISTORY = {"buq": ("flyway_schema_history",), "dhis2-integration": ("flyway_schema_history",)}
#: Version from which on a release is only for the bench.
BENCH = {
    "auth": "4.3.4",
    "buq": "1.0.1",
    "cce": "1.3.4",
    "dhis2-integration": "1.0.0",
    "diagnostics": "1.1.3",
    "fulfillment": "9.0.6",
    "hapifhir": "2.0.3",
    "notification": "4.3.4",
    "reference-ui": "5.2.9",
    "referencedata": "15.2.7",
    "report": "1.2.3",
    "requisition": "8.3.9",
    "stockmanagement": "5.1.11",
}
#: The services of 3.19.0 that bring no migration of their own, so the bench adds one.
WITHOUT_MIGRATION = (
    "auth",
    "buq",
    "cce",
    "dhis2-integration",
    "fulfillment",
    "hapifhir",
    "notification",
    "requisition",
)
DIAGNOSTICS = ("1.0.1", "1.0.2", "1.0.3", "1.1.3", "1.1.4")
REFERENCE_UI = ("5.1.1", "5.1.2", "5.1.4", "5.2.9", "5.2.11")
#: The Malawi extension's own images: version, and the Core version whose migrations it carries.
MW_REPORTS = {"1.0.4": "1.1.1", "1.0.5": "1.1.2", "1.0.6": "1.1.3"}
MW_UI = ("1.1.0", "1.2.0", "1.2.1", "1.3.0")
#: Hotfixes of requisition: base version, and how many migrations of our own lie on top. The first is numbered right
#: after 7.1.1's newest: 8.0.0-hotfix.1 then finds all in order, plain 8.0.0 refuses to start, as a real one would.
HOTFIXES = {"7.1.1-hotfix.1": ("7.1.1", 1), "7.1.1-hotfix.2": ("7.1.1", 2), "8.0.0-hotfix.1": ("8.0.0", 1)}
HOTFIX_BASE = "7.1.1"


def releases() -> Iterator[Release]:
    """List every sound version of every service and UI."""
    for name in facts():
        yield from core_releases(name)
    yield from plain_releases("openlmis/diagnostics", DIAGNOSTICS, consul="diagnostics")
    yield from plain_releases("openlmis/reference-ui", REFERENCE_UI, consul="reference-ui", port=80)
    yield from plain_releases("openlmismw/ui", MW_UI, consul="mw-reference-ui", port=80)
    yield from malawi_releases()


def core_releases(name: str) -> list[Release]:
    """List the published versions of one service, and the bench's that carries one migration more."""
    found: list[Release] = []
    for version in facts()[name]["versions"]:
        demo = name != "buq" and version != BENCH[name] and all(release.demo for release in found)
        older = found[-1].spec.version if found else "0.0.1"
        files = published(name, version)
        spec = service_spec(name, version)
        found.append(Release(repository=f"openlmis/{name}", spec=spec, migrations=files, older=older, demo=demo))
    if name in WITHOUT_MIGRATION:
        found.append(with_bench_migration(found[-1]))
    return found


def plain_releases(repository: str, versions: tuple[str, ...], *, consul: str, port: int = 8080) -> Iterator[Release]:
    """List the versions of an image without a schema."""
    name = repository.partition("/")[2]
    demo, older = True, "0.0.1"
    for version in versions:
        demo = demo and version != BENCH.get(name)
        spec = Spec(name=name, consul=consul, version=version, served_version=version, port=port)
        yield Release(repository=repository, spec=spec, older=older, demo=demo)
        older = version


def malawi_releases() -> Iterator[Release]:
    """List the Malawi extension's services: own reports, own dhis2-integration, hotfixes of requisition."""
    older = "0.0.1"
    for version, core in MW_REPORTS.items():
        spec = replace(service_spec("report", core), name="reports", version=version, served_version=version)
        yield Release(repository="openlmismw/reports", spec=spec, migrations=published("report", core), older=older)
        older = version
    every = published("dhis2-integration", "1.0.0")
    for version, files, before in (("1.0.3", every[:10], "1.0.2"), ("1.0.4", every, "1.0.3")):
        spec = service_spec("dhis2-integration", version)
        yield Release(repository="openlmismw/dhis2-integration", spec=spec, migrations=files, older=before)
    yield from (requisition_hotfix(version) for version in HOTFIXES)


def requisition_hotfix(version: str) -> Release:
    """Build one hotfix of requisition."""
    core, count = HOTFIXES[version]
    first = newest_number(published("requisition", HOTFIX_BASE)) + 1
    own = tuple(added(first + step, f"hotfix_{step + 1}_of_emergency_requisitions") for step in range(count))
    migrations = (*published("requisition", core), *own)
    spec = service_spec("requisition", version)
    return Release(repository="openlmis/requisition", spec=spec, migrations=migrations, older=core)


def with_bench_migration(release: Release) -> Release:
    """Make a version that carries one migration of our own on top."""
    version = f"{release.spec.version}-bench"
    own = added(newest_number(release.migrations) + 1, "bench_change")
    spec = replace(release.spec, version=version, served_version=version)
    return replace(release, spec=spec, migrations=(*release.migrations, own), older=release.spec.version)


def service_spec(name: str, version: str) -> Spec:
    """Describe one version of a Core service with a schema."""
    fact = facts()[name]
    return Spec(
        name=name,
        consul=fact["consul"],
        version=version,
        served_version=version,
        schema=fact["schema"],
        history_tables=history_tables(name, version),
        flyway=flyway_release(name, version),
    )


def history_tables(name: str, version: str) -> tuple[str, ...]:
    """Say what Flyway's table is called; hapifhir 2 keeps the older name where version 1 made it."""
    if name == "hapifhir" and not version.startswith("1."):
        return ("flyway_schema_history", "schema_version")
    return HISTORY.get(name, ("schema_version",))


def flyway_release(name: str, version: str) -> str:
    """Say which Flyway a version brings."""
    number = tuple(int(part) for part in version.partition("-")[0].split("."))
    if name in BOOT_2 and number >= BOOT_2[name]:
        return "6.0.8"
    return BEFORE_BOOT_2.get(name, "4.1.2")
