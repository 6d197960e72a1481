"""What several steps do to containers: find, stop, deregister."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor

from olmis_release.deploy.job import Job
from olmis_release.deploy.telling import say
from olmis_release.errors import ReleaseError
from olmis_release.instance.ports import Container, ContainerStatus
from olmis_release.manifest.model import Component, Role
from olmis_release.plan.model import StepKind

JVM_GRACE_S = 2
"""Seconds for a service or user interface to stop. Their first process is a shell that passes no signal on, so it
always ends in SIGKILL; waiting the usual ten seconds would only keep users waiting."""

DATABASE_GRACE_S = 120
"""Seconds for a database to write out what it holds."""

DEFAULT_GRACE_S = 10
MANY_AT_ONCE = 16
CONSUL = "consul"


def grace_s(component: Component) -> int:
    """Return how long a component gets between SIGTERM and SIGKILL; its own Compose setting wins."""
    wanted = component.compose.get("stop_grace_period")
    if isinstance(wanted, str) and wanted.removesuffix("s").isdigit():
        return int(wanted.removesuffix("s"))
    if component.role is Role.DATABASE:
        return DATABASE_GRACE_S
    return JVM_GRACE_S if component.role in {Role.SERVICE, Role.UI} else DEFAULT_GRACE_S


def stop_all(job: Job, containers: Sequence[Container], *, for_good: bool = False) -> None:
    """Stop containers side by side; services first lose their registration, so that nobody is sent to them."""
    deregister(job, containers)
    _stop(job, [one for one in containers if one.status is not ContainerStatus.EXITED], for_good=for_good)
    if any(one.status is ContainerStatus.RESTARTING for one in containers):
        deregister(job, containers)  # it may have started, and so registered, once more in between


def stop_failed(job: Job, containers: Sequence[Container]) -> None:
    """Stop containers on the way back for good, then deregister them: one in a crash loop registers at every start.

    An engine that is restarted before the old release is up must not start them again: they would migrate the database
    that was just put back. Whoever starts such a component later makes its container anew.

    Consul not answering must not keep the old release from coming back.
    """
    _stop(job, containers, for_good=True)
    try:
        deregister(job, containers)
    except ReleaseError as error:
        say(job, f"Consul still knows containers that are gone: {error.message}", warning=True)


def stop_what_was_started(job: Job) -> None:
    """Stop what runs of all that the new release starts: nothing of it may see a database that is put back."""
    started = {name for step in job.plan.steps if step.kind is StepKind.START_COMPONENTS for name in step.components}
    asked = {name for name in started if job.component(name).role is not Role.DATABASE}
    running = [one for one in job.containers(asked) if one.status is not ContainerStatus.EXITED]
    if running:
        stop_failed(job, running)


def _stop(job: Job, containers: Sequence[Container], *, for_good: bool = False) -> None:
    with ThreadPoolExecutor(MANY_AT_ONCE) as pool:
        stop = job.site.engine.retire if for_good else job.site.engine.stop
        list(pool.map(lambda one: stop(one.id, grace_s=grace_s(job.component(one.component))), containers))


def deregister(job: Job, containers: Sequence[Container]) -> None:
    """Remove the Consul registrations of these containers; services never do it themselves.

    Where Consul is among them there is nothing to remove: it holds its registrations in memory.
    """
    if any(one.component == CONSUL for one in containers):
        return
    stopped = {one.component for one in containers}
    serving = _serving_besides(job, stopped)
    for service in sorted({job.component(name).consul or "" for name in stopped} - {""}):
        if service not in serving:
            job.site.consul.deregister(service)


def _serving_besides(job: Job, stopped: AbstractSet[str]) -> set[str]:
    """Return the services that other containers answer for: their registrations stay.

    Registrations are told apart by service, not by address: a container in a crash loop has no address just then, and
    what it left behind would get a share of the requests.
    """
    others = {change.component for change in job.plan.changes} - stopped
    running = [one for one in job.containers(others) if one.status is not ContainerStatus.EXITED]
    return {job.component(one.component).consul or "" for one in running}
