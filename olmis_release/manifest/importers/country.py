"""From a country's distribution to the extension manifest that makes exactly it out of a Core release."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from olmis_release.manifest.bodies import normalised
from olmis_release.manifest.compose_keys import FLAT_MAPPINGS
from olmis_release.manifest.image import TAG, ComposeBody, ComposeValue, ImageRef
from olmis_release.manifest.importers.core import carried, upstream_commit, written_image
from olmis_release.manifest.importers.facts import known_service, role_of
from olmis_release.manifest.importers.model import Distribution
from olmis_release.manifest.importers.pairing import Pairing, pair
from olmis_release.manifest.importers.trial import bodies_after
from olmis_release.manifest.layers import CoreManifest
from olmis_release.manifest.volumes import volumes_of

SHORT = 7

# Whatever the file is called, the instance's settings file takes its place.
_ALL_THE_SAME = frozenset({"env_file"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """An extension manifest about to be written.

    Attributes:
        data: Its content.
        pairing: Who stands for whom.
        stand_ins: Services that the country builds on the spot, with the image named in their place.
    """

    data: dict[str, Any]
    pairing: Pairing
    stand_ins: Mapping[str, ImageRef]


def extension_of(
    distribution: Distribution, core: CoreManifest, *, name: str, stand_ins: Mapping[str, ImageRef] | None = None
) -> Country:
    """Return the extension that makes a distribution out of a Core release.

    Args:
        distribution: The country's.
        core: The Core release that it is written against.
        name: The extension's name.
        stand_ins: Images for services that the country builds on the spot; named after the country where not given.
    """
    pairing = pair(core, distribution)
    named = {service: _stand_in(service, distribution, name) for service in distribution.built}
    images = {**distribution.images, **named, **(stand_ins or {})}
    said = _Statements(distribution, core, images)
    components = {
        **{identity: said.about(identity, pairing.stands_for[identity]) for identity in pairing.stands_for},
        **{identity: {"remove": True, "reason": said.reason()} for identity in pairing.removed},
        **{service: said.added(service) for service in pairing.added},
    }
    data = _head(distribution, core, name) | {"components": {key: one for key, one in components.items() if one}}
    wanted = {service.name: carried(service) for service in distribution.services.values()}
    for identity, changes in _differences(data, core, pairing, wanted=wanted):
        statement = data["components"].pop(identity, {"reason": said.reason(pairing.stands_for[identity])})
        data["components"][identity] = {key: statement[key] for key in statement if key != "reason"} | changes
        data["components"][identity]["reason"] = statement["reason"]
    order = [*core.components, *pairing.added]
    data["components"] = {key: data["components"][key] for key in order if key in data["components"]}
    used = {service: images[service] for service in distribution.built if service in images}
    return Country(data=data, pairing=pairing, stand_ins=used)


def _head(distribution: Distribution, core: CoreManifest, name: str) -> dict[str, Any]:
    mounted = {volume for service in distribution.services.values() for volume in volumes_of(service.open_body)}
    volumes = {key: body for key, body in distribution.volumes.items() if key in mounted}
    sections = {
        "variables": {
            key: value
            for key, value in distribution.variables_open.items()
            if key not in core.variables or core.variables[key] != value
        },
        "volumes": {key: body for key, body in volumes.items() if key not in core.volumes},
        "replace_volumes": {key: body for key, body in volumes.items() if core.volumes.get(key, body) != body},
        "networks": {key: body for key, body in distribution.networks.items() if core.networks.get(key) != body},
    }
    head = {"kind": "extension", "name": name, "core": f"=={core.version}"}
    return head | {key: value for key, value in sections.items() if value}


class _Statements:
    """What is said about each component, bodies apart."""

    def __init__(self, distribution: Distribution, core: CoreManifest, images: Mapping[str, ImageRef]) -> None:
        self.distribution = distribution
        self.core = core
        self.images = images

    def about(self, identity: str, service: str) -> dict[str, Any]:
        """Return the statement about a component that Core has, nothing where its image is Core's."""
        component, image = self.core.components[identity], self.images.get(service)
        core_image = ImageRef.as_written(component.image) if component.image else None
        renamed = {"as": service} if service != identity else {}
        if image is None or (image == core_image and not renamed):
            return {}
        if core_image and not renamed and _only_tag_differs(image, core_image):
            return {"pin": image.tag, "reason": self.reason(service)}
        return {"replace": {**renamed, "image": written_image(image)}, "reason": self.reason(service)}

    def added(self, service: str) -> dict[str, Any]:
        """Return the statement that adds a service."""
        ours = self.distribution.services[service]
        known = known_service(ours)
        names = {"consul": known.consul, "schema": known.schema} if known else {}
        taken = {(one.consul, one.schema_name) for one in self.core.components.values()}
        free = known is not None and (known.consul, known.schema) not in taken
        body: dict[str, Any] = {"image": written_image(self.images[service])} if service in self.images else {}
        body |= {"role": str(role_of(ours)), **({key: value for key, value in names.items() if value} if free else {})}
        return {"add": body | {"compose": carried(ours)}, "reason": self.reason(service)}

    def reason(self, service: str = "") -> str:
        """Return where the country says so."""
        place = self.distribution.services[service].place() if service else None
        commit = upstream_commit(self.distribution)[:SHORT]
        at = f"{place.file}:{place.line}" if place else (self.distribution.files or ("",))[0]
        return f"as in {at}" + (f" at {commit}" if commit else "")


def _only_tag_differs(image: ImageRef, core: ImageRef) -> bool:
    same = image.repository == core.repository and image.digest is None
    return same and not image.untagged and bool(TAG.match(image.tag))


def _stand_in(service: str, distribution: Distribution, name: str) -> ImageRef:
    """Return the name under which an image that is built on the spot today would be pushed."""
    owners = Counter(image.path.partition("/")[0] for image in distribution.images.values())
    ours = [owner for owner, _ in owners.most_common() if owner.startswith("openlmis") and owner != "openlmis"]
    commit = upstream_commit(distribution)[:SHORT]
    owner = ours[0] if ours else f"openlmis{name.replace('-', '')}"
    return ImageRef(repository=f"{owner}/{service}", tag=f"built-{commit}" if commit else "built")


def _differences(
    data: Mapping[str, Any], core: CoreManifest, pairing: Pairing, *, wanted: Mapping[str, ComposeBody]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what `unset` and `set` must say about each component, given what the other statements make of it."""
    made = bodies_after(core, data["components"])
    for identity, service in pairing.stands_for.items():
        unset: list[str] = []
        changed: dict[str, ComposeValue] = {}
        _compare(made.get(service, {}), normalised(wanted[service]), unset=unset, changed=changed)
        changes = ({"unset": unset} if unset else {}) | ({"set": changed} if changed else {})
        if changes:
            yield identity, changes


def _compare(old: ComposeBody, new: ComposeBody, *, unset: list[str], changed: dict[str, ComposeValue]) -> None:
    for key in [*old, *(key for key in new if key not in old)]:
        before, after = old.get(key), new.get(key)
        if after is None:
            unset.append(key)
        elif key in FLAT_MAPPINGS and isinstance(before, dict) and isinstance(after, dict) and after:
            unset.extend(f"{key}.{inner}" for inner in before if inner not in after)
            changed |= {f"{key}.{inner}": value for inner, value in after.items() if before.get(inner) != value}
        elif before != after and not (before and key in _ALL_THE_SAME):
            changed[key] = after
