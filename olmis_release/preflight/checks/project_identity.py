"""Is this the stack that the instance file means, and the only one?

Compose knows a stack by its project name alone. A wrong name in the instance file would bring up a second stack with
empty volumes beside the one that users work with.
"""

from __future__ import annotations

from olmis_release.instance.ports import Container, ContainerStatus
from olmis_release.preflight.model import Check, Finding, Subject, failed, passed, warned
from olmis_release.text import listed, plural

WALL_LABEL = "org.openlmis.release.wall"


def project_is_the_instance(subject: Subject) -> Finding:
    """Find the stack by its labels, and any other that could be meant or gets in its way."""
    foreign = _foreign(subject)
    if foreign is not None:
        return foreign
    shared = _shared_volumes(subject)
    if shared:
        return failed(
            f"Containers of other projects use the same volumes: {', '.join(shared)}.",
            resolution="Two stacks must never write to one volume: stop the other, or correct `project` or the volume.",
        )
    return _twins_or_fine(subject)


def _foreign(subject: Subject) -> Finding | None:
    """Return a refusal if the project's containers belong to something that is not this distribution."""
    components = {one.component for one in subject.containers if one.component}
    planned = {change.component for change in subject.plan.changes} if subject.plan else set()
    if not components or components & (set(subject.manifest.components) | planned):
        return None
    return failed(
        f"Project {subject.site.config.project} runs something else: {listed(sorted(components))}.",
        resolution="Correct `project` in the instance file.",
    )


def _twins_or_fine(subject: Subject) -> Finding:
    project, running = subject.site.config.project, len(subject.containers)
    twins = _twins(subject)
    if not twins:
        found = f"holds {plural(running, 'container')}" if running else "is new here"
        return passed(f"Project {project} {found}; no other project runs this distribution.")
    named = f"the same components run on this engine as {listed(twins)}, which this tool does not manage"
    if running:
        return warned(f"Beside project {project}, {named}.", resolution="Make sure that users are on the right one.")
    return failed(
        f"Project {project} has no containers, but {named}. A deploy would make a second stack with empty volumes.",
        resolution=f"If you mean that stack, write `project: {twins[0]}` in the instance file; if not, remove it.",
    )


def _twins(subject: Subject) -> tuple[str, ...]:
    """Return other projects that run at least half of the components and are nobody's known instance."""
    wanted = set(subject.manifest.components)
    return tuple(
        name
        for name, services in sorted(_others(subject).items())
        if len(wanted & set(services)) * 2 >= len(wanted) and not _is_known_instance(subject, name)
    )


def _is_known_instance(subject: Subject, project: str) -> bool:
    """Tell whether this tool manages that project for users of another address.

    The name of its instance tells nothing: a host may carry the `uat` of two countries.
    """
    wall = subject.site.engine.container(f"{project}-wall")
    port = int(subject.site.config.wall.publish.rpartition(":")[2])
    return wall is not None and WALL_LABEL in wall.labels and port not in {published for _, published in wall.ports}


def _others(subject: Subject) -> dict[str, tuple[str, ...]]:
    projects = subject.site.engine.projects()
    return {name: tuple(services) for name, services in projects.items() if name != subject.site.config.project}


def _shared_volumes(subject: Subject) -> tuple[str, ...]:
    ours = set(subject.rendered.volumes.values())
    users = (one for name in sorted(_others(subject)) for one in subject.site.engine.containers(name))
    return tuple(f"{volume} ({one.name})" for one in users if _works(one) for volume in sorted(ours & set(one.volumes)))


def _works(container: Container) -> bool:
    return container.status in {ContainerStatus.RUNNING, ContainerStatus.RESTARTING, ContainerStatus.PAUSED}


CHECK = Check(
    id="project-identity",
    question="Is the Compose project the instance's own stack, and the only one?",
    ask=project_is_the_instance,
)
