"""One preflight check per file; here they stand in the order in which they are asked.

What is cheap and explains later failures comes first: the engine before the images, the database before its rights.
"""

from __future__ import annotations

from olmis_release.preflight.checks import (
    compose_recent,
    database_reachable,
    database_rights,
    engine_recent,
    image_room,
    images_at_registry,
    memory,
    mutable_tags,
    nothing_in_the_way,
    ports_free,
    production_profile,
    project_identity,
    restart_policy,
    rollback_point_room,
    settings_file,
)
from olmis_release.preflight.model import Check

CHECKS: tuple[Check, ...] = (
    engine_recent.CHECK,
    compose_recent.CHECK,
    settings_file.CHECK,
    project_identity.CHECK,
    production_profile.CHECK,
    mutable_tags.CHECK,
    images_at_registry.CHECK,
    image_room.CHECK,
    database_reachable.CHECK,
    database_rights.CHECK,
    rollback_point_room.CHECK,
    nothing_in_the_way.CHECK,
    ports_free.CHECK,
    restart_policy.CHECK,
    memory.CHECK,
)
"""Every check, in order."""
