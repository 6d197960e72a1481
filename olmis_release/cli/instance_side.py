"""An instance as one side of a comparison: the images that run there now, under their own names again."""

from __future__ import annotations

from collections.abc import Mapping

from olmis_release.cli.session import Session
from olmis_release.instance.ports import Container
from olmis_release.instance.state import digest_of
from olmis_release.manifest.model import DEFAULT_REGISTRY, ImageRef
from olmis_release.manifest.side import Side
from olmis_release.smoke.model import containers_of


def instance_side(session: Session, name: str) -> Side:
    """Return what runs on an instance.

    Raises:
        TargetUnreachable: Its engine does not answer.
    """
    site = session.quiet_site(name)
    images = {
        component: _image(container, digest_of(site.engine, container), site.config.registries)
        for component, container in containers_of(site).items()
    }
    return Side(name=name, images=images, bodies=None)


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
