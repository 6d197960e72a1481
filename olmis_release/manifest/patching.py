"""Emergency candidates: a release with other images for the named components, and proof that nothing else differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from olmis_release.errors import Problem, Where
from olmis_release.manifest.defects.release import context_of, find_in_release
from olmis_release.manifest.diff import Difference, compare
from olmis_release.manifest.digests import platforms_of
from olmis_release.manifest.emergency import Impact, Patch, Urgency, priority_of, route_of
from olmis_release.manifest.findings import Findings
from olmis_release.manifest.lock import parse_release, sha256_of
from olmis_release.manifest.model import TAG, Beaten, Component, ImageRef, Narrowed, Origin, ReleaseManifest
from olmis_release.manifest.policy import Policy, Stage, passed
from olmis_release.manifest.provenance import COMMAND_LINE
from olmis_release.text import did_you_mean, listed
from olmis_release.version import tag_satisfies

DigestOf = Callable[[ImageRef], str | None]

# What an emergency changes in a named component: which image it is, and what is known of that image.
_MAY_DIFFER = frozenset({"image", "reports_version"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchOrder:
    """What a person asks for.

    Attributes:
        release: Version of the emergency release.
        tags: Component and its new tag.
        reason: In words, beside the ticket.
    """

    release: str
    tags: Sequence[tuple[str, str]]
    ticket: str
    impact: Impact
    urgency: Urgency
    reason: str = ""


def patched(base: ReleaseManifest, order: PatchOrder, *, digest_of: DigestOf | None) -> ReleaseManifest:
    """Return the base with other tags for the named components.

    Args:
        base: A candidate or release.
        order: What shall differ, and why.
        digest_of: Asks the registry what a tag means; without it the digests of the named components stay open.

    Raises:
        BadInput: Everything that is wrong with the order, or more than it names would differ.
    """
    findings = Findings()
    version = _version(base, order, findings)
    for component, tag in order.tags:
        _check_target(base, component, tag, findings=findings)
    _check_once(order, findings)
    constraints = dict(_constraints(base, order, findings))
    findings.raise_errors()
    changed = {name: _with_tag(base.components[name], name, tag, order=order) for name, tag in order.tags}
    if digest_of:
        changed = _with_digests(changed, digest_of, findings)
    release = base.model_copy(
        update={
            "version": version,
            "patch": _patch(base, order),
            "constraints": {**base.constraints, **constraints},
            "components": {**base.components, **changed},
        }
    )
    prove_only(base, release, named=[name for name, _ in order.tags])
    return release


def prove_only(base: ReleaseManifest, release: ReleaseManifest, *, named: Sequence[str]) -> None:
    """See that a release differs from its base in the images of the named components and in nothing else.

    Raises:
        BadInput: Everything else that differs.
    """
    findings = Findings()
    for difference in _differences(base, release, named):
        message = f"{difference} differs from {base.version}, and the emergency names {listed(named)} only."
        findings.error("E-PATCH-WIDE", message, where=None, do="Name it with --set too, or make an ordinary candidate.")
    findings.raise_errors()


def brought_in(base: ReleaseManifest, release: ReleaseManifest, *, policy: Policy, stage: Stage) -> tuple[Problem, ...]:
    """Return what is doubtful in an emergency release and was not in its base.

    Raises:
        BadInput: What the policy refuses at the stage.
    """
    context = context_of(policy, earlier=base)
    known = {(one.code, one.message) for one in find_in_release(base, context)}
    found = find_in_release(release, context)
    return passed(policy.judge([one for one in found if (one.code, one.message) not in known], stage))


def _differences(base: ReleaseManifest, release: ReleaseManifest, named: Sequence[str]) -> Iterator[str]:
    for one in compare(base, release):
        if one.before is None or one.after is None:
            yield one.name
            continue
        allowed = _MAY_DIFFER if one.name in named else frozenset()
        yield from (f"{one.name}.{value}" for value in one.values if value not in allowed)
        if not allowed and one.change is Difference.UNCHANGED and one.before.image != one.after.image:
            yield f"{one.name}'s digest"
    for field in ("core", "extension", "variables", "volumes", "networks"):
        if getattr(base, field) != getattr(release, field):
            yield f"`{field}`"


def _version(base: ReleaseManifest, order: PatchOrder, findings: Findings) -> str:
    old, new = parse_release(base.version), parse_release(order.release)
    if (old.core, old.name) != (new.core, new.name) or new.revision <= old.revision:
        higher = f"{old.core}+{old.name}{old.revision + 1}" if old.name else f"{old.core}+NAME1"
        message = f"{new} cannot be an emergency release of {old}: same Core, same name and a higher number are needed."
        findings.error("E-PATCH-VERSION", message, where=None, do=f"Name it for example {higher}.")
    return str(new)


def _check_target(base: ReleaseManifest, name: str, tag: str, *, findings: Findings) -> None:
    where = Where(file=f"--set {name}={tag}")
    component = base.components.get(name)
    if component is None:
        advice = did_you_mean(name, base.components) or f"There are: {listed(sorted(base.components))}."
        findings.error("E-UNKNOWN-COMPONENT", f"{base.version} has no component {name}.", where=where, do=advice)
    elif not TAG.match(tag):
        findings.error("E-TAG", f"{tag!r} is not an image tag.", where=where, do="Write component=tag.")
    elif tag == component.image.tag and not component.image.untagged:
        findings.error("E-PATCH-SAME", f"{name} is {tag} in {base.version} already.", where=where, do="Leave it out.")


def _check_once(order: PatchOrder, findings: Findings) -> None:
    names = [name for name, _ in order.tags]
    for name in sorted({name for name in names if names.count(name) > 1}):
        findings.error(
            "E-CONFLICT", f"{name} is set more than once.", where=Where(file=f"--set {name}"), do="Keep one."
        )


def _constraints(
    base: ReleaseManifest, order: PatchOrder, findings: Findings
) -> Iterator[tuple[str, tuple[Narrowed, ...]]]:
    """Yield the constraints of the named components; one that the new tag breaks needs a reason, which is recorded.

    A fork's tag says nothing about Core's versions: what it provides is taken to stay.
    """
    for name, tag in order.tags:
        component = base.components.get(name)
        if component and name in base.constraints and not component.provides:
            yield name, tuple(_held(name, tag, one, order=order, findings=findings) for one in base.constraints[name])


def _held(name: str, tag: str, one: Narrowed, *, order: PatchOrder, findings: Findings) -> Narrowed:
    where = Where(file=f"--set {name}={tag}")
    if tag_satisfies(tag, one.version):
        return one.model_copy(update={"overridden": None})
    if not order.reason:
        message = f"{one.file}:{one.line} wants {name} {one.version}."
        findings.error(
            "E-CONSTRAINT", message, where=where, do="Take a version that fits, or say why not: --reason TEXT."
        )
    said = Origin(layer=COMMAND_LINE, file=where.file, reason=_reason(order))
    return one.model_copy(update={"overridden": said})


def _reason(order: PatchOrder) -> str:
    return f"{order.ticket}: {order.reason}" if order.reason else order.ticket


def _with_tag(component: Component, name: str, tag: str, *, order: PatchOrder) -> Component:
    old = component.origin.get("image")
    beat: tuple[Beaten, ...] = ()
    if old:
        image = str(component.image)
        last = Beaten(layer=old.layer, value=image, file=old.file, line=old.line, reason=old.reason)
        beat = (last, *old.beat)
    said = Origin(layer=COMMAND_LINE, file=f"--set {name}={tag}", reason=_reason(order), beat=beat)
    origin = {path: one for path, one in component.origin.items() if path != "reports_version"}
    return component.model_copy(
        update={
            "image": ImageRef(repository=component.image.repository, tag=tag),
            "reports_version": None,
            "platforms": {},
            "origin": {**origin, "image": said},
        }
    )


def _with_digests(components: dict[str, Component], digest_of: DigestOf, findings: Findings) -> dict[str, Component]:
    pinned = {}
    for name, component in components.items():
        image = component.image
        digest = digest_of(image)
        if digest is None:
            message = f"{name}: {image} is not at the registry ({image.registry})."
            where = Where(file=f"--set {name}={image.tag}")
            findings.error("E-IMAGE-NOT-FOUND", message, where=where, do="Check the tag, or push the image.")
        found = image.model_copy(update={"digest": digest})
        platforms = platforms_of(digest_of, found) if digest else {}
        pinned[name] = component.model_copy(update={"image": found, "platforms": platforms})
    findings.raise_errors()
    return pinned


def _patch(base: ReleaseManifest, order: PatchOrder) -> Patch:
    priority = priority_of(order.impact, order.urgency)
    return Patch(
        base=base.version,
        base_sha256=sha256_of(base),
        components=tuple(sorted(name for name, _ in order.tags)),
        ticket=order.ticket,
        impact=order.impact,
        urgency=order.urgency,
        priority=priority,
        route=route_of(priority),
    )
