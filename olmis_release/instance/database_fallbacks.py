"""What an instance has beside the clone to make its database able to go back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from olmis_release.instance.config import InstanceConfig, RollbackMethod
from olmis_release.instance.database import PostgresDatabase, password_of
from olmis_release.instance.database_dump import Access, Dumps
from olmis_release.instance.database_hook import SnapshotHook
from olmis_release.instance.engine import DockerEngine
from olmis_release.instance.ports import Fallback


def fallbacks_of(
    config: InstanceConfig,
    engine: DockerEngine,
    database: PostgresDatabase,
    *,
    settings: Mapping[str, str],
    hooks: Path,
) -> Mapping[RollbackMethod, Fallback]:
    """Return them by method; a database that no component runs cannot be dumped from here. Nothing is asked yet."""
    hook = SnapshotHook(hooks, instance=config.name, database=config.database.name)
    found: dict[RollbackMethod, Fallback] = {RollbackMethod.HOOK: hook}
    if config.database.component is not None:
        access = Access(
            project=config.project, user=config.database.user, password=password_of(config.database, settings)
        )
        found[RollbackMethod.DUMP] = Dumps(engine, database, component=config.database.component, access=access)
    return found
