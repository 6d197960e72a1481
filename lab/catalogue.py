"""Every image of the stand-in fleet: which repository and tag, on which base, with what on top."""

from collections.abc import Iterator
from dataclasses import dataclass

from lab.faults import faults_of, faulty
from lab.jar import service_jar
from lab.releases import Release, releases

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
        Image(repository=f"{owner}/proftpd", tag="latest", kind="small", env=("STANDIN_ROLE=stay",))
        for owner in ("hauptmedia", "driesva")
    ),
    *(
        Image(repository="openlmismw/service-configuration", tag=tag, kind="small", env=("STANDIN_ROLE=config",))
        for tag in ("1.0.0", "1.1.0")
    ),
)


def images() -> Iterator[Image]:
    """List the whole fleet."""
    yield from INFRASTRUCTURE
    yield from (extension_module(tag) for tag in ("1.0.0", "1.1.0"))
    for release in releases():
        yield image(release)
        if release.demo:
            yield from (image(faulty(release, fault)) for fault in faults_of(release))


def image(release: Release) -> Image:
    """Turn a release into an image: the service base with its jar."""
    jar = service_jar(release.spec, release.migrations)
    return Image(repository=release.repository, tag=release.spec.version, kind="service", files=(("service.jar", jar),))


def extension_module(tag: str) -> Image:
    """Make a version of the module that Malawi attaches to stockmanagement."""
    folder = "extension-files"
    files = (
        (f"{folder}/mw-extensions-{tag}.jar", f"module {tag}\n".encode()),
        (f"{folder}/extensions.properties", b"AdjustmentReasonValidator=MwAdjustmentReasonValidator\n"),
    )
    env = ("STANDIN_ROLE=extensions",)
    return Image(repository="openlmismw/extensions", tag=tag, kind="small", env=env, files=files)
