"""Recognising OpenLMIS 2.x: another programme of the same name, one web archive instead of services."""

from __future__ import annotations

import re

from olmis_release.errors import Problem, Where
from olmis_release.manifest.importers.model import Distribution
from olmis_release.manifest.importers.tree import Tree, joined
from olmis_release.manifest.variables import placed_texts

# What 2.x calls itself in names of repositories, archives, databases and folders of its deployment.
_NAME = re.compile(
    r"open-?lmis(?:-web|[-_/.:]*2\.|\.war)|open-lmis|\blmis[-_]?moz|2\.0-(?:moz|dev)\b|siglus", re.IGNORECASE
)
_TREE = re.compile(
    r"(?:open-?lmis.*\.war|open-lmis.*|portal[-_]deployment|openlmis-web|.*atomfeed\.properties)\Z", re.IGNORECASE
)
_SERVICES_OF_3 = re.compile(r"(?:openlmis\w*/.+|.*/(?:requisition|referencedata|stockmanagement|fulfillment))\Z")


def second_generation(distribution: Distribution, tree: Tree | None = None) -> Problem | None:
    """Return the refusal of an OpenLMIS 2.x distribution, None for anything else.

    Args:
        distribution: What was read; it may be empty.
        tree: The source's files, where they are at hand.
    """
    if any(_SERVICES_OF_3.match(image.path) for image in distribution.images.values()):
        return None
    where = _in_services(distribution) or _in_tree(tree, distribution.folder)
    if where is None:
        return None
    message = "this is OpenLMIS 2.x: one web archive with its database, none of the services of 3.x."
    do = "This tool releases OpenLMIS 3 only; name a distribution of version 3."
    return Problem(code="E-OPENLMIS-OLD", message=message, resolution=do, where=where)


def _in_services(distribution: Distribution) -> Where | None:
    for service in distribution.services.values():
        texts = [str(service.image or ""), service.build, *(text for _, text in placed_texts(service.body, ""))]
        if any(_NAME.search(text) for text in texts):
            return service.place()
    return None


def _in_tree(tree: Tree | None, folder: str) -> Where | None:
    if tree is None:
        return None
    for place in dict.fromkeys((folder or ".", ".")):
        for name in tree.names(joined(".", place) or ".") or ():
            if _TREE.match(name):
                return Where(file=name if place == "." else f"{place}/{name}")
    return None
