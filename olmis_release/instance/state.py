"""What is on an instance now, read in one go."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from olmis_release.errors import ReleaseError
from olmis_release.instance.ports import Container, DatabaseFacts, Engine, EngineInfo, History, WallState
from olmis_release.instance.site import Site
from olmis_release.manifest.model import ImageRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """An instance as found.

    Attributes:
        containers: By component; of several of one component the running one.
        digests: Component to the digest by which the engine knows its image, None for an image without one.
        histories: The database's Flyway history tables; empty too when `database_problem` says why they are not known.
        database: None when its server does not run or does not have it (yet).
        database_problem: Why the database or its histories could not be read, empty when they were.
        wall: What the wall lets through.
    """

    engine: EngineInfo
    containers: Mapping[str, Container]
    digests: Mapping[str, str | None]
    histories: tuple[History, ...]
    database: DatabaseFacts | None
    wall: WallState
    database_problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    histories: tuple[History, ...] = ()
    facts: DatabaseFacts | None = None
    problem: str = ""


def observe(site: Site) -> Observed:
    """Read an instance; changes nothing.

    Raises:
        TargetUnreachable: The engine does not answer. A database that does not, or is closed, is told in the result.
    """
    engine = site.engine.info()
    containers = _by_component(site.engine.containers(site.config.project))
    data = _data(site)
    return Observed(
        engine=engine,
        containers=containers,
        digests={name: digest_of(site.engine, one) for name, one in containers.items()},
        histories=data.histories,
        database=data.facts,
        database_problem=data.problem,
        wall=site.wall.state(),
    )


def digest_of(engine: Engine, container: Container) -> str | None:
    """Return the digest of a container's image: the one it was made by, else one of the same repository."""
    _, _, written = container.image_name.partition("@")
    image = engine.image(container.image_id)
    if written or image is None:
        return written or None
    digests = dict(known.split("@", 1) for known in image.digests)
    try:
        repository = ImageRef.parse(container.image_name).repository
    except ValueError:  # made from a bare image id
        repository = ""
    return digests.get(repository) or next(iter(digests.values()), None)


def fingerprint_history(history: History) -> str:
    """Return a hash of all rows: a repair or a clean changes it too, not only a new row."""
    rows = [asdict(row) for row in history.rows]
    return hashlib.sha256(json.dumps([history.table, rows], sort_keys=True).encode()).hexdigest()


def _by_component(containers: tuple[Container, ...]) -> dict[str, Container]:
    known = [one for one in containers if one.component]
    return {one.component: one for one in sorted(known, key=lambda one: one.status == "running")}


def _data(site: Site) -> _Data:
    try:
        facts = site.database.facts(site.database.name)
    except ReleaseError as error:
        return _Data(problem=error.message)
    try:
        return _Data(facts=facts, histories=site.database.histories() if facts else ())
    except ReleaseError as error:
        return _Data(facts=facts, problem=error.message)
