"""Every image of the stand-in fleet: which repository and tag, built from what, and what is wrong with it.

Versions are those of Core 3.4.1, 3.5.0, 3.6.0, 3.18.0 and 3.19.0, and of a made-up Malawi extension on them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lab.jar import service_jar
from lab.migrations import MigrationFile, added, facts, newest_number, published
from tests.standin.service.spec import Fault, Spec

LABEL = "org.openlmis.lab"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One tag in the registry: a base with a few files and variables more.

    Attributes:
        kind: Folder of ``tests/standin`` whose Dockerfile makes the base.
        env: ``NAME=value``, added to the base's.
        files: Path and content of what lies on top.
    """

    repository: str
    tag: str
    kind: str
    env: tuple[str, ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()

    @property
    def name(self) -> str:
        """Repository and tag as a Compose file writes them."""
        return f"{self.repository}:{self.tag}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version of one component, without a fault.

    Attributes:
        older: Version that the wrong-version fault shows.
        demo: Whether fault versions of it exist; the bench's releases have none.
    """

    repository: str
    spec: Spec
    migrations: tuple[MigrationFile, ...] = ()
    older: str = "0.0.1"
    demo: bool = True


#: First version of each service on Spring Boot 2, where Flyway is 6.0.8; requisition before that is the one with 4.0.3.
BOOT_2 = {
    "auth": (4, 3), "notification": (4, 3), "report": (1, 2), "cce": (1, 3), "requisition": (8, 3), "referencedata": (15, 2),
    "fulfillment": (8, 2), "stockmanagement": (5, 1), "buq": (0,), "dhis2-integration": (0,),
}  # fmt: skip
BEFORE_BOOT_2 = {"requisition": "4.0.3", "hapifhir": "5.2"}
HISTORY = {"buq": ("flyway_schema_history",), "dhis2-integration": ("flyway_schema_history",)}
#: Releases that only the bench uses; they come without faults.
BENCH = {
    "auth": "4.3.4", "buq": "1.0.1", "cce": "1.3.4", "dhis2-integration": "1.0.0", "fulfillment": "9.0.6", "hapifhir": "2.0.3",
    "notification": "4.3.4", "referencedata": "15.2.7", "report": "1.2.3", "requisition": "8.3.9", "stockmanagement": "5.1.11",
    "diagnostics": "1.1.3", "reference-ui": "5.2.9",
}  # fmt: skip
#: The 3.19.0 versions that bring no migration of their own, so the bench adds one.
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
#: Hotfixes of requisition: base version and how many migrations of our own lie on top. The first is numbered right after 7.1.1's newest, so
#: that 8.0.0-hotfix.1 finds all in order, and plain 8.0.0 refuses to start after it, as real ones would.
HOTFIXES = {"7.1.1-hotfix.1": ("7.1.1", 1), "7.1.1-hotfix.2": ("7.1.1", 2), "8.0.0-hotfix.1": ("8.0.0", 1)}
HOTFIX_BASE = "7.1.1"

INFRASTRUCTURE = (
    *(Image(repository="openlmis/nginx", tag=tag, kind="nginx") for tag in ("4", "5")),
    Image(repository="openlmis/nginx", tag="7", kind="nginx", env=("STANDIN_RATE_LIMIT=1",)),
    *(
        Image(repository="openlmis/postgres", tag=tag, kind="postgres")
        for tag in ("9.6-postgis", "9.6-debezium", "12-debezium")
    ),
    Image(repository="gliderlabs/consul-server", tag="latest", kind="consul"),
    Image(repository="library/redis", tag="3.2.12", kind="redis"),
    Image(repository="library/nginx", tag="1.22", kind="stock-nginx"),
    *(
        Image(repository="openlmis/rsyslog", tag=tag, kind="small", env=("STANDIN_ROLE=stay",))
        for tag in ("1", "2", "3")
    ),
    *(
        Image(repository=f"{who}/proftpd", tag="latest", kind="small", env=("STANDIN_ROLE=stay",))
        for who in ("hauptmedia", "driesva")
    ),
    Image(repository="openlmismw/service-configuration", tag="1.0.0", kind="small", env=("STANDIN_ROLE=config",)),
)


def images() -> Iterator[Image]:
    """List the whole fleet."""
    yield from INFRASTRUCTURE
    yield from (extension_module(tag) for tag in ("1.0.0", "1.1.0"))
    for release in releases():
        yield image(release)
        if release.demo:
            yield from (image(faulty(release, fault)) for fault in faults_of(release))


def releases() -> Iterator[Release]:
    """List every sound version of every service and UI."""
    for name in facts():
        yield from core_releases(name)
    yield from plain_releases("openlmis/diagnostics", DIAGNOSTICS, consul="diagnostics")
    yield from plain_releases("openlmis/reference-ui", REFERENCE_UI, consul="reference-ui", port=80)
    yield from plain_releases("openlmismw/ui", MW_UI, consul="mw-reference-ui", port=80)
    yield from malawi_releases()


def core_releases(name: str) -> Iterator[Release]:
    """List the published versions of one service, and the bench's that carry one migration more."""
    found: list[Release] = []
    for version in facts()[name]["versions"]:
        demo = name != "buq" and version != BENCH[name] and all(release.demo for release in found)
        older = found[-1].spec.version if found else "0.0.1"
        files = published(name, version)
        spec = service_spec(name, version)
        found.append(Release(repository=f"openlmis/{name}", spec=spec, migrations=files, older=older, demo=demo))
    if name in WITHOUT_MIGRATION:
        found.append(with_own_migrations(found[-1], f"{found[-1].spec.version}-bench", ("bench_change",)))
    yield from found


def plain_releases(repository: str, versions: tuple[str, ...], *, consul: str, port: int = 8080) -> Iterator[Release]:
    """List the versions of an image without a schema."""
    name = repository.partition("/")[2]
    demo, older = True, "0.0.1"
    for version in versions:
        demo = demo and version != BENCH.get(name)
        spec = Spec(
            name=name,
            consul=consul,
            version=version,
            served_version=version,
            schema=None,
            history_tables=(),
            flyway="",
            port=port,
        )
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
    return Release(
        repository="openlmis/requisition", spec=service_spec("requisition", version), migrations=migrations, older=core
    )


def service_spec(name: str, version: str) -> Spec:
    """Describe one version of a Core service with a schema."""
    fact = facts()[name]
    history = HISTORY.get(name, ("schema_version",))
    if name == "hapifhir" and not version.startswith("1."):
        history = ("flyway_schema_history", "schema_version")
    number = tuple(int(part) for part in version.partition("-")[0].split("."))
    old = name not in BOOT_2 or number < BOOT_2[name]
    flyway = BEFORE_BOOT_2.get(name, "4.1.2") if old else "6.0.8"
    return Spec(
        name=name, consul=fact["consul"], version=version, served_version=version, schema=fact["schema"], history_tables=history, flyway=flyway
    )  # fmt: skip


def with_own_migrations(release: Release, version: str, names: tuple[str, ...]) -> Release:
    """Make a version that carries migrations of our own on top."""
    first = newest_number(release.migrations) + 1
    own = tuple(added(first + step, name) for step, name in enumerate(names))
    spec = replace(release.spec, version=version, served_version=version)
    return replace(release, spec=spec, migrations=(*release.migrations, *own), older=release.spec.version)


def faults_of(release: Release) -> tuple[Fault, ...]:
    """Say which faults exist of a release; those of migrations need a schema."""
    of_schema = {Fault.FAILING_MIGRATION, Fault.DROPS_COLUMN}
    return tuple(
        fault for fault in Fault if fault is not Fault.NONE and (release.spec.schema or fault not in of_schema)
    )


def faulty(release: Release, fault: Fault) -> Release:
    """Make the version of a release that has this fault; its tag says so."""
    version = f"{release.spec.version}-{fault}"
    served = release.older if fault is Fault.WRONG_VERSION else version
    spec = replace(release.spec, version=version, served_version=served, fault=fault)
    return replace(release, spec=spec, migrations=(*release.migrations, *fault_migrations(release, fault)))


def fault_migrations(release: Release, fault: Fault) -> tuple[MigrationFile, ...]:
    """Write the migrations that a fault adds; the second failing one divides by zero after the first has done its work."""
    # Far from the numbers of hotfixes: a fault's migration must never pass for another one that is applied already.
    first = newest_number(release.migrations) + 100
    if fault is Fault.FAILING_MIGRATION:
        failing = f"ALTER TABLE catalogue ADD COLUMN c_{first + 1} text;\nUPDATE catalogue SET c_{first + 1} = (1 / (id - id))::text;\n"
        return (added(first, "works"), added(first + 1, "fails", failing))
    if fault is Fault.DROPS_COLUMN:
        table = "CREATE TABLE IF NOT EXISTS records (id text PRIMARY KEY, note text, written_at timestamptz NOT NULL DEFAULT now());\n"
        dropping = table + "ALTER TABLE records DROP COLUMN note;\n"
        return (added(first + 100, "drops_a_column_in_use", dropping),)
    return ()


def image(release: Release) -> Image:
    """Turn a release into an image: the service base with its jar."""
    jar = service_jar(release.spec, release.migrations)
    return Image(repository=release.repository, tag=release.spec.version, kind="service", files=(("service.jar", jar),))


def extension_module(tag: str) -> Image:
    """Make a version of the module that Malawi attaches to stockmanagement."""
    properties = b"AdjustmentReasonValidator=MwAdjustmentReasonValidator\n"
    folder = "extension-files"
    files = (
        (f"{folder}/mw-extensions-{tag}.jar", f"module {tag}\n".encode()),
        (f"{folder}/extensions.properties", properties),
    )
    return Image(
        repository="openlmismw/extensions", tag=tag, kind="small", env=("STANDIN_ROLE=extensions",), files=files
    )
