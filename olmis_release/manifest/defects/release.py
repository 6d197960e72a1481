"""The checks over a merged release: its components seen as the services of a distribution."""

from __future__ import annotations

from collections.abc import Iterable

from olmis_release.errors import Problem, Where
from olmis_release.manifest.bodies import normalised
from olmis_release.manifest.defects import mutable_tags
from olmis_release.manifest.defects.heaps import size_of
from olmis_release.manifest.defects.model import Check, Context
from olmis_release.manifest.defects.run import OF_VALUES, find
from olmis_release.manifest.importers.model import Distribution, ImportedService
from olmis_release.manifest.model import Component, Origin, ReleaseManifest
from olmis_release.manifest.policy import Policy, defect_of

IN_RELEASE: tuple[Check, ...] = (*OF_VALUES, mutable_tags.check)


def find_in_release(
    manifest: ReleaseManifest, context: Context | None = None, *, checks: Iterable[Check] = IN_RELEASE
) -> tuple[Problem, ...]:
    """Return what is doubtful in a release, at the place in the layer that said it.

    Digests are left out of account: they say what a tag meant when it was asked for, not that it was meant to stay.
    A profile that is a variable is no defect here: rendering refuses a variable without value.
    """
    found = find(as_distribution(manifest), context, checks=checks)
    return tuple(problem for problem in found if defect_of(problem.code) != "open-profile")


def context_of(policy: Policy, *, earlier: ReleaseManifest | None = None) -> Context:
    """Return what a workspace's policy says that the checks need, and the images of the manifest before."""
    before = earlier.components if earlier else {}
    return Context(
        earlier={name: component.image for name, component in before.items()},
        memory_bytes=size_of(policy.memory) if policy.memory else None,
        image_mounts=policy.image_mounts,
        registries=policy.registries,
    )


def as_distribution(manifest: ReleaseManifest) -> Distribution:
    """Return a release as a distribution, each value where its layer gave it."""
    return Distribution(
        name=manifest.version,
        services={name: _service(name, component) for name, component in manifest.components.items()},
        volumes=manifest.volumes,
    )


def _service(name: str, component: Component) -> ImportedService:
    places = {path.removeprefix("compose."): _where(origin) for path, origin in component.origin.items()}
    whole = places.get("image", Where(file=""))
    body = normalised(component.compose)
    return ImportedService(
        name=name,
        image=component.image.model_copy(update={"digest": None}),
        built=False,
        body=body,
        open_body=body,
        where={**places, "": whole},
        image_where=whole,
        image_text=str(component.image),
        literal_image=True,
    )


def _where(origin: Origin) -> Where:
    return Where(file=origin.file, line=origin.line)
