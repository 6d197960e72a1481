"""A site: an instance's configuration together with the adapters that reach it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from olmis_release.events import Reporter
from olmis_release.instance.config import InstanceConfig, RollbackMethod
from olmis_release.instance.locking import InstanceLock
from olmis_release.instance.ports import Compose, Consul, Database, Engine, Fallback, FrontDoor, Registry, Wall
from olmis_release.redaction import NOTHING_SECRET, Redactor
from olmis_release.workspace import InstanceFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything a check, probe or step needs to reach one instance.

    Attributes:
        config: The instance file.
        folder: Where the workspace keeps this instance's own files (settings copies, runs, lock).
        redactor: Takes the instance's secrets out of everything that a run writes down.
        run_pass: The secret of this run that the wall lets through; fresh for every command that needs it.
        fallbacks: Ways back for the database beside the clone, by method.
    """

    config: InstanceConfig
    folder: InstanceFolder
    engine: Engine
    compose: Compose
    database: Database
    registry: Registry
    front: FrontDoor
    wall: Wall
    consul: Consul
    lock: InstanceLock
    reporter: Reporter
    run_pass: str = field(repr=False)
    redactor: Redactor = NOTHING_SECRET
    fallbacks: Mapping[RollbackMethod, Fallback] = field(default_factory=dict)
