"""Is every image at its registry, by digest?"""

from __future__ import annotations

from dataclasses import dataclass

from olmis_release.errors import ReleaseError
from olmis_release.events import Progress
from olmis_release.instance.registry import on_mirror
from olmis_release.manifest.model import ImageRef
from olmis_release.preflight.model import Check, Finding, Subject, failed, passed, warned


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """An image that the deploy needs: whose it is, and under which name the engine would know it."""

    owner: str
    image: ImageRef
    on_engine_as: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Missing:
    wanted: _Wanted
    why: str
    on_engine: bool

    def __str__(self) -> str:
        """Return whose image it is and why it cannot be had."""
        return f"{self.wanted.owner} ({self.wanted.image}: {self.why})"


def images_are_at_registry(subject: Subject) -> Finding:
    """Ask for every image, and list all that cannot be had."""
    unpinned = sorted(name for name, one in subject.manifest.components.items() if one.image.digest is None)
    if unpinned:
        return failed(
            f"Images without a digest: {', '.join(unpinned)}.",
            resolution="Make the candidate again without --offline, so that every image is pinned.",
        )
    wanted = _wanted(subject)
    missing = [gap for number, one in enumerate(wanted) if (gap := _missing(subject, one, number=number))]
    if not missing:
        return passed(f"All {len(wanted)} images are there, by digest.")
    return _verdict(missing, total=len(wanted))


def _verdict(missing: list[_Missing], *, total: int) -> Finding:
    lost = [one for one in missing if not one.on_engine]
    if lost:
        return failed(
            f"{len(lost)} of {total} images cannot be had: {'; '.join(map(str, lost))}.",
            resolution="Push them to the registry, correct the manifest, or correct `registries` in the instance file.",
        )
    return warned(
        f"The engine has them, but the registry does not give them any more: {'; '.join(map(str, missing))}.",
        resolution="Push them again: after a clean-up of the engine nobody could get them back.",
    )


def _wanted(subject: Subject) -> list[_Wanted]:
    images = [
        _Wanted(owner=name, image=component.image, on_engine_as=_name_on_engine(subject, name))
        for name, component in sorted(subject.manifest.components.items())
    ]
    config = subject.site.config
    if subject.site.engine.container(f"{config.project}-wall") is None:
        images.append(
            _Wanted(
                owner="the wall",
                image=config.wall.image_ref,
                on_engine_as=on_mirror(config.wall.image_ref, config.registries),
            )
        )
    return images


def _name_on_engine(subject: Subject, component: str) -> str:
    service = subject.rendered.services.get(component)
    return service.image if service and service.image else subject.manifest.components[component].image.pinned()


def _missing(subject: Subject, wanted: _Wanted, *, number: int) -> _Missing | None:
    """Ask the registry for one image; an error of one must not hide the answers for the others."""
    site = subject.site
    site.reporter.report(
        Progress(activity=f"asking the registry for {wanted.image}", done=float(number), unit="images")
    )
    try:
        if site.registry.has(wanted.image):
            return None
        why = "not at the registry"
    except ReleaseError as error:
        why = error.message
    return _Missing(wanted=wanted, why=why, on_engine=site.engine.image(wanted.on_engine_as) is not None)


CHECK = Check(
    id="images-at-registry", question="Is every image at its registry, by digest?", ask=images_are_at_registry
)
