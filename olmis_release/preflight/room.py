"""How much room and how local a target is: measured, never guessed."""

from __future__ import annotations

import shutil

from olmis_release.instance.config import Docker
from olmis_release.instance.endpoint import UNIX, located
from olmis_release.instance.ports import Container, ContainerStatus
from olmis_release.preflight.model import Subject


def engine_is_local(docker: Docker) -> bool:
    """Return whether the engine runs on this very host, so that its files and ports can be looked at from here."""
    if docker.context not in {None, "default"}:
        return False
    # The environment or the user's own context may lead elsewhere.
    return located(docker)[0].startswith(UNIX)


def free_bytes_on_engine(subject: Subject) -> int | None:
    """Return the free room where the engine keeps its images, None where nobody can say.

    A container's own root lies there, so one of the project's is asked; on an empty local host the folder itself is.
    """
    for container in _askable(subject):
        result = subject.site.engine.exec(container.id, ("df", "-PB1", "/"))
        free = parse_df(result.stdout) if result.exit_code == 0 else None
        if free is not None:
            return free
    return _free_in_folder(subject)


def parse_df(output: str) -> int | None:
    """Return the bytes available from ``df -PB1``, None when the output is not df's."""
    lines = output.strip().splitlines()
    columns = lines[-1].split() if len(lines) > 1 else []
    return int(columns[3]) if len(columns) >= 6 and columns[3].isdecimal() else None


def _askable(subject: Subject) -> tuple[Container, ...]:
    """Return the running containers that have a ``df``: the database's, then the wall's."""
    config = subject.site.config
    wanted = (config.database.component, config.wall.component)
    running = {one.component: one for one in subject.containers if one.status is ContainerStatus.RUNNING}
    wall = subject.site.engine.container(f"{config.project}-wall")
    walls = (wall,) if wall is not None and wall.status is ContainerStatus.RUNNING else ()
    return (*(running[name] for name in wanted if name is not None and name in running), *walls)


def _free_in_folder(subject: Subject) -> int | None:
    if not engine_is_local(subject.site.config.docker):
        return None
    try:
        return shutil.disk_usage(subject.site.engine.info().root_dir).free
    except OSError:
        return None
