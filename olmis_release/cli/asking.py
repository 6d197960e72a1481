"""Asking registries what tags mean, told to the person each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from olmis_release.cli.session import Session

if TYPE_CHECKING:
    from olmis_release.instance.ports import Registry
    from olmis_release.manifest.model import ImageRef

Command = TypeVar("Command", bound=Callable[..., Any])


def mirror_option() -> Callable[[Command], Command]:
    """Return the decorator for ``--mirror``."""
    return click.option(
        "--mirror",
        "mirrors",
        multiple=True,
        metavar="REGISTRY=HOST",
        help="Ask HOST instead; default: $OLMIS_RELEASE_MIRRORS, else manifests/registries.yml.",
    )


def registry_of(session: Session, mirrors: tuple[str, ...]) -> Registry:
    """Return the registries, through the mirrors given or known."""
    from olmis_release.cli import wiring
    from olmis_release.manifest.registries import parse_mirrors

    chosen = parse_mirrors(mirrors, shown_as="--mirror") if mirrors else wiring.default_mirrors(session.workspace)
    return wiring.open_registry(session.workspace, chosen)


class Asking:
    """Asks what an image's tag means now, and on which platforms its index means what; tells the person each time."""

    def __init__(self, session: Session, registry: Registry) -> None:
        """Keep whom to ask; nothing is sent yet."""
        self._session = session
        self._registry = registry

    def __call__(self, image: ImageRef) -> str | None:
        """Return the digest that a tag means now, None if the registry has no such image."""
        from olmis_release.events import Progress

        self._session.reporter.report(Progress(activity=f"asking the registry for {image}"))
        return self._registry.digest(image)

    def platforms(self, image: ImageRef) -> Mapping[str, str]:
        """Return platform to digest for an image whose digest is that of an index."""
        return self._registry.platforms(image)
