"""Names that a service uses and the file does not have: services, volumes, networks, configs, secrets.

Compose refuses all of them, but says only the first, and never where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from olmis_release.errors import Problem
from olmis_release.manifest.defects.model import Context, error
from olmis_release.manifest.edges import cycle_in
from olmis_release.manifest.image import ComposeValue
from olmis_release.manifest.importers.model import Distribution, ImportedService
from olmis_release.manifest.volumes import volume_of
from olmis_release.text import did_you_mean, listed, safe

Named = Iterator[tuple[str, str]]
"""Path inside the service, and the name that is used there."""


def check(distribution: Distribution, context: Context) -> Iterator[Problem]:
    """Yield every name that leads nowhere, and services that wait for each other."""
    del context
    for name, service in distribution.services.items():
        for kind in _KINDS:
            known = kind.known(distribution)
            for path, wanted in kind.names_in(service):
                if wanted not in known:
                    yield _missing(name, service, kind, path=path, wanted=wanted, known=known)
    yield from _cycles(distribution)


def needs(service: ImportedService) -> Named:
    """Yield the services that one cannot start without."""
    yield from _keys_or_items(service, "depends_on")
    for key in ("links", "volumes_from"):
        for path, text in _keys_or_items(service, key):
            if not text.startswith("container:"):
                yield path, text.partition(":")[0]
    for key in ("network_mode", "ipc", "pid"):
        value = service.body.get(key)
        if isinstance(value, str) and value.startswith("service:"):
            yield key, value.removeprefix("service:")


def _volumes(service: ImportedService) -> Named:
    mounts = service.body.get("volumes", [])
    for index, mount in enumerate(mounts if isinstance(mounts, list) else []):
        name = volume_of(mount)
        if name:
            yield f"volumes.{index}", name


def _networks(service: ImportedService) -> Named:
    yield from ((path, name) for path, name in _keys_or_items(service, "networks") if name != "default")


def _sources(key: str) -> Callable[[ImportedService], Named]:
    def found(service: ImportedService) -> Named:
        entries = service.body.get(key, [])
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            name = entry.get("source", "") if isinstance(entry, dict) else entry
            if isinstance(name, str):
                yield f"{key}.{index}", name

    return found


def _keys_or_items(service: ImportedService, key: str) -> Named:
    value: ComposeValue = service.body.get(key, [])
    if isinstance(value, dict):
        yield from ((f"{key}.{name}", name) for name in value)
    elif isinstance(value, list):
        yield from ((f"{key}.{index}", name) for index, name in enumerate(value) if isinstance(name, str))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """A kind of name: what uses it is said by `verb`."""

    code: str
    verb: str
    section: str
    names_in: Callable[[ImportedService], Named]
    known: Callable[[Distribution], Mapping[str, object]]


def _top(section: str) -> Callable[[Distribution], Mapping[str, object]]:
    return lambda distribution: distribution.top.get(section, {})


_KINDS = (
    _Kind(code="E-DEPENDS-ON", verb="depends on", section="services", names_in=needs, known=lambda one: one.services),
    _Kind(code="E-VOLUME", verb="mounts volume", section="volumes", names_in=_volumes, known=lambda one: one.volumes),
    _Kind(
        code="E-NETWORK", verb="joins network", section="networks", names_in=_networks, known=lambda one: one.networks
    ),
    _Kind(
        code="E-REFERENCE", verb="uses config", section="configs", names_in=_sources("configs"), known=_top("configs")
    ),
    _Kind(
        code="E-REFERENCE", verb="uses secret", section="secrets", names_in=_sources("secrets"), known=_top("secrets")
    ),
)


def _missing(
    name: str, service: ImportedService, kind: _Kind, *, path: str, wanted: str, known: Mapping[str, object]
) -> Problem:
    message = f"{name} {kind.verb} {safe(wanted)}, which is not in the file."
    near = did_you_mean(wanted, known)
    there = f"There are: {listed(sorted(known))}." if known and kind.section == "services" else ""
    do = near or there or f"Add `{safe(wanted)}:` to the top-level `{kind.section}`."
    return error(kind.code, message, where=service.place(path), do=do)


def _cycles(distribution: Distribution) -> Iterator[Problem]:
    services = distribution.services
    graph = {name: tuple(wanted for _, wanted in needs(service)) for name, service in services.items()}
    cycle = cycle_in(graph)
    if cycle:
        places = ", ".join(str(services[name].place("depends_on")) for name in cycle[1:-1])
        message = f"services wait for each other: {' -> '.join(cycle)}" + (f" (also {places})." if places else ".")
        yield error("E-CYCLE", message, where=services[cycle[0]].place("depends_on"), do="Remove one dependency.")
