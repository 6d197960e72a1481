"""Images from the wrong organisation: a country's version on Core's repository, or one that changed owners unsaid."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping

from olmis_release.errors import Problem
from olmis_release.manifest.defects.malformed_tags import meant_by
from olmis_release.manifest.defects.model import Context, warning
from olmis_release.manifest.defects.mutable_tags import shown
from olmis_release.manifest.image import ImageRef
from olmis_release.manifest.importers.model import Distribution, ImportedService
from olmis_release.text import did_you_mean, safe
from olmis_release.version import Order, compare_tags

CORE = "openlmis"
SERVICES = frozenset({
    "auth", "buq", "cce", "dhis2-integration", "diagnostics", "fulfillment", "hapifhir", "notification", "reference-ui",
    "referencedata", "report", "requisition", "stockmanagement",
})  # fmt: skip
_COUNTRY = re.compile(r"v?[0-9]+(?:\.[0-9]+)+[._-](?P<word>[A-Za-z]{2,})[0-9]*(?:[._-][A-Za-z0-9]+)*\Z")
_OF_COUNTRIES = re.compile(r"(?:.+-)?ui|reports")
_CORE_BESIDE_RELEASES = frozenset({"scalyr", "dev-ui", "requisition-refui", "reference-ui"})
"""Images that Core's organisation publishes and that no release needs to name."""
_FEW, _MANY = 1, 2
_OF_CORE = frozenset({"snapshot", "beta", "rc", "hotfix", "alpine", "debian", "slim", "debezium", "postgis", "staging"})
_MAJOR = re.compile(r"v?([0-9]{1,9})\.[0-9]")


def check(distribution: Distribution, context: Context) -> Iterator[Problem]:
    """Yield images on a Core repository that Core cannot have made, and images that changed organisation."""
    newest = _newest_majors(context.core)
    trusted = _mostly_known(distribution, newest)
    for name, service in distribution.services.items():
        if service.image is None:
            continue
        why = _why_not_core(service.image, newest if trusted else {}) or _why_not_known(service.image, context)
        if why:
            yield _on_core(name, service, why, distribution=distribution)
        else:
            yield from _unknown(name, service, distribution=distribution, context=context)
        yield from _changed(name, service, _before(name, distribution, context.earlier))
    yield from _strays(distribution)


def organisation(image: ImageRef) -> str:
    """Return who publishes an image, registry included when it is not Docker Hub; empty for Docker's own images."""
    return posixpath.dirname(image.repository.removeprefix("docker.io/"))


def base_name(image: ImageRef) -> str:
    """Return an image's name without its organisation."""
    return posixpath.basename(image.repository)


def _why_not_core(image: ImageRef, newest: Mapping[str, int]) -> str:
    """Return why Core did not publish an image that bears its name, nothing when it may have."""
    name = base_name(image)
    if not organisation(image) and name in SERVICES:
        return f"{image.repository} names no organisation, so Docker takes it for one of its own images"
    if organisation(image) != CORE:
        return ""
    if _is_a_countrys(image.tag):
        return f"`{safe(image.tag)}` looks like a country's version, and the repository is Core's"
    major = _MAJOR.match(image.tag)
    if major and name in newest and int(major[1]) > newest[name]:
        return (
            f"no known Core release has {image.repository} above {newest[name]}.x; {image.tag} looks like a country's"
        )
    return ""


def _is_a_countrys(tag: str) -> bool:
    country = _COUNTRY.match(tag)
    return country is not None and country["word"].lower() not in {*_OF_CORE, "rgit"} and not meant_by(tag)


def _why_not_known(image: ImageRef, context: Context) -> str:
    """Return why an image with a name that countries give their own is not Core's, nothing when it may be."""
    name = base_name(image)
    if organisation(image) != CORE or not _OF_COUNTRIES.fullmatch(name) or name in _CORE_BESIDE_RELEASES:
        return ""
    published = {base_name(one) for images in context.core.values() for one in images.values() if _is_core(one)}
    return "" if name in published else f"Core publishes no {image.repository}; countries name their own images so"


def _is_core(image: ImageRef) -> bool:
    return organisation(image) == CORE


def _strays(distribution: Distribution) -> Iterator[Problem]:
    """Yield the one image of an organisation that is nearly, but not quite, the country's."""
    counted = _own_organisations(distribution)
    for name, service in distribution.services.items():
        theirs = organisation(service.image) if service.image else ""
        others = [own for own, count in counted.items() if count >= _MANY and own != theirs]
        if service.image and counted[theirs] == _FEW and others:
            message = f"{name}: no other image comes from {theirs}; the country's come from {others[0]}."
            do = f"Is it {others[0]}/{base_name(service.image)}:{service.image.tag}?"
            yield warning("stray-organisation", message, where=service.image_where, do=do)


