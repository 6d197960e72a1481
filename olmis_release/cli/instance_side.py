"""An instance as one side of a comparison: what runs there now, and a release as it would be there."""

from __future__ import annotations

from collections.abc import Mapping

from olmis_release.cli import wiring
from olmis_release.cli.session import Session
from olmis_release.instance.ports import Container, Engine
from olmis_release.instance.state import digest_of
from olmis_release.manifest.comparison import ENVIRONMENT
from olmis_release.manifest.model import DEFAULT_REGISTRY, ImageRef
from olmis_release.manifest.side import Side, of_release
from olmis_release.smoke.model import containers_of


def instance_side(session: Session, name: str) -> Side:
    """Return what runs on an instance: images under their own names again, and the environment of the containers.

    Raises:
        TargetUnreachable: Its engine does not answer.
    """
    site = session.quiet_site(name)
    found = containers_of(site)
    settings = wiring.settings_of(session.workspace, site.config)
    return Side(
        name=name,
        images={
            component: _image(container, digest_of(site.engine, container), site.config.registries)
            for component, container in found.items()
        },
        bodies={component: {ENVIRONMENT: dict(container.environment)} for component, container in found.items()},
        seen=frozenset({ENVIRONMENT}),
        given={component: {**_of_image(site.engine, one), **settings} for component, one in found.items()},
    )


def as_on(session: Session, name: str, side: Side) -> Side:
    """Return a release as it would be on an instance: with the instance file's variables and overrides."""
    if side.manifest is None:
        return side
    config = wiring.read_instance(session.workspace, name)
    declared = side.manifest.variables
    settings = wiring.settings_of(session.workspace, config)
    return of_release(
        side.manifest,
        name=side.name,
        variables={**{key: value for key, value in settings.items() if key in declared}, **config.variables},
        overrides={component: one.set for component, one in config.components.items()},
    )


def _of_image(engine: Engine, container: Container) -> Mapping[str, str]:
    image = engine.image(container.image_id)
    return image.environment if image else {}


def _image(container: Container, digest: str | None, mirrors: Mapping[str, str]) -> ImageRef | None:
    """Return a container's image; None for one that has no name of its own."""
    written = container.image_name.partition("@")[0]
    for registry, mirror in mirrors.items():
        if written.startswith(f"{mirror}/"):
            path = written.removeprefix(f"{mirror}/")
            written = path.removeprefix("library/") if registry == DEFAULT_REGISTRY else f"{registry}/{path}"
    try:
        return ImageRef.parse(written).model_copy(update={"digest": digest})
    except ValueError:
        return None
