"""Are all tags such that nobody pushes to them again?"""

from __future__ import annotations

import re

from olmis_release.manifest.model import ImageRef
from olmis_release.preflight.model import Check, Finding, Subject, failed, passed, warned

_MOVING = re.compile(
    r"(?:.*[-.])?(?:snapshot|staging)|latest|stable|edge|nightly|dev|develop|master|main", re.IGNORECASE
)


def tags_are_fixed(subject: Subject) -> Finding:
    """List tags that move by intent, and apply the instance's policy to them."""
    policy = subject.site.config.policy.mutable_tags
    moving = [
        f"{name} ({_said(component.image)})"
        for name, component in sorted(subject.manifest.components.items())
        if is_mutable(component.image)
    ]
    if not moving:
        return passed("No image has a tag that moves.")
    text = f"Images with a tag that moves: {', '.join(moving)}."
    if policy == "allow":
        return passed(f"{text} The policy of this instance allows them.")
    answer = failed if policy == "refuse" else warned
    return answer(
        text,
        resolution="The digest holds what runs, but a rebuild cannot be told from a release: pin released tags, or set "
        "policy.mutable_tags in the instance file.",
    )


def is_mutable(image: ImageRef) -> bool:
    """Return whether a tag is meant to be pushed again and again."""
    return not image.by_digest and (image.untagged or _MOVING.fullmatch(image.tag) is not None)


def _said(image: ImageRef) -> str:
    return "no tag" if image.untagged else image.tag


CHECK = Check(id="mutable-tags", question="Are all image tags fixed ones?", ask=tags_are_fixed)