def _on_core(name: str, service: ImportedService, why: str, *, distribution: Distribution) -> Problem:
    assert service.image is not None  # noqa: S101 - the caller has looked
    own = _own_organisation(distribution)
    meant = f"{own}/{base_name(service.image)}:{service.image.tag}" if own else ""
    do = f"Did you mean `{meant}`?" if meant else "Name the organisation that publishes it."
    return warning("core-organisation", f"{name}: {why}.", where=service.image_where, do=do)


def _unknown(name: str, service: ImportedService, *, distribution: Distribution, context: Context) -> Iterator[Problem]:
    """Yield a repository of Core's organisation that no known Core release uses."""
    known = {image.repository for images in context.core.values() for image in images.values()}
    image = service.image
    if not known or image is None or organisation(image) != CORE or base_name(image) in _CORE_BESIDE_RELEASES:
        return
    if image.repository.removeprefix("docker.io/") in known:
        return
    own = _own_organisation(distribution)
    near = did_you_mean(base_name(image), {posixpath.basename(one) for one in known if one.startswith(f"{CORE}/")})
    message = f"{name}: no known Core release has {image.repository}."
    do = near or (f"Is it {own}/{base_name(image)}?" if own else "Check the organisation.")
    yield warning("unknown-core-image", message, where=service.image_where, do=do)


def _before(name: str, distribution: Distribution, earlier: Mapping[str, ImageRef]) -> list[ImageRef]:
    """Return what a service ran before: its own image, or for a new service those of services that are gone."""
    if name in earlier:
        return [earlier[name]]
    return [image for other, image in earlier.items() if other not in distribution.services]


def _changed(name: str, service: ImportedService, before: list[ImageRef]) -> Iterator[Problem]:
    """Yield an image that another organisation published before."""
    image = service.image
    if image is None:
        return
    # An image of OpenLMIS without organisation was a slip; to have one again is its repair.
    relevant = [one for one in before if base_name(one) == base_name(image) and not _is_slip(one)]
    if relevant and all(organisation(one) != organisation(image) for one in relevant):
        old = relevant[0]
        message = f"{name}: {shown(image)} comes from another organisation than before ({shown(old)})."
        do = f"Did you mean `{old.repository}:{image.tag}`?"
        yield warning("organisation-changed", message, where=service.image_where, do=do)


def _is_slip(image: ImageRef) -> bool:
    return not organisation(image) and base_name(image) in SERVICES


def lowered(distribution: Distribution, context: Context) -> Iterator[Problem]:
    """Yield images whose tag went down since the last known manifest."""
    for name, service in distribution.services.items():
        before, image = context.earlier.get(name), service.image
        if before is None or image is None or before.repository != image.repository:
            continue
        if compare_tags(before.tag, image.tag) is Order.DOWN:
            message = f"{name}: {image.repository} goes down from {before.tag} to {image.tag}."
            yield warning("lowered-version", message, where=service.image_where, do="Say why, or take the newer one.")


def _newest_majors(core: Mapping[str, Mapping[str, ImageRef]]) -> dict[str, int]:
    """Return the newest major version of each Core service in any known Core release."""
    newest: dict[str, int] = {}
    for images in core.values():
        for image in images.values():
            major = _MAJOR.match(image.tag)
            if major and base_name(image) in SERVICES:
                newest[base_name(image)] = max(int(major[1]), newest.get(base_name(image), 0))
    return newest


def _mostly_known(distribution: Distribution, newest: Mapping[str, int]) -> bool:
    """Return whether most Core services of a file are no newer than the Core releases known.

    If most are newer, it is our knowledge that is old, not the file that is wrong.
    """
    newer, known = 0, 0
    for image in distribution.images.values():
        major = _MAJOR.match(image.tag)
        if major and organisation(image) == CORE and base_name(image) in newest:
            known += 1
            newer += int(major[1]) > newest[base_name(image)]
    return known > 0 and newer * 2 < known


def _own_organisation(distribution: Distribution) -> str:
    """Return the organisation that the country's own images come from, empty when none stands out."""
    own = _own_organisations(distribution)
    return max(own, key=lambda name: (own[name], name)) if own else ""


def _own_organisations(distribution: Distribution) -> Counter[str]:
    """Return the organisations that are named after OpenLMIS and are not Core's, with their number of images."""
    named = (organisation(image) for image in distribution.images.values())
    return Counter(name for name in named if name.startswith(CORE) and name != CORE)
