"""In what a deployed release differs from the compose files it was imported from, on purpose: the whole list.

The round trip (import, candidate, rendered Compose file) equals `docker compose config` of the original in everything
else, service by service; tests hold it to that.
"""

from __future__ import annotations

DIFFERENCES: tuple[tuple[str, str], ...] = (
    ("name", "the project is the instance's, not the folder's"),
    ("image", "pinned by digest, and pulled from the instance's mirror where it has one"),
    ("build", "nothing is built at deploy time: a finished image stands in its place"),
    ("container_name", "left out, so that old and new containers can stand side by side"),
    ("scale", "left out: one container per component"),
    ("profiles", "left out: what Compose would start without naming a profile runs, the rest is not in the release"),
    ("configs and secrets", "left out, with a warning: a release carries no files from beside the compose file"),
    ("label_file", "left out, with a warning, for the same reason"),
    ("untagged image", "`:latest` is written out; nothing released may be untagged"),
    ("env_file", "every file is the instance's one settings file"),
    ("restart", "`always` where the file says nothing: an engine that was killed brings back only those"),
    ("labels.org.openlmis.release.config", "added, to tell a changed configuration"),
    ("ports of the front door", "left out: the wall publishes them"),
    ("volumes", "those filled by a config or extension image carry its tag, so that a new image fills a new volume"),
    ("mounts of relative paths", "start from the workspace of whoever deploys, with a warning"),
    ("unused volumes", "top-level volumes that nobody mounts are left out"),
)
"""Part of a service (or of the file), and why it differs."""

LEFT_OUT: tuple[str, ...] = ("build", "container_name", "scale", "profiles", "extends")
"""Keys of a service that never come into a manifest."""
